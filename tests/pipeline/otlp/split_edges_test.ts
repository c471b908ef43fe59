/**
 * Splits at exactly their bounds, and what they must leave as it lies.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { LimitExceededError } from "../../../pipeline/core/errors.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { mergePayloads, NO_ORIGIN, type Payload } from "../../../pipeline/otlp/payload.ts";
import { partitionByResource, partitionByTraceId, splitByBytes, splitByItems } from "../../../pipeline/otlp/split.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { encodeMessage, type Plain } from "../../support/otlp_proto.ts";
import { keyValue } from "../../support/otlp_samples.ts";

/** Long enough that the length of whatever a span lies in takes two bytes: then a part's size is known to the byte. */
const SPAN_NAME = "span".repeat(40);

interface Entry {
  readonly name?: string;
  readonly traces: readonly number[];
}

/** A request with an entry of each resource, with a span of each trace. */
function payloadOf(...entries: readonly Entry[]): Payload {
  const resourceSpans = entries.map(({ name = "resource", traces }): Plain => ({
    resource: { attributes: [keyValue("name", name)] },
    scope_spans: [{ scope: { name: "scope" }, spans: traces.map(spanOf) }],
  }));
  const body = encodeMessage("ExportTraceServiceRequest", { resource_spans: resourceSpans });
  return readPayload("traces", body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

function spanOf(trace: number): Plain {
  return { trace_id: new Uint8Array(16).fill(trace), span_id: new Uint8Array(8).fill(1), name: SPAN_NAME };
}

const itemCounts = (parts: readonly Payload[]) => parts.map(({ itemCount }) => itemCount);

Deno.test("splitByBytes() fills parts to the last byte", async (t) => {
  await t.step("items of one scope", () => {
    const payload = payloadOf({ traces: [1, 2, 3, 4, 5, 6] });
    const { byteLength } = splitByItems(payload, 2)[0]!;
    deepStrictEqual(itemCounts(splitByBytes(payload, byteLength)), [2, 2, 2]);
    deepStrictEqual(itemCounts(splitByBytes(payload, byteLength - 1)), [1, 1, 1, 1, 1, 1]);
  });
  await t.step("whole resources", () => {
    const payload = payloadOf({ traces: [1, 2] }, { traces: [3, 4] }, { traces: [5, 6] });
    deepStrictEqual(itemCounts(splitByBytes(payload, payload.byteLength / 3)), [2, 2, 2]);
    deepStrictEqual(itemCounts(splitByBytes(payload, payload.byteLength / 3 * 2)), [4, 2]);
    deepStrictEqual(itemCounts(splitByBytes(payload, payload.byteLength / 3 * 2 - 1)), [3, 3]);
  });
  await t.step("envelopes without items", () => {
    const payload = payloadOf({ traces: [] }, { traces: [] }, { traces: [] });
    const { chunks: [bytes], byteLength } = payload;
    // A batch of them: how many items there are says nothing.
    const batch = mergePayloads([payload, payload], NO_ORIGIN);
    deepStrictEqual(splitByBytes(batch, byteLength).map(({ byteLength }) => byteLength), [byteLength, byteLength]);
    deepStrictEqual(splitByBytes(batch, byteLength)[1]?.chunks[0], bytes);
  });
  await t.step("requests without resources, each a chunk", () => {
    const unknown = readPayload("traces", Uint8Array.of(0xf8, 0x07, 1), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    const batch = mergePayloads([unknown, unknown, unknown, unknown], NO_ORIGIN);
    deepStrictEqual(splitByBytes(batch, 6).map(({ byteLength }) => byteLength), [6, 6]);
    deepStrictEqual(splitByBytes(batch, 5).map(({ byteLength }) => byteLength), [3, 3, 3, 3]);
  });
  await t.step("one item alone is the payload itself, however large", () => {
    const payload = payloadOf({ traces: [1] });
    strictEqual(splitByBytes(payload, 1)[0], payload);
  });
});

Deno.test("what one call writes anew is bounded to the byte", () => {
  const PARTS = 256;
  const MAX_PART_BYTES = 1024 * 1024;
  const traces = Array.from({ length: PARTS }, (_, i) => i + 1 & 0xff);
  const withName = (length: number) => payloadOf({ name: "x".repeat(length), traces });
  const [part] = splitByItems(withName(MAX_PART_BYTES - 1_000), 1);
  const fitting = MAX_PART_BYTES - 1_000 + MAX_PART_BYTES - part!.byteLength;
  strictEqual(splitByItems(withName(fitting), 1).length, PARTS);
  throws(() => splitByItems(withName(fitting + 1), 1), LimitExceededError);
});

Deno.test("a request that goes whole into a part is the same object", async (t) => {
  const [a, b] = [
    payloadOf({ name: "a", traces: [1, 1] }, { name: "a", traces: [1] }),
    payloadOf({ name: "b", traces: [2, 2] }),
  ];
  const batch = mergePayloads([a, a, b, a], NO_ORIGIN);
  const want = [[a.chunks[0], a.chunks[0], a.chunks[0]], [b.chunks[0]]];
  const isWant = (parts: readonly { readonly payload: Payload }[]) => {
    strictEqual(parts.length, 2);
    for (const [i, { payload }] of parts.entries()) {
      strictEqual(payload.chunks.length, want[i]?.length);
      for (const [k, chunk] of payload.chunks.entries()) strictEqual(chunk, want[i]?.[k]);
    }
  };
  await t.step("by trace", () => isWant(partitionByTraceId(batch)));
  await t.step("by resource", () => isWant(partitionByResource(batch, (resource) => String(resource))));
});

Deno.test("a resource is what its field holds, whatever else its entry has", () => {
  const resource = { attributes: [keyValue("a", "b")] };
  const entry = encodeMessage("ResourceSpans", { schema_url: "u", resource, scope_spans: [{ spans: [spanOf(1)] }] });
  const body = Uint8Array.from([0x0a, entry.length & 0x7f | 0x80, entry.length >>> 7, ...entry]);
  const payload = readPayload("traces", body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  const keys = partitionByResource(payload, (found) => found.toHex()).map(({ key }) => key);
  deepStrictEqual(keys, [encodeMessage("Resource", resource).toHex()]);
});

Deno.test("an envelope without items stays with what comes after it when nothing comes before", () => {
  const payload = payloadOf({ name: "empty", traces: [] }, { traces: [1] }, { traces: [2] });
  const empty = payloadOf({ name: "empty", traces: [] });
  const parts = partitionByTraceId(payload).map(({ payload }) => payload);
  deepStrictEqual(parts.map(({ byteLength }) => byteLength), [
    empty.byteLength + payloadOf({ traces: [1] }).byteLength,
    payloadOf({ traces: [2] }).byteLength,
  ]);
});
