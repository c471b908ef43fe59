/**
 * The functions of XPath 1.0.
 *
 * Source: XPath 1.0 (W3C, 1999), section 4.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { namespaceOf, type XmlNode } from "./document.ts";
import { ancestor } from "./xpath_axes.ts";
import { type Context, nodesOf, textOf, toBoolean, toNumber, toText, type XPathValue } from "./xpath_values.ts";

interface XPathFunction {
  /** The least and the most arguments. */
  readonly arity: readonly [number, number];
  call(args: readonly XPathValue[], context: Context): XPathValue;
}

/**
 * The function of that name, for so many arguments.
 *
 * @throws {OttlError} There is none; of category "arg_value".
 */
export function functionNamed(name: string, argumentCount: number): XPathFunction["call"] {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (found === undefined) throw new OttlError("arg_value", `invalid xpath: there is no function ${name}()`);
  const [least, most] = found.arity;
  if (argumentCount < least || argumentCount > most) {
    throw new OttlError("arg_value", `invalid xpath: ${name}() does not take ${argumentCount} arguments`);
  }
  return found.call;
}

/** One that works on texts; without an argument it takes the context node where `arity` allows. */
function ofTexts(
  arity: readonly [number, number],
  call: (...texts: string[]) => XPathValue,
): XPathFunction {
  return {
    arity,
    call: (args, context) =>
      call(...(args.length === 0 ? [textOf(context.node, context.work)] : args.map((arg) => toText(arg, context)))),
  };
}

/** One that tells something of the first node, or the context node. */
function ofNode(tell: (node: XmlNode) => string): XPathFunction {
  return {
    arity: [0, 1],
    call: (args, context) => {
      const [node] = args.length === 0 ? [context.node] : nodesOf(args[0]!);
      return node === undefined ? "" : tell(node);
    },
  };
}

function ofNumber(call: (value: number) => number): XPathFunction {
  return { arity: [1, 1], call: ([value], context) => call(toNumber(value!, context)) };
}

const FUNCTIONS: Readonly<Record<string, XPathFunction>> = {
  last: { arity: [0, 0], call: (_, { size }) => size },
  position: { arity: [0, 0], call: (_, { position }) => position },
  count: { arity: [1, 1], call: ([nodes]) => nodesOf(nodes!).length },
  // Without a document type no attribute is an identifier.
  id: { arity: [1, 1], call: () => [] },
  "local-name": ofNode((node) => node.localName),
  "namespace-uri": ofNode((node) => (node.name === "" ? undefined : namespaceOf(node)) ?? ""),
  name: ofNode((node) => node.name),
  string: ofTexts([0, 1], (text) => text!),
  concat: ofTexts([2, 64], (...texts) => texts.join("")),
  "starts-with": ofTexts([2, 2], (text, begin) => text!.startsWith(begin!)),
  contains: ofTexts([2, 2], (text, part) => text!.includes(part!)),
  "substring-before": ofTexts(
    [2, 2],
    (text, part) => text!.includes(part!) ? text!.slice(0, text!.indexOf(part!)) : "",
  ),
  "substring-after": ofTexts(
    [2, 2],
    (text, part) => text!.includes(part!) ? text!.slice(text!.indexOf(part!) + part!.length) : "",
  ),
  substring: {
    arity: [2, 3],
    call: ([text, start, length], context) => {
      const from = roundHalfUp(toNumber(start!, context));
      const to = length === undefined ? Infinity : from + roundHalfUp(toNumber(length, context));
      return [...toText(text!, context)].filter((_, i) => i + 1 >= from && i + 1 < to).join("");
    },
  },
  "string-length": ofTexts([0, 1], (text) => [...text!].length),
  "normalize-space": ofTexts([0, 1], (text) => text!.split(/[ \t\r\n]+/).filter((word) => word !== "").join(" ")),
  translate: ofTexts([3, 3], (text, from, to) => {
    const wanted = [...from!];
    const given = [...to!];
    return [...text!].map((character) => {
      const at = wanted.indexOf(character);
      return at < 0 ? character : given[at] ?? "";
    }).join("");
  }),
  boolean: { arity: [1, 1], call: ([value]) => toBoolean(value!) },
  not: { arity: [1, 1], call: ([value]) => !toBoolean(value!) },
  true: { arity: [0, 0], call: () => true },
  false: { arity: [0, 0], call: () => false },
  lang: {
    arity: [1, 1],
    call: ([wanted], context) => {
      const tag = toText(wanted!, context).toLowerCase();
      const language = [context.node, ...ancestor(context.node)].flatMap(({ attributes }) => attributes)
        .find(({ name }) => name === "xml:lang")?.text.toLowerCase();
      return language !== undefined && (language === tag || language.startsWith(`${tag}-`));
    },
  },
  number: {
    arity: [0, 1],
    call: ([value], context) => toNumber(value ?? [context.node], context),
  },
  sum: {
    arity: [1, 1],
    call: ([nodes], context) => nodesOf(nodes!).reduce((sum, node) => sum + toNumber([node], context), 0),
  },
  floor: ofNumber(Math.floor),
  ceiling: ofNumber(Math.ceil),
  round: ofNumber(roundHalfUp),
};

/** Source: XPath 1.0, 4.4 `round`. */
function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}
