/**
 * InsertXML: XML with more in it.
 *
 * @module
 */

import { insertXml } from "../../data/xml/edit.ts";
import { compileXPath } from "../../data/xml/xpath.ts";
import { alias, converter, litStr, str } from "../definition.ts";

export const insertXML = converter({
  name: "InsertXML",
  gives: "string",
  summary: "XML with `subDocument` as the last children of each element that the XPath 1.0 selects.",
  parameters: { target: str, xpath: alias(litStr, "xPath"), subDocument: str },
  examples: [
    { text: 'InsertXML("<a><b/><b/></a>", "//b", "<c>1</c>")', result: '"<a><b><c>1</c></b><b><c>1</c></b></a>"' },
    { text: 'InsertXML("<a/>", "/nope", "<c/>")', result: '"<a></a>"' },
    { text: 'InsertXML("<a k=\\"v\\"/>", "//@k", "<c/>")', error: "no element" },
  ],
  compile: ({ target, xpath, subDocument }, { limits }) => {
    const path = compileXPath(xpath);
    return (item) => insertXml(target.evaluate(item), path, subDocument.evaluate(item), limits);
  },
});
