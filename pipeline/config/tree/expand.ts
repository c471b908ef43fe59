/**
 * `${env:NAME}`, `${env:NAME:-default}`, `${NAME}`, `${file:path}`, `${yaml:text}` and `$$` in the values of a tree.
 *
 * A value that is exactly one expression takes the type of what it gives and keeps its text; an expression inside text
 * gives its text, whatever that would read as. What an expression gives is expanded again. Keys are left alone. One
 * thing differs from the collector: it expands nothing behind an escape (`$${X}${Y}`), here each stands for itself.
 * Source: collector reference 2.2 (confmap's resolver).
 *
 * @module
 */

import { errorAt, type Problem, warningAt } from "../problem.ts";
import type { ConfigNode, ListNode, MapNode, NodePath, Place, ScalarNode, TreeLimits } from "./node.ts";
import { parseYaml } from "./yaml.ts";

/** The world that a configuration may look at. Deno Deploy hands in one without files. */
export interface ConfigEnvironment {
  /** A variable's value; undefined when it is not set. */
  env(name: string): string | undefined;
  /**
   * A file's text, its path relative to the working directory.
   *
   * @throws {Error} It cannot be read.
   */
  readFile(path: string): Promise<string>;
}

/** A tree without expressions. */
interface Expanded {
  readonly node: ConfigNode;
  readonly problems: readonly Problem[];
}

/** Expands every value of `root`. A value that cannot be expanded is a broken scalar, and a problem. */
export async function expandTree(root: ConfigNode, environment: ConfigEnvironment, limits: TreeLimits) {
  const expander = new Expander(environment, limits);
  const node = await expander.expand(root, []);
  return { node, problems: expander.problems } satisfies Expanded;
}

/** An expression in a text: `text.slice(start, end)` is `${…}`. */
interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * The innermost expression that closes first. One behind an odd run of `$` is escaped: `$${X}` is no expression, in
 * `$$${X}` the first two are an escaped `$`.
 */
export function findExpression(text: string): Found | undefined {
  for (let from = 0;;) {
    const close = text.indexOf("}", from);
    if (close < 0) return undefined;
    const open = text.lastIndexOf("${", close);
    if (open >= from && !isEscaped(text, open)) return { start: open, end: close + 1 };
    from = close + 1;
  }
}

function isEscaped(text: string, open: number): boolean {
  let run = 0;
  while (text[open - run - 1] === "$") run += 1;
  return run % 2 === 1;
}

function unescapeDollars(text: string): string {
  return text.replaceAll("$$", "$");
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;

/** How many expressions a value may still use. */
interface Budget {
  left: number;
}

/** Where an expression stands, for its problems. */
interface Spot {
  readonly place: Place;
  readonly path: NodePath;
}

/** What an expression gave: its text, and what that reads as. */
interface Given {
  readonly text: string;
  readonly node: ConfigNode;
  /** `env:NAME` or `file:path`. */
  readonly from: string;
}

class Expander {
  readonly problems: Problem[] = [];
  readonly #environment: ConfigEnvironment;
  readonly #limits: TreeLimits;
  #nodes = 0;

  constructor(environment: ConfigEnvironment, limits: TreeLimits) {
    this.#environment = environment;
    this.#limits = limits;
  }

  /** @param outer The budget of the value that this is a part of; a value of the tree itself starts with a new one. */
  async expand(node: ConfigNode, path: NodePath, outer?: Budget): Promise<ConfigNode> {
    this.#nodes += 1;
    const { maxNodes, maxDepth } = this.#limits;
    if (this.#nodes === maxNodes + 1) this.#error({ place: node.place, path }, `is past ${maxNodes} values in all`);
    if (this.#nodes > maxNodes) return broken(node.place);
    if (node.kind !== "scalar" && path.length >= maxDepth) {
      return this.#fail({ place: node.place, path }, `is nested deeper than ${maxDepth} levels`);
    }
    if (node.kind === "map") return await this.#map(node, path, outer);
    if (node.kind === "list") return await this.#list(node, path, outer);
    if (typeof node.value !== "string" || !node.value.includes("$")) return node;
    return await this.#value(node, path, outer ?? { left: this.#limits.maxExpansions });
  }

  async #map(map: MapNode, path: NodePath, outer?: Budget): Promise<MapNode> {
    const entries = new Map(map.entries);
    for (const [key, entry] of map.entries) {
      entries.set(key, { ...entry, node: await this.expand(entry.node, [...path, key], outer) });
    }
    return { ...map, entries };
  }

  async #list(list: ListNode, path: NodePath, outer?: Budget): Promise<ListNode> {
    const items: ConfigNode[] = [];
    for (const [index, item] of list.items.entries()) items.push(await this.expand(item, [...path, index], outer));
    return { ...list, items };
  }

  /** Rounds of: find an expression, put what it gives in its place. */
  async #value(scalar: ScalarNode, path: NodePath, budget: Budget): Promise<ConfigNode> {
    const spot: Spot = { place: scalar.place, path };
    const from = [...scalar.from ?? []];
    let text = String(scalar.value);
    for (let found = findExpression(text); found !== undefined; found = findExpression(text)) {
      budget.left -= 1;
      if (budget.left === -1) {
        this.#error(spot, `needs more than ${this.#limits.maxExpansions} expansions: is it recursive?`);
      }
      if (budget.left < 0) return broken(spot.place); // told once, not for every branch
      const given = await this.#evaluate(text.slice(found.start + 2, found.end - 1), spot);
      if (given === undefined) return broken(spot.place);
      from.push(given.from);
      const isWhole = found.start === 0 && found.end === text.length;
      if (isWhole && !isString(given.node)) return await this.#typed(given, path, from, budget);
      text = text.slice(0, found.start) + given.text + text.slice(found.end);
      if (text.length > this.#limits.maxSourceBytes) {
        return this.#fail(spot, `expands to more than ${this.#limits.maxSourceBytes} characters`);
      }
    }
    text = unescapeDollars(text);
    return { kind: "scalar", place: spot.place, value: text, text, ...(from.length > 0 ? { from } : {}) };
  }

  /** What is not a string keeps its type, and its text for a field that wants one. */
  async #typed({ node, text }: Given, path: NodePath, from: string[], budget: Budget): Promise<ConfigNode> {
    if (node.kind === "scalar") return { ...node, text: unescapeDollars(text), from };
    const expanded = await this.expand(node, path, budget);
    return expanded.kind === "scalar" ? expanded : { ...expanded, text: unescapeDollars(text) };
  }

  /** @returns undefined when it cannot be evaluated, which is reported. */
  async #evaluate(expression: string, spot: Spot): Promise<Given | undefined> {
    const [, scheme, opaque = ""] = SCHEME.exec(expression.includes(":") ? expression : `env:${expression}`) ?? [];
    if (scheme === "env") return this.#env(opaque, spot);
    if (scheme === "file") return await this.#file(opaque, spot);
    if (scheme === "yaml") return this.#read(opaque, "yaml", spot);
    const wanted = "wanted ${env:NAME}, ${env:NAME:-default}, ${file:path} or ${yaml:text}";
    const name = scheme ?? expression.slice(0, expression.indexOf(":"));
    this.#error(spot, `has an expression of the unknown scheme ${JSON.stringify(name)}, ${wanted}`);
    return undefined;
  }

  #env(opaque: string, spot: Spot): Given | undefined {
    const cut = opaque.indexOf(":-");
    const name = cut < 0 ? opaque : opaque.slice(0, cut);
    if (!NAME.test(name)) {
      this.#error(spot, `names the variable ${JSON.stringify(name)}, wanted letters, digits and _, no digit first`);
      return undefined;
    }
    const value = this.#environment.env(name);
    if (value === undefined && cut < 0) {
      this.problems.push(warningAt(spot.place, spot.path, `uses the variable ${name}, which is not set: it is empty`));
    }
    return this.#read(value ?? (cut < 0 ? "" : opaque.slice(cut + 2)), `env:${name}`, spot);
  }

  async #file(path: string, spot: Spot): Promise<Given | undefined> {
    try {
      return this.#read(await this.#environment.readFile(path), `file:${path}`, spot, path);
    } catch (thrown) {
      this.#error(spot, `includes the file ${JSON.stringify(path)}, which cannot be read: ${reason(thrown)}`);
      return undefined;
    }
  }

  /** Reads a value: what is not YAML, or is a YAML string, is the text as it stands. */
  #read(text: string, from: string, spot: Spot, file?: string): Given | undefined {
    const { node, problems, beyondLimits } = parseYaml(text, file ?? spot.place.file, this.#limits);
    if (beyondLimits) {
      for (const { message } of problems) this.#error(spot, `${message} (in what ${from} gives)`);
      return undefined;
    }
    if (problems.length > 0 || isString(node)) {
      return { text, from, node: { kind: "scalar", place: spot.place, value: text, text } };
    }
    return { text, from, node: file === undefined || node.kind === "scalar" ? movedTo(node, spot.place) : node };
  }

  #error(spot: Spot, message: string): void {
    this.problems.push(errorAt(spot.place, spot.path, message));
  }

  #fail(spot: Spot, message: string): ScalarNode {
    this.#error(spot, message);
    return broken(spot.place);
  }
}

function isString(node: ConfigNode): boolean {
  return node.kind === "scalar" && typeof node.value === "string";
}

function broken(place: Place): ScalarNode {
  return { kind: "scalar", place, value: null, text: "", broken: true };
}

/** Why a file cannot be read, in the platform's words. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A variable's value has no lines of its own: all of it stands where the expression stands. */
function movedTo(node: ConfigNode, place: Place): ConfigNode {
  if (node.kind === "scalar") return { ...node, place };
  if (node.kind === "list") return { ...node, place, items: node.items.map((item) => movedTo(item, place)) };
  const entries = [...node.entries].map(([key, entry]) =>
    [key, { keyPlace: place, node: movedTo(entry.node, place) }] as const
  );
  return { ...node, place, entries: new Map(entries) };
}
