/**
 * Changes values in a YAML text and leaves the rest of it as it is written: its comments, its order, its quotes.
 *
 * @module
 */

import * as YAML from "yaml";

/**
 * The text with the keys and values of `wanted`: what is equal stays as it is written, with the comments at it.
 *
 * @param source One document whose root is a map, or nothing.
 * @param wanted Plain data: maps, lists, strings, numbers, booleans, null.
 */
export function editYaml(source: string, wanted: Readonly<Record<string, unknown>>): string {
  const document = YAML.parseDocument(source, { keepSourceTokens: false });
  if (YAML.isMap(document.contents)) editMap(document, document.contents, wanted);
  else document.contents = document.createNode(wanted) as unknown as YAML.ParsedNode;
  return document.toString({ lineWidth: 0 });
}

function editMap(document: YAML.Document, map: YAML.YAMLMap, wanted: Readonly<Record<string, unknown>>): void {
  for (const { key } of [...map.items]) {
    if (!Object.hasOwn(wanted, String(YAML.isScalar(key) ? key.value : key))) map.delete(key);
  }
  for (const [key, value] of Object.entries(wanted)) {
    const node = map.get(key, true);
    if (node !== undefined && isEqual(node, value)) continue;
    if (YAML.isMap(node) && isPlainMap(value)) editMap(document, node, value);
    else if (YAML.isSeq(node) && Array.isArray(value)) editList(document, node, value);
    else if (YAML.isScalar(node) && !isCollection(value)) node.value = value;
    else map.set(key, document.createNode(value));
  }
}

/** An item that is equal to a wanted one keeps what is written of it, wherever it goes. */
function editList(document: YAML.Document, list: YAML.YAMLSeq, wanted: readonly unknown[]): void {
  const left = [...list.items];
  list.items = wanted.map((value) => {
    const found = left.findIndex((item) => YAML.isNode(item) && isEqual(item, value));
    const same = found < 0 ? sameName(left, value) : found;
    const [item] = same < 0 ? [] : left.splice(same, 1);
    if (item === undefined) return document.createNode(value);
    if (YAML.isMap(item) && isPlainMap(value)) editMap(document, item, value);
    return item;
  });
}

/** A map that is called as the wanted one is the one that was meant. */
function sameName(items: readonly unknown[], value: unknown): number {
  if (!isPlainMap(value) || value["id"] === undefined) return -1;
  return items.findIndex((item) => YAML.isMap(item) && item.get("id") === value["id"]);
}

function isEqual(node: YAML.Node | unknown, value: unknown): boolean {
  return YAML.isNode(node) && JSON.stringify(node.toJSON()) === JSON.stringify(value);
}

const isCollection = (value: unknown) => typeof value === "object" && value !== null;

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return isCollection(value) && !Array.isArray(value);
}
