/**
 * RemoveXML: XML without what an XPath selects.
 *
 * @module
 */

import { removeXml } from "../../data/xml/edit.ts";
import { compileXPath } from "../../data/xml/xpath.ts";
import { alias, converter, litStr, str } from "../definition.ts";

export const removeXML = converter({
  name: "RemoveXML",
  gives: "string",
  summary: "XML without the elements, attributes, texts and comments that the XPath 1.0 selects.",
  parameters: { target: str, xpath: alias(litStr, "xPath") },
  examples: [
    { text: 'RemoveXML("<a><b>1</b>t</a>", "/a/b")', result: '"<a>t</a>"' },
    { text: 'RemoveXML("<a k=\\"v\\"><!--c--></a>", "//@k | //comment()")', result: '"<a></a>"' },
    { text: 'RemoveXML("text", "/a")', error: "invalid XML document" },
  ],
  compile: ({ target, xpath }, { limits }) => {
    const path = compileXPath(xpath);
    return (item) => removeXml(target.evaluate(item), path, limits);
  },
});
