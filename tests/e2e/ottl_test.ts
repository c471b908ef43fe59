/** `ottl run`, `check`, `explain`, `functions` and `paths` as people run them. */

import { deepStrictEqual, match, strictEqual } from "node:assert";
import { runMain } from "../support/gateway_process.ts";
import { SPANS } from "../gateway/ottl/support.ts";

const LOGS = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "b" } }] }] }] };

const CONFIG = `
receivers: { otlp: { protocols: { http: {} } } }
processors:
  transform/x:
    trace_statements:
      - context: resource
        statements: ['set(attributes["env"], "prod")']
      - context: span
        statements:
          - set(attributes["tenant"], otelcol.client.metadata["x-tenant"][0])
          - set(name, "x") where status.code == "ERROR"
  filter/x: { trace_conditions: ['span.name == "op2"'] }
connectors:
  routing/x:
    rules:
      - resource.attributes["env"] == "dev" > drop()
      - resource.attributes["service.name"] == "pay" > route("traces/pay")
exporters: { debug: {} }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [transform/x, filter/x], exporters: [routing/x] }
    traces/pay: { receivers: [routing/x], exporters: [debug] }
`;

Deno.test("ottl", async (t) => {
  const folder = await Deno.makeTempDir();
  const input = `${folder}/spans.json`;
  const statements = `${folder}/statements.ottl`;
  await Deno.writeTextFile(input, JSON.stringify(SPANS));

  await t.step("run: OTLP/JSON out, and what changed", async () => {
    await Deno.writeTextFile(statements, 'set(span.name, "one")\n  where span.kind == SPAN_KIND_SERVER\n');
    const { code, stdout, stderr } = await runMain(["ottl", "run", "--input", input, statements]);
    deepStrictEqual({ code, stderr }, {
      code: 0,
      stderr: '~ resourceSpans[0].scopeSpans[0].spans[0].name = "op1" -> "one"\n',
    });
    const [first, second] = JSON.parse(stdout).resourceSpans[0].scopeSpans[0].spans;
    deepStrictEqual([first.name, second.name], ["one", "op2"]);
  });

  await t.step("check: every problem with its file, line and column", async () => {
    await Deno.writeTextFile(statements, '# none\nset(span.nam, 1)\nset(span.name,\n  concat([], ""))\nset(\n');
    const { code, stdout, stderr } = await runMain(["ottl", "check", statements]);
    deepStrictEqual({ code, stdout }, { code: 1, stdout: "" });
    const places = stderr.split("\n").filter((line) => line.startsWith(statements));
    deepStrictEqual(places.map((line) => line.slice(statements.length).split(" ")[0]), [":4:3:", ":5:5:"]);
  });

  await t.step("check: the problem is that of the signal whose paths are named", async () => {
    const { code, stderr } = await runMain(["ottl", "check", "--statement", "set(log.boddy, 1)"]);
    strictEqual(code, 1);
    match(stderr, /^--statement:1:\d+: .*boddy/);
  });

  await t.step("check: what loads", async () => {
    const args = ["--signal", "logs", "--context", "log", "--statement", "set(severity_number, SEVERITY_NUMBER_INFO)"];
    const { code, stdout } = await runMain(["ottl", "check", ...args]);
    deepStrictEqual({ code, stdout }, { code: 0, stdout: "valid: 1 statement for the context log of logs\n" });
  });

  await t.step("explain", async () => {
    const args = ["--input", input, "--item", "2", "--statement", 'span.name == "op2" > set(span.name, "two")'];
    const { code, stdout } = await runMain(["ottl", "explain", ...args]);
    strictEqual(code, 0);
    match(stdout, /^item 2 of 2, context span\n\nspan\.name == "op2" > /);
    match(stdout, /changed {2}~ resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.name = "op2" -> "two"\n/);
  });

  await t.step("functions and paths", async () => {
    const [functions, paths] = await Promise.all([runMain(["ottl", "functions"]), runMain(["ottl", "paths"])]);
    match(functions.stdout, /^### Editors\n/);
    match(paths.stdout, /\| `span\.attributes\[…\]` \| map \|/);
  });

  await t.step("nothing to do", async () => {
    const { code, stderr } = await runMain(["ottl", "check"]);
    strictEqual(code, 1);
    match(stderr, /there are no statements, wanted a file of them, --statement, or --config with --component/);
  });

  const config = `${folder}/gateway.yaml`;
  await Deno.writeTextFile(config, CONFIG);
  const lines = `${folder}/otlp.jsonl`;
  await Deno.writeTextFile(lines, [SPANS, LOGS, SPANS].map((request) => JSON.stringify(request)).join("\n") + "\n");

  await t.step("run: a component over a request a line, those of other signals as they are", async () => {
    const args = ["--config", config, "--component", "transform/x", "--metadata", "X-Tenant=acme", "--input", lines];
    const { code, stdout } = await runMain(["ottl", "run", ...args]);
    strictEqual(code, 0);
    const [first, second, third, ...others] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepStrictEqual(others, []);
    const tenants = [first, third].map(({ resourceSpans }) =>
      resourceSpans[0].scopeSpans[0].spans[0].attributes.at(-1)
    );
    deepStrictEqual(tenants, Array(2).fill({ key: "tenant", value: { stringValue: "acme" } }));
    deepStrictEqual(second, LOGS);
  });

  await t.step("run: a filter and a connector, as a pipeline runs them", async () => {
    const filtered = await runMain(["ottl", "run", "--config", config, "--component", "filter/x", "--input", input]);
    match(filtered.stderr, /^- .*spans\[1\]\.name = "op2"\n/);
    const routed = await runMain(["ottl", "run", "--config", config, "--component", "routing/x", "--input", input]);
    strictEqual(routed.stderr, "to traces/pay: 2 of 2\n");
  });

  await t.step("explain: group after group, an item of all lines", async () => {
    const args = ["--config", config, "--component", "transform/x", "--item", "4", "--input", lines];
    const { code, stdout, stderr } = await runMain(["ottl", "explain", ...args]);
    deepStrictEqual({ code, stderr }, {
      code: 1,
      stderr: "Cannot explain item 4: there are 2 of the context resource\n",
    });
    strictEqual(stdout, "");
    const filter = await runMain([
      ...["ottl", "explain", "--config", config, "--component", "filter/x", "--item", "4", "--input", lines],
    ]);
    match(
      filter.stdout,
      /^item 4 of 4, context span\n\nspan\.name == "op2"\n[^]*a condition holds: the item is dropped\n$/,
    );
  });

  await t.step("check: warnings with the place in the configuration", async () => {
    const args = ["ottl", "check", "--config", config, "--component", "transform/x"];
    const { code, stderr } = await runMain(args);
    strictEqual(code, 0);
    match(
      stderr,
      /^\S+gateway\.yaml:11:34: warning: status\.code == "ERROR" compares int with string.*STATUS_CODE_ERROR\?\n/,
    );
    strictEqual((await runMain([...args, "--strict"])).code, 1);
  });

  await t.step("a component that is not there", async () => {
    const { code, stderr } = await runMain(["ottl", "check", "--config", config, "--component", "transform/y"]);
    strictEqual(code, 1);
    match(stderr, /Cannot find "transform\/y" among the components that run OTTL: did you mean "transform\/x"\?/);
  });
  await Deno.remove(folder, { recursive: true });
});
