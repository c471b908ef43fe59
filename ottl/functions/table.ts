/**
 * The functions of the language, one line each.
 *
 * @module
 */

import { all } from "./converters/all.ts";
import { anyOf } from "./converters/any.ts";
import { base64Encode } from "./converters/base64_encode.ts";
import { convertAttributesToElementsXML } from "./converters/convert_attributes_to_elements_xml.ts";
import { convertTextToElementsXML } from "./converters/convert_text_to_elements_xml.ts";
import { decode } from "./converters/decode.ts";
import { filter } from "./converters/filter.ts";
import { find } from "./converters/find.ts";
import { getXML } from "./converters/get_xml.ts";
import { insertXML } from "./converters/insert_xml.ts";
import { mapEach } from "./converters/map_each.ts";
import { mapKeys } from "./converters/map_keys.ts";
import { parseCSV } from "./converters/parse_csv.ts";
import { parseJSON } from "./converters/parse_json.ts";
import { parseKeyValue } from "./converters/parse_key_value.ts";
import { parseSeverity } from "./converters/parse_severity.ts";
import { parseSimplifiedXML } from "./converters/parse_simplified_xml.ts";
import { parseXML } from "./converters/parse_xml.ts";
import { reduce } from "./converters/reduce.ts";
import { removeXML } from "./converters/remove_xml.ts";
import { url } from "./converters/url.ts";
import { when } from "./converters/when.ts";
import { append } from "./editors/append.ts";
import { clear } from "./editors/clear.ts";
import { deleteIndex } from "./editors/delete_index.ts";
import { deleteKey } from "./editors/delete_key.ts";
import { flatten } from "./editors/flatten.ts";
import { keepKeys } from "./editors/keep_keys.ts";
import { limit } from "./editors/limit.ts";
import { mergeMaps } from "./editors/merge_maps.ts";
import { set } from "./editors/set.ts";
import { stringifyAll } from "./editors/stringify_all.ts";
import { truncateAll } from "./editors/truncate_all.ts";
import type { FunctionDefinition } from "./definition.ts";

/** Functions that change an item. */
export const STANDARD_EDITORS: readonly FunctionDefinition[] = [
  append,
  clear,
  deleteIndex,
  deleteKey,
  flatten,
  keepKeys,
  limit,
  mergeMaps,
  set,
  stringifyAll,
  truncateAll,
];

/** Functions that give a value; those with a gate are refused without it. */
export const STANDARD_CONVERTERS: readonly FunctionDefinition[] = [
  all,
  anyOf,
  base64Encode,
  convertAttributesToElementsXML,
  convertTextToElementsXML,
  decode,
  filter,
  find,
  getXML,
  insertXML,
  mapEach,
  mapKeys,
  parseCSV,
  parseJSON,
  parseKeyValue,
  parseSeverity,
  parseSimplifiedXML,
  parseXML,
  reduce,
  removeXML,
  url,
  when,
];

/** Parsers of log lines, which only statements over logs have. */
export const LOG_CONVERTERS: readonly FunctionDefinition[] = [];

/** Functions by name; of two with one name the later wins. */
export function functionTable(
  ...lists: readonly (readonly FunctionDefinition[])[]
): ReadonlyMap<string, FunctionDefinition> {
  return new Map(lists.flat().map((definition) => [definition.name, definition]));
}
