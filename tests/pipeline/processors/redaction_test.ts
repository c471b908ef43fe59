import { deepStrictEqual, match, strictEqual } from "node:assert";
import { DEFAULT_TREE_LIMITS, toPlain } from "../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { requestToJson } from "../../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { redactionFactory } from "../../../pipeline/processors/redaction.ts";
import answers from "../../golden/redaction/answers.json" with { type: "json" };
import { withoutDefaults } from "../../support/otlp_json.ts";
import { Destination } from "../queue/support.ts";
import { testDeps } from "../../support/component_deps.ts";

type Json = Parameters<typeof withoutDefaults>[0];

function parse(yaml: string) {
  return redactionFactory.schema.safeParse(toPlain(parseYaml(yaml, "test.yaml", DEFAULT_TREE_LIMITS).node));
}

function payloadOf(signal: Signal, request: unknown): Payload {
  return readJsonPayload(signal, new TextEncoder().encode(JSON.stringify(request)), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

async function redact(yaml: string, payload: Payload): Promise<Payload> {
  const { data: config, error } = parse(yaml);
  if (config === undefined) throw error;
  const destination = new Destination();
  destination.answer = () => KEPT;
  const processor = redactionFactory.create(config, testDeps(payload.signal), destination);
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
  return JSON.parse(new TextDecoder().decode(requestToJson(payload.signal, payloadBytes(payload))));
}

Deno.test("redaction does what the collector's does", async (t) => {
  for (const { signal, config, want } of answers.cases) {
    await t.step(`${signal}: ${config}`, async () => {
      const request = answers.requests[signal as keyof typeof answers.requests];
      const redacted = await redact(config, payloadOf(signal as Signal, request));
      deepStrictEqual(
        comparable(withoutDefaults(jsonOf(redacted))),
        comparable(withoutDefaults(want as unknown as Json)),
      );
    });
  }
});

Deno.test("a payload in which nothing is redacted is passed on as it is", async () => {
  const payload = payloadOf("traces", answers.requests.traces);
  strictEqual(await redact("{allow_all_keys: true, blocked_values: [zzz]}", payload), payload);
});

Deno.test("no value of a key that comes twice is left as it was", async () => {
  const text = (stringValue: string) => ({ key: "k", value: { stringValue } });
  const records = [{ attributes: [text("secret 1"), text("secret 2")] }];
  const payload = payloadOf("logs", { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] });
  const redacted = await redact("{allow_all_keys: true, blocked_values: ['secret.*']}", payload);
  match(JSON.stringify(jsonOf(redacted)), /\*{4}/);
  strictEqual(JSON.stringify(jsonOf(redacted)).includes("secret"), false);
});

Deno.test("what a configuration may not say", async (t) => {
  const cases: [yaml: string, path: string, message: RegExp][] = [
    ["{blocked_values: ['(']}", "blocked_values.0", /regular expression/],
    ["{ignored_key_patterns: [a, '[']}", "ignored_key_patterns.1", /regular expression/],
    ["{hash_function: sha512}", "hash_function", /hmac-sha512/],
    ["{hash_function: hmac-sha256}", "hmac_key", /at least 32/],
    [`{hash_function: hmac-sha256, hmac_key: ${"k".repeat(31)}}`, "hmac_key", /has 31 bytes/],
    [`{hash_function: hmac-sha512, hmac_key: ${"k".repeat(63)}}`, "hmac_key", /at least 64/],
    ["{url_sanitizer: {enabled: true}}", "url_sanitizer.enabled", /does not have/],
    ["{db_sanitizer: {sql: {enabled: true}}}", "db_sanitizer.sql.enabled", /does not have/],
    ["{summary: loud}", "summary", /debug/],
  ];
  for (const [yaml, path, message] of cases) {
    await t.step(yaml.slice(0, 60), () => {
      const [issue] = parse(yaml).error?.issues ?? [];
      strictEqual(issue?.path.join("."), path);
      match(issue?.message ?? "", message);
    });
  }
  await t.step("a key that is just long enough", () => {
    strictEqual(parse(`{hash_function: hmac-sha512, hmac_key: ${"k".repeat(64)}}`).success, true);
  });
});
