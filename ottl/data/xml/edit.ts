/**
 * Edits of XML texts: string in, string out.
 *
 * Source: the XML functions of the reference engine.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { checkEntries } from "../bounds.ts";
import { parseXmlDocument, printXml, XmlNode } from "./document.ts";
import type { XPath } from "./xpath.ts";

/** What is selected, one behind the other: elements with their markup, of attributes and texts the text. */
export function getXml(text: string, xpath: XPath, limits: OttlLimits): string {
  if (text === "") return "";
  const selected = xpath.select(parseXmlDocument(text, limits));
  return printXml(selected.flatMap((node) => printable(node) ?? []), limits);
}

function printable(node: XmlNode): XmlNode | undefined {
  if (node.kind === "cdata") return new XmlNode("text", "", node.text);
  return node.kind === "element" || node.kind === "attribute" || node.kind === "text" ? node : undefined;
}

/** The text without what is selected. */
export function removeXml(text: string, xpath: XPath, limits: OttlLimits): string {
  if (text === "") return "";
  const document = parseXmlDocument(text, limits);
  const removed = new Set(xpath.select(document).filter(({ kind }) => REMOVABLE.has(kind)));
  return printXml(document.children, limits, removed);
}

const REMOVABLE: ReadonlySet<string> = new Set(["element", "attribute", "text", "cdata", "comment"]);

/**
 * The text with all of `subDocument` as the last children of each element that is selected.
 *
 * @throws {OttlError} Something else than elements is selected; either is no XML.
 */
export function insertXml(text: string, xpath: XPath, subDocument: string, limits: OttlLimits): string {
  const document = parseXmlDocument(text, limits);
  const { children: inserted } = parseXmlDocument(subDocument, limits);
  const targets = xpath.select(document);
  checkEntries(targets.length * inserted.length, limits);
  for (const target of targets) {
    if (target.kind !== "element" && target.kind !== "document") {
      throw new OttlError(
        "value",
        `cannot insert XML: the XPath selected a node that is no element but ${target.kind}`,
      );
    }
    for (const node of inserted) target.children.push(node);
  }
  return printXml(document.children, limits);
}

/** The text with each selected attribute as a last child element instead. */
export function convertAttributesToElements(text: string, xpath: XPath, limits: OttlLimits): string {
  const document = parseXmlDocument(text, limits);
  const converted = new Set<XmlNode>();
  for (const attribute of xpath.select(document)) {
    if (attribute.kind !== "attribute") continue;
    attribute.parent?.append(elementOf(attribute.localName, attribute.text));
    converted.add(attribute);
  }
  return printXml(document.children, limits, converted);
}

/** The text with an element round each text that stands beside elements or other texts, in what is selected. */
export function convertTextToElements(text: string, xpath: XPath, elementName: string, limits: OttlLimits): string {
  const document = parseXmlDocument(text, limits);
  for (const node of xpath.select(document)) wrapTexts(node, elementName);
  return printXml(document.children, limits);
}

function wrapTexts(parent: XmlNode, elementName: string): void {
  if (parent.kind !== "element" && parent.kind !== "document") return;
  const elements = parent.children.filter(({ kind }) => kind === "element");
  for (const element of elements) wrapTexts(element, elementName);
  const texts = parent.children.filter(({ kind }) => kind === "text").length;
  if (texts === 0 || elements.length + texts <= 1) return;
  parent.children = parent.children.map((child) => child.kind === "text" ? elementOf(elementName, child.text) : child);
}

function elementOf(name: string, text: string): XmlNode {
  const element = new XmlNode("element", name, "");
  element.append(new XmlNode("text", "", text));
  return element;
}
