/**
 * Regular expressions of the plainest kind, which surely are some: for these nobody need be asked before they run.
 *
 * @module
 */

/** Longest pattern that is looked at, UTF-16 units. */
const MAX_PLAIN_LENGTH = 256;

/** A character, or one of a set; ranges are those that are written nearly always. */
const CHARACTER = String.raw`(?:[\w /:;,=@#%&~"'<>!-]|\\[dDwWsS./-]|\.|\[\^?(?:a-z|A-Z|0-9|a-f|A-F|[\w@/:. ])+-?\])`;
const REPEAT = String.raw`[*+?]\??`;
/** RE2 has a bound of 1,000 for counts, and for the product of those inside each other. */
const COUNTED = String.raw`\{\d{1,2}\}`;
const IN_GROUP = `(?:[$^]|${CHARACTER}(?:${REPEAT})?)*`;
const GROUP = String.raw`\((?:\?:)?${IN_GROUP}(?:\|${IN_GROUP})*\)`;

const PLAIN = new RegExp(`^(?:[$^]|(?:${CHARACTER}|${GROUP})(?:${REPEAT}|${COUNTED})?)*$`);

/** Whether it is made of characters, sets of a few forms, anchors, and groups of these that are not inside each other. */
export function isPlainPattern(pattern: string): boolean {
  return pattern.length <= MAX_PLAIN_LENGTH && PLAIN.test(pattern);
}
