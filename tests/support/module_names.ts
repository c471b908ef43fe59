/**
 * What a source exports, and what it takes of other files: read by its lines, which `deno fmt` writes in one way.
 *
 * @module
 */

import { dirname, join } from "node:path/posix";
import type { Source } from "./sources.ts";

export interface ExportedName {
  readonly name: string;
  /** `handed on`: it is another file's, and this one has it for those who ask here. */
  readonly kind: "function" | "class" | "const" | "type" | "handed on";
}

/** A text in quotes. */
const TEXT = String.raw`"([^"]+)"`;
/** `import { a, type B as C } from "…"` and `export { a } from "…"`, over one line or many. */
const LISTS = new RegExp(String.raw`^(import|export)(?: type)? (?:[\w$]+, )?\{([^}]*)\}(?: from ${TEXT})?;$`, "gm");
const DECLARATIONS = /^export (?:async |abstract )*(function|class|const|type|interface)\*? ([\w$]+)/gm;
/** All of a file: who imports it says elsewhere in its text what it wants of it. */
const WHOLE = new RegExp(String.raw`^import (?:type )?\* as [\w$]+ from ${TEXT}|\bimport\(\s*${TEXT}`, "gm");
const HANDED_ON_WHOLE = new RegExp(String.raw`^export (?:type )?\* from ${TEXT};$`, "gm");
const WORDS = /[\w$]+/g;

/** Its own names, without a default. */
export function exportedNames({ text }: Pick<Source, "text">): ExportedName[] {
  const declared = Array.from(text.matchAll(DECLARATIONS), ([, kind, name]) => ({ name: name!, kind: kindOf(kind!) }));
  const lists = Array.from(text.matchAll(LISTS)).filter(([, word]) => word === "export");
  const handedOn = lists.flatMap(([, , list]) =>
    namesOf(list!).map(([, name]) => ({ name, kind: "handed on" as const }))
  );
  return [...declared, ...handedOn];
}

/** How many of its lines begin an export that is read here. */
export function exportLines({ text }: Pick<Source, "text">): number {
  const lists = Array.from(text.matchAll(LISTS)).filter(([, word]) => word === "export");
  return [...text.matchAll(DECLARATIONS), ...text.matchAll(HANDED_ON_WHOLE), ...lists].length;
}

function kindOf(word: string): ExportedName["kind"] {
  return word === "interface" ? "type" : word as ExportedName["kind"];
}

/** Who imports each exported name of these files: of a name its file and itself, `ottl/limits.ts Limits`. */
export class Importers {
  readonly #byName = new Map<string, string[]>();
  /** Those of a whole file, with the words of their text. */
  readonly #ofWhole = new Map<string, { readonly path: string; readonly words: ReadonlySet<string> }[]>();
  /** Files that hand on all of a file. */
  readonly #handing = new Map<string, string[]>();

  constructor(sources: Iterable<Pick<Source, "path" | "text">>) {
    for (const { path, text } of sources) this.#read(path, text);
  }

  of(path: string, name: string): string[] {
    const whole = this.#ofWhole.get(path)?.filter(({ words }) => words.has(name)).map(({ path }) => path) ?? [];
    const behind = this.#handing.get(path)?.flatMap((handing) => this.of(handing, name)) ?? [];
    return [...this.#byName.get(`${path} ${name}`) ?? [], ...whole, ...behind];
  }

  #read(path: string, text: string): void {
    const local = (specifier: string) => join(dirname(path), specifier);
    for (const [, , list, from] of text.matchAll(LISTS)) {
      if (from === undefined) continue;
      for (const [name] of namesOf(list!)) put(this.#byName, `${local(from)} ${name}`, path);
    }
    for (const [, from] of text.matchAll(HANDED_ON_WHOLE)) put(this.#handing, local(from!), path);
    const whole = Array.from(text.matchAll(WHOLE), ([, early, late]) => local((early ?? late)!));
    if (whole.length === 0) return;
    const words = new Set(text.match(WORDS));
    for (const target of whole) put(this.#ofWhole, target, { path, words });
  }
}

function put<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** Of `a, type B as C`: what each is called there, and what here. */
function namesOf(list: string): (readonly [theirs: string, ours: string])[] {
  return list.split(",").map((each) => each.trim().replace(/^type /, "")).filter((each) => each !== "").map((each) => {
    const [theirs = "", ours = theirs] = each.split(" as ");
    return [theirs, ours] as const;
  });
}
