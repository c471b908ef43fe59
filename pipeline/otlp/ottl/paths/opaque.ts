/**
 * Values that only their context understands, as raw messages; and lists of numbers.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { Opaque, OttlList, type Value } from "../../../../ottl/values/value.ts";
import { varintBig, WireType } from "../../../wire/protobuf.ts";
import { ProtoWriter } from "../../../wire/protobuf_writer.ts";
import { highHalf, lowHalf, readDouble } from "../any_value.ts";
import type { MessagePart, MessageView } from "../message_view.ts";
import { floatOf, intOf, wrongType } from "./scalars.ts";

/** A repeated message field, such as a span's events. */
export function messageList(view: MessageView, field: number, type: string): PathAccess {
  return {
    get: () => {
      const messages = view.messages(field);
      return new Opaque(type, messages.length, messages);
    },
    set: (_, value) => {
      if (!(value instanceof Opaque) || value.type !== type) throw wrongType(type, value);
      if ((view.childMask >>> field & 1) !== 0) {
        throw new OttlError("read_only", `${type} cannot be set while they are visited`);
      }
      view.setMessages(field, value.content as Uint8Array[]);
    },
  };
}

/** A message field, such as a span's status. `whole` is the view that it is a part of. */
export function message(part: MessagePart, whole: MessageView, field: number, type: string): PathAccess {
  return {
    get: () => new Opaque(type, undefined, part.current().slice()),
    set: (_, value) => {
      if (!(value instanceof Opaque) || value.type !== type) throw wrongType(type, value);
      whole.setBytes(field, value.content as Uint8Array);
    },
  };
}

/** How the numbers of a repeated field are written. */
export interface NumberForm {
  readonly wireType: number;
  readonly kind: "ints" | "uints" | "floats";
  read(bytes: Uint8Array, at: number): bigint | number;
  write(writer: ProtoWriter, value: bigint | number): void;
}

export const UINT64: NumberForm = {
  wireType: WireType.varint,
  kind: "uints",
  read: (bytes, at) => BigInt.asIntN(64, varintBig(bytes, at)),
  write: (writer, value) => writer.varint64(lowHalf(value as bigint), highHalf(value as bigint)),
};

export const INT32: NumberForm = {
  ...UINT64,
  kind: "ints",
  read: (bytes, at) => BigInt.asIntN(32, varintBig(bytes, at)),
  write: (writer, value) => writer.varint64(lowHalf(value as bigint), highHalf(BigInt.asIntN(32, value as bigint))),
};

export const FIXED64: NumberForm = {
  wireType: WireType.fixed64,
  kind: "uints",
  read: (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at, true),
  write: (writer, value) => writer.fixed64(lowHalf(value as bigint), highHalf(value as bigint)),
};

export const DOUBLE: NumberForm = {
  wireType: WireType.fixed64,
  kind: "floats",
  read: readDouble,
  write: (writer, value) => writer.double(value as number),
};

/** A repeated field of numbers; nil empties it. */
export function numberList(view: MessageView, field: number, form: NumberForm): PathAccess {
  return {
    get: () => new OttlList(numbersIn(view, field, form), form.kind),
    set: (_, value) => setNumbers(view, field, form, numbersOf(value, form)),
  };
}

export function numbersIn(view: MessageView, field: number, form: NumberForm): (bigint | number)[] {
  const numbers: (bigint | number)[] = [];
  view.eachNumber(field, form.wireType, (bytes, at) => numbers.push(form.read(bytes, at)));
  return numbers;
}

export function setNumbers(view: MessageView, field: number, form: NumberForm, numbers: readonly (bigint | number)[]) {
  if (numbers.length === 0) return view.remove(field);
  const writer = new ProtoWriter(numbers.length * 8 + 16);
  const mark = writer.open(field);
  for (const number of numbers) form.write(writer, number);
  writer.close(mark);
  view.setFields(field, writer.finish());
}

function numbersOf(value: Value, form: NumberForm): (bigint | number)[] {
  if (value === null) return [];
  if (!(value instanceof OttlList)) throw wrongType("slice", value);
  return value.items.map((item) => form.kind === "floats" ? floatOf(item) : intOf(item));
}
