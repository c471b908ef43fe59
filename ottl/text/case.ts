/**
 * Upper and lower case, snake_case and CamelCase as the reference engine makes them.
 *
 * @module
 */

/** Units up to which a loop is cheaper than a search, whose call alone takes 50 ns. */
const LOOP_UNITS = 64;

// deno-lint-ignore no-control-regex -- ASCII has control characters
const ASCII = /^[\x00-\x7f]*$/;

function isAscii(text: string): boolean {
  if (text.length > LOOP_UNITS) return ASCII.test(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Lower case, character by character: no final sigma, no İ with a dot of its own. A byte that is no UTF-8 is U+FFFD. */
export function toLower(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return mapCharacters(text, (character) => character === "İ" ? "i" : character.toLowerCase());
}

/** Upper case, character by character: what has no single capital (ß, ﬁ) stays. A byte that is no UTF-8 is U+FFFD. */
export function toUpper(text: string): string {
  return isAscii(text) ? text.toUpperCase() : mapCharacters(text, upperOf);
}

function mapCharacters(text: string, map: (character: string) => string): string {
  let mapped = "";
  for (const character of text.toWellFormed()) mapped += map(character);
  return mapped;
}

/** Greek letters with a small iota below have a capital of one character, though their full mapping is longer. */
const IOTA_BELOW = /[\u1f80-\u1f87\u1f90-\u1f97\u1fa0-\u1fa7]/;
const SINGLE_IOTA_BELOW = "ᾳῃῳ";

function upperOf(character: string): string {
  const upper = character.toUpperCase();
  if (Array.from(upper).length === 1) return upper;
  const code = character.charCodeAt(0);
  if (IOTA_BELOW.test(character)) return String.fromCharCode(code + 8);
  return SINGLE_IOTA_BELOW.includes(character) ? String.fromCharCode(code + 9) : character;
}

/** Upper, lower, digit, separator, or anything else; a letter past ASCII is of no case. */
type Kind = "upper" | "lower" | "digit" | "separator" | "other";

function kindOf(unit: string | undefined): Kind {
  if (unit === undefined) return "other";
  if (unit >= "a" && unit <= "z") return "lower";
  if (unit >= "A" && unit <= "Z") return "upper";
  if (unit >= "0" && unit <= "9") return "digit";
  return unit === " " || unit === "_" || unit === "-" || unit === "." ? "separator" : "other";
}

/** `JSONData` is `json_data`, `http2Server` is `http_2_server`. Source: iancoleman/strcase 0.3, ToSnake. */
export function toSnake(text: string): string {
  const trimmed = trimSpace(text);
  let snake = "";
  for (let i = 0; i < trimmed.length; i++) {
    const kind = kindOf(trimmed[i]);
    const next = kindOf(trimmed[i + 1]);
    const unit = kind === "upper" ? trimmed[i]!.toLowerCase() : trimmed[i]!;
    if (kind === "separator") snake += "_";
    else if (!isBreak(kind, next)) snake += unit;
    else if (kind !== "upper" || next === "digit") snake += `${unit}_`;
    else snake += kindOf(trimmed[i - 1]) === "upper" ? `_${unit}` : unit;
  }
  return snake;
}

/** Whether the kind changes between two neighbours. */
function isBreak(kind: Kind, next: Kind): boolean {
  return kind !== next && isWord(kind) && isWord(next);
}

function isWord(kind: Kind): boolean {
  return kind === "upper" || kind === "lower" || kind === "digit";
}

/** `some_value` is `SomeValue`, `HTTPServer` is `Httpserver`. Source: iancoleman/strcase 0.3, ToCamel. */
export function toCamel(text: string): string {
  let camel = "";
  let isStart = true;
  let previous: Kind = "other";
  for (const unit of trimSpace(text)) {
    const kind = kindOf(unit);
    if (kind === "digit") camel += unit;
    else if (isWord(kind)) {
      camel += isStart ? unit.toUpperCase() : previous === "upper" ? lowerCapital(unit, kind) : unit;
    }
    isStart = kind === "digit" || kind === "separator";
    previous = kind;
  }
  return camel;
}

function lowerCapital(unit: string, kind: Kind): string {
  return kind === "upper" ? unit.toLowerCase() : unit;
}

const SPACE = /^\p{White_Space}$/u;

/** Without white space at both ends, as Go's strings.TrimSpace; not `\s+$`, whose time is quadratic. */
function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start]!)) start++;
  while (end > start && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
