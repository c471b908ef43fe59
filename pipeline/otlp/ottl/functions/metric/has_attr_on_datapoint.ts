/**
 * `HasAttrOnDatapoint(key, value)`
 *
 * @module
 */

import { alias, converter, litStr } from "../../../../../ottl/functions/definition.ts";
import { encodeUtf8 } from "../../../../../ottl/values/utf8.ts";
import { firstAttribute, stringOf } from "../points/attribute_of_points.ts";

export const hasAttrOnDatapoint = converter({
  name: "HasAttrOnDatapoint",
  summary:
    "Whether the first point of the metric that has the attribute `key` has it with the string `value`; what is " +
    "no string counts as empty. A metric without data is an error.",
  parameters: { key: litStr, expectedVal: alias(litStr, "value") },
  examples: [{ text: 'HasAttrOnDatapoint("http.route", "/health")' }],
  compile: ({ key, expectedVal }) => {
    const keyBytes = encodeUtf8(key);
    return (item) => {
      const value = firstAttribute(item, keyBytes);
      return value !== undefined && stringOf(value) === expectedVal;
    };
  },
});
