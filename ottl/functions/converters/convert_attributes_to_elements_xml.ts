/**
 * ConvertAttributesToElementsXML: attributes as elements.
 *
 * @module
 */

import { convertAttributesToElements } from "../../data/xml/edit.ts";
import { compileXPath } from "../../data/xml/xpath.ts";
import { alias, converter, litStr, optional, str } from "../definition.ts";

export const convertAttributesToElementsXML = converter({
  name: "ConvertAttributesToElementsXML",
  gives: "string",
  summary: "XML with each attribute that the XPath 1.0 selects (default: all) as a last child element.",
  parameters: { target: str, xpath: alias(optional(litStr), "xPath") },
  examples: [
    {
      text: 'ConvertAttributesToElementsXML("<a b=\\"1\\"><d e=\\"3\\"/></a>")',
      result: '"<a><d><e>3</e></d><b>1</b></a>"',
    },
    {
      text: 'ConvertAttributesToElementsXML("<a b=\\"1\\" c=\\"2\\"/>", "/a/@c")',
      result: '"<a b=\\"1\\"><c>2</c></a>"',
    },
  ],
  compile: ({ target, xpath }, { limits }) => {
    const path = compileXPath(xpath || "//@*");
    return (item) => convertAttributesToElements(target.evaluate(item), path, limits);
  },
});
