import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { GatewayError, InvalidPayloadError, LimitExceededError } from "../../../pipeline/core/errors.ts";
import { DEFAULT_PAYLOAD_LIMITS, type PayloadLimits } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { MAX_GROUP_DEPTH } from "../../../pipeline/wire/protobuf.ts";
import { arbitraryRequest, countLines, itemLines } from "../../support/otlp_arbitrary.ts";
import { messageType, REQUEST_TYPES } from "../../support/otlp_proto.ts";
import { requestBytes } from "../../support/otlp_samples.ts";

function read(signal: Signal, body: Uint8Array, limits: Partial<PayloadLimits> = {}) {
  return readPayload(signal, body, { ...DEFAULT_PAYLOAD_LIMITS, ...limits }, NO_ORIGIN);
}

function field(number: number, wireType: number, ...value: number[]): number[] {
  const tag = number << 3 | wireType;
  return tag < 0x80 ? [tag, ...value] : [tag & 0x7f | 0x80, tag >>> 7, ...value];
}

function len(number: number, ...content: number[]): number[] {
  const { length } = content;
  return field(number, 2, ...(length < 0x80 ? [length] : [length & 0x7f | 0x80, length >>> 7]), ...content);
}

/** A trace request of one span with the fields `span`. */
function ofSpan(...span: number[]): Uint8Array {
  return Uint8Array.from(len(1, ...len(2, ...len(2, ...span))));
}

/** Bytes of `depth` arrays in one another, the outermost an attribute's value. */
function nestedArrays(depth: number): Uint8Array {
  let value: Uint8Array = Uint8Array.of();
  for (let level = 1; level < depth; level++) value = wrap(5, wrap(1, value));
  const request = wrap(1, wrap(2, wrap(2, wrap(9, wrap(2, value)))));
  return request;
}

/** `content` as a field of any length. Levels share nothing, so this is quadratic: small depths only. */
function wrap(number: number, content: Uint8Array): Uint8Array {
  const header = [number << 3 | 2];
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) header.push(rest & 0x7f | 0x80);
  header.push(rest);
  const field = new Uint8Array(header.length + content.length);
  field.set(header);
  field.set(content, header.length);
  return field;
}

const zeros = (count: number) => new Array<number>(count).fill(0);

Deno.test("readPayload() counts items of real requests in both orders", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    for (const order of ["sdk", "collector"] as const) {
      await t.step(`${signal}, ${order}`, () => {
        const body = requestBytes(signal, 50, { order, resources: 3 });
        const payload = read(signal, body);
        strictEqual(payload.itemCount, 50);
        strictEqual(payload.byteLength, body.length);
        deepStrictEqual(payload.chunks, [body]);
      });
    }
  }
});

const valid: { name: string; signal?: Signal; body: Uint8Array; items: number }[] = [
  { name: "empty body", body: Uint8Array.of(), items: 0 },
  { name: "resource without anything", body: Uint8Array.of(0x0a, 0x00), items: 0 },
  { name: "empty span", body: ofSpan(), items: 1 },
  { name: "empty ids", body: ofSpan(...len(1), ...len(2), ...len(4)), items: 1 },
  { name: "ids of their lengths", body: ofSpan(...len(1, ...zeros(16)), ...len(2, ...zeros(8))), items: 1 },
  { name: "unknown fields of all types", body: ofSpan(0xf8, 7, 1, 0xfa, 7, 0, 0xfd, 7, 0, 0, 0, 0), items: 1 },
  { name: "an unknown field of the request", body: Uint8Array.of(0x1a, 1, 0, 0x0a, 0), items: 0 },
  { name: "a whole group", body: ofSpan(0xfb, 0x07, 0x08, 0x01, 0xfc, 0x07), items: 1 },
  { name: "groups to the depth bound", body: ofSpan(...groups(MAX_GROUP_DEPTH)), items: 1 },
  { name: "a tag longer than it need be", body: Uint8Array.of(0x8a, 0x00, 0x00), items: 0 },
  { name: "a length longer than it need be", body: Uint8Array.of(0x0a, 0x80, 0x80, 0x00), items: 0 },
  { name: "a varint of ten bytes", body: ofSpan(...field(6, 0, ...new Array(9).fill(0xff), 1)), items: 1 },
  { name: "text that is not UTF-8", body: ofSpan(...len(5, 0xff, 0xfe)), items: 1 },
  { name: "key without value", body: ofSpan(...len(9, ...len(1, 0x61))), items: 1 },
  { name: "value before key", body: ofSpan(...len(9, ...len(2, ...len(1, 0x62)), ...len(1, 0x61))), items: 1 },
  { name: "an attribute with a long value", body: ofSpan(...len(9, ...len(2, ...len(1, ...zeros(200))))), items: 1 },
  { name: "field 16", body: ofSpan(...field(16, 5, 1, 0, 0, 0)), items: 1 },
  {
    name: "a packed and an unpacked count",
    signal: "metrics",
    body: Uint8Array.from(
      len(1, ...len(2, ...len(2, ...len(9, ...len(1, ...len(6, ...zeros(16)), ...field(6, 1, ...zeros(8))))))),
    ),
    items: 1,
  },
];

function groups(depth: number): number[] {
  return [...new Array<number[]>(depth).fill([0xfb, 0x07]), ...new Array<number[]>(depth).fill([0xfc, 0x07])].flat();
}

Deno.test("readPayload() takes what is legal", async (t) => {
  for (const { name, signal = "traces", body, items } of valid) {
    await t.step(name, () => strictEqual(read(signal, body).itemCount, items));
  }
});

const invalid: { name: string; signal?: Signal; body: Uint8Array; offset?: number }[] = [
  { name: "a tag alone", body: Uint8Array.of(0x0a) },
  { name: "a length past the end", body: Uint8Array.of(0x0a, 0x05, 0x00), offset: 2 },
  { name: "a length of 4 GiB", body: Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f) },
  { name: "a length of 2^63", body: Uint8Array.of(0x0a, ...new Array(9).fill(0x80), 0x01) },
  { name: "a length past its message, inside the body", body: Uint8Array.of(0x0a, 2, 0x12, 4, 0x12, 0, 0, 0) },
  { name: "a varint of eleven bytes", body: ofSpan(...field(6, 0, ...new Array(10).fill(0x80), 0)) },
  { name: "a varint of 65 bits", body: ofSpan(...field(6, 0, ...new Array(9).fill(0xff), 2)) },
  { name: "a varint cut off", body: ofSpan(...field(6, 0, 0x80)) },
  { name: "a fixed64 cut off", body: ofSpan(...field(7, 1, ...zeros(7))) },
  { name: "a fixed64 past its message, inside the body", body: Uint8Array.from([...ofSpan(0x39, 0), ...zeros(9)]) },
  { name: "a fixed32 cut off", body: ofSpan(...field(16, 5, 0, 0, 0)) },
  { name: "wire type 6", body: ofSpan(0x0e) },
  { name: "wire type 7 of an unknown field", body: ofSpan(0xff, 0x07) },
  { name: "field 0", body: ofSpan(0x00, 0x00) },
  { name: "field 0 with bytes", body: ofSpan(0x02, 0x00) },
  { name: "field 0, tag longer than need be", body: ofSpan(0x80, 0x00, 0x00) },
  { name: "a tag of 33 bits", body: ofSpan(0x80, 0x80, 0x80, 0x80, 0x10, 0x00) },
  { name: "a known field of another type", body: ofSpan(...field(5, 0, 1)) },
  { name: "a known message as a group", body: ofSpan(...field(9, 3), ...field(9, 4)) },
  { name: "a group that does not end", body: ofSpan(0xfb, 0x07) },
  { name: "a group ended by another", body: ofSpan(0xfb, 0x07, 0xf4, 0x07) },
  { name: "the end of no group", body: ofSpan(0xfc, 0x07) },
  { name: "groups past the depth bound", body: ofSpan(...groups(MAX_GROUP_DEPTH + 1)) },
  { name: "a hundred thousand groups", body: Uint8Array.from(new Array(100_000).fill([0xfb, 0x07]).flat()) },
  { name: "trace id of 15 bytes", body: ofSpan(...len(1, ...zeros(15))) },
  { name: "trace id of 17 bytes", body: ofSpan(...len(1, ...zeros(17))) },
  { name: "span id of 7 bytes", body: ofSpan(...len(2, ...zeros(7))) },
  { name: "parent span id of 9 bytes", body: ofSpan(...len(4, ...zeros(9))) },
  { name: "trace id of a link", body: ofSpan(...len(13, ...len(1, 1))) },
  { name: "span id of a link", body: ofSpan(...len(13, ...len(2, 1))) },
  { name: "string value past its attribute", body: ofSpan(...len(9, ...len(2, 0x0a, 9))) },
  { name: "value shorter than its attribute says", body: ofSpan(...len(9, 0x0a, 1, 0x61, 0x12, 3, 0x0a, 0, 0x08)) },
  { name: "int value that does not end", body: ofSpan(...len(9, ...len(1, 0x61), ...len(2, 0x18, 0x80))) },
  {
    name: "int value of 65 bits",
    body: ofSpan(...len(9, ...len(1, 0x61), ...len(2, 0x18, ...new Array(9).fill(0xff), 2))),
  },
  { name: "trace id of a log record", signal: "logs", body: ofSpan(...len(9, 1)) },
  { name: "span id of a log record", signal: "logs", body: ofSpan(...len(10, 1)) },
  {
    name: "trace id of an exemplar",
    signal: "metrics",
    body: ofSpan(...len(5, ...len(1, ...len(5, ...len(5, 1))))),
  },
  { name: "span id of an exemplar", signal: "metrics", body: ofSpan(...len(5, ...len(1, ...len(5, ...len(4, 1))))) },
  { name: "packed fixed64 of 9 bytes", signal: "metrics", body: ofSpan(...len(9, ...len(1, ...len(6, ...zeros(9))))) },
  {
    name: "packed varints cut off",
    signal: "metrics",
    body: ofSpan(...len(10, ...len(1, ...len(8, ...len(2, 0x80))))),
  },
  { name: "profile id of 8 bytes", signal: "profiles", body: ofSpan(...len(7, ...zeros(8))) },
  { name: "trace id of a profile's link", signal: "profiles", body: Uint8Array.from(len(2, ...len(4, ...len(1, 1)))) },
  { name: "span id of a profile's link", signal: "profiles", body: Uint8Array.from(len(2, ...len(4, ...len(2, 1)))) },
  { name: "JSON", body: new TextEncoder().encode('{"resourceSpans":[]}') },
];

Deno.test("readPayload() refuses what is not, with the place", async (t) => {
  for (const { name, signal = "traces", body, offset } of invalid) {
    await t.step(name, () =>
      throws(() => read(signal, body), (error) => {
        ok(error instanceof InvalidPayloadError, String(error));
        strictEqual(error.httpStatus, 400);
        ok(error.offset !== undefined && error.offset >= 0 && error.offset <= body.length, `offset ${error.offset}`);
        if (offset !== undefined) strictEqual(error.offset, offset);
        return true;
      }));
  }
});

Deno.test("readPayload() refuses every real request cut anywhere but between its entries", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    await t.step(signal, () => {
      const body = requestBytes(signal, 2);
      const entryEnds = new Set(signal === "profiles" ? [0, entryEnd(body)] : [0]);
      for (let end = 0; end < body.length; end++) {
        if (entryEnds.has(end)) continue;
        throws(() => read(signal, body.subarray(0, end)), InvalidPayloadError, `cut at ${end}`);
      }
    });
  }
});

/** The end of the first entry, whose length takes two bytes. */
function entryEnd(body: Uint8Array): number {
  return 3 + (body[1]! & 0x7f | body[2]! << 7);
}

Deno.test("readPayload() bounds, at the limit and one past it", async (t) => {
  const body = requestBytes("traces", 20, { resources: 4 });
  const past: { name: string; at: Partial<PayloadLimits>; over: Partial<PayloadLimits> }[] = [
    { name: "maxBodyBytes", at: { maxBodyBytes: body.length }, over: { maxBodyBytes: body.length - 1 } },
    { name: "maxItems", at: { maxItems: 20 }, over: { maxItems: 19 } },
    { name: "maxEnvelopes: four resources, four scopes", at: { maxEnvelopes: 8 }, over: { maxEnvelopes: 7 } },
  ];
  for (const { name, at, over } of past) {
    await t.step(name, () => {
      strictEqual(read("traces", body, at).itemCount, 20);
      throws(() => read("traces", body, over), (error) => {
        return error instanceof LimitExceededError && error.httpStatus === 413 && !error.retryable;
      });
    });
  }

  const depths: { name: string; body: (depth: number) => Uint8Array }[] = [
    { name: "maxDepth of arrays", body: nestedArrays },
    { name: "maxDepth of maps, whose innermost value is a plain attribute", body: nestedMaps },
  ];
  for (const { name, body } of depths) {
    await t.step(name, () => {
      strictEqual(read("traces", body(64)).itemCount, 1);
      throws(() => read("traces", body(65)), InvalidPayloadError);
      strictEqual(read("traces", body(3), { maxDepth: 3 }).itemCount, 1);
      throws(() => read("traces", body(4), { maxDepth: 3 }), InvalidPayloadError);
    });
  }

  await t.step("10,000 levels neither overflow the stack nor pass", () => {
    throws(() => read("traces", nestedArrays(10_000)), InvalidPayloadError);
    strictEqual(read("traces", nestedArrays(10_000), { maxDepth: 10_000 }).itemCount, 1);
  });
});

/** An attribute's value of `depth` levels: maps in one another around a string. */
function nestedMaps(depth: number): Uint8Array {
  let value = wrap(1, Uint8Array.of(0x78));
  for (let level = 1; level < depth; level++) value = wrap(6, wrap(1, wrap(2, value)));
  return wrap(1, wrap(2, wrap(2, wrap(9, wrap(2, value)))));
}

Deno.test("readPayload() takes any request that the oracle writes, and counts as it does", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    await t.step(signal, () => {
      fc.assert(
        fc.property(arbitraryRequest(signal), (body) => {
          strictEqual(read(signal, body).itemCount, countLines(signal, itemLines(signal, body)));
        }),
        { numRuns: 150 },
      );
    });
  }
});

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  byte: fc.nat({ max: 255 }),
  kind: fc.constantFrom("flip", "cut", "insert", "delete"),
});

function mutated(body: Uint8Array, mutations: readonly { at: number; byte: number; kind: string }[]): Uint8Array {
  let bytes = Array.from(body);
  for (const { at, byte, kind } of mutations) {
    const place = Math.floor(at * bytes.length);
    if (kind === "flip") bytes[place] = (bytes[place] ?? 0) ^ byte;
    else if (kind === "cut") bytes = bytes.slice(0, place);
    else if (kind === "insert") bytes.splice(place, 0, byte);
    else bytes.splice(place, 1);
  }
  return Uint8Array.from(bytes);
}

Deno.test("readPayload() of damaged requests: a GatewayError, or what the oracle also takes", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    await t.step(signal, () => {
      let taken = 0;
      fc.assert(
        fc.property(arbitraryRequest(signal), fc.array(mutation, { minLength: 1, maxLength: 3 }), (body, mutations) => {
          const bytes = mutated(body, mutations);
          try {
            read(signal, bytes);
          } catch (error) {
            ok(error instanceof GatewayError, String(error));
            return;
          }
          taken++;
          assertOracleTakes(signal, bytes);
        }),
        { numRuns: 300 },
      );
      ok(taken > 0, "some damage must be harmless, or the property says little");
    });
  }
});

/** The oracle insists on UTF-8, which the collector and we do not. */
function assertOracleTakes(signal: Signal, bytes: Uint8Array): void {
  try {
    messageType(REQUEST_TYPES[signal]).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
