/**
 * Strings and characters in quotes, as Go's strconv.Quote writes them.
 *
 * @module
 */

const NAMED: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** @param asciiOnly Everything past ASCII is escaped. */
export function quote(text: string, asciiOnly: boolean, mark: '"' | "'" = '"'): string {
  let quoted = mark;
  for (const character of text) quoted += character === mark ? `\\${mark}` : escape(character, asciiOnly);
  return quoted + mark;
}

function escape(character: string, asciiOnly: boolean): string {
  const code = character.codePointAt(0)!;
  if (NAMED[character] !== undefined) return NAMED[character];
  if (isPrintable(character) && (code < 0x80 || !asciiOnly)) return character;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  // A lone surrogate stands for a byte that is no UTF-8 (values/utf8.ts).
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

export function isPrintable(character: string): boolean {
  return PRINTABLE.test(character);
}

/** Whether it can stand between backquotes as it is. */
export function canBackquote(text: string): boolean {
  // deno-lint-ignore no-control-regex -- these are what cannot
  return text.isWellFormed() && !/[\x00-\x08\x0a-\x1f\x7f`\ufeff]/.test(text);
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, "0");
}
