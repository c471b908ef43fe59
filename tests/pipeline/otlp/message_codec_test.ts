import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { decodeMessage, emptyMessage, encodeMessage, UNKNOWN_FIELDS } from "../../../pipeline/otlp/message_codec.ts";
import { type FieldSchema, type MessageSchema, messageSchema, REQUEST_SCHEMAS } from "../../../pipeline/otlp/schema.ts";
import { SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { InvalidPayloadError } from "../../../pipeline/core/errors.ts";
import { arbitraryRequest } from "../../support/otlp_arbitrary.ts";
import {
  decodeMessage as decodeByOracle,
  decodeRequest,
  encodeMessage as encodeByOracle,
} from "../../support/otlp_proto.ts";

/** What the oracle tells of a message, without what is written or not as a writer likes: default values. */
function meaningOf(schema: MessageSchema, plain: Record<string, unknown>): Record<string, unknown> {
  const meaning = { ...plain };
  for (const field of schema.fields) {
    const value = plain[field.snakeName];
    if (isDefault(field, value)) delete meaning[field.snakeName];
    else if (field.message !== undefined) {
      const inner = field.message;
      const of = (value: unknown) => meaningOf(inner, value as Record<string, unknown>);
      meaning[field.snakeName] = field.repeated ? (value as unknown[]).map(of) : of(value);
    }
  }
  return meaning;
}

function isDefault(field: FieldSchema, value: unknown): boolean {
  if (field.repeated) return value === undefined || (value as unknown[]).length === 0;
  if (field.presence) return value === undefined;
  return [undefined, "", "0", false].includes(value as undefined) || Object.is(value, 0);
}

Deno.test("a message decoded and encoded means the same, unknown fields included", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    const schema = REQUEST_SCHEMAS[signal];
    await t.step(signal, () => {
      fc.assert(
        fc.property(arbitraryRequest(signal), (bytes) => {
          const again = encodeMessage(schema, decodeMessage(schema, bytes));
          deepStrictEqual(
            meaningOf(schema, decodeRequest(signal, again)),
            meaningOf(schema, decodeRequest(signal, bytes)),
          );
        }),
        { numRuns: 150 },
      );
    });
  }
});

Deno.test("what was encoded once is encoded to the same bytes", () => {
  fc.assert(
    fc.property(arbitraryRequest("metrics"), (bytes) => {
      const schema = REQUEST_SCHEMAS.metrics;
      const once = encodeMessage(schema, decodeMessage(schema, bytes));
      deepStrictEqual(encodeMessage(schema, decodeMessage(schema, once)), once);
    }),
    { numRuns: 100 },
  );
});

const POINT = messageSchema("NumberDataPoint");
const EXPONENTIAL = messageSchema("ExponentialHistogramDataPoint");
const oracle = "ExponentialHistogramDataPoint";

Deno.test("decodeMessage() takes so many elements and no more", async (t) => {
  const point = encodeByOracle("HistogramDataPoint", { attributes: [{ key: "a" }], bucket_counts: [1, 2, 3] });
  const unpacked = encodeByOracle("HistogramDataPoint", { bucket_counts: [1, 2, 3, 4] }, { packed: false });
  for (const [name, bytes] of Object.entries({ point, unpacked })) {
    await t.step(name, () => {
      ok(decodeMessage(messageSchema("HistogramDataPoint"), bytes, 4));
      throws(() => decodeMessage(messageSchema("HistogramDataPoint"), bytes, 3), { category: "limit" });
    });
  }
});

Deno.test("encodeMessage() writes so many bytes and no more", () => {
  const schema = messageSchema("NumberDataPoint");
  const message = decodeMessage(schema, encodeByOracle("NumberDataPoint", { attributes: [{ key: "four" }] }));
  strictEqual(encodeMessage(schema, message, 8).length, 8);
  throws(() => encodeMessage(schema, message, 7), { category: "limit" });
});

Deno.test("decodeMessage() of what writers may do", async (t) => {
  await t.step("the last member of a oneof counts", () => {
    const bytes = Uint8Array.of(0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x31, 7, 0, 0, 0, 0, 0, 0, 0);
    const point = decodeMessage(POINT, bytes) as Record<string, unknown>;
    strictEqual(point.asDouble, undefined);
    strictEqual(point.asInt, 7n);
  });
  await t.step("a member of a oneof that is zero is set", () => {
    const point = decodeMessage(POINT, new Uint8Array([0x31, 0, 0, 0, 0, 0, 0, 0, 0]));
    deepStrictEqual([...encodeMessage(POINT, point)], [0x31, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
  await t.step("a message that comes twice is merged", () => {
    const half = (offset: Record<string, unknown>) =>
      encodeByOracle("ExponentialHistogramDataPoint", { positive: offset });
    const both = [...half({ offset: -3, bucket_counts: [1] }), ...half({ bucket_counts: [2] })];
    const point = decodeMessage(EXPONENTIAL, Uint8Array.from(both)) as Record<string, unknown>;
    const { offset, bucketCounts } = point.positive as Record<string, unknown>;
    deepStrictEqual([offset, bucketCounts], [-3, [1n, 2n]]);
  });
  await t.step("an AnyValue that comes twice is put together", () => {
    const bytes = Uint8Array.of(0x12, 2, 0x18, 1, 0x12, 2, 0x18, 2);
    const pair = decodeMessage(messageSchema("KeyValue"), bytes) as Record<string, unknown>;
    deepStrictEqual(pair.value, Uint8Array.of(0x18, 1, 0x18, 2));
  });
  await t.step("a known field of another wire type is unknown, and stays", () => {
    const bytes = Uint8Array.of(0x18, 5); // timeUnixNano as a varint
    const point = decodeMessage(POINT, bytes);
    deepStrictEqual(point[UNKNOWN_FIELDS], [bytes]);
    deepStrictEqual([...encodeMessage(POINT, point)], [...bytes]);
  });
  await t.step("text that is no UTF-8 stays", () => {
    const bytes = Uint8Array.of(0x0a, 3, 0x61, 0xff, 0xc3);
    deepStrictEqual(encodeMessage(messageSchema("Metric"), decodeMessage(messageSchema("Metric"), bytes)), bytes);
  });
  await t.step("negative numbers", () => {
    const values = { scale: -20, positive: { offset: -2147483648, bucket_counts: [] } };
    const again = encodeMessage(EXPONENTIAL, decodeMessage(EXPONENTIAL, encodeByOracle(oracle, values)));
    deepStrictEqual(decodeByOracle(oracle, again), { scale: -20, positive: { offset: -2147483648 } });
  });
  await t.step("an enum below zero", () => {
    const sum = messageSchema("Sum");
    const bytes = encodeByOracle("Sum", { aggregation_temporality: -1 });
    deepStrictEqual(encodeMessage(sum, decodeMessage(sum, bytes)), bytes);
  });
  await t.step("what is cut off is refused", () => {
    throws(() => decodeMessage(POINT, Uint8Array.of(0x19, 1)), InvalidPayloadError);
    throws(
      () => decodeMessage(messageSchema("HistogramDataPoint"), Uint8Array.of(0x32, 3, 1, 2, 3)),
      InvalidPayloadError,
    );
  });
  await t.step("an empty message has every default and no bytes", () => {
    const point = emptyMessage(POINT) as Record<string, unknown>;
    ok("asInt" in point);
    deepStrictEqual(point.attributes, []);
    strictEqual(encodeMessage(POINT, point).length, 0);
  });
});
