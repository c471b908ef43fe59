/**
 * Bounds on what functions read and make, as errors that a statement can go on from.
 *
 * @module
 */

import type { OttlLimits } from "../limits.ts";
import { OttlError } from "../values/errors.ts";
import { utf8Length } from "../values/utf8.ts";

/** @throws {OttlError} The text is too long to be parsed; of category "limit". */
export function checkParseSize(text: string, format: string, { maxParseBytes, budget }: OttlLimits): void {
  budget?.work(text.length);
  // A UTF-16 unit is at most three bytes.
  if (text.length * 3 <= maxParseBytes || utf8Length(text) <= maxParseBytes) return;
  throw new OttlError("limit", `cannot parse ${format}: the text is longer than ${maxParseBytes} bytes`);
}

/** @throws {OttlError} `depth` is past the bound of nesting; of category "limit". */
export function checkParseDepth(depth: number, format: string, { maxParseDepth }: OttlLimits): void {
  if (depth <= maxParseDepth) return;
  throw new OttlError("limit", `cannot parse ${format}: nested deeper than ${maxParseDepth} levels`);
}

/** @throws {OttlError} A list or map would have too many entries; of category "limit". */
export function checkEntries(count: number, { maxEntries }: OttlLimits): void {
  if (count <= maxEntries) return;
  throw new OttlError("limit", `cannot make a list or map of ${count} entries: at most ${maxEntries} are allowed`);
}

/** @throws {OttlError} A text of so many characters is too long, or the batch has made too much; of category "limit". */
export function checkTextLength(length: number, { maxValueBytes, budget }: OttlLimits): void {
  if (length <= maxValueBytes) return budget?.make(length);
  throw new OttlError("limit", `cannot make a text of ${length} characters: at most ${maxValueBytes} are allowed`);
}
