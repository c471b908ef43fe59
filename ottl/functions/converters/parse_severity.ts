/**
 * ParseSeverity: the level that a word or number stands for.
 *
 * @module
 */

import { levelOf, readLevels } from "../../data/severity.ts";
import { OttlError } from "../../values/errors.ts";
import type { OttlMap } from "../../values/value.ts";
import { any, converter, type Expression, map } from "../definition.ts";

export const parseSeverity = converter({
  name: "ParseSeverity",
  summary:
    "The first level in `mapping` one of whose criteria `target` meets: `equals`, a list of strings, or `range`, " +
    'ints from `min` to `max` or one of `"2xx" "3xx" "4xx" "5xx"`.',
  parameters: { target: any, mapping: map },
  examples: [
    {
      text: 'ParseSeverity("err", {"error": [{"equals": ["err", "fatal"]}], "info": [{"range": "2xx"}]})',
      result: '"error"',
    },
    { text: 'ParseSeverity(204, {"error": [{"equals": ["err"]}], "info": [{"range": "2xx"}]})', result: '"info"' },
    { text: 'ParseSeverity(5, {"a": [{"range": {"min": 5, "max": 5}}]})', result: '"a"' },
    { text: 'ParseSeverity("x", {})', error: "no level" },
    { text: 'ParseSeverity("x", attributes)', error: "must be a literal" },
    { text: 'ParseSeverity(2.5, {"a": [{"equals": ["x"]}]})', error: "either string or int" },
  ],
  compile: ({ target, mapping }) => {
    const levels = lazily(mapping);
    return (item) => levelOf(target.evaluate(item), levels());
  },
});

/** The engine finds out that a mapping is bad, or no literal, when it runs. */
function lazily({ constant: mapping }: Expression<OttlMap>): () => ReturnType<typeof readLevels> {
  let levels: ReturnType<typeof readLevels> | undefined;
  return () => {
    if (mapping === undefined) throw new OttlError("arg_type", "the severity mapping must be a literal");
    return levels ??= readLevels(mapping);
  };
}
