/** What comes of a configuration that can run; the lists of what is wrong are in the golden files. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { parseConfig, parseConfigInSlices } from "../../../pipeline/config/parse.ts";
import { ConfigError, formatProblem, formatProblems } from "../../../pipeline/config/problem.ts";
import { catalog, load, problemLines } from "./support.ts";

const GOOD = `
receivers:
  otlp: { protocols: { http: } }
processors:
  batch/x:
exporters:
  otlphttp/eu: { endpoint: "http://h", max_idle_conns: 7, auth: { authenticator: bearertokenauth } }
connectors:
  count:
extensions:
  bearertokenauth: { token: t }
service:
  extensions: bearertokenauth
  pipelines:
    traces/in: { receivers: [otlp], processors: [batch/x], exporters: [count, otlphttp/eu] }
    metrics: { receivers: [count], exporters: otlphttp/eu }
  telemetry:
    logs: { level: WARN }
    metrics: { address: ":8888" }
    resource: { service.name: edge, service.version: }
`;

Deno.test("parseConfig() gives components and pipelines by id", async () => {
  const config = parseConfig(await load(GOOD), catalog);
  const exporter = config.exporters.get("otlphttp/eu");
  strictEqual(exporter?.type, "otlp_http");
  strictEqual(exporter.used, true);
  deepStrictEqual(exporter.place, { file: "gateway.yaml", line: 7, column: 3 });
  strictEqual((exporter.config as { timeout: number }).timeout, 30_000);
  deepStrictEqual([...config.receivers.keys()], ["otlp"]);
  deepStrictEqual(
    (config.receivers.get("otlp")?.config as { protocols: { http: { endpoint: string } } }).protocols.http.endpoint,
    "localhost:4318",
  );
  deepStrictEqual(config.serviceExtensions, ["bearertokenauth"]);
  const { place: _, ...pipeline } = config.pipelines.get("traces/in") ?? {};
  deepStrictEqual(pipeline, {
    id: "traces/in",
    signal: "traces",
    receivers: ["otlp"],
    processors: ["batch/x"],
    exporters: ["count", "otlphttp/eu"],
  });
  deepStrictEqual(config.pipelines.get("metrics")?.exporters, ["otlphttp/eu"]);
});

Deno.test("parseConfig() gives the telemetry settings with their defaults", async () => {
  const { telemetry } = parseConfig(await load(GOOD), catalog);
  strictEqual(telemetry.logs.level, "warn");
  strictEqual(telemetry.logs.encoding, "console");
  deepStrictEqual(telemetry.logs.output_paths, ["stderr"]);
  deepStrictEqual(telemetry.logs.sampling, { enabled: true, tick: 10_000, initial: 10, thereafter: 100 });
  strictEqual(telemetry.metrics.level, "normal");
  deepStrictEqual(telemetry.metrics.readers[0]?.pull?.exporter.prometheus, {
    host: "localhost",
    port: 8888,
    without_scope_info: true,
    without_units: true,
    without_type_suffix: true,
  });
  deepStrictEqual(telemetry.resource, { "service.name": "edge", "service.version": null });
});

Deno.test("parseConfig() warns of what loads and does not act", async () => {
  const { warnings } = parseConfig(await load(GOOD), catalog);
  strictEqual(
    formatProblems(warnings),
    [
      "gateway.yaml:7:56: warning: exporters::otlphttp/eu::max_idle_conns: is unlucky",
      "gateway.yaml:19:25: warning: service::telemetry::metrics::address: is ignored, as in the collector: wanted metrics::readers",
    ].join("\n"),
  );
});

const EXPORTER = "{ exporter: { otlp: { protocol: http/protobuf, endpoint: 'http://h' } } }";
const BATCH = `{ batch: ${EXPORTER} }`;

const telemetries: { name: string; yaml: string; want: string[] }[] = [
  {
    name: "resource as a list",
    yaml: "resource: { attributes: [{ name: a, value: 1 }, { name: b, value: }] }",
    want: [],
  },
  { name: "no readers", yaml: "metrics: { readers: [] }", want: [] },
  {
    name: "own traces, logs and metrics by OTLP",
    yaml: `traces: { propagators: [b3], sampler: { parent_based: { root: { always_on: } } }, processors: [${BATCH}] },
      logs: { processors: [{ simple: ${EXPORTER} }] }, metrics: { readers: [{ periodic: ${EXPORTER} }] }`,
    want: [],
  },
  {
    name: "what is not acted on",
    yaml:
      `traces: { limits: {}, sampler: { jaeger_remote: {} }, processors: [{ simple: { exporter: { console: {} } } }] },
      logs: { development: true, processors: [{ batch: { exporter: { otlp: { protocol: grpc, endpoint: "h:1" } } } }] },
      metrics: { views: [], readers: [{ periodic: { exporter: { otlp: {
        endpoint: h, client_key: f, temporality_preference: delta } } } },
        { pull: { exporter: { prometheus: { without_units: false } } } }] }`,
    want: [
      ["logs::development", "is read and not acted on: own logs have one form"],
      ["logs::processors::0::batch::exporter::otlp::protocol", "is read and not acted on: wanted http/protobuf"],
      ["metrics::views", "is read and not acted on: own metrics have fixed attributes and buckets"],
      [
        "metrics::readers::0::periodic::exporter::otlp::client_key",
        "is read and not acted on: the runtime's certificates are trusted",
      ],
      [
        "metrics::readers::0::periodic::exporter::otlp::temporality_preference",
        "is read and not acted on: own metrics are cumulative",
      ],
      [
        "metrics::readers::1::pull::exporter::prometheus::without_units",
        "is read and not acted on: names are without units and suffixes, as the collector's are by default",
      ],
      ["traces::processors::0::simple::exporter::console", "is read and not acted on: wanted otlp"],
      ["traces::limits", "is read and not acted on: own spans have few attributes"],
      ["traces::sampler::jaeger_remote", "is read and not acted on: no request is sampled"],
    ].map(([path, message]) => `service::telemetry::${path}: ${message}`),
  },
  {
    name: "traces that cannot be",
    yaml: `traces: { propagators: [jaeger], sampler: { trace_id_ratio_based: { ratio: 1.5 } },
      processors: [{}, { batch: { exporter: {} } }, { batch: ${EXPORTER}, simple: ${EXPORTER} }] }`,
    want: [
      'service::telemetry::traces::propagators::0: is "jaeger", wanted one of "tracecontext", "b3"',
      "service::telemetry::traces::processors::0: has nothing, wanted exactly one",
      "service::telemetry::traces::processors::1::batch::exporter: has nothing, wanted exactly one",
      "service::telemetry::traces::processors::2: has batch and simple, wanted exactly one",
      "service::telemetry::traces::sampler::trace_id_ratio_based::ratio: is 1.5, wanted a number from 0 to 1",
    ],
  },
  {
    name: "port past the last",
    yaml: "metrics: { readers: [{ pull: { exporter: { prometheus: { port: 65536 } } } }] }",
    want: [
      "service::telemetry::metrics::readers::0::pull::exporter::prometheus::port: is 65536, wanted a whole number from 0 to 65535",
    ],
  },
  {
    name: "resource of another form",
    yaml: "resource: { attributes: [{ value: 1 }] }",
    want: ["service::telemetry::resource: is a map, wanted a map of strings, or attributes: a list of {name, value}"],
  },
];

const MINIMAL = "receivers: {zipkin: }\nexporters: {otlp_http: {endpoint: 'http://h'}}\n" +
  "service: {pipelines: {traces: {receivers: [zipkin], exporters: [otlp_http]}}, telemetry: ";

Deno.test("service::telemetry", async (t) => {
  for (const { name, yaml, want } of telemetries) {
    await t.step(name, async () => {
      const value = yaml.startsWith("{") ? yaml : `{${yaml}}`;
      const lines = await problemLines(`${MINIMAL}${value}}`);
      const texts = lines.map((line) => line.replace(/^gateway\.yaml:\d+:\d+: (?:warning: )?/, ""));
      deepStrictEqual(texts.sort(), [...want].sort());
    });
  }
});

const ids: [id: string, isValid: boolean][] = [
  ["batch", true],
  ["batch/a-b.c:d", true],
  ["batch/é", true],
  [`b${"a".repeat(62)}`, true],
  [`b${"a".repeat(63)}`, false],
  [`batch/${"a".repeat(1024)}`, true],
  [`batch/${"a".repeat(1025)}`, false],
  ["batch/", false],
  ["batch/a b", false],
  ["batch/a$", false],
  ["1batch", false],
  ["ba-tch", false],
  ["/x", false],
  ["batch/a/b", true],
];

Deno.test("ids of components", async (t) => {
  for (const [id, isValid] of ids) {
    await t.step(id.slice(0, 20) + id.length, async () => {
      const lines = await problemLines(`${MINIMAL}}\nprocessors: {${JSON.stringify(id)}: }`);
      strictEqual(lines.some((line) => line.includes("is no id")), !isValid);
    });
  }
});

Deno.test("a character that may not be in a name is told", async (t) => {
  const texts: [id: string, want: string][] = [
    ["debug/<img>", 'is no id: its name has the character "<", wanted type or type/name'],
    ["debug/a b", 'is no id: its name has the character " ", wanted type or type/name'],
    ["de bug", "is no id, wanted type or type/name"],
    ["debug/", "is no id, wanted type or type/name"],
  ];
  for (const [id, want] of texts) {
    await t.step(id, async () => {
      const lines = await problemLines(`${MINIMAL}}\nprocessors: {${JSON.stringify(id)}: }`);
      ok(lines.some((line) => line.includes(want)), lines.join("\n"));
    });
  }
});

Deno.test("a pipeline past 4096 is a problem", async () => {
  const pipelines = (count: number) =>
    `receivers: {zipkin: }\nexporters: {otlp_http: {endpoint: 'http://h'}}\nservice:\n  pipelines:\n${
      Array.from({ length: count }, (_, i) => `    traces/${i}: {receivers: [zipkin], exporters: [otlp_http]}`).join(
        "\n",
      )
    }`;
  deepStrictEqual(await problemLines(pipelines(4_096)), []);
  deepStrictEqual(await problemLines(pipelines(4_097)), [
    "gateway.yaml:5:5: service::pipelines: has 4097 pipelines, wanted 4096 at the most",
  ]);
});

Deno.test("a component past 10,000 of a section is a problem", async () => {
  const exporters = (count: number) =>
    GOOD.replace("exporters:", `exporters:\n${Array.from({ length: count }, (_, i) => `  nop/${i}:`).join("\n")}`);
  const told = async (count: number) =>
    (await problemLines(exporters(count))).filter((line) => line.includes("at the most")).map((line) =>
      line.replace(/^.*?: /, "")
    );
  const own = (await load(GOOD)).tree.entries.get("exporters")?.node;
  const ownCount = own?.kind === "map" ? own.entries.size : 0;
  deepStrictEqual(await told(10_000 - ownCount), []);
  deepStrictEqual(await told(10_001 - ownCount), ["exporters: has 10001 components, wanted 10000 at the most"]);
});

Deno.test("of many problems of one kind a hundred are told, and that there are more", async (t) => {
  const many = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => text(index)).join("");
  const told = async (text: string, part: string) =>
    (await problemLines(text)).filter((line) => line.includes(part)).length;
  const texts = {
    "top-level keys": (count: number) => `${GOOD}\n${many(count, (index) => `k${index}: 1\n`)}`,
    "keys of a section": (count: number) =>
      GOOD.replace("level: WARN", `level: WARN, ${many(count, (index) => `k${index}: 1, `)}`),
  };
  for (const [name, text] of Object.entries(texts)) {
    await t.step(name, async () => {
      deepStrictEqual([await told(text(100), "is an unknown key"), await told(text(100), "more unknown keys")], [
        100,
        0,
      ]);
      deepStrictEqual([await told(text(102), "is an unknown key"), await told(text(102), "has 2 more unknown")], [
        100,
        1,
      ]);
    });
  }
  await t.step("ids that are not configured", async () => {
    const extensions = (count: number) =>
      GOOD.replace(
        "extensions: bearertokenauth",
        `extensions: [bearertokenauth, ${many(count, (index) => `none/${index}, `)}]`,
      );
    const reject = async (count: number) => {
      try {
        parseConfig(await load(extensions(count)), catalog);
      } catch (thrown) {
        if (!(thrown instanceof ConfigError)) throw thrown;
        const missing = thrown.problems.filter(({ message }) => message.includes("not configured"));
        return [missing.length, thrown.isPartial];
      }
      return [];
    };
    deepStrictEqual(await reject(99), [99, false]);
    deepStrictEqual(await reject(101), [100, true]);
  });
});

Deno.test("ConfigError tells all errors, and carries the warnings", async () => {
  const resolved = await load("a: 1\nb: ${env:UNSET}\n");
  throws(() => parseConfig(resolved, catalog), (thrown) => {
    ok(thrown instanceof ConfigError);
    deepStrictEqual([thrown.code, thrown.retryable, thrown.problems.length], ["invalid_argument", false, 4]);
    ok(thrown.message.startsWith("Cannot use the configuration: 3 problems\ngateway.yaml:1:1: a: is an unknown key"));
    ok(!thrown.message.includes("UNSET"));
    return true;
  });
});

Deno.test("parseConfigInSlices() takes what is the same from the configuration before", async (t) => {
  const before = parseConfig(await load(GOOD), catalog);
  await t.step("as it is", async () => {
    const after = await parseConfigInSlices(await load(`# moved by a line\n${GOOD}`), catalog, before);
    for (const section of ["receivers", "processors", "exporters"] as const) {
      deepStrictEqual([...after[section].keys()], [...before[section].keys()]);
      for (const [id, { config, warned }] of after[section]) {
        strictEqual(config === before[section].get(id)?.config, !warned, id);
        deepStrictEqual(config, before[section].get(id)?.config);
      }
    }
  });

  await t.step("what is not the same is checked", async () => {
    const broken = await load(GOOD.replace("max_idle_conns: 7", "max_idle_conns: seven"));
    await rejects(parseConfigInSlices(broken, catalog, before), ConfigError);
    const changed = await parseConfigInSlices(await load(GOOD.replace("http://h", "http://other")), catalog, before);
    const endpoint = (config: typeof before) =>
      (config.exporters.get("otlphttp/eu")?.config as { endpoint: string } | undefined)?.endpoint;
    deepStrictEqual([endpoint(before), endpoint(changed)], ["http://h", "http://other"]);
    strictEqual(changed.processors.get("batch/x")?.config, before.processors.get("batch/x")?.config);
  });

  await t.step("what is in use now, and how it is connected, is looked at anew", async () => {
    const unused = await parseConfigInSlices(await load(GOOD.replace("processors: [batch/x], ", "")), catalog, before);
    strictEqual(unused.processors.get("batch/x")?.used, false);
    const absent = await load(GOOD.replace("processors: [batch/x]", "processors: [batch/y]"));
    await rejects(parseConfigInSlices(absent, catalog, before), ConfigError);
  });

  await t.step("what was warned of is warned of again, at its place of now", async () => {
    const bare = GOOD.replace("batch/x:", "batch/x: {timeout: 1000}");
    const warningsOf = ({ warnings }: typeof before) =>
      warnings.map(formatProblem).filter((line) => line.includes("nano"));
    const warned = parseConfig(await load(bare), catalog);
    strictEqual(warningsOf(warned).length, 1);
    const moved = await load(`# moved by a line\n${bare}`);
    const after = await parseConfigInSlices(moved, catalog, warned);
    deepStrictEqual(warningsOf(after), warningsOf(parseConfig(moved, catalog)));
  });
});
