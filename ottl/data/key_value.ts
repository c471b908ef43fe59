/**
 * Texts of pairs: `a=1 b="x y"`.
 *
 * Source: ParseKeyValue of the reference engine, internal/coreinternal/parseutils.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { PlainMap } from "../values/value.ts";

/**
 * Splits at `delimiter` outside quotes. The quotes are taken off, a backslash before one keeps it (and stays itself),
 * and empty parts are left out.
 *
 * @throws {OttlError} A quote is not closed; of category "value".
 */
export function splitQuoted(text: string, delimiter: string): string[] {
  const parts: string[] = [];
  let current = "";
  let quote = "";
  let isEscaped = false;
  const flush = () => {
    if (current !== "") parts.push(current);
    current = "";
  };
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote === "" && text.startsWith(delimiter, i)) {
      flush();
      i += delimiter.length - 1;
    } else if (!isEscaped && quote === "" && isQuote(character)) quote = character;
    else if (!isEscaped && character === quote) quote = "";
    else {
      isEscaped = !isEscaped && character === "\\";
      current += character;
    }
  }
  if (quote !== "") throw new OttlError("value", "cannot parse key value pairs: a quote is not closed");
  flush();
  return parts;
}

/**
 * The pairs, each cut at its first `delimiter`; the last of a key wins.
 *
 * @throws {OttlError} One has no delimiter; of category "value".
 */
export function mapOfPairs(pairs: readonly string[], delimiter: string): PlainMap {
  const map = new PlainMap();
  for (const pair of pairs) {
    const at = pair.indexOf(delimiter);
    if (at < 0) throw new OttlError("value", "cannot parse key value pairs: a pair has no delimiter");
    map.set(pair.slice(0, at).trim(), pair.slice(at + delimiter.length).trim());
  }
  return map;
}

function isQuote(character: string): boolean {
  return character === '"' || character === "'";
}
