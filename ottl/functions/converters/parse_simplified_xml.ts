/**
 * ParseSimplifiedXML: XML as nested maps of names.
 *
 * @module
 */

import { parseSimplifiedXmlMap } from "../../data/xml/values.ts";
import { converter, str } from "../definition.ts";

export const parseSimplifiedXML = converter({
  name: "ParseSimplifiedXML",
  gives: "map",
  summary: "XML elements by their names: texts, maps, and lists where a name comes more than once. " +
    "Attributes, comments and empty elements are dropped.",
  parameters: { target: str },
  examples: [
    {
      text: 'ParseSimplifiedXML("<a k=\\"1\\"><b>x</b><c>1</c><c>2</c></a>")',
      result: '{"a": {"b": "x", "c": ["1", "2"]}}',
    },
    { text: 'ParseSimplifiedXML("<a/>")', result: "{}" },
    { text: 'ParseSimplifiedXML("text")', error: "invalid XML document" },
  ],
  compile: ({ target }, { limits }) => (item) => parseSimplifiedXmlMap(target.evaluate(item), limits),
});
