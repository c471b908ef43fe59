/**
 * Paths of a profile, whose strings and attributes stand in the request's dictionary.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Expression } from "../../../../ottl/functions/definition.ts";
import { equalValues } from "../../../../ottl/values/compare.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { readKeys, writeKeys } from "../../../../ottl/values/index_keys.ts";
import { encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { OttlMap, PlainMap, type Value } from "../../../../ottl/values/value.ts";
import type { Cursor } from "../cursor.ts";
import type { Dictionary } from "../dictionary.ts";
import { assignMap, MAX_MADE_ENTRIES } from "./attributes.ts";
import { INT32, message, numberList, numbersIn, setNumbers } from "./opaque.ts";
import { type PathRow, row, RowsOver } from "./rows.ts";
import * as scalars from "./scalars.ts";

const profile = new RowsOver((cursor) => cursor.item);

const ATTRIBUTE_INDICES = 11;

/** `sample_type` and `period_type`: two strings of the dictionary. */
function valueType(name: "sample_type" | "period_type", field: number): PathRow[] {
  const type = "profile value type";
  const partOf = (cursor: Cursor) => field === 1 ? cursor.sampleType : cursor.periodType;
  const string = (suffix: string, number: number) =>
    row(`${name}.${suffix}`, "string", (cursor) => ({
      get: () => dictionaryOf(cursor).text(partOf(cursor).low(number)),
      set: (_, value) => {
        const index = dictionaryOf(cursor).indexOf(encodeUtf8(scalars.stringOf(value)));
        partOf(cursor).setVarint(number, index, 0);
      },
    }));
  return [
    row(name, type, (cursor) => message(partOf(cursor), cursor.item, field, type)),
    string("type", 1),
    string("unit", 2),
  ];
}

function dictionaryOf({ dictionary }: Cursor): Dictionary {
  if (dictionary === undefined) throw new TypeError("Cannot read a profile: the cursor is of another signal");
  return dictionary;
}

const duration: scalars.FieldAccess = (view, field) => {
  const access = scalars.int64(view, field);
  return {
    ...access,
    set: (item, value) => {
      if (scalars.intOf(value) < 0n) throw new OttlError("value", "a duration must not be negative");
      access.set(item, value);
    },
  };
};

/** The attributes are read out of the dictionary's table; what is written gets entries of its own there. */
function attributes(cursor: Cursor, keys: readonly Expression[]): PathAccess {
  const read = () => attributeMap(cursor);
  if (keys.length === 0) {
    return {
      get: read,
      set: (_, value) => {
        const map = new PlainMap();
        assignMap(map, value);
        storeAttributes(cursor, map);
      },
    };
  }
  return {
    get: (item) => readKeys(read(), keys, item),
    set: (item, value) => {
      const map = read();
      writeKeys(map, keys, item, value, MAX_MADE_ENTRIES);
      storeAttributes(cursor, map);
    },
  };
}

function indicesOf({ item }: Cursor): number[] {
  return numbersIn(item, ATTRIBUTE_INDICES, INT32).map(Number);
}

/** Of keys that come twice the first counts. */
function attributeMap(cursor: Cursor): PlainMap {
  const entries = new Map<string, Value>();
  for (const index of indicesOf(cursor)) {
    const attribute = dictionaryOf(cursor).attribute(index);
    if (attribute !== undefined && !entries.has(attribute.key)) entries.set(attribute.key, attribute.value);
  }
  return new PlainMap(entries);
}

/** An attribute that did not change keeps its place in the table, with its unit. */
function storeAttributes(cursor: Cursor, map: OttlMap): void {
  const dictionary = dictionaryOf(cursor);
  const old = new Map(indicesOf(cursor).toReversed().map((index) => [dictionary.attribute(index)?.key, index]));
  const indices = map.entries().map(([key, value]) => {
    const index = old.get(key);
    const isSame = index !== undefined && equalValues(dictionary.attribute(index)!.value, value);
    return BigInt(isSame ? index : dictionary.attributeIndex(encodeUtf8(key), value));
  });
  setNumbers(cursor.item, ATTRIBUTE_INDICES, INT32, indices);
}

export const PROFILE_ROWS: readonly PathRow[] = [
  ...valueType("sample_type", 1),
  profile.messages("sample", 2, "profile samples"),
  ...profile.instant("time", 3),
  profile.field("duration_unix_nano", "int", 4, duration),
  profile.field("duration", "int", 4, duration),
  ...valueType("period_type", 5),
  profile.field("period", "int", 6, scalars.int64),
  profile.field("profile_id", "ProfileID", 7, scalars.id(scalars.PROFILE_ID)),
  profile.field("profile_id.string", "string", 7, scalars.idText(scalars.PROFILE_ID)),
  row("attribute_indices", "slice", ({ item }) => numberList(item, ATTRIBUTE_INDICES, INT32)),
  profile.uint32("dropped_attributes_count", 8),
  profile.text("original_payload_format", 9),
  profile.field("original_payload", "bytes", 10, scalars.bytes),
  row("attributes", "map", attributes, { keys: "any" }),
];
