/**
 * Steps over a JSON value that OTLP does not know, checking that it is JSON.
 *
 * @module
 */

import type { JsonNumber } from "./number.ts";
import { copyText } from "./text.ts";
import { END, type Transcoding } from "./transcoding.ts";

/**
 * Skips the value at `at`.
 *
 * @param levels How deep arrays and objects may still nest.
 */
export function skipValue(t: Transcoding, number: JsonNumber, levels: number): void {
  switch (t.next()) {
    case 0x22:
      t.at++;
      return skipText(t);
    case 0x7b:
      return skipObject(t, number, levels);
    case 0x5b:
      return skipArray(t, number, levels);
    case 0x6e:
      return t.literal("null");
    case 0x74:
      return t.literal("true");
    case 0x66:
      return t.literal("false");
    case END:
      return t.fail("a JSON value");
    default: {
      const end = number.scan(t.source, t.at, t.end);
      if (end < 0) t.fail("a JSON value");
      t.at = end;
    }
  }
}

/**
 * Steps over a string, from behind its opening quote, by writing it where the next field will overwrite it: its escapes
 * and UTF-8 are checked alike.
 */
function skipText(t: Transcoding): void {
  const { to } = t;
  copyText(t);
  t.to = to;
}

function skipObject(t: Transcoding, number: JsonNumber, levels: number): void {
  if (levels === 0) t.fail("fewer levels of nesting");
  if (t.emptyObject()) return;
  do {
    skipText(t);
    t.step(0x3a);
    skipValue(t, number, levels - 1);
  } while (!t.endOfObject());
}

function skipArray(t: Transcoding, number: JsonNumber, levels: number): void {
  if (levels === 0) t.fail("fewer levels of nesting");
  t.at++;
  if (t.next() === 0x5d) {
    t.at++;
    return;
  }
  do skipValue(t, number, levels - 1); while (!t.endOfList(0x5d));
}
