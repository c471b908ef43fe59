/**
 * What is known of the types of values before there is any data: of literals, of paths that always hold one type, and of
 * converters that always give one.
 *
 * @module
 */

import type { FunctionTable, Item, PathAccess, PathResolver } from "../../ottl/mod.ts";
import type { CallNode, MathNode, PathNode, ValueNode } from "../../ottl/syntax/ast.ts";
import { OttlError } from "../../ottl/values/errors.ts";
import { Duration, Id, PlainMap, Time, typeName, type Value } from "../../ottl/values/value.ts";

/** A type by the name that messages call it by; undefined for one that is not known. */
export type Kind = string | undefined;

/** Types that say all there is to say of what a value can be compared with, or put into. */
export const PLAIN_KINDS: ReadonlySet<Kind> = new Set([
  ...["string", "int", "float", "bool", "map", "time", "duration", "TraceID", "SpanID", "ProfileID"],
]);

/** Types of paths, told by what they hold in an item without a single field. */
export class PathKinds {
  readonly #accesses = new Map<string, PathAccess>();
  readonly #kinds = new Map<string, Kind>();

  /** Notes every path that is resolved. */
  watch(inner: PathResolver): PathResolver {
    return {
      resolve: (path) => {
        const access = inner.resolve(path);
        this.#accesses.set(path.text, access);
        return access;
      },
    };
  }

  /** @param item Without a field. */
  learn(item: Item): void {
    for (const [path, access] of this.#accesses) this.#kinds.set(path, kindIn(access, item));
  }

  of(path: string, context: string): Kind {
    return this.#kinds.get(path) ?? this.#kinds.get(`${context}.${path}`);
  }

  /** Whether a path takes no value of a type: it is tried, on an item of which nothing is needed any more. */
  refuses(path: string, context: string, kind: string, item: Item): boolean {
    const access = this.#accesses.get(path) ?? this.#accesses.get(`${context}.${path}`);
    const sample = SAMPLES.get(kind);
    if (access === undefined || sample === undefined) return false;
    try {
      access.set(item, sample());
      return false;
    } catch (thrown) {
      if (thrown instanceof OttlError) return thrown.category === "type";
      throw thrown;
    }
  }
}

/** A value of each type. */
const SAMPLES: ReadonlyMap<string, () => Value> = new Map<string, () => Value>([
  ["nil", () => null],
  ["string", () => "x"],
  ["int", () => 1n],
  ["float", () => 1.5],
  ["bool", () => true],
  ["map", () => new PlainMap()],
  ["time", () => new Time(0n)],
  ["duration", () => new Duration(0n)],
  ["TraceID", () => new Id("trace_id", new Uint8Array(16))],
  ["SpanID", () => new Id("span_id", new Uint8Array(8))],
  ["ProfileID", () => new Id("profile_id", new Uint8Array(16))],
]);

/** What may be missing may be anything. */
function kindIn(access: PathAccess, item: Item): Kind {
  try {
    const kind = typeName(access.get(item));
    return PLAIN_KINDS.has(kind) ? kind : undefined;
  } catch (thrown) {
    if (thrown instanceof OttlError) return undefined;
    throw thrown;
  }
}

/** Types of the expressions in one text. */
export class TextKinds {
  readonly text: string;
  readonly #paths: PathKinds;
  readonly #context: string;
  readonly #item: Item;
  readonly #functions: FunctionTable;

  /** @param item On which values may be tried. */
  constructor(text: string, paths: PathKinds, context: string, item: Item, functions: FunctionTable) {
    this.text = text;
    this.#paths = paths;
    this.#context = context;
    this.#item = item;
    this.#functions = functions;
  }

  /** Whether a path takes no value of a type. */
  refuses(path: PathNode, kind: string): boolean {
    return this.#paths.refuses(this.written(path), this.#context, kind, this.#item);
  }

  of(node: ValueNode): Kind {
    switch (node.kind) {
      case "string":
      case "int":
      case "float":
      case "bool":
      case "nil":
      case "map":
        return node.kind;
      case "enum":
        return "int";
      case "sign":
        return this.of(node.value);
      case "math":
        return this.#ofMath(node);
      case "path":
        return this.#ofPath(node);
      case "call":
        return this.#ofCall(node);
      default:
        return undefined;
    }
  }

  /** As it stands in the text. */
  written({ span }: ValueNode): string {
    return this.text.slice(span.start, span.end);
  }

  #ofMath({ left, right }: MathNode): Kind {
    const kinds = [this.of(left), this.of(right)];
    if (!kinds.every((kind) => kind === "int" || kind === "float")) return undefined;
    return kinds.includes("float") ? "float" : "int";
  }

  #ofPath(node: PathNode): Kind {
    return this.#paths.of(this.written(node), this.#context);
  }

  #ofCall({ name, keys }: CallNode): Kind {
    return keys.length > 0 ? undefined : this.#functions.get(name)?.gives;
  }
}
