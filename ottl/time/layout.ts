/**
 * Time formats: strptime directives, and the fields that they stand for.
 *
 * The reference engine rewrites a format into a layout of Go's `time` package, which shows how the moment 2006-01-02
 * 15:04:05.999 MST would look, and then works by the layout. So do we, with what follows from it: the words `Jan`,
 * `January`, `Mon`, `Monday`, `MST`, `PM` and `pm` in a format are fields too, digits are refused, and `%m%S` is read as an hour
 * (`15`).
 *
 * Source: Go 1.26 `time`, "Constants" and nextStdChunk; docs/ottl.md, "Time formats".
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";

/** A piece of a layout: literal text, or a field by the text that stands for it in Go's layouts. */
export type Piece = { readonly literal: string } | { readonly field: string };

/** A year of four digits, or of two where there are no four. No layout of Go's has it. */
export const SHORT_OR_LONG_YEAR = "66";

const DIRECTIVES: Readonly<Record<string, string>> = {
  Y: "2006",
  y: "06",
  m: "01",
  o: "_1",
  q: "1",
  b: "Jan",
  h: "Jan",
  B: "January",
  d: "02",
  e: "_2",
  g: "2",
  a: "Mon",
  A: "Monday",
  H: "15",
  I: "03",
  l: "3",
  p: "PM",
  P: "pm",
  M: "04",
  S: "05",
  L: "999",
  f: "999999",
  s: "999999999",
  Z: "MST",
  z: "Z0700",
  w: "-070000",
  i: "-07",
  j: "-07:00",
  k: "-07:00:00",
  D: "01/02/2006",
  x: "01/02/2006",
  F: "2006-01-02",
  T: "15:04:05",
  X: "15:04:05",
  r: "03:04:05 pm",
  R: "15:04",
  n: "\n",
  t: "\t",
  c: "Mon Jan 02 15:04:05 2006",
  "%": "%",
};

/** Where reading takes more than printing gives: numbers need no leading zero. */
const READ_DIRECTIVES: Readonly<Record<string, string>> = {
  ...DIRECTIVES,
  m: "1",
  o: "1",
  d: "2",
  e: "2",
  I: "3",
  M: "4",
  S: "5",
  D: `1/2/${SHORT_OR_LONG_YEAR}`,
  x: `1/2/${SHORT_OR_LONG_YEAR}`,
  F: "2006-1-2",
  T: "15:4:5",
  X: "15:4:5",
  r: "3:4:5 pm",
  R: "15:4",
  c: "Mon Jan 2 15:4:5 2006",
};

/** Fields of layouts, in the order in which Go tries them at a place. */
const FIELD = new RegExp(
  [
    "January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST",
    `0[1-6]|${SHORT_OR_LONG_YEAR}|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm`,
    "-070000|-07:00:00|-07:00|-07|Z0700",
    "[.,]9+(?!\\d)",
  ].join("|"),
  "g",
);

/** @throws {OttlError} Of category "arg_value": it is no format. */
export function printPieces(format: string): readonly Piece[] {
  return piecesOf(toLayout(format, DIRECTIVES));
}

/** @throws {OttlError} Of category "arg_value": it is no format. */
export function readPieces(format: string): readonly Piece[] {
  return piecesOf(toLayout(format, READ_DIRECTIVES));
}

function toLayout(format: string, directives: Readonly<Record<string, string>>): string {
  checkFormat(format);
  return format.replace(/%([\s\S])/g, (directive, letter: string) => {
    const layout = Object.hasOwn(directives, letter) ? directives[letter] : undefined;
    if (layout === undefined) throw badFormat(`unsupported directive ${directive}`);
    return layout;
  });
}

function checkFormat(format: string): void {
  if (format === "") throw badFormat("it is empty");
  if (/[0-9]/.test(format)) throw badFormat("it should not contain decimals");
  const fraction = /([\s\S])%[Lfs]/g;
  for (const [found, before] of format.matchAll(fraction)) {
    if (before !== "." && before !== ",") throw badFormat(`"${found}" must be preceded with "." or ","`);
  }
}

function piecesOf(layout: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { 0: field, index } of layout.matchAll(FIELD)) {
    if (index > at) pieces.push({ literal: layout.slice(at, index) });
    pieces.push({ field });
    at = index + field.length;
  }
  if (at < layout.length) pieces.push({ literal: layout.slice(at) });
  return pieces;
}

function badFormat(reason: string): OttlError {
  return new OttlError("arg_value", `cannot use the time format: ${reason}`);
}
