/**
 * Go's fmt.Sprintf over OTTL values.
 *
 * What does not fit is printed, never an error: `%!d(string=hi)`, `%!s(MISSING)`, `%!(EXTRA int64=1)`. Lists print as
 * `[a b]` and maps as JSON, where Go prints what its own types hold inside.
 *
 * Source: Go 1.26, fmt, print.go and format.go.
 *
 * @module
 */

import { toHex } from "../values/hex.ts";
import { OttlError } from "../values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../values/utf8.ts";
import { compareUtf8 } from "../values/utf8.ts";
import { Duration, Id, type ListKind, Opaque, OttlList, OttlMap, PlainMap, Time, type Value } from "../values/value.ts";
import { type FloatForm, formatFloat } from "./float_format.ts";
import { canBackquote, isPrintable, quote } from "./quote.ts";

/** What the language prints by itself, from higher parts. */
export interface Printers {
  time(value: Time): string;
  duration(value: Duration): string;
  json(value: OttlMap): string;
}

/**
 * @param maxLength Of the result, UTF-16 units.
 * @throws {OttlError} Of category "limit": the result is longer.
 */
export function sprintf(format: string, args: readonly Value[], printers: Printers, maxLength: number): string {
  return new Formatter(format, args, printers, maxLength).run();
}

/** Greatest width, precision and argument number. */
const MAX_NUMBER = 1_000_000;
const MAX_RUNE = 0x10ffffn;

/** An unsigned byte of a list of bytes; Go has it as a type of its own. */
interface Byte {
  readonly byte: number;
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #printers: Printers;
  readonly #maxLength: number;
  #out = "";
  #at = 0;
  #argument = 0;
  #isReordered = false;
  #hasGoodIndex = true;
  #afterIndex = false;
  #isErroring = false;

  #width: number | undefined;
  #precision: number | undefined;
  #minus = false;
  #plus = false;
  #sharp = false;
  #space = false;
  #zero = false;
  /** `%#v`. */
  #sharpV = false;

  constructor(format: string, args: readonly Value[], printers: Printers, maxLength: number) {
    this.#format = format;
    this.#args = args;
    this.#printers = printers;
    this.#maxLength = maxLength;
  }

  run(): string {
    const format = this.#format;
    while (this.#at < format.length) {
      const percent = format.indexOf("%", this.#at);
      this.#write(format.slice(this.#at, percent < 0 ? undefined : percent));
      this.#at = percent < 0 ? format.length : percent + 1;
      if (percent >= 0) this.#verb();
    }
    if (!this.#isReordered && this.#argument < this.#args.length) this.#extra();
    return this.#out;
  }

  /** Everything behind one "%". */
  #verb(): void {
    this.#clearFlags();
    this.#hasGoodIndex = true;
    this.#afterIndex = false;
    this.#readFlags();
    this.#readIndex();
    this.#readWidth();
    this.#readPrecision();
    if (!this.#afterIndex) this.#readIndex();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return this.#write("%!(NOVERB)");
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === "%") this.#write("%");
    else if (!this.#hasGoodIndex) this.#write(`%!${verb}(BADINDEX)`);
    else if (this.#argument >= this.#args.length) this.#write(`%!${verb}(MISSING)`);
    else {
      if (verb === "v") (this.#sharpV = this.#sharp, this.#sharp = false, this.#plus = false);
      this.#print(this.#args[this.#argument++]!, verb);
    }
  }

  #clearFlags(): void {
    this.#width = this.#precision = undefined;
    this.#minus =
      this.#plus =
      this.#sharp =
      this.#space =
      this.#zero =
      this.#sharpV =
        false;
  }

  #readFlags(): void {
    for (;; this.#at++) {
      const flag = this.#format[this.#at];
      if (flag === "-") this.#minus = true;
      else if (flag === "+") this.#plus = true;
      else if (flag === "#") this.#sharp = true;
      else if (flag === " ") this.#space = true;
      else if (flag === "0") this.#zero = true;
      else return;
    }
  }

  /** `[3]` before a verb, a `*` or a width: the number of the argument, from 1. */
  #readIndex(): void {
    this.#afterIndex = false;
    if (this.#format[this.#at] !== "[") return;
    this.#isReordered = true;
    const close = this.#format.indexOf("]", this.#at);
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#hasGoodIndex = false;
      this.#at++;
      return;
    }
    const index = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    this.#afterIndex = /^\d+$/.test(index) && Number(index) <= MAX_NUMBER;
    const argument = Number(index) - 1;
    if (this.#afterIndex && argument >= 0 && argument < this.#args.length) this.#argument = argument;
    else this.#hasGoodIndex = false;
  }

  #readWidth(): void {
    if (this.#format[this.#at] === "*") {
      const width = this.#starred();
      if (width === undefined) this.#write("%!(BADWIDTH)");
      else if (width < 0) (this.#minus = true, this.#zero = false);
      this.#width = width === undefined ? undefined : Math.abs(width);
      this.#afterIndex = false;
      return;
    }
    this.#width = this.#readNumber();
    if (this.#afterIndex && this.#width !== undefined) this.#hasGoodIndex = false;
  }

  #readPrecision(): void {
    if (this.#format[this.#at] !== ".") return;
    this.#at++;
    if (this.#afterIndex) this.#hasGoodIndex = false;
    this.#readIndex();
    if (this.#format[this.#at] === "*") {
      const precision = this.#starred();
      this.#precision = precision !== undefined && precision >= 0 ? precision : undefined;
      if (this.#precision === undefined) this.#write("%!(BADPREC)");
      this.#afterIndex = false;
      return;
    }
    this.#precision = this.#readNumber() ?? 0;
  }

  /** The argument that a "*" stands for. */
  #starred(): number | undefined {
    this.#at++;
    const value = this.#args[this.#argument];
    if (this.#argument < this.#args.length) this.#argument++;
    const number = value instanceof Duration ? Number(value.nanos) : typeof value === "bigint" ? Number(value) : NaN;
    return Math.abs(number) <= MAX_NUMBER ? number : undefined;
  }

  #readNumber(): number | undefined {
    const start = this.#at;
    while (/^\d$/.test(this.#format[this.#at] ?? "")) {
      this.#at++;
      if (Number(this.#format.slice(start, this.#at)) <= MAX_NUMBER) continue;
      // Go gives up on the rest of the format.
      this.#at = this.#format.length;
      return undefined;
    }
    return this.#at > start ? Number(this.#format.slice(start, this.#at)) : undefined;
  }

  #extra(): void {
    this.#clearFlags();
    this.#write("%!(EXTRA ");
    for (const [i, value] of this.#args.slice(this.#argument).entries()) {
      if (i > 0) this.#write(", ");
      if (value === null) this.#write("<nil>");
      else {
        this.#write(`${goType(value)}=`);
        this.#print(value, "v");
      }
    }
    this.#write(")");
  }

  // ------------------------------------------------------------------------------------------------------- the values

  #print(value: Value | Byte, verb: string): void {
    if (value === null) return verb === "T" || verb === "v" ? this.#pad("<nil>") : this.#bad(value, verb);
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
        return verb === "t" || verb === "v" ? this.#pad(String(value)) : this.#bad(value, verb);
    }
    if ("byte" in value) return this.#integer(BigInt(value.byte), this.#sharpV ? "x" : verb, value);
    if (value instanceof Uint8Array) return this.#bytes(value, verb);
    this.#object(value, verb);
  }

  #object(value: Exclude<Value, string | bigint | number | boolean | Uint8Array | null>, verb: string): void {
    if (value instanceof OttlList) {
      return this.#sharpV ? this.#composite(goType(value), value.items) : this.#elements(value.items, verb);
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
    this.#write("map[");
    for (const [i, [key, item]] of map.entries().sort(([a], [b]) => compareUtf8(a, b)).entries()) {
      if (i > 0) this.#write(" ");
      this.#print(key, verb);
      this.#write(":");
      if (item === null) this.#write("<nil>");
      else this.#print(item, verb);
    }
    this.#write("]");
  }

  #elements(items: readonly (Value | Byte)[], verb: string): void {
    this.#write("[");
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#write(" ");
      if (item === null) this.#write("<nil>");
      else this.#print(item, verb);
    }
    this.#write("]");
  }

  /** Of `%#v`: as Go source. */
  #composite(type: string, items: readonly (Value | Byte)[]): void {
    this.#write(`${type}{`);
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#write(", ");
      if (item === null) this.#write("interface {}(nil)");
      else this.#print(item, "v");
    }
    this.#write("}");
  }

  #bad(value: Value | Byte, verb: string): void {
    this.#isErroring = true;
    this.#write(`%!${verb}(`);
    if (value === null) this.#write("<nil>");
    else {
      this.#write(`${goType(value)}=`);
      this.#print(value, "v");
    }
    this.#write(")");
    this.#isErroring = false;
  }

  #integer(value: bigint, verb: string, whole: Value | Byte): void {
    switch (verb) {
      case "v":
      case "d":
        return this.#digits(value, 10, verb);
      case "b":
        return this.#digits(value, 2, verb);
      case "o":
      case "O":
        return this.#digits(value, 8, verb);
      case "x":
      case "X":
        return this.#digits(value, 16, verb);
      case "c":
        return this.#pad(character(value));
      case "q":
        return this.#pad(quote(character(value), this.#plus, "'"));
      case "U":
        return this.#unicode(BigInt.asUintN(64, value));
    }
    this.#bad(whole, verb);
  }

  #digits(value: bigint, base: number, verb: string): void {
    const isNegative = value < 0n;
    const sign = isNegative ? "-" : this.#plus ? "+" : this.#space ? " " : "";
    if (this.#precision === 0 && value === 0n) return this.#padWithSpaces("");
    // Zeros up to a width are digits like those of a precision, which wins over them.
    const isZeroPadded = this.#zero && !this.#minus && this.#width !== undefined;
    const length = this.#precision ?? (isZeroPadded ? this.#width! - sign.length : 0);
    let text = (isNegative ? -value : value).toString(base).padStart(length, "0");
    if (this.#sharp && base === 2) text = `0b${text}`;
    if (this.#sharp && base === 8 && !text.startsWith("0")) text = `0${text}`;
    if (this.#sharp && base === 16) text = `0x${text}`;
    if (verb === "O") text = `0o${text}`;
    this.#padWithSpaces(sign + (verb === "X" ? text.toUpperCase() : text));
  }

  #unicode(value: bigint): void {
    const digits = value.toString(16).toUpperCase().padStart(Math.max(this.#precision ?? 4, 4), "0");
    const isShown = this.#sharp && value <= MAX_RUNE && isPrintable(String.fromCodePoint(Number(value)));
    this.#padWithSpaces(`U+${digits}${isShown ? ` '${character(value)}'` : ""}`);
  }

  #float(value: number, verb: string): void {
    if (!/^[vbgGxXfFeE]$/.test(verb)) return this.#bad(value, verb);
    const form = (verb === "v" ? "g" : verb) as FloatForm;
    const precision = this.#precision ?? (/^[fFeE]$/.test(verb) ? 6 : undefined);
    const text = formatFloat(value, form, precision);
    const hasSign = text.startsWith("-") || text.startsWith("+");
    const sign = text.startsWith("-") ? "-" : this.#plus ? "+" : this.#space ? " " : "";
    const magnitude = hasSign ? text.slice(1) : text;
    if (!Number.isFinite(value)) {
      const isSigned = text.startsWith("+") && sign === "";
      return this.#padWithSpaces((isSigned ? "+" : sign) + magnitude);
    }
    const shown = this.#sharp && form !== "b" ? withPoint(magnitude, form, precision) : magnitude;
    const zeros = this.#zero && !this.#minus ? Math.max((this.#width ?? 0) - sign.length - shown.length, 0) : 0;
    this.#padWithSpaces(sign + "0".repeat(zeros) + shown);
  }

  #string(text: string, verb: string, whole: Value | Byte): void {
    if (verb === "s" || (verb === "v" && !this.#sharpV)) return this.#pad(this.#truncate(text));
    if (verb === "q" || verb === "v") return this.#quoted(text);
    if (verb === "x" || verb === "X") return this.#hex(encodeUtf8(text), verb);
    this.#bad(whole, verb);
  }

  #bytes(value: Uint8Array, verb: string): void {
    if (verb === "s") return this.#pad(this.#truncate(decodeUtf8(value)));
    if (verb === "q") return this.#quoted(decodeUtf8(value));
    if (verb === "x" || verb === "X") return this.#hex(value, verb);
    if (!this.#sharpV) return this.#elements(bytesOf(value), verb);
    this.#sharp = true;
    this.#composite("[]byte", bytesOf(value));
    this.#sharp = false;
  }

  /** At most as many characters as the precision says. */
  #truncate(text: string): string {
    return this.#precision === undefined ? text : Array.from(text).slice(0, this.#precision).join("");
  }

  #quoted(text: string): void {
    const shown = this.#truncate(text);
    this.#pad(this.#sharp && canBackquote(shown) ? `\`${shown}\`` : quote(shown, this.#plus));
  }

  #hex(bytes: Uint8Array, verb: string): void {
    const digits = toHex(bytes.subarray(0, this.#precision));
    const prefix = this.#sharp && digits !== "" ? "0x" : "";
    const separator = this.#space ? ` ${prefix}` : "";
    const text = prefix + (separator === "" ? digits : (digits.match(/../g) ?? []).join(separator));
    this.#pad(verb === "X" ? text.toUpperCase() : text);
  }

  #pad(text: string): void {
    const missing = (this.#width ?? 0) - (this.#width ? Array.from(text).length : 0);
    if (missing <= 0) return this.#write(text);
    if (this.#minus) this.#write(text + " ".repeat(missing));
    else this.#write((this.#zero ? "0" : " ").repeat(missing) + text);
  }

  #padWithSpaces(text: string): void {
    const zero = this.#zero;
    this.#zero = false;
    this.#pad(text);
    this.#zero = zero;
  }

  #write(text: string): void {
    this.#out += text;
    if (this.#out.length > this.#maxLength) {
      throw new OttlError("limit", `Cannot format: the result is longer than ${this.#maxLength} characters`);
    }
  }
}

/** What `#` adds to a float: a point, and for `g` and `x` the zeros up to the precision. */
function withPoint(text: string, form: FloatForm, precision: number | undefined): string {
  const [, digits = "", tail = ""] = (form === "x" || form === "X" ? /^(.*?)([pP].*)?$/ : /^(.*?)([eE].*)?$/)
    .exec(text)!;
  const wanted = /^[gGx]$/.test(form) ? precision ?? 6 : 0;
  const significant = digits.replace(".", "").replace(/^0+/, "").length || (digits === "0" ? 1 : 0);
  return digits + (digits.includes(".") ? "" : ".") + "0".repeat(Math.max(wanted - significant, 0)) + tail;
}

function character(code: bigint): string {
  const isValid = code >= 0n && code <= MAX_RUNE && !(code >= 0xd800n && code <= 0xdfffn);
  return isValid ? String.fromCodePoint(Number(code)) : "\ufffd";
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
