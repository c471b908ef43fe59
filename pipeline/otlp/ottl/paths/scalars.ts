/**
 * Fields that hold one value, as paths lead to them: how each kind is read, written and compared in place.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { ComparisonOperator } from "../../../../ottl/values/operators.ts";
import { OttlError, typeError } from "../../../../ottl/values/errors.ts";
import { ANSWERS, answerTo, sign64 } from "../../../../ottl/values/int_halves.ts";
import { encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { Id, type IdKind, Time, typeName, type Value } from "../../../../ottl/values/value.ts";
import { highHalf, lowHalf, Member } from "../any_value.ts";
import type { MessageView } from "../message_view.ts";
import { changedAccess, textChanger } from "../raw_change.ts";
import { type RawAccess, rawOf, RawText } from "../raw_value.ts";

/** Makes the access to a field of the message that a view looks at. */
export type FieldAccess = (view: MessageView, field: number) => PathAccess;

/** Compares a number with one that never changes; either may be NaN. */
export function numberTest(operator: ComparisonOperator, right: number): (left: number) => boolean {
  switch (operator) {
    case "==":
      return (left) => left === right;
    case "!=":
      return (left) => left !== right;
    case "<":
      return (left) => left < right;
    case "<=":
      return (left) => left <= right;
    case ">":
      return (left) => left > right;
    case ">=":
      return (left) => left >= right;
  }
}

/** @throws {OttlError} It is another type: "setting a value to nil is not supported" for nil. */
export function wrongType(wanted: string, value: Value): OttlError {
  return value === null
    ? new OttlError("type", "setting a value to nil is not supported")
    : typeError(wanted, typeName(value));
}

export function intOf(value: Value): bigint {
  if (typeof value === "bigint") return value;
  throw wrongType("int", value);
}

export function stringOf(value: Value): string {
  if (typeof value === "string") return value;
  throw wrongType("string", value);
}

export function floatOf(value: Value): number {
  if (typeof value === "number") return value;
  throw wrongType("float", value);
}

export function boolOf(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw wrongType("bool", value);
}

function timeOf(value: Value): Time {
  if (value instanceof Time) return value;
  throw wrongType("time", value);
}

export const text: FieldAccess = (view, field): PathAccess & RawAccess => ({
  raw: new RawText(view, field),
  changed: (change, get) => changedAccess(new RawText(view, field), change, get),
  changer: (change) => textChanger(view, field, change),
  get: () => view.text(field),
  set: (_, value) => view.setText(field, stringOf(value)),
  comparison(operator, constant) {
    if (typeof constant !== "string" || operator !== "==" && operator !== "!=") return undefined;
    const wanted = encodeUtf8(constant);
    return operator === "==" ? () => view.equals(field, wanted) : () => !view.equals(field, wanted);
  },
  constantSetter(value) {
    if (typeof value !== "string") return undefined;
    const bytes = encodeUtf8(value);
    return () => view.setBytes(field, bytes);
  },
  copier(source) {
    const raw = rawOf(source);
    if (raw === undefined) return undefined;
    return (item) => {
      if (raw.find() === Member.string) view.setBytes(field, raw.bytes, raw.start, raw.end);
      else view.setText(field, stringOf(source.get(item)));
    };
  },
});

export const bytes: FieldAccess = (view, field) => ({
  get: () => view.raw(field),
  set: (_, value) => {
    if (!(value instanceof Uint8Array)) throw wrongType("bytes", value);
    view.setBytes(field, value);
  },
});

export const bool: FieldAccess = (view, field) => ({
  get: () => view.low(field) !== 0,
  set: (_, value) => view.setVarint(field, boolOf(value) ? 1 : 0, 0),
});

/** An integer that `read` gives as a number. */
function small(read: (view: MessageView, field: number) => number, write: FieldWriter): FieldAccess {
  return (view, field) => ({
    get: () => BigInt(read(view, field)),
    set: (_, value) => write(view, field, intOf(value)),
    comparison(operator, constant) {
      if (typeof constant !== "bigint" || !Number.isSafeInteger(Number(constant))) return undefined;
      const test = numberTest(operator, Number(constant));
      return () => test(read(view, field));
    },
  });
}

type FieldWriter = (view: MessageView, field: number, value: bigint) => void;

/** An enum or int32. */
export const int32: FieldAccess = small(
  (view, field) => view.low(field) | 0,
  (view, field, value) => {
    const low = lowHalf(value) | 0;
    view.setVarint(field, low, low >> 31);
  },
);

export const uint32: FieldAccess = small(
  (view, field) => view.low(field),
  (view, field, value) => view.setVarint(field, lowHalf(value), 0),
);

export const fixed32: FieldAccess = small(
  (view, field) => view.fixed(field, 0),
  (view, field, value) => view.setFixed32(field, lowHalf(value)),
);

/** As fixed32, but what does not fit is refused and not cut. */
export const checkedFixed32: FieldAccess = small(
  (view, field) => view.fixed(field, 0),
  (view, field, value) => {
    if (value < 0n || value > 0xffff_ffffn) throw new OttlError("value", `${value} is not within 0 and 4294967295`);
    view.setFixed32(field, Number(value));
  },
);

/** Zigzag. */
export const sint32: FieldAccess = small(
  (view, field) => {
    const low = view.low(field);
    return low >>> 1 ^ -(low & 1);
  },
  (view, field, value) => {
    const low = lowHalf(value) | 0;
    view.setVarint(field, low << 1 ^ low >> 31, 0);
  },
);

/** A 64-bit integer whose halves are read one by one; what is past int64 is negative, as in the reference engine. */
function large(
  low: (view: MessageView, field: number) => number,
  high: (view: MessageView, field: number) => number,
  write: FieldWriter,
): FieldAccess {
  return (view, field) => ({
    halves: { high: () => high(view, field) | 0, low: () => low(view, field) },
    get: () => BigInt(high(view, field) | 0) << 32n | BigInt(low(view, field)),
    set: (_, value) => write(view, field, intOf(value)),
    comparison(operator, constant) {
      if (typeof constant !== "bigint") return undefined;
      const wantedHigh = highHalf(constant) | 0;
      const wantedLow = lowHalf(constant);
      const answers = ANSWERS[operator];
      return () => answerTo(sign64(high(view, field) | 0, low(view, field), wantedHigh, wantedLow), answers);
    },
  });
}

export const int64: FieldAccess = large(
  (view, field) => view.low(field),
  (view, field) => view.high(field),
  (view, field, value) => view.setVarint(field, lowHalf(value), highHalf(value)),
);

export const fixed64: FieldAccess = large(
  (view, field) => view.fixed(field, 0),
  (view, field) => view.fixed(field, 4),
  (view, field, value) => view.setFixed64(field, lowHalf(value), highHalf(value)),
);

/** Nanoseconds since 1970 as an instant. */
export const time: FieldAccess = (view, field) => ({
  instant: { high: () => view.fixed(field, 4) | 0, low: () => view.fixed(field, 0) },
  get: () => new Time(BigInt(view.fixed(field, 4) | 0) << 32n | BigInt(view.fixed(field, 0))),
  set: (_, value) => {
    const { unixNano } = timeOf(value);
    view.setFixed64(field, lowHalf(unixNano), highHalf(unixNano));
  },
});

export const double: FieldAccess = (view, field) => ({
  get: () => view.double(field),
  set: (_, value) => view.setDouble(field, floatOf(value)),
  comparison(operator, constant) {
    if (typeof constant !== "number") return undefined;
    const test = numberTest(operator, constant);
    return () => test(view.double(field));
  },
});

/** A number that is a member of a oneof: setting it takes the other one, `other`, away. */
export function memberOf(other: number, access: FieldAccess): FieldAccess {
  return (view, field) => {
    const own = access(view, field);
    return {
      ...own,
      set: (item, value) => {
        own.set(item, value);
        view.remove(other);
      },
    };
  };
}

interface IdForm {
  readonly kind: IdKind;
  readonly bytes: number;
  /** As messages call it. */
  readonly name: string;
  /** Whether zeros can be set. */
  readonly mayBeEmpty: boolean;
}

export const TRACE_ID: IdForm = { kind: "trace_id", bytes: 16, name: "trace ids", mayBeEmpty: true };
export const SPAN_ID: IdForm = { kind: "span_id", bytes: 8, name: "span ids", mayBeEmpty: true };
export const PROFILE_ID: IdForm = { kind: "profile_id", bytes: 16, name: "profile ids", mayBeEmpty: false };

/** An id; zeros when there is none. */
export function id(form: IdForm): FieldAccess {
  return (view, field) => ({
    get: () => new Id(form.kind, idBytes(view, field, form)),
    set: (_, value) => {
      if (!(value instanceof Id) || value.kind !== form.kind) throw wrongType(ID_TYPES[form.kind], value);
      setId(view, field, value.bytes, form);
    },
    comparison(operator, constant) {
      if (!(constant instanceof Id) || constant.kind !== form.kind) return undefined;
      if (operator !== "==" && operator !== "!=") return undefined;
      const isEmpty = constant.bytes.every((byte) => byte === 0);
      const isSame = () => view.equals(field, constant.bytes) || isEmpty && !view.has(field);
      return operator === "==" ? isSame : () => !isSame();
    },
  });
}

const ID_TYPES: Readonly<Record<IdKind, string>> = { trace_id: "TraceID", span_id: "SpanID", profile_id: "ProfileID" };

/** An id as lower-case hex. */
export function idText(form: IdForm): FieldAccess {
  return (view, field) => ({
    get: () => idBytes(view, field, form).toHex(),
    set: (_, value) => setId(view, field, parseId(stringOf(value), form), form),
  });
}

function idBytes(view: MessageView, field: number, form: IdForm): Uint8Array {
  const found = view.raw(field);
  return found.length === 0 ? new Uint8Array(form.bytes) : found;
}

/** Zeros are as none, and are not written. */
function setId(view: MessageView, field: number, value: Uint8Array, form: IdForm): void {
  if (value.some((byte) => byte !== 0)) return view.setBytes(field, value);
  if (!form.mayBeEmpty) throw new OttlError("value", `${form.name} must not be empty`);
  view.remove(field);
}

function parseId(hex: string, form: IdForm): Uint8Array {
  if (hex.length !== form.bytes * 2 || !/^[0-9a-fA-F]*$/.test(hex)) {
    throw new OttlError("value", `${form.name} must be ${form.bytes * 2} hex characters`);
  }
  return Uint8Array.fromHex(hex);
}
