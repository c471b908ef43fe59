/** Broken configurations of the components that there are: what shows of them in one round. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { ConfigError, formatReport } from "../../../pipeline/config/problem.ts";
import { loadConfig } from "../../../pipeline/config/source.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";

await loadComponents();

async function errorOf(text: string): Promise<ConfigError> {
  const environment = { env: () => undefined, readFile: () => Promise.reject(new Error("no files")) };
  const resolved = await loadConfig([{ kind: "text", name: "g.yaml", text }], environment);
  try {
    parseConfig(resolved, REGISTRY);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
  throw new TypeError("Cannot test: it is in order");
}

/** Places, paths, and the first words of what is wrong. */
const shortened = ({ problems }: ConfigError) =>
  problems.map(({ line, column, path, message }) =>
    `${line}:${column} ${path}: ${message.split("\n")[0]!.slice(0, 60)}`
  );

/** A pipeline of traces through a connector `routing` that is given. */
const routed = (routing: string) => `
receivers: {otlp: {protocols: {http: }}}
exporters: {debug: }
connectors:
  routing:
${routing}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [routing]}
    traces/b: {receivers: [routing], exporters: [debug]}
    traces/other: {receivers: [otlp], exporters: [debug]}
`;

const cases: { name: string; yaml: string; want: string[] }[] = [
  {
    name: "statements beside a key that is wrong",
    yaml: `
receivers: {otlp: {protocols: {http: }}}
processors:
  transform:
    error_mode: bad
    trace_statements:
      - statements: ['set(span.nam, "x")']
      - context: span
        statments: []
        statements: ['set(span.name, 1']
exporters: {debug: }
service: {pipelines: {traces: {receivers: [otlp], processors: [transform], exporters: [debug]}}}
`,
    want: [
      '5:17 processors::transform::error_mode: is "bad", wanted one of "ignore", "silent", "propagate"',
      '7:22 processors::transform::trace_statements::0::statements::0: does not load: 1:5: segment "nam" from path "span.nam" is no',
      '9:9 processors::transform::trace_statements::1::statments: is an unknown key, did you mean "statements"?',
      "10:22 processors::transform::trace_statements::1::statements::0: does not load: 1:17: statement has invalid syntax: the text ",
    ],
  },
  {
    name: "an endpoint and a warning beside values that are wrong",
    yaml: `
receivers: {otlp: {protocols: {http: }}}
exporters:
  otlp_http:
    endpoint: localhost:4318
    retry_on_failure: {multiplier: much}
  kafka:
    timeut: 1s
    rack_id: x
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http, kafka]}}}
`,
    want: [
      "5:15 exporters::otlp_http::endpoint: is not an http:// or https:// URL",
      '6:36 exporters::otlp_http::retry_on_failure::multiplier: is "much", wanted a number from 1 to Infinity',
      '8:5 exporters::kafka::timeut: is an unknown key, did you mean "timeout"?',
      "9:14 exporters::kafka::rack_id: has no effect on a producer",
    ],
  },
  {
    name: "not what may come of a value that was left out",
    yaml: `
receivers: {otlp: {protocols: {http: }}}
exporters:
  otlp_http: {endpoint: [1]}
  otlp_http/b: {endpoint: "http://h", sending_queue: {queue_size: 5, batch: {min_size: many, max_size: 3}}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http, otlp_http/b]}}}
`,
    want: [
      "4:25 exporters::otlp_http::endpoint: is a list, wanted a string",
      '5:88 exporters::otlp_http/b::sending_queue::batch::min_size: is "many", wanted a whole number of at least 0',
    ],
  },
  {
    name: "every pipeline that a rule names and that is not fed, with choices and the near name",
    yaml: routed(`    rules:
      - resource.attributes["x"] == "y" > route("traces/nowhere", "traces/b")
      - resource.attributes["x"] == "y" > route("traces/c")
      - resource.attributes["x"] == "y" > route("traces/other")`),
    want: [
      '7:9 connectors::routing::rules::0: names "traces/nowhere", which is no pipeline, wanted one of ',
      '8:9 connectors::routing::rules::1: names "traces/c", which is no pipeline, did you mean "traces',
      '9:9 connectors::routing::rules::2: names "traces/other", which does not have "routing" under it',
    ],
  },
  {
    name: "pipelines that a table names, beside a condition that is wrong and without one that is taken for another",
    yaml: routed(`    table:
      - {condition: 'span.nam == "x"', pipelines: [traces/b]}
      - {condition: 'span.name == "x"', pipelines: [traces/nowhere]}`),
    want: [
      '7:21 connectors::routing::table::0::condition: does not load: 1:1: segment "nam" from path "span.nam" is no',
      '8:53 connectors::routing::table::1::pipelines::0: is "traces/nowhere", which is no pipeline, wanted one of tra',
    ],
  },
  {
    name: "a rule that tells the signal is wrong: others are not judged as of another signal",
    yaml: routed(`    unknown: 1
    rules:
      - log.bod == "x" > route("logs/b")
      - log.body == "x" > drop()`).replaceAll("traces", "logs"),
    want: [
      "6:5 connectors::routing::unknown: is an unknown key, wanted one of default_pipelines, error_mo",
      '8:9 connectors::routing::rules::0: does not load: 1:1: segment "bod" from path "log.bod" is not',
    ],
  },
  {
    name: "ports past the last",
    yaml: `
receivers: {otlp: {protocols: {http: {endpoint: "localhost:65536"}}}}
exporters: {debug: }
extensions: {health_check: {endpoint: "localhost"}}
service: {extensions: [health_check], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
`,
    want: [
      '2:49 receivers::otlp::protocols::http::endpoint: is "localhost:65536", wanted host:port with a port not above',
      '4:39 extensions::health_check::endpoint: is "localhost", wanted host:port with a port not above 65535',
    ],
  },
];

Deno.test("one round shows", async (t) => {
  for (const { name, yaml, want } of cases) {
    await t.step(name, async () => deepStrictEqual(shortened(await errorOf(yaml)), want));
  }
});

Deno.test("a configuration says when more may show", async (t) => {
  await t.step("a section was not judged as a whole", async () => {
    const { isPartial, problems } = await errorOf(cases[0]!.yaml);
    const lastLine = formatReport(problems, isPartial).split("\n").at(-1);
    deepStrictEqual([isPartial, lastLine], [true, "4 problems; more may show when these are mended"]);
  });
  await t.step("a text that cannot be read", async () => {
    strictEqual((await errorOf("receivers: [")).isPartial, true);
  });
  await t.step("one problem", async () => {
    match((await errorOf(`${routed("    rules: [1]")}`)).explanation, /\nmore may show when it is mended$/);
  });
  await t.step("not when all was judged", async () => {
    const rules = '    rules:\n      - resource.attributes["x"] == "y" > drop()';
    const error = await errorOf(routed(rules).replace("[debug]", "[debg]"));
    deepStrictEqual([error.isPartial, error.explanation, error.problems.length], [false, error.message, 1]);
  });
});
