import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { LimitExceededError } from "../../../pipeline/core/errors.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { mergePayloads, NO_ORIGIN, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import { resourceAttribute } from "../../../pipeline/otlp/resource.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../../pipeline/otlp/signals.ts";
import {
  firstItems,
  partitionByResource,
  partitionByTraceId,
  splitByBytes,
  splitByItems,
} from "../../../pipeline/otlp/split.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { ProtoWriter } from "../../../pipeline/wire/protobuf_writer.ts";
import { arbitraryRequest, itemLines } from "../../support/otlp_arbitrary.ts";
import { decodeRequest, encodeMessage, type Plain, REQUEST_TYPES } from "../../support/otlp_proto.ts";
import { keyValue, requestBytes } from "../../support/otlp_samples.ts";

const SPLITTABLE = SIGNAL_NAMES.filter((signal) => SIGNALS[signal].mergeable);

function read(signal: Signal, body: Uint8Array): Payload {
  return readPayload(signal, body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

/** A payload of several requests, as a queue's batch is. */
function arbitraryPayload(signal: Signal): fc.Arbitrary<Payload> {
  const maxLength = SIGNALS[signal].mergeable ? 3 : 1;
  return fc.array(arbitraryRequest(signal), { minLength: 1, maxLength }).map((bodies) =>
    mergePayloads(bodies.map((body) => read(signal, body)), NO_ORIGIN)
  );
}

function lines(payload: Payload): string[] {
  return payload.chunks.flatMap((chunk) => itemLines(payload.signal, chunk));
}

/** Each chunk is a request; counts and lengths are those of its bytes. */
function assertSound(payload: Payload): void {
  let items = 0;
  for (const chunk of payload.chunks) items += read(payload.signal, chunk).itemCount;
  strictEqual(payload.itemCount, items);
  strictEqual(payload.byteLength, payload.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
}

/** Whether an item line stands for a request without entries, which says nothing once it is part of another. */
function isSubstance(line: string): boolean {
  return line.includes("\n");
}

/**
 * Parts hold, one after the other, what the whole held. A part repeats what is around its items, so a line of an
 * envelope without items stays one line.
 */
function assertSameContent(parts: readonly Payload[], whole: Payload): void {
  for (const part of parts) assertSound(part);
  deepStrictEqual(parts.flatMap(lines).filter(isSubstance), lines(whole).filter(isSubstance));
  strictEqual(parts.reduce((sum, part) => sum + part.itemCount, 0), whole.itemCount);
}

Deno.test("splitByItems() keeps all content in order, in parts that are full", async (t) => {
  for (const signal of SPLITTABLE) {
    await t.step(signal, () => {
      fc.assert(
        fc.property(arbitraryPayload(signal), fc.integer({ min: 1, max: 6 }), (payload, maxItems) => {
          const parts = splitByItems(payload, maxItems);
          assertSameContent(parts, payload);
          assertSameContent([mergePayloads(parts, NO_ORIGIN)], payload);
          if (payload.itemCount <= maxItems) return strictEqual(parts[0], payload);
          strictEqual(parts.length, Math.ceil(payload.itemCount / maxItems));
          for (const part of parts.slice(0, -1)) strictEqual(part.itemCount, maxItems);
        }),
        { numRuns: 150 },
      );
    });
  }
});

Deno.test("firstItems() is as many as are asked for, from the front", async (t) => {
  for (const signal of SPLITTABLE) {
    await t.step(signal, () => {
      fc.assert(fc.property(arbitraryPayload(signal), fc.integer({ min: 1, max: 12 }), (payload, maxItems) => {
        const first = firstItems(payload, maxItems);
        assertSound(first);
        strictEqual(first.itemCount, Math.min(maxItems, payload.itemCount));
        if (payload.itemCount <= maxItems) strictEqual(first, payload);
        const [part] = splitByItems(payload, maxItems);
        const substance = lines(first).filter(isSubstance);
        deepStrictEqual(lines(part!).filter(isSubstance).slice(0, substance.length), substance);
      }));
    });
  }
  await t.step("profiles are never cut", () => {
    const payload = read("profiles", requestBytes("profiles", 4));
    strictEqual(firstItems(payload, 1), payload);
  });
  await t.step("none is no number", () => {
    throws(() => firstItems(read("traces", requestBytes("traces", 1)), 0), RangeError);
  });
});

Deno.test("splitByBytes() keeps all content in order, in parts that fit", async (t) => {
  for (const signal of SPLITTABLE) {
    await t.step(signal, () => {
      fc.assert(
        fc.property(arbitraryPayload(signal), fc.integer({ min: 1, max: 2_000 }), (payload, maxBytes) => {
          const parts = splitByBytes(payload, maxBytes);
          assertSameContent(parts, payload);
          for (const part of parts) {
            ok(part.byteLength <= maxBytes || lines(part).filter(isSubstance).length <= 1, `${part.byteLength} bytes`);
          }
        }),
        { numRuns: 150 },
      );
    });
  }
});

Deno.test("partitionByTraceId() puts each item with its trace", async (t) => {
  for (const signal of ["traces", "logs"] as const) {
    await t.step(signal, () => {
      fc.assert(
        fc.property(arbitraryPayload(signal), (payload) => {
          const parts = partitionByTraceId(payload);
          const found = parts.flatMap(({ payload }) => lines(payload)).filter(isSubstance);
          deepStrictEqual(found.sort(), lines(payload).filter(isSubstance).sort());
          strictEqual(new Set(parts.map(({ traceId }) => traceId)).size, parts.length);
          for (const { traceId, payload } of parts) {
            assertSound(payload);
            for (const id of traceIds(payload)) strictEqual(id, traceId);
          }
        }),
        { numRuns: 150 },
      );
    });
  }
  await t.step("an id of zeros is none", () => {
    const body = requestOf("traces", [{ trace_id: new Uint8Array(16) }, {}]);
    deepStrictEqual(partitionByTraceId(read("traces", body)).map(({ traceId }) => traceId), [""]);
  });
  await t.step("one trace: the payload itself", () => {
    const payload = read("traces", requestOf("traces", [{ trace_id: new Uint8Array(16).fill(0xab) }]));
    const [part] = partitionByTraceId(payload);
    strictEqual(part?.traceId, "ab".repeat(16));
    strictEqual(part?.payload, payload);
  });
  await t.step("behind fields of any length, and the last of two", () => {
    for (const length of [0, 1, 127, 128, 300, 20_000]) {
      const span = new ProtoWriter();
      span.bytesField(1, new Uint8Array(16).fill(0x11));
      span.bytesField(5, new Uint8Array(length).fill(0x41));
      span.varintField(6, 200);
      span.bytesField(100, new Uint8Array(length));
      span.bytesField(1, new Uint8Array(16).fill(0xcd));
      span.bytesField(2, new Uint8Array(8).fill(7));
      const body = [2, 2, 1].reduce((message, field) => {
        const writer = new ProtoWriter();
        writer.bytesField(field, message);
        return writer.finish();
      }, span.finish());
      deepStrictEqual(partitionByTraceId(read("traces", body)).map(({ traceId }) => traceId), ["cd".repeat(16)]);
    }
  });
  await t.step("not for metrics", () => {
    throws(() => partitionByTraceId(read("metrics", requestBytes("metrics", 1))), TypeError);
  });
});

/** Ids of all items by the oracle. */
function traceIds({ signal, chunks }: Payload): string[] {
  const ids: string[] = [];
  const find = (value: unknown, key: string): void => {
    if (Array.isArray(value)) return value.forEach((element) => find(element, key));
    if (typeof value !== "object" || value === null) return;
    if (key === "spans" || key === "log_records") {
      const hex = Uint8Array.fromBase64((value as { trace_id?: string }).trace_id ?? "").toHex();
      ids.push(/^0+$/.test(hex) ? "" : hex);
      return;
    }
    for (const [name, inner] of Object.entries(value)) find(inner, name);
  };
  for (const chunk of chunks) find(decodeRequest(signal, chunk), "");
  return ids;
}

/** A request of one resource and scope with `items`. */
function requestOf(signal: "traces" | "logs", items: Plain[], resource: Plain = {}): Uint8Array {
  return encodeMessage(
    REQUEST_TYPES[signal],
    signal === "traces"
      ? { resource_spans: [{ resource, scope_spans: [{ spans: items }] }] }
      : { resource_logs: [{ resource, scope_logs: [{ log_records: items }] }] },
  );
}

Deno.test("partitionByResource()", async (t) => {
  for (const signal of SPLITTABLE) {
    for (const order of ["sdk", "collector"] as const) {
      await t.step(`${signal}, ${order}`, () => {
        const payload = read(signal, requestBytes(signal, 40, { resources: 8, order }));
        const parts = partitionByResource(payload, (resource) => resourceAttribute(resource, "k8s.namespace.name"));
        deepStrictEqual(parts.map(({ key }) => key), ["checkout", "payments", "catalog", "search", "platform"]);
        deepStrictEqual(parts.map(({ payload }) => payload.itemCount), [10, 10, 10, 5, 5]);
        deepStrictEqual(parts.flatMap(({ payload }) => lines(payload)).sort(), lines(payload).sort());
        for (const part of parts) {
          assertSound(part.payload);
          for (const chunk of part.payload.chunks) strictEqual(chunk.buffer, payload.chunks[0]?.buffer, "a slice");
        }
      });
    }
  }
  await t.step("profiles stay whole, under the first resource", () => {
    const payload = read("profiles", requestBytes("profiles", 4, { resources: 4 }));
    const parts = partitionByResource(payload, (resource) => resourceAttribute(resource, "k8s.namespace.name"));
    strictEqual(parts.length, 1);
    strictEqual(parts[0]?.key, "checkout");
    strictEqual(parts[0]?.payload, payload);
  });
  await t.step("no entries: the payload itself", () => {
    const payload = read("traces", new Uint8Array(0));
    const parts = partitionByResource(payload, (resource) => resource.length);
    deepStrictEqual(parts, [{ key: 0, payload }]);
  });
  await t.step("a resource written in two parts is joined", () => {
    const half = (key: string) => encodeMessage("ResourceSpans", { resource: { attributes: [keyValue(key, key)] } });
    const both = new Uint8Array([...half("a"), ...half("b")]);
    const [part] = partitionByResource(
      read("traces", Uint8Array.of(0x0a, both.length, ...both)),
      (resource) => ["a", "b"].map((key) => resourceAttribute(resource, key)),
    );
    deepStrictEqual(part?.key, ["a", "b"]);
  });
});

Deno.test("What is not divided is sliced", async (t) => {
  const payload = read("traces", requestBytes("traces", 40, { resources: 4 }));
  const inside = (part: Payload) => part.chunks.every((chunk) => chunk.buffer === payload.chunks[0]?.buffer);
  await t.step("by items, at the edges of resources", () => {
    deepStrictEqual(splitByItems(payload, 10).map(inside), [true, true, true, true]);
  });
  await t.step("by items, neighbours in one slice", () => {
    deepStrictEqual(splitByItems(payload, 20).map(({ chunks }) => chunks.length), [1, 1]);
  });
  await t.step("only the entry that is divided is written anew", () => {
    const [first] = splitByItems(payload, 35);
    strictEqual(first?.chunks.length, 2);
    strictEqual(first?.chunks[0]?.buffer, payload.chunks[0]?.buffer);
    strictEqual(first?.chunks[1]?.buffer === payload.chunks[0]?.buffer, false);
  });
  await t.step("whole chunks of a batch are the same objects", () => {
    const batch = mergePayloads([payload, payload, payload], NO_ORIGIN);
    const parts = splitByItems(batch, 80);
    deepStrictEqual(parts.map(({ chunks }) => chunks.every((chunk) => chunk === payload.chunks[0])), [true, true]);
  });
});

Deno.test("An unknown field of the request goes into every part", () => {
  const unknown = [0xf8, 0x07, 0x05];
  const payload = read("logs", new Uint8Array([...unknown, ...requestBytes("logs", 4)]));
  const parts = splitByItems(payload, 2);
  strictEqual(parts.length, 2);
  for (const part of parts) deepStrictEqual(decodeRequest("logs", payloadBytes(part))["unknown_127"], ["5"]);
});

Deno.test("Splits leave alone what needs none", async (t) => {
  const payload = read("traces", requestBytes("traces", 10));
  const profiles = read("profiles", requestBytes("profiles", 10));
  await t.step("at the number of items", () => strictEqual(splitByItems(payload, 10)[0], payload));
  await t.step("one below it", () => deepStrictEqual(splitByItems(payload, 9).map((part) => part.itemCount), [9, 1]));
  await t.step("at the number of bytes", () => strictEqual(splitByBytes(payload, payload.byteLength)[0], payload));
  await t.step("one below it", () => strictEqual(splitByBytes(payload, payload.byteLength - 1).length, 2));
  await t.step("profiles by items", () => deepStrictEqual(splitByItems(profiles, 1), [profiles]));
  await t.step("profiles by bytes", () => deepStrictEqual(splitByBytes(profiles, 1), [profiles]));
  await t.step("no bound", () => {
    throws(() => splitByItems(payload, 0), RangeError);
    throws(() => splitByItems(payload, NaN), RangeError);
    throws(() => splitByBytes(payload, 0), RangeError);
  });
});

Deno.test("A header that many parts repeat is bounded", () => {
  const resource = { attributes: [keyValue("large", "x".repeat(1024 * 1024))] };
  const spans = Array.from(
    { length: 300 },
    (_, i) => ({ trace_id: new Uint8Array(16).fill(1 + i % 255), name: `${i}` }),
  );
  const payload = read("traces", requestOf("traces", spans, resource));
  strictEqual(splitByItems(payload, 2).length, 150);
  throws(() => splitByItems(payload, 1), LimitExceededError);
});

Deno.test("A header in a hundred thousand pieces", () => {
  const spans = 100_000;
  const unknownThenSpan = [0xf8, 0x07, 0x01, 0x12, 0x00];
  const scope = new Uint8Array(spans * unknownThenSpan.length);
  for (let i = 0; i < spans; i++) scope.set(unknownThenSpan, i * unknownThenSpan.length);
  const writer = new ProtoWriter();
  const entry = writer.open(1);
  writer.bytesField(2, scope);
  writer.close(entry);
  const parts = splitByItems(read("traces", writer.finish()), 5_000);
  deepStrictEqual(parts.map(({ itemCount }) => itemCount), new Array(20).fill(5_000));
  for (const part of parts) assertSound(part);
});
