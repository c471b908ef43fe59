/**
 * Reads what values are made of: literals, paths, calls, lists, maps and lambdas.
 *
 * @module
 */

import type {
  AnyNode,
  ArgumentNode,
  CallNode,
  EnumNode,
  LambdaNode,
  ListNode,
  MapNode,
  PathField,
  PathNode,
  Span,
  ValueNode,
} from "./ast.ts";
import { TokenCursor } from "./cursor.ts";
import { reservedWord } from "./hints.ts";
import type { TokenKind } from "./lexer.ts";
import { readBytesLiteral, readFloatLiteral, readIntLiteral, readStringLiteral } from "./literals.ts";
import { quote, startsUpper } from "./names.ts";

/** What a key cannot begin with. */
const NOT_KEYS: ReadonlySet<TokenKind> = new Set(["nil", "bytes", "bool", "{", "[", "]"]);

/** The lower half of the grammar; what operands may hold again is read by the upper one. */
export abstract class OperandParser extends TokenCursor {
  /** Anything that can be an argument or stand on a side of a comparison. */
  abstract value(): ValueNode;

  /** Math, or one operand. */
  protected abstract sum(): ValueNode;

  /** A condition, or a value that may become one. */
  protected abstract or(): AnyNode;

  protected literal(): ValueNode {
    const token = this.token;
    this.at++;
    const span = { start: token.start, end: token.end };
    switch (token.kind) {
      case "string":
        return { kind: "string", value: readStringLiteral(this.text, token, this.refuse), span };
      case "int":
        return { kind: "int", value: readIntLiteral(this.text, token, this.refuse), span };
      case "float":
        return { kind: "float", value: readFloatLiteral(this.text, token, this.refuse), span };
      case "bytes":
        return { kind: "bytes", value: readBytesLiteral(this.text, token, this.refuse), span };
      case "bool":
        return { kind: "bool", value: token.end - token.start === "true".length, span };
    }
    return { kind: "nil", span };
  }

  /** An upper-case word; a lower-case one behind it would make it something else. */
  protected enum(): EnumNode {
    const { start } = this.token;
    if (this.kindAt(this.at + 1) === "lower") {
      const name = this.takeWords();
      const wanted = reservedWord(name) ?? `the call ${name}(…) or a symbol in upper case`;
      this.refuse(`${quote(name)} is no value, wanted ${wanted}`, this.spanFrom(start));
    }
    const name = this.takeWord();
    return { kind: "enum", name, span: this.spanFrom(start) };
  }

  protected path(): PathNode {
    const { start } = this.token;
    const fields: PathField[] = [this.#field()];
    while (this.take(".")) fields.push(this.#field());
    return { kind: "path", fields, span: this.spanFrom(start) };
  }

  #field(): PathField {
    const { start, kind } = this.token;
    if (kind !== "lower") this.unexpected("a name in lower case");
    const name = this.takeWord();
    const keys = this.#keys();
    return { name, keys, span: this.spanFrom(start) };
  }

  #keys(): ValueNode[] {
    const keys: ValueNode[] = [];
    while (this.kind === "[") keys.push(this.nested("[", "]", () => this.#key()));
    return keys;
  }

  /** A string or an int, or else math. There is no way back from a literal: `[1 + 1]` must be `[(1 + 1)]`. */
  #key(): ValueNode {
    const { kind } = this.token;
    if (NOT_KEYS.has(kind)) this.unexpected("a string, an int, a path, a converter or math");
    if (kind !== "string" && kind !== "int") return this.sum();
    const literal = this.literal();
    if (this.kind !== "]") {
      const isMath = this.kind === "sum" || this.kind === "product";
      this.unexpected(
        '"]"',
        isMath ? "a key that begins with a literal is only that; put math in parentheses" : undefined,
      );
    }
    return literal;
  }

  /** As a value; an editor is none. */
  protected converter(): CallNode {
    const call = this.call();
    if (!startsUpper(call.name)) {
      this.note(`converter names must start with an uppercase letter but got ${quote(call.name)}`, call.nameSpan);
    }
    return call;
  }

  protected call(): CallNode {
    const { start } = this.token;
    const name = this.takeWords();
    const nameSpan = this.spanFrom(start);
    const args = this.nested("(", ")", () => this.listed(")", () => this.#argument()));
    const keys = this.#keys();
    return { kind: "call", name, nameSpan, arguments: args, keys, span: this.spanFrom(start) };
  }

  #argument(): ArgumentNode {
    const { start } = this.token;
    const name = this.#argumentName();
    const value = this.#argumentValue();
    return { name, value, span: this.spanFrom(start) };
  }

  #argumentName(): string | undefined {
    if (this.kind !== "lower") return undefined;
    if (this.kindAt(this.wordsEnd()) !== "=") return undefined;
    const name = this.takeWords();
    this.expect("=");
    return name;
  }

  /** A value, or the name of a converter, which may have lower-case letters. */
  #argumentValue(): ValueNode {
    const { kind, start } = this.token;
    if (kind !== "upper" || this.kindAt(this.at + 1) !== "lower" || this.atCall()) return this.value();
    const name = this.takeWords();
    return { kind: "enum", name, span: this.spanFrom(start) };
  }

  protected list(): ListNode {
    const { start } = this.token;
    const items = this.nested("[", "]", () => this.listed("]", () => this.value()));
    return { kind: "list", items, span: this.spanFrom(start) };
  }

  /** Commas between the entries and behind the last are free. */
  protected map(): MapNode {
    const { start } = this.token;
    const entries = this.nested("{", "}", () => {
      const entries: MapNode["entries"][number][] = [];
      while (this.kind !== "}") {
        entries.push(this.#entry());
        this.take(",");
      }
      return entries;
    });
    return { kind: "map", entries, span: this.spanFrom(start) };
  }

  #entry(): MapNode["entries"][number] {
    const token = this.token;
    if (token.kind !== "string") this.unexpected("a key in double quotes, or }");
    this.at++;
    const key = readStringLiteral(this.text, token, this.refuse);
    this.expect(":");
    const value = this.value();
    return { key, value, span: this.spanFrom(token.start) };
  }

  protected lambda(): LambdaNode {
    const { start } = this.token;
    const parameters = this.nested("(", ")", () => this.listed(")", () => this.#parameter()));
    this.#refuseTwice(parameters, this.spanFrom(start));
    this.expect("=>");
    const body = this.deeper(() => this.or());
    if (body.kind === "lambda") this.refuse("the body of a lambda is itself a lambda, wanted a value", body.span);
    return { kind: "lambda", parameters, body, span: this.spanFrom(start) };
  }

  #parameter(): string {
    return this.takeWord();
  }

  #refuseTwice(parameters: readonly string[], span: Span): void {
    const named = parameters.filter((name) => name !== "_");
    const twice = named.find((name, i) => named.indexOf(name) !== i);
    if (twice !== undefined) this.refuse(`a lambda has two parameters ${quote(twice)}, wanted each once`, span);
  }

  // What stands ahead.

  protected atCall(at = this.at): boolean {
    return this.isWordAt(at) && this.kindAt(this.wordsEnd(at)) === "(";
  }

  /** Whether this parenthesis has only parameters, and => follows it. */
  protected atLambda(): boolean {
    let at = this.at + 1;
    if (this.#isParameter(at)) {
      for (at++; this.kindAt(at) === "," && this.#isParameter(at + 1);) at += 2;
    }
    return this.kindAt(at) === ")" && this.kindAt(at + 1) === "=>";
  }

  #isParameter(at: number): boolean {
    const kind = this.kindAt(at);
    return kind === "lower" || kind === "_";
  }
}
