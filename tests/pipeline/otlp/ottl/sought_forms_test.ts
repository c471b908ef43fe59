/**
 * Attributes in every form that protobuf allows, asked of spans that were not read yet: as the model says, whatever is
 * asked first.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import fc from "fast-check";
import type { ContextPath } from "../../../../ottl/compile/context.ts";
import { openContext } from "../../../../pipeline/otlp/ottl/mod.ts";
import { WireType } from "../../../../pipeline/wire/protobuf.ts";
import { ProtoWriter } from "../../../../pipeline/wire/protobuf_writer.ts";

/** Fields of Span, of KeyValue, of AnyValue, and one that none of them has. */
const NAME = 5;
const ATTRIBUTES = 9;
const KEY = 1;
const VALUE = 2;
const STRING = 1;
const INT = 3;
const UNKNOWN = 15;

/** Of different lengths and of the same, with the same ends and with the same starts; with less than four bytes too. */
const WANTED = [
  "service.name",
  "k",
  "ab",
  "abc",
  "tenant.id",
  "client.id",
  "xxxx.id",
  "aaaa",
  "aaab",
  "a key of thirty-six bytes, as 4 + 32",
];
// "service.pami" is looked up in the same place as "service.name".
const KEYS = [
  ...WANTED,
  "",
  "z",
  "none",
  "tenant.ix",
  "tenaNt.id",
  "service.pami",
  "a key of thirty-six bytes, as 4 + 31",
];

/** Around where a value, a KeyValue or a string no longer has a length of one byte. */
const TEXTS = [
  "",
  "v",
  "value",
  "valuf",
  ...[100, 109, 110, 111, 121, 122, 123, 125, 126, 127, 128].map((n) => "s".repeat(n)),
];

type Member = { readonly text: string } | { readonly int: number } | "unknown";
type Part = { readonly key: string } | { readonly value: readonly Member[] } | "unknown";
type Item = readonly ({ readonly attribute: readonly Part[] } | { readonly name: string } | "unknown")[];

const member: fc.Arbitrary<Member> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ text: fc.constantFrom(...TEXTS) }) },
  fc.record({ int: fc.nat(300) }),
  fc.constant("unknown" as const),
);
const key = fc.record({ key: fc.constantFrom(...KEYS) });
const value = fc.record({
  value: fc.oneof({ weight: 6, arbitrary: fc.tuple(member) }, fc.array(member, { maxLength: 2 })),
});
const usual = fc.tuple(key, value, fc.boolean()).map(([k, v, isKeyFirst]): Part[] => isKeyFirst ? [k, v] : [v, k]);
const odd = fc.array(fc.oneof(key, value, fc.constant("unknown" as const)), { maxLength: 4 });
const item: fc.Arbitrary<Item> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ attribute: usual }) },
    { weight: 2, arbitrary: fc.record({ attribute: odd }) },
    fc.record({ name: fc.constantFrom(...TEXTS) }),
    fc.constant("unknown" as const),
  ),
  { maxLength: 8 },
);

function write(item: Item): Uint8Array {
  const writer = new ProtoWriter();
  for (const field of item) {
    if (field === "unknown") writeUnknown(writer);
    else if ("name" in field) writer.stringField(NAME, field.name);
    else writeIn(writer, ATTRIBUTES, () => field.attribute.forEach((part) => writePart(writer, part)));
  }
  return writer.finish();
}

function writePart(writer: ProtoWriter, part: Part): void {
  if (part === "unknown") writeUnknown(writer);
  else if ("key" in part) writer.stringField(KEY, part.key);
  else writeIn(writer, VALUE, () => part.value.forEach((member) => writeMember(writer, member)));
}

function writeMember(writer: ProtoWriter, member: Member): void {
  if (member === "unknown") writeUnknown(writer);
  else if ("text" in member) writer.stringField(STRING, member.text);
  else writer.varintField(INT, member.int);
}

function writeUnknown(writer: ProtoWriter): void {
  writer.tag(UNKNOWN, WireType.fixed32);
  writer.fixed32(0x0a0a0a0a);
}

function writeIn(writer: ProtoWriter, field: number, write: () => void): void {
  const mark = writer.open(field);
  write();
  writer.close(mark);
}

/** The value of the first attribute with a key: of fields that come twice the last counts. */
function valueOf(item: Item, wanted: string): string | number | undefined {
  for (const field of item) {
    if (field === "unknown" || !("attribute" in field)) continue;
    const parts = field.attribute.filter((part) => part !== "unknown");
    const key = parts.findLast((part) => "key" in part)?.key ?? "";
    if (key !== wanted) continue;
    const value = parts.findLast((part) => "value" in part)?.value ?? [];
    const member = value.findLast((member) => member !== "unknown");
    return member === undefined ? undefined : "text" in member ? member.text : member.int;
  }
  return undefined;
}

function path(key: string): ContextPath {
  return {
    context: "span",
    fields: [{ name: "attributes", keys: [{ constant: key, evaluate: () => key }] }],
    text: "",
  };
}

Deno.test("attributes in any form are as the model says, whatever is asked first", () => {
  const { resolver, cursor } = openContext("traces", "span");
  const comparisons = WANTED.map((key) => {
    const { comparison } = resolver.resolve(path(key));
    return {
      key,
      constants: [...TEXTS, 200].map((constant) => ({
        constant,
        isSame: comparison!("==", typeof constant === "number" ? BigInt(constant) : constant)!,
      })),
    };
  });
  const asked = fc.array(fc.constantFrom(...comparisons), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(item, asked), { minLength: 1, maxLength: 4 }), (items) => {
      // One behind the other in the same bytes, as in a request; the last one ends with them.
      const written = items.map(([item]) => write(item));
      const bytes = Uint8Array.from(written.flatMap((each) => [...each]));
      let start = 0;
      for (const [i, [item, asked]] of items.entries()) {
        const end = start + written[i]!.length;
        cursor.item.reset(bytes, start, end);
        for (const { key, constants } of asked) {
          const value = valueOf(item, key);
          for (const { constant, isSame } of constants) {
            strictEqual(isSame(cursor), value === constant, `${key} == ${constant}`);
          }
        }
        start = end;
      }
    }),
    { numRuns: 1_000 },
  );
});
