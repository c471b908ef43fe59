import { deepStrictEqual, match, strictEqual, throws } from "node:assert";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";
import { DEFAULT_TREE_LIMITS, toPlain } from "../../../pipeline/config/tree/node.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import type { ProcessorFactory } from "../../../pipeline/contract/component.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { requestToJson } from "../../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { type Origin, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { type AttributesConfig, attributesFactory } from "../../../pipeline/processors/attributes.ts";
import { type ResourceConfig, resourceFactory } from "../../../pipeline/processors/resource.ts";
import { withoutDefaults } from "../../support/otlp_json.ts";
import { Destination } from "../queue/support.ts";
import { testDeps } from "../../support/component_deps.ts";
import answers from "../../golden/attributes/answers.json" with { type: "json" };

type Json = Parameters<typeof withoutDefaults>[0];
const FACTORIES: Readonly<Record<string, ProcessorFactory<AttributesConfig & ResourceConfig>>> = {
  attributes: attributesFactory as ProcessorFactory<AttributesConfig & ResourceConfig>,
  resource: resourceFactory as unknown as ProcessorFactory<AttributesConfig & ResourceConfig>,
};

const ORIGIN: Origin = { metadata: new Map([["x-tenant", ["acme"]]]) };

function parse(type: string, yaml: string) {
  const { node } = parseYaml(yaml, "test.yaml", DEFAULT_TREE_LIMITS);
  return FACTORIES[type]!.schema.safeParse(toPlain(node));
}

function create(signal: Signal, type: string, yaml: string) {
  const { data: config, error } = parse(type, yaml);
  if (config === undefined) throw error;
  const destination = new Destination();
  destination.answer = () => KEPT;
  return { processor: FACTORIES[type]!.create(config, testDeps(signal), destination), destination };
}

function payloadOf(signal: Signal, request: unknown, origin = ORIGIN): Payload {
  return readJsonPayload(signal, new TextEncoder().encode(JSON.stringify(request)), DEFAULT_PAYLOAD_LIMITS, origin);
}

async function process(signal: Signal, type: string, yaml: string, payload: Payload): Promise<Payload> {
  const { processor, destination } = create(signal, type, yaml);
  await processor.consume(payload, new AbortController().signal);
  return destination.calls[0]!.payload;
}

/** Without an order of attributes. */
function comparable(value: Json): Json {
  if (Array.isArray(value)) {
    const elements = value.map(comparable);
    const isMap = elements.some((element) => typeof element === "object" && element !== null && "key" in element);
    return isMap ? elements.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1) : elements;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]));
}

function jsonOf(payload: Payload): Json {
  const json = JSON.parse(new TextDecoder().decode(requestToJson(payload.signal, payloadBytes(payload))));
  return comparable(withoutDefaults(json));
}

Deno.test("attributes and resource do what the collector's do", async (t) => {
  for (const { signal, type, config, want } of answers.cases) {
    await t.step(`${type} of ${signal}: ${config}`, async () => {
      const request = answers.requests[signal as keyof typeof answers.requests];
      const changed = await process(signal as Signal, type, config, payloadOf(signal as Signal, request));
      deepStrictEqual(jsonOf(changed), comparable(withoutDefaults(want as unknown as Json)));
    });
  }
});

Deno.test("a payload in which nothing changes is passed on as it is", async () => {
  const payload = payloadOf("logs", answers.requests.logs);
  strictEqual(await process("logs", "attributes", "{actions: [{key: none, action: delete}]}", payload), payload);
});

Deno.test("from_attribute of an attribute that is there and empty", async () => {
  const request = {
    resourceLogs: [{ resource: { attributes: [{ key: "a", value: {} }] }, scopeLogs: [{ logRecords: [{}] }] }],
  };
  const yaml = "{attributes: [{key: b, from_attribute: a, action: upsert}]}";
  const changed = await process("logs", "resource", yaml, payloadOf("logs", request));
  const { resourceLogs: [{ resource }] } = JSON.parse(
    new TextDecoder().decode(requestToJson("logs", payloadBytes(changed))),
  );
  deepStrictEqual(resource.attributes, [{ key: "a", value: {} }, { key: "b", value: {} }]);
});

Deno.test("from_context of the connection", async (t) => {
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] };
  const origin = (address: string): Origin => ({
    metadata: new Map([["k", ["a", "b"]]]),
    client: { address, authAttributes: new Map<string, string | number>([["subject", "ann"], ["level", 3]]) },
  });
  const cases: [name: string, address: string, want: string | undefined][] = [
    ["client.address", "10.1.1.9:52114", "10.1.1.9"],
    ["client.address", "[::1]:52114", "::1"],
    ["auth.subject", "", "ann"],
    ["auth.level", "", undefined],
    ["metadata.K", "", "a;b"],
  ];
  for (const [name, address, want] of cases) {
    await t.step(`${name} of ${address || "anyone"}`, async () => {
      const yaml = `{actions: [{key: x, from_context: ${name}, action: insert}]}`;
      const changed = await process("logs", "attributes", yaml, payloadOf("logs", request, origin(address)));
      const text = new TextDecoder().decode(payloadBytes(changed));
      strictEqual(text.includes(want ?? "x"), want !== undefined);
    });
  }
});

Deno.test("what a configuration may not say", async (t) => {
  const cases: [type: string, yaml: string, path: string, message: RegExp][] = [
    ["attributes", "{actions: []}", "actions", /at least one/],
    ["attributes", "{}", "actions", /./],
    ["resource", "{attributes: []}", "attributes", /at least one/],
    ["attributes", "{actions: [{key: a, action: rename}]}", "actions.0.action", /insert/],
    ["attributes", "{actions: [{action: insert, value: 1}]}", "actions.0.key", /is missing/],
    ["attributes", "{actions: [{key: a, action: insert}]}", "actions.0", /no source/],
    [
      "attributes",
      "{actions: [{key: a, action: insert, value: 1, from_attribute: b}]}",
      "actions.0.from_attribute",
      /second/,
    ],
    ["attributes", "{actions: [{key: a, action: upsert, value: 1, pattern: b}]}", "actions.0.pattern", /is not for/],
    ["attributes", "{actions: [{action: delete}]}", "actions.0", /no attribute/],
    ["attributes", "{actions: [{key: a, action: hash, value: 1}]}", "actions.0.value", /is not for/],
    ["attributes", "{actions: [{pattern: '(', action: delete}]}", "actions.0.pattern", /regular expression/],
    ["attributes", "{actions: [{key: a, pattern: '(b)', action: extract}]}", "actions.0.pattern", /named groups/],
    ["attributes", "{actions: [{key: a, pattern: 'b', action: extract}]}", "actions.0.pattern", /named groups/],
    ["attributes", "{actions: [{key: a, action: extract}]}", "actions.0.pattern", /is missing/],
    ["attributes", "{actions: [{key: a, action: convert}]}", "actions.0.converted_type", /is missing/],
    ["attributes", "{actions: [{key: a, action: convert, converted_type: bool}]}", "actions.0.converted_type", /int/],
  ];
  for (const [type, yaml, path, message] of cases) {
    await t.step(yaml, () => {
      const [issue] = parse(type, yaml).error?.issues ?? [];
      strictEqual(issue?.path.join("."), path);
      match(issue?.message ?? "", message);
    });
  }
});

Deno.test("the settings of the collector's cache of patterns may be there, each or all", () => {
  for (const regexp of ["{}", "{cacheenabled: true}", "{cachemaxnumentries: 10}"]) {
    const include = `{match_type: regexp, regexp: ${regexp}, span_names: [a]}`;
    strictEqual(parse("attributes", `{actions: [{key: a, action: delete}], include: ${include}}`).success, true);
  }
});

Deno.test("include and exclude that do not suit the signal", async (t) => {
  const cases: [signal: Signal, properties: string][] = [
    ["traces", "log_bodies: [a]"],
    ["logs", "span_names: [a]"],
    ["logs", "services: [a]"],
    ["metrics", "attributes: [{key: a}]"],
    ["metrics", "libraries: [{name: a}]"],
    ["traces", ""],
  ];
  for (const [signal, properties] of cases) {
    await t.step(`${signal} by ${properties || "nothing"}`, () => {
      const yaml = `{actions: [{key: a, action: delete}], include: {match_type: strict, ${properties}}}`;
      throws(() => create(signal, "attributes", yaml), TypeError);
    });
  }
});
