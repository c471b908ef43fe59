/**
 * ParseXML: an XML element as a map.
 *
 * @module
 */

import { parseXmlMap } from "../../data/xml/values.ts";
import { converter, str } from "../definition.ts";

export const parseXML = converter({
  name: "ParseXML",
  gives: "map",
  summary: "An XML element as a map of `tag`, `content` (its text), `attributes` and `children`. " +
    "Prefixes are dropped, comments and instructions ignored.",
  parameters: { target: str },
  examples: [
    {
      text: 'ParseXML("<a id=\\"1\\">t<b>x</b></a>")',
      result: '{"tag": "a", "content": "t", "attributes": {"id": "1"}, "children": [{"tag": "b", "content": "x"}]}',
    },
    { text: 'ParseXML("<a>&lt;&#65;</a>")', result: '{"tag": "a", "content": "<A"}' },
    { text: 'ParseXML("<a/>\\n")', error: "follows" },
    { text: 'ParseXML("<a>&nope;</a>")', error: "entity" },
  ],
  compile: ({ target }, { limits }) => (item) => parseXmlMap(target.evaluate(item), limits),
});
