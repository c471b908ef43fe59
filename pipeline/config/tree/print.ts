/**
 * A tree as YAML text, in block style. What it prints reads back as the same tree.
 *
 * @module
 */

import type { ConfigNode, ScalarNode } from "./node.ts";
import { resolvePlainScalar } from "./scalar.ts";

/** Strings that stand without quotes: words, paths, endpoints, durations. Whether one reads as a number is asked apart. */
const PLAIN = /^(?:[A-Za-z_/.][\w./+@*-]*(?::\/\/[\w./@:*+-]*\w|:\d+)?(?: [\w./+@*-]+)*|\d[\w.]*(?::\d+)?)$/;

/** Prints `root`; "{}" for an empty map. */
export function printYaml(root: ConfigNode): string {
  return `${block(root, "").replace(/^[\n ]+/, "")}\n`;
}

/** What stands behind `key:` or `-`: a space and a scalar, or a line break and the lines of a collection. */
function block(node: ConfigNode, indent: string): string {
  if (node.kind === "scalar") return ` ${scalarText(node)}`;
  if (node.kind === "map") {
    if (node.entries.size === 0) return " {}";
    const lines = [...node.entries].map(([key, entry]) =>
      `${indent}${stringText(key)}:${block(entry.node, `${indent}  `)}`
    );
    return `\n${lines.join("\n")}`;
  }
  if (node.items.length === 0) return " []";
  return `\n${node.items.map((item) => `${indent}-${listItem(item, `${indent}  `)}`).join("\n")}`;
}

/** The first line of a collection goes behind the dash. */
function listItem(item: ConfigNode, indent: string): string {
  const text = block(item, indent);
  return text.startsWith("\n") ? ` ${text.slice(1 + indent.length)}` : text;
}

function scalarText({ value, text }: ScalarNode): string {
  if (typeof value === "string") return stringText(escapeDollars(value));
  if (value === null) return "null";
  // What an expression gave may have comments or lines around it; as written otherwise.
  return Object.is(resolvePlainScalar(text), value) ? text : valueText(value);
}

function valueText(value: number | bigint | boolean): string {
  if (Number.isNaN(value)) return ".nan";
  return Math.abs(Number(value)) === Infinity ? `${Number(value) < 0 ? "-" : ""}.inf` : String(value);
}

/** Escapes what would be read as an expression, or as an escape; `$1` stays as it is. */
function escapeDollars(text: string): string {
  return text.includes("${") || text.includes("$$") ? text.replaceAll("$", "$$$$") : text;
}

function stringText(text: string): string {
  const isPlain = PLAIN.test(text) && typeof resolvePlainScalar(text) === "string";
  return isPlain ? text : quote(text);
}

/** JSON strings are YAML; but YAML takes no control characters, and lone surrogates are no characters at all. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
