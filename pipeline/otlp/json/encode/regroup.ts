/**
 * A message whose fields come in a mixed order, in the order that JSON needs: each field once, lists in one piece.
 *
 * Protobuf allows any order, and says what it means: of a scalar that comes twice the last one holds, messages merge,
 * lists append, and a member of a oneof clears the others. Writers do not do it; concatenated requests of profiles and
 * hand-made bytes do.
 * Source: protobuf.dev/programming-guides/encoding ("Last One Wins", "Oneofs", "Repeated Elements").
 *
 * @module
 */

import { FieldReader } from "../../../wire/protobuf.ts";
import { ProtoWriter } from "../../../wire/protobuf_writer.ts";
import type { WireField, WireMessage } from "./wire_table.ts";

/** Whether each field of `bytes[from, to)` comes once, lists in one piece: what every known encoder writes. */
export function isGrouped(table: WireMessage, bytes: Uint8Array, from: number, to: number): boolean {
  const fields = new FieldReader(bytes, from, to);
  let seen = 0;
  let previous = -1;
  while (fields.next()) {
    const field = table.byNumber[fields.field];
    if (field === undefined) continue;
    if ((seen & field.replaces) !== 0 && !(field.schema.repeated && field.index === previous)) return false;
    seen |= field.bit;
    previous = field.index;
  }
  return true;
}

/** Start and end of a field's value, and of the field with its tag. */
interface Place {
  readonly fieldStart: number;
  readonly start: number;
  readonly end: number;
}

/** The known fields of `bytes[from, to)`, merged and in the order of the schema. */
export function regroup(table: WireMessage, bytes: Uint8Array, from: number, to: number): Uint8Array {
  const places = collect(table, bytes, from, to);
  const writer = new ProtoWriter(to - from);
  table.fields.forEach((field, index) => {
    const own = places[index] ?? [];
    if (field.schema.kind === "message" && !field.schema.repeated) writeMerged(writer, field, bytes, own);
    else for (const { fieldStart, end } of own) writer.copy(bytes, fieldStart, end);
  });
  return writer.finish();
}

function collect(table: WireMessage, bytes: Uint8Array, from: number, to: number): Place[][] {
  const places: Place[][] = table.fields.map(() => []);
  const fields = new FieldReader(bytes, from, to);
  while (fields.next()) {
    const field = table.byNumber[fields.field];
    if (field === undefined) continue;
    const place = { fieldStart: fields.fieldStart, start: fields.start, end: fields.valueEnd };
    const { repeated, kind, oneof } = field.schema;
    if (oneof !== undefined) clearOthers(table, field, places);
    if (repeated || kind === "message") places[field.index]?.push(place);
    else places[field.index] = [place];
  }
  return places;
}

function clearOthers(table: WireMessage, set: WireField, places: Place[][]): void {
  for (const { index, bit } of table.fields) {
    if (index !== set.index && (set.replaces & bit) !== 0) places[index] = [];
  }
}

/** One message of several: their bytes one after the other. */
function writeMerged(writer: ProtoWriter, field: WireField, bytes: Uint8Array, places: readonly Place[]): void {
  if (places.length === 0) return;
  const mark = writer.open(field.schema.number);
  for (const { start, end } of places) writer.copy(bytes, start, end);
  writer.close(mark);
}
