/**
 * The path of a `--set`: keys between dots, as the collector has them, and quotes for those that have dots themselves.
 *
 * ```
 * path   = key { ( "." | "::" ) key | quoted in brackets }
 * key    = bare | quoted
 * bare   = characters that are no dot, no colon beside another, no "=", no bracket, no quote at the beginning
 * quoted = '"' … '"', with \" and \\ in it, or "'" … "'", with '' in it for a quote
 * ```
 *
 * `processors.attributes/x.actions`, `service.telemetry.resource."service.name"`, `…resource["service.name"]` and
 * `service::telemetry::resource::'service.name'` are paths. `::` is how the collector's merging and our messages write
 * them. The collector itself has no way to set a key with a dot in it.
 *
 * @module
 */

/** A path that cannot be read. */
export class SetPathError extends SyntaxError {
  override readonly name = "SetPathError";

  /** @param column Where, counted from 1 in characters. */
  constructor(readonly column: number, message: string) {
    super(message);
  }
}

/** A path, and where it ends. */
export interface SetPath {
  readonly keys: readonly string[];
  /** Of the "=" behind it. */
  readonly end: number;
}

/**
 * Reads the path at the beginning of `argument`, up to the "=" behind it.
 *
 * @throws {SetPathError} It is of another form.
 */
export function readSetPath(argument: string): SetPath {
  return new PathReader(argument).read();
}

/** The path as `readSetPath` reads it. */
export function formatSetPath(keys: readonly string[]): string {
  return keys.map((key) => BARE_KEY.test(key) && key.trim() === key ? key : JSON.stringify(key)).join(".");
}

/** What needs no quotes. */
const BARE_KEY = /^(?!["'])(?:(?!::)[^.=[\]])+$/;

class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): SetPath {
    const keys = [this.#key()];
    for (;;) {
      this.#skipSpaces();
      if (this.#take("=")) return { keys, end: this.#at - 1 };
      if (this.#take("[")) keys.push(this.#bracket());
      else if (this.#take("::") || this.#take(".")) keys.push(this.#key());
      else {this.#refuse(
          this.#isAtEnd() ? 'ends without a value, wanted "=" and one' : 'goes on after a key, wanted ".", "[" or "="',
        );}
    }
  }

  #key(): string {
    this.#skipSpaces();
    const quote = this.#text.charAt(this.#at);
    if (quote === '"' || quote === "'") return this.#quoted(quote);
    const begin = this.#at;
    while (!this.#isAtEnd() && !/[.=[\]]/.test(this.#text.charAt(this.#at)) && !this.#text.startsWith("::", this.#at)) {
      this.#at++;
    }
    const key = this.#text.slice(begin, this.#at).trimEnd();
    if (key !== "") return key;
    return this.#refuse(
      this.#isAtEnd()
        ? "ends without a key, wanted key.key=value"
        : "has an empty key, wanted a name, or one in quotes",
    );
  }

  #bracket(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") {
      this.#refuse('has no quoted key in its brackets, wanted ["key"]; a list is set as a whole: key=[a, b]');
    }
    const key = this.#quoted(quote);
    if (!this.#take("]")) this.#refuse('has no end of its brackets, wanted "]"');
    return key;
  }

  #quoted(quote: string): string {
    const begin = this.#at++;
    let key = "";
    while (!this.#isAtEnd()) {
      const character = this.#text.charAt(this.#at++);
      if (quote === '"' && character === "\\") key += this.#escaped();
      else if (character !== quote) key += character;
      else if (quote === "'" && this.#take("'")) key += "'";
      else if (key === "") this.#refuse("has an empty key, wanted a name", begin);
      else return key;
    }
    return this.#refuse(`has a quote that is not closed, wanted another ${quote} at the end of the key`, begin);
  }

  #escaped(): string {
    const character = this.#text.charAt(this.#at);
    if (character !== '"' && character !== "\\") {
      this.#refuse('has a \\ before another character, wanted \\" or \\\\', this.#at - 1);
    }
    this.#at++;
    return character;
  }

  #take(text: string): boolean {
    const isThere = this.#text.startsWith(text, this.#at);
    if (isThere) this.#at += text.length;
    return isThere;
  }

  #skipSpaces(): void {
    while (this.#text.charAt(this.#at) === " ") this.#at++;
  }

  #isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #refuse(message: string, at = this.#at): never {
    throw new SetPathError(at + 1, message);
  }
}
