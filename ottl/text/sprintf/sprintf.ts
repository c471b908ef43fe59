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

import { Duration, type Value } from "../../values/value.ts";
import { type Printers, ValuePrinter } from "./value_printer.ts";
import { VerbOutput } from "./verb_output.ts";

/**
 * @param maxLength Of the result, UTF-16 units.
 * @throws {OttlError} Of category "limit": the result is longer.
 */
export function sprintf(format: string, args: readonly Value[], printers: Printers, maxLength: number): string {
  return new Formatter(format, args, printers, maxLength).run();
}

/** Greatest width, precision and argument number. */
const MAX_NUMBER = 1_000_000;

/** Reads the format. */
class Formatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #to: VerbOutput;
  readonly #printer: ValuePrinter;
  #at = 0;
  #argument = 0;
  #isReordered = false;
  #hasGoodIndex = true;
  #afterIndex = false;

  constructor(format: string, args: readonly Value[], printers: Printers, maxLength: number) {
    this.#format = format;
    this.#args = args;
    this.#to = new VerbOutput(maxLength);
    this.#printer = new ValuePrinter(this.#to, printers);
  }

  run(): string {
    const format = this.#format;
    while (this.#at < format.length) {
      const percent = format.indexOf("%", this.#at);
      this.#to.write(format.slice(this.#at, percent < 0 ? undefined : percent));
      this.#at = percent < 0 ? format.length : percent + 1;
      if (percent >= 0) this.#verb();
    }
    if (!this.#isReordered && this.#argument < this.#args.length) this.#extra();
    return this.#to.out;
  }

  /** Everything behind one "%". */
  #verb(): void {
    this.#to.clearFlags();
    this.#hasGoodIndex = true;
    this.#afterIndex = false;
    this.#readFlags();
    this.#readIndex();
    this.#readWidth();
    this.#readPrecision();
    if (!this.#afterIndex) this.#readIndex();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return this.#to.write("%!(NOVERB)");
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === "%") this.#to.write("%");
    else if (!this.#hasGoodIndex) this.#to.write(`%!${verb}(BADINDEX)`);
    else if (this.#argument >= this.#args.length) this.#to.write(`%!${verb}(MISSING)`);
    else {
      if (verb === "v") (this.#to.sharpV = this.#to.sharp, this.#to.sharp = false, this.#to.plus = false);
      this.#printer.print(this.#args[this.#argument++]!, verb);
    }
  }

  #readFlags(): void {
    for (;; this.#at++) {
      const flag = this.#format[this.#at];
      if (flag === "-") this.#to.minus = true;
      else if (flag === "+") this.#to.plus = true;
      else if (flag === "#") this.#to.sharp = true;
      else if (flag === " ") this.#to.space = true;
      else if (flag === "0") this.#to.zero = true;
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
      if (width === undefined) this.#to.write("%!(BADWIDTH)");
      else if (width < 0) (this.#to.minus = true, this.#to.zero = false);
      this.#to.width = width === undefined ? undefined : Math.abs(width);
      this.#afterIndex = false;
      return;
    }
    this.#to.width = this.#readNumber();
    if (this.#afterIndex && this.#to.width !== undefined) this.#hasGoodIndex = false;
  }

  #readPrecision(): void {
    if (this.#format[this.#at] !== ".") return;
    this.#at++;
    if (this.#afterIndex) this.#hasGoodIndex = false;
    this.#readIndex();
    if (this.#format[this.#at] === "*") {
      const precision = this.#starred();
      this.#to.precision = precision !== undefined && precision >= 0 ? precision : undefined;
      if (this.#to.precision === undefined) this.#to.write("%!(BADPREC)");
      this.#afterIndex = false;
      return;
    }
    this.#to.precision = this.#readNumber() ?? 0;
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

  /** What no verb took. */
  #extra(): void {
    this.#to.clearFlags();
    this.#to.write("%!(EXTRA ");
    for (const [i, value] of this.#args.slice(this.#argument).entries()) {
      if (i > 0) this.#to.write(", ");
      this.#printer.printTyped(value);
    }
    this.#to.write(")");
  }
}
