/**
 * XPath 1.0.
 *
 * @module
 */

import { deepStrictEqual, ok, throws } from "node:assert";
import { parseXmlDocument } from "../../../../ottl/data/xml/document.ts";
import { compileXPath } from "../../../../ottl/data/xml/xpath.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";

const BOOKS = parseXmlDocument(
  `<?xml version="1.0"?><shop xml:lang="en-GB" xmlns:n="u"><!--stock--><book id="b1" price="10"><title>One</title><tag>x</tag>` +
    `<tag>y</tag></book><book id="b2" price="25.5"><title>Two &amp; more</title></book><n:book id="b3"><title>Three</title>` +
    `<![CDATA[raw]]></n:book><?pi do?></shop>`,
  DEFAULT_OTTL_LIMITS,
);

/** Names or texts of what it selects. */
function select(xpath: string): string[] {
  return compileXPath(xpath).select(BOOKS).map((node) => {
    if (node.kind === "element") return node.attributes.find(({ name }) => name === "id")?.text ?? node.name;
    return node.kind === "document" ? "/" : node.text || node.name;
  });
}

Deno.test("compileXPath() selects", async (t) => {
  const cases: { xpath: string; want: string[] }[] = [
    { xpath: "/", want: ["/"] },
    { xpath: "/shop/book", want: ["b1", "b2"] },
    { xpath: "shop/*", want: ["b1", "b2", "b3"] },
    { xpath: "//n:book", want: ["b3"] },
    { xpath: "//n:*", want: ["b3"] },
    { xpath: "//m:book", want: [] },
    { xpath: "//book[2]", want: ["b2"] },
    { xpath: "//book[last()]", want: ["b2"] },
    { xpath: "//tag[1]", want: ["tag"] },
    { xpath: "//book[@price > 10]", want: ["b2"] },
    { xpath: "//book[@price <= 10]/@id", want: ["b1"] },
    { xpath: "//*[10 < @price]", want: ["b2"] },
    { xpath: "//book[@price = 10.0]", want: ["b1"] },
    { xpath: "//book[@price != 10]", want: ["b2"] },
    { xpath: "//book[title = 'One']", want: ["b1"] },
    { xpath: "//book[tag]", want: ["b1"] },
    { xpath: "//book[not(tag)]", want: ["b2"] },
    { xpath: "//book[tag = 'y' and tag = 'x']", want: ["b1"] },
    { xpath: "//book[@id = 'b2' or title = 'One']", want: ["b1", "b2"] },
    { xpath: "//book[position() mod 2 = 0]", want: ["b2"] },
    { xpath: "//tag/text()", want: ["x", "y"] },
    { xpath: "/shop/n:book/text()", want: ["raw"] },
    { xpath: "//comment()", want: ["stock"] },
    { xpath: "//processing-instruction('pi')", want: ["do"] },
    { xpath: "//processing-instruction('no')", want: [] },
    { xpath: "//title[. = 'Two & more']/..", want: ["b2"] },
    { xpath: "//tag[1]/following-sibling::tag/text()", want: ["y"] },
    { xpath: "//tag[2]/preceding-sibling::*[1]/text()", want: ["x"] },
    { xpath: "//tag[1]/following::title/text()", want: ["Two & more", "Three"] },
    { xpath: "//n:book/preceding::title/text()", want: ["One", "Two & more"] },
    { xpath: "//tag[1]/ancestor::*", want: ["shop", "b1"] },
    { xpath: "//tag[1]/ancestor::*[1]", want: ["b1"] },
    { xpath: "//tag[1]/ancestor-or-self::node()", want: ["/", "shop", "b1", "tag"] },
    { xpath: "/shop/descendant::tag[2]/text()", want: ["y"] },
    { xpath: "(//book)[1]/self::book", want: ["b1"] },
    { xpath: "(//book | //n:book)[3]", want: ["b3"] },
    { xpath: "//book[2] | //book[1]", want: ["b2", "b1"] },
    { xpath: "//tag | //tag[1]", want: ["tag", "tag"] },
    { xpath: "//*[starts-with(name(), 'n:')]", want: ["b3"] },
    { xpath: "//*[local-name() = 'book'][namespace-uri() = 'u']", want: ["b3"] },
    { xpath: "//book[contains(title, '&')]", want: ["b2"] },
    { xpath: "//book[substring-before(title, ' ') = 'Two']", want: ["b2"] },
    { xpath: "//book[substring-after(title, '& ') = 'more']", want: ["b2"] },
    { xpath: "//book[substring(title, 2, 2) = 'ne']", want: ["b1"] },
    { xpath: "//*[substring('12345', 1.5, 2.6) = '234']/@id", want: ["b1", "b2", "b3"] },
    { xpath: "//book[string-length(title) = 3]", want: ["b1"] },
    { xpath: "//*[normalize-space(' a  b ') = 'a b' and @price]", want: ["b1", "b2"] },
    { xpath: "//book[translate(title, 'ONE', 'one') = 'one']", want: ["b1"] },
    { xpath: "//book[concat(@id, '-', @price) = 'b1-10']", want: ["b1"] },
    { xpath: "/shop[sum(book/@price) = 35.5]", want: ["shop"] },
    { xpath: "/shop[count(book) * 2 - 1 = 3]", want: ["shop"] },
    { xpath: "/shop[7 div 2 = 3.5 and -3 + 5 = 2]", want: ["shop"] },
    { xpath: "/shop[floor(2.5) = 2 and ceiling(2.5) = 3 and round(2.5) = 3 and round(-2.5) = -2]", want: ["shop"] },
    { xpath: "/shop[number('x') != number('x')]", want: ["shop"] },
    { xpath: "/shop[boolean('x') = true() and not(false())]", want: ["shop"] },
    { xpath: "//title[lang('en')][1]/..", want: ["b1", "b2", "b3"] },
    { xpath: "/shop[string(1 div 0) = 'Infinity']", want: ["shop"] },
    { xpath: "//@*[. = 'b2']", want: ["b2"] },
    { xpath: "//child::book/attribute::id", want: ["b1", "b2"] },
    { xpath: "//title[../@id='b1']", want: ["title"] },
    { xpath: "//book, //title", want: ["b1", "b2"] },
    { xpath: "//book] ^", want: ["b1", "b2"] },
    { xpath: "//title/..[@id='b2']", want: ["b2"] },
    { xpath: "90s", want: [] },
    { xpath: "count(//book)", want: [] },
    { xpath: "'text'", want: [] },
    { xpath: "id('b1')", want: [] },
    { xpath: "/shop/namespace::*", want: [] },
    { xpath: "//div | //mod | //and", want: [] },
  ];
  for (const { xpath, want } of cases) await t.step(xpath, () => deepStrictEqual(select(xpath), want));
});

Deno.test("compileXPath() refuses", async (t) => {
  const cases = [
    "",
    "/a[",
    "//",
    "a:",
    "a ^",
    "nope(1)",
    "count()",
    "count(1, 2)",
    "nope::a",
    "$x",
    "'open",
    "a!b",
    "/a/",
    "a[]",
    "(".repeat(100) + "1" + ")".repeat(100),
  ];
  for (const xpath of cases) {
    await t.step(
      xpath.slice(0, 20) || "nothing",
      () => throws(() => compileXPath(xpath), (error) => error instanceof OttlError && error.category === "arg_value"),
    );
  }
});

Deno.test("an evaluation is bounded", async (t) => {
  const limits = { ...DEFAULT_OTTL_LIMITS, maxParseDepth: 1_000 };
  const deep = parseXmlDocument("<a>".repeat(500) + "</a>".repeat(500), limits);
  const wide = parseXmlDocument(`<a>${"<b>x</b>".repeat(20_000)}</a>`, limits);
  await t.step("many ways to one node", () => ok(compileXPath("//a//a//a//a").select(deep).length === 497));
  const isLimit = (error: unknown) => error instanceof OttlError && error.category === "limit";
  for (
    const xpath of ["//b[//b[//b]]", "//b/following::b", "//b[. = //b]", "//b[count(//b) > 1]", "//b[//text() != .]"]
  ) {
    await t.step(xpath, () => {
      try {
        compileXPath(xpath).select(wide);
      } catch (error) {
        ok(isLimit(error), String(error));
      }
    });
  }
  await t.step("past it", () => throws(() => compileXPath("//b[count(//b) > 1]").select(wide), isLimit));
});
