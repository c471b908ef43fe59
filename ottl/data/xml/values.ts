/**
 * XML as maps and lists.
 *
 * Source: ParseXML and ParseSimplifiedXML of the reference engine.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { OttlList, type OttlMap, PlainMap } from "../../values/value.ts";
import { checkEntries, checkParseDepth, checkParseSize } from "../bounds.ts";
import { parseXmlDocument, type XmlNode } from "./document.ts";
import { localName, type XmlAttribute, XmlReader, type XmlToken } from "./reader.ts";

/** An element that is being read. */
interface OpenElement {
  readonly tag: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: PlainMap[];
  content: string;
}

/**
 * The first element as a map of `tag`, `content`, `attributes` and `children`; names lose their prefixes.
 *
 * @throws {OttlError} It is no XML, or anything follows the element; past a bound.
 */
export function parseXmlMap(text: string, limits: OttlLimits): PlainMap {
  checkParseSize(text, "XML", limits);
  const reader = new XmlReader(text);
  const open: OpenElement[] = [];
  let count = 0;
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    if (token.kind === "start") checkEntries(++count, limits);
    const root = addToken(token, open);
    checkParseDepth(open.length, "XML", limits);
    if (root === undefined) continue;
    if (reader.isAtEnd) return root;
    throw new OttlError("value", "cannot parse XML: something follows the root element");
  }
  throw new OttlError("value", "cannot parse XML: it has no element");
}

/** The root, once it is complete. */
function addToken(token: XmlToken, open: OpenElement[]): PlainMap | undefined {
  const current = open.at(-1);
  if (token.kind === "start") {
    open.push({ tag: localName(token.name), attributes: token.attributes, children: [], content: "" });
  } else if (token.kind === "end") {
    const map = mapOf(open.pop()!);
    const parent = open.at(-1);
    if (parent === undefined) return map;
    parent.children.push(map);
  } else if (current !== undefined && (token.kind === "text" || token.kind === "cdata")) {
    current.content += token.text.trim();
  }
  return undefined;
}

function mapOf({ tag, content, attributes, children }: OpenElement): PlainMap {
  const map = new PlainMap([["tag", tag]]);
  if (content !== "") map.set("content", content);
  if (attributes.length > 0) {
    map.set("attributes", new PlainMap(attributes.map(({ name, value }) => [localName(name), value] as const)));
  }
  if (children.length > 0) map.set("children", new OttlList(children));
  return map;
}

/**
 * Elements by their names: a text for one that holds only text, a map for one that holds elements, a list for several of
 * a name. Attributes, comments and empty elements are left out.
 *
 * @throws {OttlError} It is no XML; past a bound.
 */
export function parseSimplifiedXmlMap(text: string, limits: OttlLimits): OttlMap {
  return simplify(parseXmlDocument(text, limits));
}

function simplify(parent: XmlNode): PlainMap {
  const counts = new Map<string, number>();
  const elements = parent.children.filter(({ kind }) => kind === "element");
  for (const { localName } of elements) counts.set(localName, (counts.get(localName) ?? 0) + 1);
  const map = new PlainMap();
  for (const element of elements) {
    const name = element.localName;
    const isOneOfMany = (counts.get(name) ?? 0) > 1;
    if (element.children.length === 0) continue;
    if (isOneOfMany && map.get(name) === undefined) map.set(name, new OttlList([]));
    const value = simplifiedValue(element);
    if (value === undefined) continue;
    const list = map.get(name);
    if (isOneOfMany && list instanceof OttlList) list.items.push(value);
    else map.set(name, value);
  }
  return map;
}

/** Undefined when there is nothing in it. */
function simplifiedValue(element: XmlNode): string | PlainMap | undefined {
  if (element.children.some(({ kind }) => kind === "element")) {
    const map = simplify(element);
    return map.size === 0 ? undefined : map;
  }
  const text = element.children.find(({ kind }) => kind === "text" || kind === "cdata")?.text;
  return text === "" ? undefined : text;
}
