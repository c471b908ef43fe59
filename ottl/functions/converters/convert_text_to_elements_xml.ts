/**
 * ConvertTextToElementsXML: texts in elements of their own.
 *
 * @module
 */

import { convertTextToElements } from "../../data/xml/edit.ts";
import { compileXPath } from "../../data/xml/xpath.ts";
import { alias, converter, litStr, optional, str } from "../definition.ts";

export const convertTextToElementsXML = converter({
  name: "ConvertTextToElementsXML",
  gives: "string",
  summary: "XML with an element `elementName` (default `value`) round each text that stands beside elements or other " +
    "texts, in what the XPath 1.0 selects (default: all).",
  parameters: { target: str, xpath: alias(optional(litStr), "xPath"), elementName: optional(litStr) },
  examples: [
    {
      text: 'ConvertTextToElementsXML("<a>x<b/>y</a>")',
      result: '"<a><value>x</value><b></b><value>y</value></a>"',
    },
    { text: 'ConvertTextToElementsXML("<a>x<b/></a>", elementName="e")', result: '"<a><e>x</e><b></b></a>"' },
    { text: 'ConvertTextToElementsXML("<a>x</a>")', result: '"<a>x</a>"' },
  ],
  compile: ({ target, xpath, elementName }, { limits }) => {
    const path = compileXPath(xpath || "/");
    return (item) => convertTextToElements(target.evaluate(item), path, elementName || "value", limits);
  },
});
