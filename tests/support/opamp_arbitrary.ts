/**
 * Random OpAMP messages, from the codec's own table; the oracle of `opamp_proto.ts` knows whether they are right.
 *
 * @module
 */

import fc from "fast-check";
import { type FieldRow, type MessageName, type ScalarKind, SCHEMA } from "../../opamp/protocol/schema.ts";

const text = fc.string({ unit: "grapheme", maxLength: 200 });

/** Values that are written: a default of a field that can be left out would come back as absent. */
const SCALARS: Readonly<
  Record<ScalarKind, { readonly any: fc.Arbitrary<unknown>; readonly written: fc.Arbitrary<unknown> }>
> = {
  bytes: { any: fc.uint8Array({ maxLength: 300 }), written: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
  string: { any: text, written: text.filter((value) => value !== "") },
  bool: { any: fc.boolean(), written: fc.constant(true) },
  double: { any: fc.double(), written: fc.double().filter((value) => !Object.is(value, 0)) },
  enum: { any: fc.integer(), written: fc.integer().filter((value) => value !== 0) },
  mask: { any: fc.nat(), written: fc.integer({ min: 1, max: 0xffff_ffff }) },
  count: { any: fc.maxSafeNat(), written: fc.maxSafeNat().filter((value) => value !== 0) },
  fixed64: { any: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), written: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }) },
  int64: {
    any: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    written: fc.bigInt({ min: -(2n ** 63n), max: -1n }),
  },
};

/** A message in the form in which decoding gives it. */
export function arbitraryMessage(name: MessageName, depth = 4): fc.Arbitrary<object> {
  const rows = Object.entries(SCHEMA[name] as Record<string, FieldRow>);
  const oneofs = rows.filter(([, row]) => row[2] === "oneof");
  const others = rows.filter(([, row]) => row[2] !== "oneof" && (depth > 0 || row[1] in SCALARS));
  const record = fc.record(Object.fromEntries(others.map(([field, row]) => [field, arbitraryField(row, depth)])), {
    requiredKeys: [],
    noNullPrototype: true,
  });
  if (oneofs.length === 0) return record;
  const choices = oneofs.filter(([, [, kind]]) => depth > 0 || kind in SCALARS)
    .map(([field, row]) => arbitraryField(row, depth).map((value) => ({ [field]: value })));
  return fc.oneof(fc.constant({}), ...choices);
}

function arbitraryField([, kind, occurs]: FieldRow, depth: number): fc.Arbitrary<unknown> {
  const isScalar = kind in SCALARS;
  const scalar = SCALARS[kind as ScalarKind];
  const any = isScalar ? scalar.any : arbitraryMessage(kind as MessageName, depth - 1);
  if (occurs === "list") return fc.array(any, { minLength: 1, maxLength: 3 });
  if (occurs === "map") {
    return fc.uniqueArray(fc.tuple(text, any), { minLength: 1, maxLength: 3, selector: ([key]) => key })
      .map((entries) => new Map(entries));
  }
  return isScalar && occurs !== "oneof" ? scalar.written : any;
}
