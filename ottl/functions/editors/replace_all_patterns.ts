/**
 * replace_all_patterns: replaces what a regular expression matches in the strings or keys of a map.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { type OttlMap, PlainMap, type Value } from "../../values/value.ts";
import { editor, fn, litStr, mapPath, optional, str } from "../definition.ts";
import { patternReplacer } from "../replacement.ts";

export const replaceAllPatterns = editor({
  name: "replace_all_patterns",
  summary:
    "As `replace_pattern` on every string of a map, or with `mode` `key` on every key, top level only. Of two keys that become " +
    "one the last value stays. Where `function` fails, a value stays, and an entry whose key it was is lost.",
  parameters: {
    target: mapPath,
    mode: litStr,
    regexPattern: str,
    replacement: str,
    function: optional(fn),
    replacementFormat: optional(str),
  },
  examples: [
    {
      text: 'replace_all_patterns(attributes, "value", "\\\\d+", "N")',
      given: '{"a": "x1", "b": 2}',
      result: '{"a": "xN", "b": 2}',
    },
    {
      text: 'replace_all_patterns(attributes, "key", "\\\\.", "_")',
      given: '{"a.b": 1, "c": "."}',
      result: '{"a_b": 1, "c": "."}',
    },
    { text: 'replace_all_patterns(attributes, "both", "a", "b")', error: "invalid mode" },
  ],
  compile: (args, { limits }) => {
    const { target, mode } = args;
    const replacerOf = patternReplacer(args, limits);
    if (mode !== "key" && mode !== "value") {
      throw new OttlError("arg_value", `invalid mode ${mode}, must be either 'key' or 'value'`);
    }
    return (item) => {
      const map = target.evaluate(item);
      const replace = orUndefined(replacerOf(item));
      if (mode === "value") map.replaceStrings((text) => replace(text) ?? text);
      else renameKeys(map, replace);
      target.set(item, map);
    };
  },
});

type Replace = (text: string) => string | undefined;

/** What went wrong with one entry is not told; the engine goes on with the next. A limit stops it all the same. */
function orUndefined(replace: (text: string) => string): Replace {
  return (text) => {
    try {
      return replace(text);
    } catch (error) {
      if (error instanceof OttlError && error.category !== "limit") return undefined;
      throw error;
    }
  };
}

function renameKeys(map: OttlMap, replace: Replace): void {
  const keys = map.keys();
  const names = keys.map(replace);
  // Of keys that were there twice the last stays, as of keys that become one.
  if (names.every((name, i) => name === keys[i]) && new Set(names).size === keys.length) return;
  const renamed = map.entries().map(([, value], i) => [names[i], value] as const);
  map.assign(new PlainMap(renamed.filter((entry): entry is readonly [string, Value] => entry[0] !== undefined)));
}
