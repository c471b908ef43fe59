/**
 * GetXML: what an XPath selects.
 *
 * @module
 */

import { getXml } from "../../data/xml/edit.ts";
import { compileXPath } from "../../data/xml/xpath.ts";
import { alias, converter, litStr, str } from "../definition.ts";

export const getXML = converter({
  name: "GetXML",
  gives: "string",
  summary: "What the XPath 1.0 selects, joined: elements with their markup, of attributes and texts the text.",
  parameters: { target: str, xpath: alias(litStr, "xPath") },
  examples: [
    { text: 'GetXML("<a><b>1</b><b>2</b></a>", "/a/b")', result: '"<b>1</b><b>2</b>"' },
    { text: 'GetXML("<a k=\\"v\\"/>", "//@k")', result: '"v"' },
    { text: 'GetXML("", "/a")', result: '""' },
    { text: 'GetXML("<a/>", "/a[")', error: "xpath" },
  ],
  compile: ({ target, xpath }, { limits }) => {
    const path = compileXPath(xpath);
    return (item) => getXml(target.evaluate(item), path, limits);
  },
});
