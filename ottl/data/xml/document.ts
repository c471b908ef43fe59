/**
 * XML as a tree of nodes, to be looked through, edited and printed.
 *
 * Source: antchfx/xmlquery as the XML functions of the reference engine use it.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { checkEntries, checkParseDepth, checkParseSize, checkTextLength } from "../bounds.ts";
import { localName, prefixOf, type XmlAttribute, XmlReader, type XmlToken } from "./reader.ts";

export type XmlNodeKind =
  | "document"
  | "element"
  | "attribute"
  | "text"
  | "cdata"
  | "comment"
  /** `<?xml …?>` and other processing instructions. */
  | "instruction"
  /** `<!DOCTYPE …>`. */
  | "directive";

export class XmlNode {
  kind: XmlNodeKind;
  /** With its prefix: of an element, an attribute, an instruction. */
  name: string;
  /** Of an attribute, text, CDATA section, comment or directive. */
  text: string;
  parent: XmlNode | undefined;
  children: XmlNode[] = [];
  attributes: XmlNode[] = [];
  /** Place in the document: a node comes after its parent, attributes before children. */
  readonly order: number;

  constructor(kind: XmlNodeKind, name: string, text: string, order = 0) {
    this.kind = kind;
    this.name = name;
    this.text = text;
    this.order = order;
  }

  get prefix(): string {
    return prefixOf(this.name);
  }

  get localName(): string {
    return localName(this.name);
  }

  /** Adds it as the last child. */
  append(child: XmlNode): void {
    child.parent = this;
    this.children.push(child);
  }
}

/**
 * Reads a text that may have several elements at the top, and text between and behind them; what stands before the first
 * is left out, and an XML declaration unless the text begins with one.
 *
 * @throws {OttlError} It is no XML, has no element, or is past a bound.
 */
export function parseXmlDocument(text: string, limits: OttlLimits): XmlNode {
  checkParseSize(text, "XML", limits);
  const builder = new Builder(limits);
  const reader = new XmlReader(text);
  for (let token = reader.next(); token !== undefined; token = reader.next()) builder.add(token);
  const { document } = builder;
  if (!document.children.some(({ kind }) => kind === "element")) {
    throw new OttlError("value", "cannot parse XML: invalid XML document, it has no element");
  }
  if (!text.startsWith("<?xml") && document.children[0]?.kind === "instruction") document.children.shift();
  return document;
}

class Builder {
  readonly document = new XmlNode("document", "", "");
  readonly #limits: OttlLimits;
  #current: XmlNode = this.document;
  #depth = 0;
  #nodes = 0;

  constructor(limits: OttlLimits) {
    this.#limits = limits;
  }

  add(token: XmlToken): void {
    switch (token.kind) {
      case "start":
        return this.#start(token.name, token.attributes);
      case "end":
        this.#current = this.#current.parent!;
        this.#depth--;
        return;
      case "instruction":
        return this.#current.append(this.#instruction(token.target, token.text));
      default:
        // Before the first element or instruction there is nothing yet to hang it on.
        if (this.document.children.length > 0) this.#current.append(this.#node(token.kind, "", token.text));
    }
  }

  #start(name: string, attributes: readonly XmlAttribute[]): void {
    checkParseDepth(++this.#depth, "XML", this.#limits);
    const element = this.#node("element", name, "");
    for (const { name, value } of attributes) this.#addAttribute(element, name, value);
    this.#current.append(element);
    this.#current = element;
    if (element.prefix !== "" && namespaceOf(element) === undefined) {
      throw new OttlError("value", "cannot parse XML: the namespace of a prefix is missing");
    }
  }

  #instruction(target: string, text: string): XmlNode {
    const node = this.#node("instruction", target, target === "xml" ? "" : text.trim());
    for (const pair of text.split(" ")) {
      const equals = pair.indexOf("=");
      if (equals > 0) this.#addAttribute(node, pair.slice(0, equals).trim(), unquoted(pair.slice(equals + 1).trim()));
    }
    return node;
  }

  #addAttribute(to: XmlNode, name: string, value: string): void {
    const attribute = this.#node("attribute", name, value);
    attribute.parent = to;
    to.attributes.push(attribute);
  }

  #node(kind: XmlNodeKind, name: string, text: string): XmlNode {
    checkEntries(++this.#nodes, this.#limits);
    return new XmlNode(kind, name, text, this.#nodes);
  }
}

function unquoted(text: string): string {
  return text.replace(/^["']+|["']+$/g, "");
}

/** The URI of the namespace of an element or attribute; undefined when its prefix is not declared. */
export function namespaceOf(node: XmlNode): string | undefined {
  const { prefix } = node;
  if (prefix === "xml") return "http://www.w3.org/XML/1998/namespace";
  if (node.kind === "attribute" && prefix === "") return "";
  const wanted = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
  for (let element = node.kind === "attribute" ? node.parent : node; element !== undefined; element = element.parent) {
    const declared = element.attributes.find(({ name }) => name === wanted);
    if (declared !== undefined) return declared.text;
  }
  return prefix === "" ? "" : undefined;
}

/** All text below a node; its own for one that has some. */
export function textContent(node: XmlNode): string {
  if (node.kind === "element" || node.kind === "document") {
    const parts: string[] = [];
    collectText(node, parts);
    return parts.join("");
  }
  return node.text;
}

function collectText(node: XmlNode, parts: string[]): void {
  for (const child of node.children) {
    if (child.kind === "text" || child.kind === "cdata") parts.push(child.text);
    else if (child.kind === "element") collectText(child, parts);
  }
}

/**
 * The text of some nodes, one behind the other. An element without content prints as `<a></a>`.
 *
 * @param without Nodes, and all below them, that are left out.
 * @throws {OttlError} It gets too long; of category "limit".
 */
export function printXml(nodes: readonly XmlNode[], limits: OttlLimits, without?: ReadonlySet<XmlNode>): string {
  const printer = new Printer(limits, without);
  for (const node of nodes) printer.print(node, true);
  return printer.text;
}

class Printer {
  text = "";
  readonly #limits: OttlLimits;
  readonly #without: ReadonlySet<XmlNode>;

  constructor(limits: OttlLimits, without: ReadonlySet<XmlNode> = new Set()) {
    this.#limits = limits;
    this.#without = without;
  }

  print(node: XmlNode, keepsSpace: boolean): void {
    if (this.#without.has(node)) return;
    switch (node.kind) {
      case "text":
        return this.#write(escapeXml(keepsSpace ? node.text : node.text.trim()));
      case "cdata":
        return this.#write(`<![CDATA[${node.text}]]>`);
      case "comment":
        return this.#write(`<!--${node.text}-->`);
      case "directive":
        return this.#write(`<!${node.text}>`);
      case "instruction":
        return this.#write(`<?${node.name}${node.name === "xml" ? this.#attributes(node) : instructionText(node)}?>`);
      case "attribute":
        return this.#write(escapeXml(node.text));
      default:
        this.#printParent(node, keepsSpaceIn(node, keepsSpace));
    }
  }

  #printParent(node: XmlNode, keepsSpace: boolean): void {
    const isElement = node.kind === "element";
    if (isElement) this.#write(`<${node.name}${this.#attributes(node)}>`);
    for (const child of node.children) this.print(child, keepsSpace);
    if (isElement) this.#write(`</${node.name}>`);
  }

  #attributes(node: XmlNode): string {
    const kept = node.attributes.filter((attribute) => !this.#without.has(attribute));
    return kept.map(({ name, text }) => ` ${name}="${escapeXml(text)}"`).join("");
  }

  #write(text: string): void {
    this.text += text;
    checkTextLength(this.text.length, this.#limits);
  }
}

/** `xml:space="default"` says that space around text means nothing. */
function keepsSpaceIn(node: XmlNode, outside: boolean): boolean {
  const own = node.attributes.find(({ name }) => name === "xml:space")?.text;
  return own === "preserve" || (own !== "default" && outside);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  "'": "&#39;",
  '"': "&#34;",
};

function escapeXml(text: string): string {
  return text.replace(/[<>&'"]/g, (character) => ESCAPES[character]!);
}

/** What follows the target of an instruction. */
function instructionText({ text }: XmlNode): string {
  return text === "" ? "" : ` ${text}`;
}
