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
import { communityID } from "./converters/community_id.ts";
import { concat } from "./converters/concat.ts";
import { containsValue } from "./converters/contains_value.ts";
import { convertAttributesToElementsXML } from "./converters/convert_attributes_to_elements_xml.ts";
import { convertCase } from "./converters/convert_case.ts";
import { convertTextToElementsXML } from "./converters/convert_text_to_elements_xml.ts";
import { day } from "./converters/day.ts";
import { decode } from "./converters/decode.ts";
import { double } from "./converters/double.ts";
import { durationFrom } from "./converters/duration.ts";
import { extractGrokPatterns } from "./converters/extract_grok_patterns.ts";
import { extractPatterns } from "./converters/extract_patterns.ts";
import { filter } from "./converters/filter.ts";
import { find } from "./converters/find.ts";
import { fnv } from "./converters/fnv.ts";
import { format } from "./converters/format.ts";
import { formatTime } from "./converters/format_time.ts";
import { getXML } from "./converters/get_xml.ts";
import { hasPrefix } from "./converters/has_prefix.ts";
import { hasSuffix } from "./converters/has_suffix.ts";
import { hex } from "./converters/hex.ts";
import { hour } from "./converters/hour.ts";
import { hours } from "./converters/hours.ts";
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
import { log } from "./converters/log.ts";
import { mapEach } from "./converters/map_each.ts";
import { mapKeys } from "./converters/map_keys.ts";
import { md5 } from "./converters/md5.ts";
import { microseconds } from "./converters/microseconds.ts";
import { milliseconds } from "./converters/milliseconds.ts";
import { minute } from "./converters/minute.ts";
import { minutes } from "./converters/minutes.ts";
import { month } from "./converters/month.ts";
import { murmur3Hash } from "./converters/murmur3_hash.ts";
import { murmur3Hash128 } from "./converters/murmur3_hash128.ts";
import { nanosecond } from "./converters/nanosecond.ts";
import { nanoseconds } from "./converters/nanoseconds.ts";
import { now } from "./converters/now.ts";
import { parseCEF } from "./converters/parse_cef.ts";
import { parseCLF } from "./converters/parse_clf.ts";
import { parseCSV } from "./converters/parse_csv.ts";
import { parseELF } from "./converters/parse_elf.ts";
import { parseInt } from "./converters/parse_int.ts";
import { parseJSON } from "./converters/parse_json.ts";
import { parseKeyValue } from "./converters/parse_key_value.ts";
import { parseLEEF } from "./converters/parse_leef.ts";
import { parseSeverity } from "./converters/parse_severity.ts";
import { parseSimplifiedXML } from "./converters/parse_simplified_xml.ts";
import { parseXML } from "./converters/parse_xml.ts";
import { profileId } from "./converters/profile_id.ts";
import { reduce } from "./converters/reduce.ts";
import { removeXML } from "./converters/remove_xml.ts";
import { second } from "./converters/second.ts";
import { seconds } from "./converters/seconds.ts";
import { sha1 } from "./converters/sha1.ts";
import { sha256 } from "./converters/sha256.ts";
import { sha512 } from "./converters/sha512.ts";
import { sliceToMap } from "./converters/slice_to_map.ts";
import { sort } from "./converters/sort.ts";
import { spanId } from "./converters/span_id.ts";
import { split } from "./converters/split.ts";
import { string } from "./converters/string.ts";
import { substring } from "./converters/substring.ts";
import { timeFrom } from "./converters/time.ts";
import { toCamelCase } from "./converters/to_camel_case.ts";
import { toKeyValueString } from "./converters/to_key_value_string.ts";
import { toLowerCase } from "./converters/to_lower_case.ts";
import { toSnakeCase } from "./converters/to_snake_case.ts";
import { toUpperCase } from "./converters/to_upper_case.ts";
import { traceId } from "./converters/trace_id.ts";
import { trim } from "./converters/trim.ts";
import { trimPrefix } from "./converters/trim_prefix.ts";
import { trimSuffix } from "./converters/trim_suffix.ts";
import { truncateTime } from "./converters/truncate_time.ts";
import { unix } from "./converters/unix.ts";
import { unixMicro } from "./converters/unix_micro.ts";
import { unixMilli } from "./converters/unix_milli.ts";
import { unixNano } from "./converters/unix_nano.ts";
import { unixSecondsOf } from "./converters/unix_seconds.ts";
import { url } from "./converters/url.ts";
import { userAgent } from "./converters/user_agent.ts";
import { uuid } from "./converters/uuid.ts";
import { uuidv7 } from "./converters/uuidv7.ts";
import { values } from "./converters/values.ts";
import { weekday } from "./converters/weekday.ts";
import { when } from "./converters/when.ts";
import { xxh128Hash } from "./converters/xxh128.ts";
import { xxh3Hash } from "./converters/xxh3.ts";
import { year } from "./converters/year.ts";
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
  communityID,
  concat,
  containsValue,
  convertAttributesToElementsXML,
  convertCase,
  convertTextToElementsXML,
  day,
  decode,
  double,
  durationFrom,
  extractGrokPatterns,
  extractPatterns,
  filter,
  find,
  fnv,
  format,
  formatTime,
  getXML,
  hasPrefix,
  hasSuffix,
  hex,
  hour,
  hours,
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
  log,
  mapEach,
  mapKeys,
  md5,
  microseconds,
  milliseconds,
  minute,
  minutes,
  month,
  murmur3Hash,
  murmur3Hash128,
  nanosecond,
  nanoseconds,
  now,
  parseCSV,
  parseInt,
  parseJSON,
  parseKeyValue,
  parseSeverity,
  parseSimplifiedXML,
  parseXML,
  profileId,
  reduce,
  removeXML,
  second,
  seconds,
  sha1,
  sha256,
  sha512,
  sliceToMap,
  sort,
  spanId,
  split,
  string,
  substring,
  timeFrom,
  toCamelCase,
  toKeyValueString,
  toLowerCase,
  toSnakeCase,
  toUpperCase,
  traceId,
  trim,
  trimPrefix,
  trimSuffix,
  truncateTime,
  unix,
  unixMicro,
  unixMilli,
  unixNano,
  unixSecondsOf,
  url,
  userAgent,
  uuid,
  uuidv7,
  values,
  weekday,
  when,
  xxh128Hash,
  xxh3Hash,
  year,
];

/** Parsers of log lines, which only statements over logs have. */
export const LOG_CONVERTERS: readonly FunctionDefinition[] = [
  parseCEF,
  parseCLF,
  parseELF,
  parseLEEF,
];

/** Functions by name; of two with one name the later wins. */
export function functionTable(
  ...lists: readonly (readonly FunctionDefinition[])[]
): ReadonlyMap<string, FunctionDefinition> {
  return new Map(lists.flat().map((definition) => [definition.name, definition]));
}
