/**
 * `HasAttrKeyOnDatapoint(key)`
 *
 * @module
 */

import { converter, litStr } from "../../../../../ottl/functions/definition.ts";
import { encodeUtf8 } from "../../../../../ottl/values/utf8.ts";
import { firstAttribute } from "../points/attribute_of_points.ts";

export const hasAttrKeyOnDatapoint = converter({
  name: "HasAttrKeyOnDatapoint",
  summary: "Whether any point of the metric has the attribute `key`. A metric without data is an error.",
  parameters: { key: litStr },
  examples: [{ text: 'HasAttrKeyOnDatapoint("http.route")' }],
  compile: ({ key }) => {
    const keyBytes = encodeUtf8(key);
    return (item) => firstAttribute(item, keyBytes) !== undefined;
  },
});
