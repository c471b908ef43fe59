/**
 * Values under a verb, as Go prints its own: what a verb does not take is printed as a mistake, with its type.
 *
 * Source: Go 1.26, fmt, print.go.
 *
 * @module
 */

import { toHex } from "../../values/hex.ts";
import { compareUtf8, decodeUtf8, encodeUtf8 } from "../../values/utf8.ts";
import {
  Duration,
  Id,
  type ListKind,
  Opaque,
  OttlList,
  OttlMap,
  PlainMap,
  Time,
  type Value,
} from "../../values/value.ts";
import type { FloatForm } from "./float_format.ts";
import { quote } from "./quote.ts";
import { character, type VerbOutput } from "./verb_output.ts";

/** What the language prints by itself, from higher parts. */
export interface Printers {
  time(value: Time): string;
  duration(value: Duration): string;
  json(value: OttlMap): string;
}

/** An unsigned byte of a list of bytes; Go has it as a type of its own. */
interface Byte {
  readonly byte: number;
}

/** Prints to an output, which has the flags of the verb. */
export class ValuePrinter {
  readonly #to: VerbOutput;
  readonly #printers: Printers;
  #isErroring = false;

  constructor(to: VerbOutput, printers: Printers) {
    this.#to = to;
    this.#printers = printers;
  }

  print(value: Value | Byte, verb: string): void {
    if (value === null) return verb === "T" || verb === "v" ? this.#to.pad("<nil>") : this.#bad(value, verb);
    if (verb === "T") return this.#string(goType(value), "s", value);
    if (verb === "p") return this.#bad(value, verb);
    switch (typeof value) {
      case "string":
        return this.#string(value, verb, value);
      case "bigint":
        return this.#integer(value, verb, value);
      case "number":
        return this.#float(value, verb);
      case "boolean":
        return verb === "t" || verb === "v" ? this.#to.pad(String(value)) : this.#bad(value, verb);
    }
    if ("byte" in value) return this.#integer(BigInt(value.byte), this.#to.sharpV ? "x" : verb, value);
    if (value instanceof Uint8Array) return this.#bytes(value, verb);
    this.#object(value, verb);
  }

  /** As `int64=1`. */
  printTyped(value: Value | Byte): void {
    if (value === null) return this.#to.write("<nil>");
    this.#to.write(`${goType(value)}=`);
    this.print(value, "v");
  }

  #object(value: Exclude<Value, string | bigint | number | boolean | Uint8Array | null>, verb: string): void {
    if (value instanceof OttlList) {
      return this.#to.sharpV ? this.#composite(goType(value), value.items) : this.#elements(value.items, verb);
    }
    if (value instanceof PlainMap && value.host) return this.#hostMap(value, verb);
    const isText = "vsxXq".includes(verb) && !this.#isErroring;
    if (value instanceof Time && isText) return this.#string(this.#printers.time(value), verb, value);
    if (value instanceof Id && isText) return this.#string(idText(value), verb, value);
    if (value instanceof Id) return this.#elements(bytesOf(value.bytes), verb);
    if (value instanceof Duration) {
      return isText
        ? this.#string(this.#printers.duration(value), verb, value)
        : this.#integer(value.nanos, verb, value);
    }
    if (this.#isErroring || isText) return this.#string(this.#objectText(value), this.#isErroring ? "v" : verb, value);
    this.#bad(value, verb);
  }

  #objectText(value: OttlMap | Time | Opaque): string {
    if (value instanceof OttlMap) return this.#printers.json(value);
    return value instanceof Time ? this.#printers.time(value) : value.type;
  }

  /** A map of Go, sorted by key. */
  #hostMap(map: PlainMap, verb: string): void {
    this.#to.write("map[");
    for (const [i, [key, item]] of map.entries().sort(([a], [b]) => compareUtf8(a, b)).entries()) {
      if (i > 0) this.#to.write(" ");
      this.print(key, verb);
      this.#to.write(":");
      if (item === null) this.#to.write("<nil>");
      else this.print(item, verb);
    }
    this.#to.write("]");
  }

  #elements(items: readonly (Value | Byte)[], verb: string): void {
    this.#to.write("[");
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#to.write(" ");
      if (item === null) this.#to.write("<nil>");
      else this.print(item, verb);
    }
    this.#to.write("]");
  }

  /** Of `%#v`: as Go source. */
  #composite(type: string, items: readonly (Value | Byte)[]): void {
    this.#to.write(`${type}{`);
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#to.write(", ");
      if (item === null) this.#to.write("interface {}(nil)");
      else this.print(item, "v");
    }
    this.#to.write("}");
  }

  /** A value that the verb does not take. */
  #bad(value: Value | Byte, verb: string): void {
    this.#isErroring = true;
    this.#to.write(`%!${verb}(`);
    this.printTyped(value);
    this.#to.write(")");
    this.#isErroring = false;
  }

  #integer(value: bigint, verb: string, whole: Value | Byte): void {
    switch (verb) {
      case "v":
      case "d":
        return this.#to.digits(value, 10, verb);
      case "b":
        return this.#to.digits(value, 2, verb);
      case "o":
      case "O":
        return this.#to.digits(value, 8, verb);
      case "x":
      case "X":
        return this.#to.digits(value, 16, verb);
      case "c":
        return this.#to.pad(character(value));
      case "q":
        return this.#to.pad(quote(character(value), this.#to.plus, "'"));
      case "U":
        return this.#to.unicode(BigInt.asUintN(64, value));
    }
    this.#bad(whole, verb);
  }

  #float(value: number, verb: string): void {
    if (!/^[vbgGxXfFeE]$/.test(verb)) return this.#bad(value, verb);
    this.#to.float(value, (verb === "v" ? "g" : verb) as FloatForm);
  }

  #string(text: string, verb: string, whole: Value | Byte): void {
    if (verb === "s" || (verb === "v" && !this.#to.sharpV)) return this.#to.pad(this.#to.truncate(text));
    if (verb === "q" || verb === "v") return this.#to.quoted(text);
    if (verb === "x" || verb === "X") return this.#to.hex(encodeUtf8(text), verb);
    this.#bad(whole, verb);
  }

  #bytes(value: Uint8Array, verb: string): void {
    if (verb === "s") return this.#to.pad(this.#to.truncate(decodeUtf8(value)));
    if (verb === "q") return this.#to.quoted(decodeUtf8(value));
    if (verb === "x" || verb === "X") return this.#to.hex(value, verb);
    if (!this.#to.sharpV) return this.#elements(bytesOf(value), verb);
    this.#to.sharp = true;
    this.#composite("[]byte", bytesOf(value));
    this.#to.sharp = false;
  }
}

function bytesOf(bytes: Uint8Array): Byte[] {
  return Array.from(bytes, (byte) => ({ byte }));
}

/** Empty for an id of zeros only. */
function idText(id: Id): string {
  return id.bytes.some((byte) => byte !== 0) ? toHex(id.bytes) : "";
}

const LIST_TYPES: Readonly<Record<ListKind, string>> = {
  slice: "pcommon.Slice",
  list: "[]interface {}",
  strings: "[]string",
  ints: "[]int64",
  uints: "[]uint64",
  floats: "[]float64",
};

const ID_TYPES: Readonly<Record<Id["kind"], string>> = {
  trace_id: "pcommon.TraceID",
  span_id: "pcommon.SpanID",
  profile_id: "pprofile.ProfileID",
};

/** What Go calls the type of a value. */
function goType(value: Exclude<Value, null> | Byte): string {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
  }
  if ("byte" in value) return "uint8";
  if (value instanceof Uint8Array) return "[]uint8";
  if (value instanceof OttlList) return LIST_TYPES[value.kind];
  if (value instanceof PlainMap && value.host) return "map[string]interface {}";
  if (value instanceof OttlMap) return "pcommon.Map";
  if (value instanceof Time) return "time.Time";
  if (value instanceof Duration) return "time.Duration";
  return value instanceof Id ? ID_TYPES[value.kind] : value.type;
}
