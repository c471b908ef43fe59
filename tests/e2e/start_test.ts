/** A gateway starts, says so, takes data, and refuses to start half. */

import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { freePort, runMain, spawnGateway, startGateway } from "../support/gateway_process.ts";
import { LOGS_JSON, postLogs } from "../support/otlp_requests.ts";

Deno.test("the built-in configuration", async (t) => {
  const cwd = await Deno.makeTempDir();
  const [port, healthPort, metricsPort] = [freePort(), freePort(), freePort()];
  const sets = [
    `receivers.otlp.protocols.http.endpoint=127.0.0.1:${port}`,
    `extensions.health_check.endpoint=127.0.0.1:${healthPort}`,
  ];
  const gateway = await startGateway(undefined, { cwd, metricsPort, args: sets.flatMap((set) => ["--set", set]) });

  await t.step("says where it listens and what to try", async () => {
    match(await gateway.waitForLine("takes OTLP at"), new RegExp(`http://127\\.0\\.0\\.1:${port}/v1/traces`));
    match(await gateway.waitForLine("keeps it in"), /\.\/data\/otlp\.jsonl/);
    match(await gateway.waitForLine("curl"), new RegExp(`:${port}/v1/logs`));
  });

  await t.step("is healthy", async () => {
    const response = await fetch(`http://127.0.0.1:${healthPort}/`);
    strictEqual(response.status, 200);
    strictEqual((await response.json()).status, "Server available");
  });

  await t.step("keeps what it answers 200 to", async () => {
    strictEqual(await postLogs(port), 200);
    const [line = ""] = (await Deno.readTextFile(`${cwd}/data/otlp.jsonl`)).split("\n");
    deepStrictEqual(JSON.parse(line), LOGS_JSON);
  });

  await t.step("counts it, and tells its own process", async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    match(text, /^otelcol_receiver_accepted_log_records\{.*receiver="otlp".*\} 1$/m);
    match(text, /^otelcol_exporter_sent_log_records\{.*exporter="file".*\} 1$/m);
    match(text, /^otelcol_process_memory_rss \d{8,}$/m);
  });

  await t.step("ends with code 0", async () => {
    strictEqual((await gateway.stop()).code, 0);
  });
  await Deno.remove(cwd, { recursive: true });
});

const config = (port: number, extra = "") => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: }
service:
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
${extra}`;

Deno.test("a port in use fails the start, with its number", async (t) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;

  for (const workers of [1, 2]) {
    await t.step(`of a receiver, ${workers} workers`, async () => {
      const { code, stderr } = await spawnGateway(config(port), { workers }).ended();
      strictEqual(code, 1);
      match(stderr, new RegExp(`receivers::otlp::protocols::http::endpoint: .*127\\.0\\.0\\.1:${port}.*in use`));
    });
  }

  await t.step("of the own metrics", async () => {
    const { code, stderr } = await spawnGateway(config(freePort()), { metricsPort: port }).ended();
    strictEqual(code, 1);
    match(stderr, new RegExp(`::prometheus::port: .*127\\.0\\.0\\.1:${port}.*in use`));
  });
});

Deno.test("a second gateway is told every port that the first has, each with its key", async (t) => {
  const [port, healthPort, metricsPort] = [freePort(), freePort(), freePort()];
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}, otlp/unused: {protocols: {http: }}}
exporters: {nop: }
extensions: {health_check: {endpoint: "127.0.0.1:${healthPort}"}}
service: {extensions: [health_check], pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
`;
  await using first = await startGateway(text, { workers: 2, metricsPort });
  const wanted = [
    `  receivers::otlp::protocols::http::endpoint: Cannot listen on "127.0.0.1:${port}"`,
    `  extensions::health_check::endpoint: Cannot listen on "127.0.0.1:${healthPort}"`,
    "  service::telemetry::metrics::readers::0::pull::exporter::prometheus::port: " +
    `Cannot listen on "127.0.0.1:${metricsPort}"`,
  ].map((line) => `${line}: the port is in use, wanted a free one`);
  for (const workers of [1, 2]) {
    await t.step(`${workers} workers`, async () => {
      const { code, stderr } = await spawnGateway(text, { workers, metricsPort }).ended();
      strictEqual(code, 1);
      deepStrictEqual(stderr.split("\n").filter((line) => line.includes("in use")), wanted);
    });
  }
  strictEqual((await first.stop()).code, 0);
});

Deno.test("a bad configuration ends with code 1 and every problem", async () => {
  const { code, stderr } = await spawnGateway(`
receivers: {otlp: {protocols: {http: {endpoin: x}}}}
exporters: {nop: , unheard_of: }
service: {pipelines: {logs: {receivers: [otlp, missing], exporters: [nop]}}}
`).ended();
  strictEqual(code, 1);
  for (const problem of ["endpoin", "unheard_of", "missing"]) {
    match(stderr, new RegExp(`^yaml:.*:\\d+:\\d+: .*${problem}`, "m"));
  }
});

Deno.test("a directory that is missing is told once, with the key that makes it", async () => {
  const { code, stderr } = await spawnGateway(`
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${freePort()}"}}}}
exporters: {file: {path: /no/such/directory/out}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [file]}, traces: {receivers: [otlp], exporters: [file]}}}
`).ended();
  strictEqual(code, 1);
  const told = stderr.split("\n").filter((line) => line.includes("/no/such/directory/out"));
  strictEqual(told.length, 1, stderr);
  match(
    told[0] ?? "",
    /^ {2}exporter file \(logs\), exporter file \(traces\): .*ENOENT, wanted create_directory: true/,
  );
});

Deno.test("the command line", async (t) => {
  const cases: { args: string[]; code: number; out: RegExp }[] = [
    { args: ["--version"], code: 0, out: /^\d+\.\d+\.\d+\n$/ },
    { args: ["--help"], code: 0, out: /gateway.*validate.*components/s },
    { args: ["--bogus"], code: 2, out: /unknown option '--bogus'/ },
    { args: ["gateway", "--workers", "many"], code: 2, out: /Wanted a number from 0 to 64, or auto/ },
    { args: ["gateway", "--workers", "65"], code: 2, out: /Wanted a number from 0 to 64, or auto/ },
    { args: ["gateway", "--drain-timeout", "soon"], code: 2, out: /Wanted a duration with its unit, like 30s/ },
    { args: ["gateway", "--drain-timeout", "5"], code: 2, out: /Wanted a duration with its unit, like 30s/ },
    { args: ["gateway", "--drain-timeout", "-5s"], code: 2, out: /Wanted a duration with its unit, like 30s/ },
    { args: ["gateway", "--drain-timeout", "0", "--config", "ftp:x"], code: 1, out: /unknown scheme "ftp"/ },
    { args: ["gateway", "--help"], code: 0, out: /default: the\s+built-in configuration/ },
    { args: ["gatway"], code: 2, out: /unknown command 'gatway': did you mean "gateway"\?/ },
    { args: ["gateway", "validat"], code: 2, out: /unknown command 'validat': did you mean "validate"\?/ },
    {
      args: ["gateway", "x"],
      code: 2,
      out:
        /unknown command 'x': wanted one of admin, components, controller, gateway, ottl, print-config, top, validate/,
    },
    { args: ["validate", "my.yaml"], code: 2, out: /unknown command 'my.yaml': wanted --config my.yaml/ },
    { args: ["gateway", "--config", "ftp:x"], code: 1, out: /unknown scheme "ftp"/ },
    { args: ["components"], code: 0, out: /exporters:\n.* {2}otlp_http, otlphttp \(traces, metrics, logs/s },
    { args: ["components", "--json"], code: 0, out: /"type": "health_check"/ },
  ];
  for (const { args, code, out } of cases) {
    await t.step(args.join(" "), async () => {
      const ended = await runMain(args);
      const output = ended.stdout + ended.stderr;
      match(output, out);
      doesNotMatch(output, /default: \[\]/);
      strictEqual(ended.code, code);
    });
  }
});
