/**
 * truncate_all: bounds the length of the strings of a map.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { decodeUtf8, encodeUtf8, utf8Length } from "../../values/utf8.ts";
import { editor, litBool, litInt, litStr, mapPath, optional } from "../definition.ts";

export const truncateAll = editor({
  name: "truncate_all",
  summary: "Cuts every string of a map, top level only, to `limit` bytes. It never cuts a character in two, unless " +
    "`utf8Safe` is false. `truncationMarker` ends what was cut, within the limit.",
  parameters: {
    target: mapPath,
    limit: litInt,
    utf8Safe: optional(litBool),
    truncationMarker: optional(litStr),
  },
  examples: [
    { text: "truncate_all(attributes, 3)", given: '{"a": "abcd", "b": "xyz"}', result: '{"a": "abc", "b": "xyz"}' },
    { text: "truncate_all(attributes, 2)", given: '{"a": "aé"}', result: '{"a": "a"}' },
    {
      text: 'truncate_all(attributes, 5, true, "...")',
      given: '{"a": "abcdef", "b": "abcde"}',
      result: '{"a": "ab...", "b": "abcde"}',
    },
    { text: 'truncate_all(attributes, 2, true, "...")', error: "marker" },
  ],
  compile: ({ target, limit, utf8Safe = true, truncationMarker = "" }) => {
    const bytes = Number(limit);
    const room = bytes - utf8Length(truncationMarker);
    if (room < 0) throw new OttlError("arg_value", `the truncation marker is longer than the limit of ${bytes} bytes`);
    const cut = (text: string) => {
      // A UTF-16 unit is one byte or more, and three at most.
      if (text.length * 3 <= bytes || utf8Length(text) <= bytes) return text;
      return cutBytes(text, room, utf8Safe) + truncationMarker;
    };
    return (item) => {
      const map = target.evaluate(item);
      map.replaceStrings(cut, bytes + 1);
      target.set(item, map);
    };
  },
});

/** The first `length` bytes of `text`, or less so that a character stays whole. */
function cutBytes(text: string, length: number, isSafe: boolean): string {
  const bytes = encodeUtf8(text);
  let end = length;
  if (isSafe) { while (end > 0 && isContinuation(bytes[end]!)) end--; }
  return decodeUtf8(bytes, 0, end);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
