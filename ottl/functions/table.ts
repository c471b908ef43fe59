/**
 * The functions of the language, one line each.
 *
 * @module
 */

import { all } from "./converters/all.ts";
import { anyOf } from "./converters/any.ts";
import { base64Encode } from "./converters/base64_encode.ts";
import { bool } from "./converters/bool.ts";
import { coalesce } from "./converters/coalesce.ts";
import { concat } from "./converters/concat.ts";
import { containsValue } from "./converters/contains_value.ts";
import { convertAttributesToElementsXML } from "./converters/convert_attributes_to_elements_xml.ts";
import { convertCase } from "./converters/convert_case.ts";
import { convertTextToElementsXML } from "./converters/convert_text_to_elements_xml.ts";
import { decode } from "./converters/decode.ts";
import { double } from "./converters/double.ts";
import { extractGrokPatterns } from "./converters/extract_grok_patterns.ts";
import { extractPatterns } from "./converters/extract_patterns.ts";
import { filter } from "./converters/filter.ts";
import { find } from "./converters/find.ts";
import { format } from "./converters/format.ts";
import { getXML } from "./converters/get_xml.ts";
import { hasPrefix } from "./converters/has_prefix.ts";
import { hasSuffix } from "./converters/has_suffix.ts";
import { hex } from "./converters/hex.ts";
import { index } from "./converters/index.ts";
import { insertXML } from "./converters/insert_xml.ts";
import { int } from "./converters/int.ts";
import { isBool } from "./converters/is_bool.ts";
import { isDouble } from "./converters/is_double.ts";
import { isEmpty } from "./converters/is_empty.ts";
import { isInCIDR } from "./converters/is_in_cidr.ts";
import { isInt } from "./converters/is_int.ts";
import { isList } from "./converters/is_list.ts";
import { isMap } from "./converters/is_map.ts";
import { isMatch } from "./converters/is_match.ts";
import { isString } from "./converters/is_string.ts";
import { isValidLuhn } from "./converters/is_valid_luhn.ts";
import { keys } from "./converters/keys.ts";
import { len } from "./converters/len.ts";
import { mapEach } from "./converters/map_each.ts";
import { mapKeys } from "./converters/map_keys.ts";
import { parseCSV } from "./converters/parse_csv.ts";
import { parseInt } from "./converters/parse_int.ts";
import { parseJSON } from "./converters/parse_json.ts";
import { parseKeyValue } from "./converters/parse_key_value.ts";
import { parseSeverity } from "./converters/parse_severity.ts";
import { parseSimplifiedXML } from "./converters/parse_simplified_xml.ts";
import { parseXML } from "./converters/parse_xml.ts";
import { reduce } from "./converters/reduce.ts";
import { removeXML } from "./converters/remove_xml.ts";
import { sliceToMap } from "./converters/slice_to_map.ts";
import { sort } from "./converters/sort.ts";
import { split } from "./converters/split.ts";
import { string } from "./converters/string.ts";
import { substring } from "./converters/substring.ts";
import { toCamelCase } from "./converters/to_camel_case.ts";
import { toKeyValueString } from "./converters/to_key_value_string.ts";
import { toLowerCase } from "./converters/to_lower_case.ts";
import { toSnakeCase } from "./converters/to_snake_case.ts";
import { toUpperCase } from "./converters/to_upper_case.ts";
import { trim } from "./converters/trim.ts";
import { trimPrefix } from "./converters/trim_prefix.ts";
import { trimSuffix } from "./converters/trim_suffix.ts";
import { url } from "./converters/url.ts";
import { userAgent } from "./converters/user_agent.ts";
import { values } from "./converters/values.ts";
import { when } from "./converters/when.ts";
import { append } from "./editors/append.ts";
import { clear } from "./editors/clear.ts";
import { deleteIndex } from "./editors/delete_index.ts";
import { deleteKey } from "./editors/delete_key.ts";
import { deleteMatchingKeys } from "./editors/delete_matching_keys.ts";
import { flatten } from "./editors/flatten.ts";
import { keepKeys } from "./editors/keep_keys.ts";
import { keepMatchingKeys } from "./editors/keep_matching_keys.ts";
import { limit } from "./editors/limit.ts";
import { mergeMaps } from "./editors/merge_maps.ts";
import { replaceAllMatches } from "./editors/replace_all_matches.ts";
import { replaceAllPatterns } from "./editors/replace_all_patterns.ts";
import { replaceMatch } from "./editors/replace_match.ts";
import { replacePattern } from "./editors/replace_pattern.ts";
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
  deleteMatchingKeys,
  flatten,
  keepKeys,
  keepMatchingKeys,
  limit,
  mergeMaps,
  replaceAllMatches,
  replaceAllPatterns,
  replaceMatch,
  replacePattern,
  set,
  stringifyAll,
  truncateAll,
];

/** Functions that give a value; those with a gate are refused without it. */
export const STANDARD_CONVERTERS: readonly FunctionDefinition[] = [
  all,
  anyOf,
  base64Encode,
  bool,
  coalesce,
  concat,
  containsValue,
  convertAttributesToElementsXML,
  convertCase,
  convertTextToElementsXML,
  decode,
  double,
  extractGrokPatterns,
  extractPatterns,
  filter,
  find,
  format,
  getXML,
  hasPrefix,
  hasSuffix,
  hex,
  index,
  insertXML,
  int,
  isBool,
  isDouble,
  isEmpty,
  isInCIDR,
  isInt,
  isList,
  isMap,
  isMatch,
  isString,
  isValidLuhn,
  keys,
  len,
  mapEach,
  mapKeys,
  parseCSV,
  parseInt,
  parseJSON,
  parseKeyValue,
  parseSeverity,
  parseSimplifiedXML,
  parseXML,
  reduce,
  removeXML,
  sliceToMap,
  sort,
  split,
  string,
  substring,
  toCamelCase,
  toKeyValueString,
  toLowerCase,
  toSnakeCase,
  toUpperCase,
  trim,
  trimPrefix,
  trimSuffix,
  url,
  userAgent,
  values,
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
