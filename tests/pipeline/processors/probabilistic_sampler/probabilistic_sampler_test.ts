import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { Scalar } from "../../../../pipeline/config/schema.ts";
import { KEPT } from "../../../../pipeline/contract/consumer.ts";
import { readJsonPayload } from "../../../../pipeline/otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../../pipeline/otlp/limits.ts";
import { mergePayloads, NO_ORIGIN, type Payload, payloadBytes, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../../pipeline/otlp/validate.ts";
import {
  probabilisticSamplerFactory,
  samplerSchema,
} from "../../../../pipeline/processors/probabilistic_sampler/probabilistic_sampler.ts";
import { decodeRequest, encodeMessage, type Plain, REQUEST_TYPES } from "../../../support/otlp_proto.ts";
import { requestBytes } from "../../../support/otlp_samples.ts";
import { Destination } from "../../queue/support.ts";
import { testDeps } from "../../../support/component_deps.ts";

type Values = Readonly<Record<string, number | string | boolean>>;

interface Golden<Kept> {
  readonly request: unknown;
  readonly cases: readonly { readonly config: Values; readonly kept: Readonly<Record<string, Kept>> }[];
}

function parse(values: Values) {
  return samplerSchema.safeParse(Object.fromEntries(
    Object.entries(values).map((
      [key, value],
    ) => [key, typeof value === "string" ? value : new Scalar(value, `${value}`)]),
  ));
}

/** What the processor passes on, as its counters count it; undefined when nothing. */
async function sample(signal: Signal, values: Values, payload: Payload) {
  const { data: config } = parse(values);
  if (config === undefined) throw new Error("the config is not valid");
  const deps = testDeps(signal);
  const destination = new Destination();
  destination.answer = () => KEPT;
  const sampler = probabilisticSamplerFactory.create(config, deps, destination);
  strictEqual(await sampler.consume(payload, new AbortController().signal), KEPT);
  return { sampled: destination.calls[0]?.payload, meter: deps.meter };
}

async function golden<Kept>(name: string): Promise<Golden<Kept>> {
  return JSON.parse(await Deno.readTextFile(new URL(`../../../golden/sampler/${name}.json`, import.meta.url)));
}

function readRequest(signal: Signal, request: unknown): Payload {
  const body = new TextEncoder().encode(JSON.stringify(request));
  return readJsonPayload(signal, body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

interface Attribute {
  readonly key: string;
  readonly value?: { readonly string_value?: string };
}

interface Item {
  readonly name: string;
  readonly trace_id?: string;
  readonly trace_state?: string;
  readonly body: { readonly string_value: string };
  readonly attributes?: readonly Attribute[];
}

/** Spans or log records of a payload, by an oracle that shares nothing with the gateway. */
function itemsOf(payload: Payload | undefined): readonly Item[] {
  if (payload === undefined) return [];
  const request = decodeRequest(payload.signal, payloadBytes(payload));
  const [resources, scopes, items] = payload.signal === "traces"
    ? ["resource_spans", "scope_spans", "spans"]
    : ["resource_logs", "scope_logs", "log_records"];
  const list = (holder: Plain, key: string | undefined) => (holder[key ?? ""] ?? []) as readonly Plain[];
  const found = list(request, resources).flatMap((resource) =>
    list(resource, scopes).flatMap((scope) => list(scope, items))
  );
  return found as unknown as readonly Item[];
}

Deno.test("probabilistic_sampler keeps and writes what the collector does: spans", async (t) => {
  const { request, cases } = await golden<string>("traces");
  const payload = readRequest("traces", request);
  for (const { config, kept } of cases) {
    await t.step(JSON.stringify(config), async () => {
      const { sampled } = await sample("traces", config, payload);
      const spans = itemsOf(sampled);
      deepStrictEqual(Object.fromEntries(spans.map(({ name, trace_state = "" }) => [name, trace_state])), kept);
      strictEqual(sampled?.itemCount, spans.length);
    });
  }
});

Deno.test("probabilistic_sampler keeps and writes what the collector does: log records", async (t) => {
  const { request, cases } = await golden<readonly [string, string]>("logs");
  const payload = readRequest("logs", request);
  for (const { config, kept } of cases) {
    await t.step(JSON.stringify(config), async () => {
      const { sampled } = await sample("logs", config, payload);
      const records = itemsOf(sampled).map(({ body, attributes = [] }) => {
        const textOf = (wanted: string) => attributes.find(({ key }) => key === wanted)?.value?.string_value ?? "";
        return [body.string_value, [textOf("sampling.threshold"), textOf("sampling.randomness")]];
      });
      deepStrictEqual(Object.fromEntries(records), kept);
      strictEqual(sampled?.itemCount ?? 0, records.length);
    });
  }
});

Deno.test("probabilistic_sampler changes nothing but what sampling says", async (t) => {
  for (const signal of ["traces", "logs"] as const) {
    await t.step(`${signal}: all kept with one mark, by an oracle`, async () => {
      const payload = readPayload(signal, requestBytes(signal, 50), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
      const { sampled } = await sample(signal, { sampling_percentage: 100, mode: "proportional" }, payload);
      const before = itemsOf(payload).filter(hasTraceId);
      const after = itemsOf(sampled);
      ok(before.length > 0);
      deepStrictEqual(after.map(withoutMarks), before.map(withoutMarks));
      strictEqual(sampled?.itemCount, after.length);
      readPayload(signal, payloadBytes(sampled as Payload), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    });
  }
  await t.step("what is marked already is the payload itself", async () => {
    const spans = [{ trace_id: new Uint8Array(16).fill(255), trace_state: "ot=th:8" }];
    const request = { resource_spans: [{ scope_spans: [{ spans }] }] };
    const payload = payloadOf("traces", encodeMessage(REQUEST_TYPES.traces, request), 1, NO_ORIGIN);
    const { sampled } = await sample("traces", { sampling_percentage: 50, mode: "equalizing" }, payload);
    strictEqual(sampled, payload);
  });
  await t.step("a tracestate that is malformed stays, even with a priority", async () => {
    const attributes = [{ key: "sampling.priority", value: { int_value: 1 } }];
    const spans = [{ trace_id: new Uint8Array(16).fill(255), trace_state: "no equals", attributes }];
    const request = { resource_spans: [{ scope_spans: [{ spans }] }] };
    const payload = payloadOf("traces", encodeMessage(REQUEST_TYPES.traces, request), 1, NO_ORIGIN);
    for (const sampling_percentage of [0, 50]) {
      const { sampled } = await sample("traces", { sampling_percentage }, payload);
      strictEqual(sampled, payload);
    }
  });
});

function hasTraceId(item: Item): boolean {
  return (item.trace_id ?? "") !== "";
}

function withoutMarks({ trace_state: _, attributes = [], ...item }: Item) {
  return { ...item, attributes: attributes.filter(({ key }) => !key.startsWith("sampling.")) };
}

Deno.test("probabilistic_sampler drops empty envelopes and skips empty payloads", async () => {
  const payload = readPayload("traces", requestBytes("traces", 20), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  const { sampled, meter } = await sample("traces", { sampling_percentage: 0 }, payload);
  strictEqual(sampled, undefined);
  strictEqual(meter.get("otelcol_processor_probabilistic_sampler_count_traces_sampled"), 20);
});

Deno.test("probabilistic_sampler decides alike for one trace wherever it is, and for a batch as for its parts", async () => {
  const traceIds = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const configs = fc.record({
    mode: fc.constantFrom("hash_seed", "proportional", "equalizing"),
    sampling_percentage: fc.double({ min: 0.01, max: 100, noNaN: true }),
    hash_seed: fc.integer({ min: 0, max: 0xffffffff }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(traceIds, { minLength: 1, maxLength: 20 }), configs, async (ids, config) => {
      const payloads = ids.map((trace_id, place) => {
        const spans = [{ trace_id, name: String(place) }];
        const request = { resource_spans: [{ scope_spans: [{ spans }] }] };
        return payloadOf("traces", encodeMessage(REQUEST_TYPES.traces, request), 1, NO_ORIGIN);
      });
      const together = itemsOf((await sample("traces", config, mergePayloads(payloads, NO_ORIGIN))).sampled);
      const alone = await Promise.all(
        payloads.map(async (payload) => (await sample("traces", config, payload)).sampled),
      );
      deepStrictEqual(together, alone.flatMap(itemsOf));
    }),
    { numRuns: 100 },
  );
});

Deno.test("probabilistic_sampler: what a config may not say", async (t) => {
  const cases: { name: string; values: Values; want: string | undefined }[] = [
    { name: "more than all", values: { sampling_percentage: 250 }, want: undefined },
    { name: "least precision", values: { sampling_precision: 1 }, want: undefined },
    { name: "most precision", values: { sampling_precision: 14 }, want: undefined },
    {
      name: "no precision",
      values: { sampling_precision: 0 },
      want: "is 0, wanted a whole number from 1 to 14",
    },
    {
      name: "too much precision",
      values: { sampling_precision: 15 },
      want: "is 15, wanted a whole number from 1 to 14",
    },
    {
      name: "a negative share",
      values: { sampling_percentage: -1 },
      want: "is -1, wanted a number from 0 to Infinity",
    },
    {
      name: "a share that 56 bits cannot say",
      values: { sampling_percentage: 1e-16 },
      want: "is 1e-16, wanted 0 or a finite number of at least 1.3877787807814457e-15",
    },
    {
      name: "a mode",
      values: { mode: "tail" },
      want: 'is "tail", wanted one of "", "hash_seed", "proportional", "equalizing"',
    },
  ];
  for (const { name, values, want } of cases) {
    await t.step(name, () => strictEqual(parse(values).error?.issues[0]?.message, want));
  }
});
