/**
 * Texts joined, as long as a value may be.
 *
 * @module
 */

import { checkTextLength } from "../data/bounds.ts";
import type { OttlLimits } from "../limits.ts";
import { joinUtf8 } from "../values/utf8.ts";

/** @throws {OttlError} The result is too long; of category "limit". */
export function joined(texts: readonly string[], delimiter: string, limits: OttlLimits): string {
  let length = delimiter.length * Math.max(texts.length - 1, 0);
  for (const text of texts) length += text.length;
  checkTextLength(length, limits);
  return joinUtf8(texts, delimiter);
}
