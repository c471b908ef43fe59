/**
 * Words for people.
 *
 * @module
 */

/**
 * A number of things: "1 span", "2 spans".
 *
 * @param plural Ends in "s", as all that is counted here does.
 */
export function counted(count: number, plural: string): string {
  return `${count} ${count === 1 ? plural.slice(0, -1) : plural}`;
}

/** A word behind its article: "an exporter", "a receiver". Of words that sound as they begin. */
export function withArticle(word: string): string {
  return `${/^[aeiou]/i.test(word) ? "an" : "a"} ${word}`;
}

/** At most `maxChars` characters: of a longer text its beginning and "…". Of a pair of surrogates never the first alone. */
export function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
