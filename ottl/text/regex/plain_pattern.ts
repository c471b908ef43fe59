/**
 * Regular expressions of usual forms, which surely are some: for these nobody need be asked before they run.
 *
 * What is not of these forms may be a pattern all the same.
 *
 * @module
 */

/** Longest pattern that is looked at, UTF-16 units. */
const MAX_PLAIN_LENGTH = 1_024;

/** Groups inside each other. */
const MAX_GROUPS = 20;

/** RE2 has a bound of 1,000 for the product of counts inside each other; half of it is far from every edge. */
const MAX_COUNT = 500;

/** What takes no repeat here. */
const ANCHOR = /[$^]|\\[bBAz]/y;
/** A character, or one of a named set. ASCII only. */
const CHARACTER = /[\w !"#%&',/:;<=>@`~-]|\.|\\[dDwWsStnrfv]|\\[!-/:-@[-`{-~]/y;
const CLASS_START = /\[\^?/y;
/** One of its items: a range, or a character. A hyphen for itself stands last. */
const CLASS_ITEM =
  /([A-Za-z0-9])-([A-Za-z0-9])(?!-(?!\]))|\\[dDwWsStnrfv](?!-(?!\]))|(?:\\[!-/:-@[-`{-~]|[^\\[\]^-])(?!-(?!\]))/y;
const CLASS_END = /-?\]/y;
const GROUP_START = /\((?:\?:|\?[is]{1,2}:|\?P?<([A-Za-z_]\w{0,31})>|(?!\?))/y;
const FLAGS = /\(\?[is]{1,2}\)/y;
const REPEAT = /[*+?]\??/y;
const COUNTED = /\{(\d{1,3})(?:,(\d{0,3}))?\}\??/y;

const NOT_PLAIN = /[^\x20-\x7e]/;

/** Whether it is made of characters, sets, anchors, repeats and groups as they are written nearly always. */
export function isPlainPattern(pattern: string): boolean {
  if (pattern.length > MAX_PLAIN_LENGTH || NOT_PLAIN.test(pattern)) return false;
  return new PlainReader(pattern).isPlain();
}

class PlainReader {
  readonly #text: string;
  readonly #names = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isPlain(): boolean {
    this.#take(FLAGS);
    return this.#choice(0) > 0 && this.#at === this.#text.length;
  }

  /** @returns The greatest count in it, 1 or more; 0 for what is not plain. */
  #choice(depth: number): number {
    let most = 1;
    for (;;) {
      const count = this.#sequence(depth);
      if (count === 0) return 0;
      most = Math.max(most, count);
      if (this.#text[this.#at] !== "|") return most;
      this.#at++;
    }
  }

  #sequence(depth: number): number {
    let most = 1;
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at];
      if (next === "|" || next === ")") break;
      if (this.#take(ANCHOR) !== null) {
        if (this.#take(REPEAT) !== null || this.#take(COUNTED) !== null) return 0;
        continue;
      }
      const inner = this.#atom(depth);
      const count = inner === 0 ? 0 : this.#repeated(inner);
      if (count === 0) return 0;
      most = Math.max(most, count);
    }
    return most;
  }

  #atom(depth: number): number {
    if (this.#take(CHARACTER) !== null) return 1;
    if (this.#take(CLASS_START) !== null) return this.#class();
    const group = this.#take(GROUP_START);
    if (group === null || depth === MAX_GROUPS || !this.#isNew(group[1])) return 0;
    const count = this.#choice(depth + 1);
    if (this.#text[this.#at] !== ")") return 0;
    this.#at++;
    return count;
  }

  #isNew(name: string | undefined): boolean {
    if (name === undefined) return true;
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    return true;
  }

  #class(): number {
    let items = 0;
    for (let item = this.#take(CLASS_ITEM); item !== null; item = this.#take(CLASS_ITEM), items++) {
      const [, from, to] = item;
      if (from !== undefined && from > to!) return 0;
    }
    return items > 0 && this.#take(CLASS_END) !== null ? 1 : 0;
  }

  /** @param inner The greatest count in what may be repeated. */
  #repeated(inner: number): number {
    let count = inner;
    const counted = this.#take(COUNTED);
    if (counted !== null) {
      const [, min = "", max] = counted;
      if (max !== undefined && max !== "" && Number(max) < Number(min)) return 0;
      count = inner * Math.max(Number(min), Number(max ?? 0), 1);
    } else this.#take(REPEAT);
    // Neither a second repeat nor a brace that begins none.
    return count > MAX_COUNT || /[*+?{]/.test(this.#text[this.#at] ?? "") ? 0 : count;
  }

  #take(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    if (found !== null) this.#at = token.lastIndex;
    return found;
  }
}
