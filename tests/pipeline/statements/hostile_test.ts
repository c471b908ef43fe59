/**
 * Damaged bytes and random statements through the components that run OTTL: a payload or a GatewayError comes out, and
 * nothing is lost.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { countConnectorFactory } from "../../../pipeline/connectors/count.ts";
import { routingConnectorFactory } from "../../../pipeline/connectors/routing.ts";
import type { Consumer } from "../../../pipeline/contract/consumer.ts";
import { GatewayError } from "../../../pipeline/core/errors.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload, payloadBytes, payloadOf } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { attributesFactory } from "../../../pipeline/processors/attributes.ts";
import { filterFactory } from "../../../pipeline/processors/filter.ts";
import { redactionFactory } from "../../../pipeline/processors/redaction.ts";
import { transformFactory } from "../../../pipeline/processors/transform.ts";
import { Keeper } from "../../support/json_payload.ts";
import { arbitraryRequest, countLines, itemLines } from "../../support/otlp_arbitrary.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;
const SIGNALS = ["traces", "metrics", "logs"] as const;
type Fuzzed = typeof SIGNALS[number];

/** What an item of each signal is called in OTTL, and the key of its statements. */
const ITEM = {
  traces: { context: "span", statements: "trace_statements", conditions: "trace_conditions" },
  metrics: { context: "datapoint", statements: "metric_statements", conditions: "metric_conditions" },
  logs: { context: "log", statements: "log_statements", conditions: "log_conditions" },
} as const;

/** Editors that read all that they reach, over what lies on each level. */
function editsOf(context: string): string[] {
  return [
    `set(${context}.attributes["made"], ${context}.attributes["a"])`,
    `set(${context}.attributes["n"], Len(${context}.attributes))`,
    `set(resource.attributes["text"], String(${context}.attributes))`,
    `flatten(${context}.attributes)`,
    `replace_all_patterns(${context}.attributes, "value", "[a-z]+", "x")`,
    `delete_matching_keys(${context}.attributes, "^b")`,
    `truncate_all(${context}.attributes, 3)`,
    `merge_maps(${context}.attributes, resource.attributes, "insert")`,
    `limit(${context}.attributes, 4, [])`,
    `append(${context}.attributes["list"], 1)`,
    `set(scope.name, resource.schema_url)`,
    `set(${context}.attributes["bad"], ParseJSON(scope.name))`,
  ];
}

type Build = (signal: Fuzzed, next: Consumer) => Consumer;

const COMPONENTS: Readonly<Record<string, Build>> = {
  transform: (signal, next) => {
    const { statements, context } = ITEM[signal];
    const section = { error_mode: "silent", [statements]: editsOf(context) };
    return transformFactory.create(transformFactory.schema.parse(section), testDeps(signal), next);
  },
  filter: (signal, next) => {
    const { conditions, context } = ITEM[signal];
    const section = { error_mode: "silent", [conditions]: [`IsMatch(String(${context}.attributes), "b.*c")`] };
    return filterFactory.create(filterFactory.schema.parse(section), testDeps(signal), next);
  },
  attributes: (signal, next) => {
    const actions = [{ key: "a", action: "hash" }, { pattern: "^b", action: "delete" }, {
      key: "z",
      from_attribute: "c",
      action: "upsert",
    }];
    return attributesFactory.create(attributesFactory.schema.parse({ actions }), testDeps(signal), next);
  },
  redaction: (signal, next) => {
    const section = asYaml({ allow_all_keys: true, blocked_values: ["[a-c]+"], summary: "debug" });
    return redactionFactory.create(redactionFactory.schema.parse(section), testDeps(signal), next);
  },
  routing: (signal, next) => {
    const { context } = ITEM[signal];
    const id = `${signal}/kept`;
    const table = [{ context, condition: `${context}.attributes["a"] != nil`, pipelines: [id] }];
    const section = { error_mode: "silent", default_pipelines: [id], table };
    const config = routingConnectorFactory.schema.parse(section);
    return routingConnectorFactory.create(
      config,
      { ...testDeps(signal), from: signal, to: signal },
      new Map([[id, next]]),
    );
  },
  count: (signal, next) => {
    const key = { traces: "spans", metrics: "datapoints", logs: "logs" }[signal];
    const section = { [key]: { n: { attributes: [{ key: "a", default_value: "none" }] } } };
    const config = countConnectorFactory.schema.parse(asYaml(section));
    return countConnectorFactory.create(
      config,
      { ...testDeps(signal), from: signal, to: "metrics" },
      new Map([["metrics", next]]),
    );
  },
};

function read(signal: Signal, bytes: Uint8Array): Payload | undefined {
  try {
    return readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  } catch (error) {
    ok(error instanceof GatewayError, String(error));
    return undefined;
  }
}

/** What comes out of a component is valid, and has as many items as it says. */
function checkKept({ payloads }: Keeper): void {
  for (const payload of payloads) {
    strictEqual(read(payload.signal, payloadBytes(payload))?.itemCount, payload.itemCount);
  }
}

/** Bytes with some of them changed, cut off or put in twice. */
const damaged = (signal: Signal) =>
  fc.tuple(
    arbitraryRequest(signal),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }),
    fc.option(fc.nat()),
  ).map(([bytes, changes, cut]) => {
    const copy = bytes.slice();
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return cut === null || copy.length === 0 ? copy : copy.slice(0, cut % copy.length);
  });

Deno.test("damaged bytes give a payload that is valid, or a GatewayError", async (t) => {
  for (const signal of SIGNALS) {
    for (const [name, build] of Object.entries(COMPONENTS)) {
      await t.step(`${name}, ${signal}`, () =>
        fc.assert(
          fc.asyncProperty(damaged(signal), async (bytes) => {
            const valid = read(signal, bytes);
            const next = new Keeper();
            // What the receiver refuses is given to the component all the same: it may not rely on its order of checks.
            const payload = valid ?? payloadOf(signal, bytes, 1, NO_ORIGIN);
            try {
              await build(signal, next).consume(payload, NEVER);
            } catch (error) {
              ok(error instanceof GatewayError, String((error as Error).stack ?? error));
              ok(valid === undefined, `refused what the receiver takes: ${error.message}`);
            }
            if (valid !== undefined) checkKept(next);
          }),
          { numRuns: 60, examples: [[Uint8Array.of(0x0a)]] }, // a field that ends before its length
        ));
    }
  }
});

Deno.test("statements in error mode ignore lose no item and change nothing else", async (t) => {
  for (const signal of SIGNALS) {
    const { statements: key, context } = ITEM[signal];
    const statements = fc.uniqueArray(fc.constantFrom(...editsOf(context)), { minLength: 1, maxLength: 5 });
    await t.step(signal, () =>
      fc.assert(
        fc.asyncProperty(arbitraryRequest(signal), statements, async (bytes, texts) => {
          const payload = read(signal, bytes)!;
          const next = new Keeper();
          const config = transformFactory.schema.parse({ error_mode: "ignore", [key]: texts });
          await transformFactory.create(config, testDeps(signal), next).consume(payload, NEVER);
          strictEqual(next.payloads.reduce((sum, { itemCount }) => sum + itemCount, 0), payload.itemCount);
          checkKept(next);
        }),
        { numRuns: 100 },
      ));
    await t.step(
      `${signal}: an attribute that is set and taken out again leaves all lines as they were`,
      () =>
        fc.assert(
          fc.asyncProperty(arbitraryRequest(signal), async (bytes) => {
            const texts = [
              `set(${context}.attributes["never there"], 1)`,
              `delete_key(${context}.attributes, "never there")`,
            ];
            const next = new Keeper();
            const config = transformFactory.schema.parse({ [key]: texts });
            await transformFactory.create(config, testDeps(signal), next).consume(read(signal, bytes)!, NEVER);
            const after = next.payloads.flatMap((payload) => itemLines(signal, payloadBytes(payload)));
            const before = itemLines(signal, bytes);
            strictEqual(countLines(signal, after), countLines(signal, before));
            deepStrictEqual(after, before);
          }),
          { numRuns: 100 },
        ),
    );
  }
});
