/**
 * What is written for one verb: under its flags, width and precision, one behind the other.
 *
 * Source: Go 1.26, fmt, format.go.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { toHex } from "../../values/hex.ts";
import { type FloatForm, formatFloat } from "./float_format.ts";
import { canBackquote, isPrintable, quote } from "./quote.ts";

const MAX_RUNE = 0x10ffffn;

/** Go's `fmt`: a text that grows, and the flags of the verb that is on. */
export class VerbOutput {
  /** All that was written so far. */
  out = "";
  width: number | undefined;
  precision: number | undefined;
  minus = false;
  plus = false;
  sharp = false;
  space = false;
  zero = false;
  /** `%#v`. */
  sharpV = false;
  readonly #maxLength: number;

  /** @param maxLength Of all that is written, UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  clearFlags(): void {
    this.width = this.precision = undefined;
    this.minus =
      this.plus =
      this.sharp =
      this.space =
        false;
    this.zero = this.sharpV = false;
  }

  /** @param verb Of `x` and `X`, `o` and `O`, which of the two. */
  digits(value: bigint, base: number, verb: string): void {
    const isNegative = value < 0n;
    const sign = isNegative ? "-" : this.plus ? "+" : this.space ? " " : "";
    if (this.precision === 0 && value === 0n) return this.padWithSpaces("");
    // Zeros up to a width are digits like those of a precision, which wins over them.
    const isZeroPadded = this.zero && !this.minus && this.width !== undefined;
    const length = this.precision ?? (isZeroPadded ? this.width! - sign.length : 0);
    let text = (isNegative ? -value : value).toString(base).padStart(length, "0");
    if (this.sharp && base === 2) text = `0b${text}`;
    if (this.sharp && base === 8 && !text.startsWith("0")) text = `0${text}`;
    if (this.sharp && base === 16) text = `0x${text}`;
    if (verb === "O") text = `0o${text}`;
    this.padWithSpaces(sign + (verb === "X" ? text.toUpperCase() : text));
  }

  /** As U+0041. */
  unicode(value: bigint): void {
    const digits = value.toString(16).toUpperCase().padStart(Math.max(this.precision ?? 4, 4), "0");
    const isShown = this.sharp && value <= MAX_RUNE && isPrintable(String.fromCodePoint(Number(value)));
    this.padWithSpaces(`U+${digits}${isShown ? ` '${character(value)}'` : ""}`);
  }

  float(value: number, form: FloatForm): void {
    const precision = this.precision ?? (/^[fFeE]$/.test(form) ? 6 : undefined);
    const text = formatFloat(value, form, precision);
    const hasSign = text.startsWith("-") || text.startsWith("+");
    const sign = text.startsWith("-") ? "-" : this.plus ? "+" : this.space ? " " : "";
    const magnitude = hasSign ? text.slice(1) : text;
    if (!Number.isFinite(value)) {
      const isSigned = text.startsWith("+") && sign === "";
      return this.padWithSpaces((isSigned ? "+" : sign) + magnitude);
    }
    const shown = this.sharp && form !== "b" ? withPoint(magnitude, form, precision) : magnitude;
    const zeros = this.zero && !this.minus ? Math.max((this.width ?? 0) - sign.length - shown.length, 0) : 0;
    this.padWithSpaces(sign + "0".repeat(zeros) + shown);
  }

  /** At most as many characters as the precision says. */
  truncate(text: string): string {
    return this.precision === undefined ? text : Array.from(text).slice(0, this.precision).join("");
  }

  quoted(text: string): void {
    const shown = this.truncate(text);
    this.pad(this.sharp && canBackquote(shown) ? `\`${shown}\`` : quote(shown, this.plus));
  }

  hex(bytes: Uint8Array, verb: string): void {
    const digits = toHex(bytes.subarray(0, this.precision));
    const prefix = this.sharp && digits !== "" ? "0x" : "";
    const separator = this.space ? ` ${prefix}` : "";
    const text = prefix + (separator === "" ? digits : (digits.match(/../g) ?? []).join(separator));
    this.pad(verb === "X" ? text.toUpperCase() : text);
  }

  /** Up to the width, with zeros where the flag says so. */
  pad(text: string): void {
    const missing = (this.width ?? 0) - (this.width ? Array.from(text).length : 0);
    if (missing <= 0) return this.write(text);
    if (this.minus) this.write(text + " ".repeat(missing));
    else this.write((this.zero ? "0" : " ").repeat(missing) + text);
  }

  padWithSpaces(text: string): void {
    const zero = this.zero;
    this.zero = false;
    this.pad(text);
    this.zero = zero;
  }

  /** @throws {OttlError} Of category "limit": it is too long. */
  write(text: string): void {
    this.out += text;
    if (this.out.length > this.#maxLength) {
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

/** U+FFFD for what is no code point. */
export function character(code: bigint): string {
  const isValid = code >= 0n && code <= MAX_RUNE && !(code >= 0xd800n && code <= 0xdfffn);
  return isValid ? String.fromCodePoint(Number(code)) : "\ufffd";
}
