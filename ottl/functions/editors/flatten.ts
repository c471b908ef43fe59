/**
 * flatten: moves the entries of nested maps and lists to the top.
 *
 * @module
 */

import { checkEntries } from "../../data/bounds.ts";
import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { OttlList, OttlMap, PlainMap, type Value } from "../../values/value.ts";
import { editor, litBool, litInt, litStr, mapPath, optional } from "../definition.ts";

export const flatten = editor({
  name: "flatten",
  summary: "Moves what nested maps and lists hold to the top, under keys joined with `.`, at most `depth` levels. " +
    "Empty maps and lists vanish. Where keys collide the last wins, or with `resolveConflicts` each gets a number; " +
    "list elements then have no index of their own.",
  parameters: {
    target: mapPath,
    prefix: optional(litStr),
    depth: optional(litInt),
    resolveConflicts: optional(litBool),
  },
  examples: [
    {
      text: "flatten(attributes)",
      given: '{"a": {"b": 1, "c": {"d": 2}}, "l": ["x", "y"]}',
      result: '{"a.b": 1, "a.c.d": 2, "l.0": "x", "l.1": "y"}',
    },
    {
      text: "flatten(attributes)",
      given: '{"l": [[1, [2]], {"a": [3]}]}',
      result: '{"l.00": 1, "l.01.0": 2, "l.1.a.0": 3}',
    },
    { text: 'flatten(attributes, "p")', given: '{"a": {"b": 1}}', result: '{"p.a.b": 1}' },
    {
      text: "flatten(attributes, depth=1)",
      given: '{"a": {"b": {"c": 1}}}',
      result: '{"a.b": {"c": 1}}',
    },
    {
      text: "flatten(attributes, resolveConflicts=true)",
      given: '{"l": ["x", "y", "z"]}',
      result: '{"l": "x", "l.0": "y", "l.1": "z"}',
    },
    { text: "flatten(attributes, depth=0)", error: "depth" },
  ],
  compile: ({ target, prefix = "", depth, resolveConflicts = false }, { limits }) => {
    if (depth !== undefined && depth < 1n) {
      throw new OttlError("arg_value", `invalid depth ${depth} for flatten, must be greater than 0`);
    }
    const maxDepth = depth === undefined ? Infinity : Number(depth);
    return (item) => {
      const map = target.evaluate(item);
      const flat = new Flattener(maxDepth, resolveConflicts, limits);
      flat.addMap(map, prefix, 0);
      map.assign(flat.result);
      target.set(item, map);
    };
  },
});

class Flattener {
  readonly result: PlainMap = new PlainMap();
  readonly #maxDepth: number;
  readonly #resolveConflicts: boolean;
  readonly #limits: OttlLimits;
  /** How many numbers were given to a key that collided. */
  readonly #numbers = new Map<string, number>();

  constructor(maxDepth: number, resolveConflicts: boolean, limits: OttlLimits) {
    this.#maxDepth = maxDepth;
    this.#resolveConflicts = resolveConflicts;
    this.#limits = limits;
  }

  addMap(map: OttlMap, prefix: string, depth: number): void {
    for (const [key, value] of map.entries()) this.#add(prefix === "" ? key : `${prefix}.${key}`, value, depth);
  }

  #add(name: string, value: Value, depth: number): void {
    if (depth < this.#maxDepth && value instanceof OttlMap) this.addMap(value, name, depth + 1);
    else if (depth < this.#maxDepth && value instanceof OttlList) {
      value.items.forEach((element, i) => this.#addElement(name, i, element, depth + 1));
    } else this.#put(name, name, value);
  }

  /** The reference engine puts no point before the index of a list in a list, and counts two levels for it. */
  #addElement(list: string, index: number, element: Value, depth: number): void {
    const name = `${list}.${index}`;
    if (depth < this.#maxDepth && element instanceof OttlMap) this.addMap(element, name, depth + 1);
    else if (depth < this.#maxDepth && element instanceof OttlList) {
      element.items.forEach((inner, i) => this.#add(`${name}${i}`, inner, depth + 2));
    } else this.#put(name, list, element);
  }

  #freeKey(key: string): string {
    if (this.result.get(key) === undefined) return key;
    const number = this.#numbers.get(key) ?? 0;
    this.#numbers.set(key, number + 1);
    return `${key}.${number}`;
  }

  /** @param bare The key where conflicts are resolved: an element then has no index of its own. */
  #put(name: string, bare: string, value: Value): void {
    this.result.set(this.#resolveConflicts ? this.#freeKey(bare) : name, value);
    checkEntries(this.result.size, this.#limits);
  }
}
