/**
 * XML: reading, maps, edits.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { parseXmlDocument, printXml } from "../../../../ottl/data/xml/document.ts";
import {
  convertAttributesToElements,
  convertTextToElements,
  getXml,
  insertXml,
  removeXml,
} from "../../../../ottl/data/xml/edit.ts";
import { parseSimplifiedXmlMap, parseXmlMap } from "../../../../ottl/data/xml/values.ts";
import { compileXPath } from "../../../../ottl/data/xml/xpath.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { OttlList, OttlMap, type Value } from "../../../../ottl/values/value.ts";

const LIMITS = DEFAULT_OTTL_LIMITS;
const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);

/** As JSON has it. */
function plain(value: Value): unknown {
  if (value instanceof OttlMap) return Object.fromEntries(value.entries().map(([key, entry]) => [key, plain(entry)]));
  if (value instanceof OttlList) return value.items.map(plain);
  return value;
}

const isOf = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

Deno.test("printXml(parseXmlDocument())", async (t) => {
  const cases: { name: string; text: string; want?: string }[] = [
    { name: "an element", text: '<a b="1"><c>x</c>t</a>' },
    { name: "empty elements", text: "<a><b/></a>", want: "<a><b></b></a>" },
    { name: "a declaration stays", text: '<?xml version="1.0" encoding="utf-8"?><a></a>' },
    { name: "a declaration behind space goes", text: ' <?xml version="1.0"?><a></a>', want: "<a></a>" },
    { name: "text before goes, behind stays", text: "no<a></a>yes", want: "<a></a>yes" },
    { name: "several at the top", text: "<a></a><b></b>" },
    { name: "comments and CDATA", text: "<a><!--c--><![CDATA[<&]]></a>" },
    { name: "a document type", text: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c>">]><a></a>' },
    {
      name: "entities",
      text: "<a b='&lt;&quot;'>&amp;&apos;&#x41;&#66;</a>",
      want: '<a b="&lt;&#34;">&amp;&#39;AB</a>',
    },
    { name: "attributes twice", text: '<a b="1" b="2"></a>' },
    { name: "prefixes", text: '<n:a xmlns:n="u" x:k="v"></n:a>' },
    { name: "line breaks", text: "<a>1\r\n2\r3</a>", want: "<a>1\n2\n3</a>" },
    { name: "space that means nothing", text: '<a xml:space="default"> x </a>', want: '<a xml:space="default">x</a>' },
    { name: "names beyond ASCII", text: "<é>日本</é>" },
  ];
  for (const { name, text, want = text } of cases) {
    await t.step(name, () => strictEqual(printXml(parseXmlDocument(text, LIMITS).children, LIMITS), want));
  }
});

Deno.test("parseXmlDocument() refuses", async (t) => {
  const cases = [
    "",
    "text",
    "<a",
    "<a>",
    "</a>",
    "<a></b>",
    "<a b></a>",
    "<a b=1></a>",
    '<a b="<"></a>',
    "<a>&nope;</a>",
    "<a>&</a>",
    "<a>]]></a>",
    "<a><!-- -- --></a>",
    "<1></1>",
    "<a:b:c></a:b:c>",
    "<n:a></n:a>",
    "<a>\0</a>",
    "<a>&#0;</a>",
    "<a>\udcff</a>",
    "<a><![CDATA[x</a>",
    '<?xml version="2.0"?><a/>',
    "<!DOCTYPE a",
  ];
  for (const text of cases) {
    await t.step(JSON.stringify(text), () => throws(() => parseXmlDocument(text, LIMITS), isOf("value")));
  }
  await t.step("what is past its bounds, and not what is at them", () => {
    ok(parseXmlDocument(nested(128), LIMITS));
    throws(() => parseXmlDocument(nested(129), LIMITS), isOf("limit"));
    ok(parseXmlDocument("<a><b/></a>", { ...LIMITS, maxEntries: 2 }));
    throws(() => parseXmlDocument("<a><b/></a>", { ...LIMITS, maxEntries: 1 }), isOf("limit"));
    throws(() => parseXmlDocument("<a/>", { ...LIMITS, maxParseBytes: 3 }), isOf("limit"));
  });
});

Deno.test("parseXmlDocument() never throws anything but an OttlError", () => {
  const piece = fc.constantFrom(
    "<",
    ">",
    "/",
    "a",
    "<a>",
    "</a>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&",
    "&lt;",
    " ",
    '"',
    "=",
    "<?",
    "?>",
    "<!",
    "x='1'",
    '<b k="v"/>',
    "\udc80",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        const again = (text: string) => printXml(parseXmlDocument(text, LIMITS).children, LIMITS);
        // The first time an instruction, the second time text that stood behind it may be left out at the beginning.
        const text = again(again(pieces.join("")));
        strictEqual(again(text), text);
      } catch (error) {
        ok(error instanceof OttlError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("parseXmlMap()", async (t) => {
  const cases: { name: string; text: string; want: unknown }[] = [
    {
      name: "all that it tells",
      text: '<a id="1">t <b>x</b><b>y</b> u</a>',
      want: {
        tag: "a",
        content: "tu",
        attributes: { id: "1" },
        children: [{ tag: "b", content: "x" }, { tag: "b", content: "y" }],
      },
    },
    {
      name: "prefixes",
      text: '<ns:a xmlns:ns="u" ns:k="v"><ns:b/></ns:a>',
      want: { tag: "a", attributes: { ns: "u", k: "v" }, children: [{ tag: "b" }] },
    },
    { name: "what comes before", text: 'x<?xml version="1.0"?><!DOCTYPE a><!--c--><a/>', want: { tag: "a" } },
    { name: "CDATA", text: "<a><![CDATA[<b>]]></a>", want: { tag: "a", content: "<b>" } },
  ];
  for (const { name, text, want } of cases) {
    await t.step(name, () => deepStrictEqual(plain(parseXmlMap(text, LIMITS)), want));
  }
  for (const text of ["", "x", "<a/>\n", "<a/><b/>", "<a>", "<a>&nope;</a>"]) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseXmlMap(text, LIMITS), isOf("value")));
  }
  await t.step("bounds", () => {
    ok(parseXmlMap(nested(128), LIMITS));
    throws(() => parseXmlMap(nested(129), LIMITS), isOf("limit"));
    throws(() => parseXmlMap(nested(1_000_000), LIMITS), isOf("limit"));
  });
});

Deno.test("parseSimplifiedXmlMap()", async (t) => {
  const cases: { name: string; text: string; want: unknown }[] = [
    { name: "nothing in it", text: "<a/><b/>", want: {} },
    { name: "an empty one counts", text: "<a><b/><b>1</b></a>", want: { a: { b: ["1"] } } },
    { name: "stray text goes", text: '<a b="1"><d>t</d><d>u</d> tail </a>', want: { a: { d: ["t", "u"] } } },
    { name: "text and map", text: "<a><d>t</d><d><e>1</e></d><d><e/></d></a>", want: { a: { d: ["t", { e: "1" }] } } },
    { name: "the first text", text: "<a>x<!--c-->y</a>", want: { a: "x" } },
    { name: "only a comment", text: "<a><!--c--></a>", want: {} },
    { name: "prefixes", text: '<n:a xmlns:n="u">1</n:a>', want: { a: "1" } },
  ];
  for (const { name, text, want } of cases) {
    await t.step(name, () => deepStrictEqual(plain(parseSimplifiedXmlMap(text, LIMITS)), want));
  }
});

const A = '<a b="1"><c>x</c><c d="2">y</c>t</a>';
const R = '<?xml version="1.0"?><r><!--k--><i/><i>2</i></r>';

Deno.test("getXml()", async (t) => {
  const cases: { text: string; xpath: string; want: string }[] = [
    { text: A, xpath: "/a", want: A },
    { text: A, xpath: "//c", want: '<c>x</c><c d="2">y</c>' },
    { text: A, xpath: "//@*", want: "12" },
    { text: A, xpath: "//text()", want: "xyt" },
    { text: A, xpath: "count(//c)", want: "" },
    { text: A, xpath: "/a/b", want: "" },
    { text: R, xpath: "//text()", want: "2" },
    { text: R, xpath: "//comment()", want: "" },
    { text: "<a><![CDATA[<]]></a>", xpath: "//text()", want: "&lt;" },
    { text: "", xpath: "/a", want: "" },
  ];
  for (const { text, xpath, want } of cases) {
    await t.step(`${xpath} of ${text}`, () => strictEqual(getXml(text, compileXPath(xpath), LIMITS), want));
  }
});

Deno.test("removeXml()", async (t) => {
  const cases: { text: string; xpath: string; want: string }[] = [
    { text: R, xpath: "//text()", want: '<?xml version="1.0"?><r><!--k--><i></i><i></i></r>' },
    { text: R, xpath: "/*", want: '<?xml version="1.0"?>' },
    { text: R, xpath: "//@*", want: '<?xml version="1.0"?><r><!--k--><i></i><i>2</i></r>' },
    { text: R, xpath: "//comment()", want: '<?xml version="1.0"?><r><i></i><i>2</i></r>' },
    { text: A, xpath: "/*", want: "" },
    { text: A, xpath: "//i | //c", want: '<a b="1">t</a>' },
    { text: A, xpath: "//@d", want: '<a b="1"><c>x</c><c>y</c>t</a>' },
    { text: "<a>1<![CDATA[2]]></a>", xpath: "//text()", want: "<a></a>" },
    { text: "", xpath: "/a", want: "" },
  ];
  for (const { text, xpath, want } of cases) {
    await t.step(`${xpath} of ${text}`, () => strictEqual(removeXml(text, compileXPath(xpath), LIMITS), want));
  }
});

Deno.test("insertXml()", async (t) => {
  const insert = (text: string, xpath: string, sub: string, limits = LIMITS) =>
    insertXml(text, compileXPath(xpath), sub, limits);
  await t.step(
    "in each",
    () => strictEqual(insert("<a><b/><b/></a>", "//b", "<c/>1"), "<a><b><c></c>1</b><b><c></c>1</b></a>"),
  );
  await t.step("at the top", () => strictEqual(insert("<a/>", "/", "<c/>"), "<a></a><c></c>"));
  await t.step("nowhere", () => strictEqual(insert("<a/>", "//b", "<c/>"), "<a></a>"));
  await t.step("refuses attributes", () => throws(() => insert(A, "//@b", "<c/>"), isOf("value")));
  await t.step("refuses what is no XML", () => throws(() => insert("<a/>", "/a", ""), isOf("value")));
  await t.step("bounds what it makes", () => {
    ok(insert("<a><b/><b/></a>", "//b", "<c/><c/>", { ...LIMITS, maxEntries: 4 }));
    throws(() => insert("<a><b/><b/></a>", "//b", "<c/><c/><c/>", { ...LIMITS, maxEntries: 5 }), isOf("limit"));
    throws(() => insert("<a><b/><b/></a>", "//b", "<cccc/>", { ...LIMITS, maxValueBytes: 30 }), isOf("limit"));
  });
});

Deno.test("convertAttributesToElements()", () => {
  const text = '<a b="1" c="2"><d e="3"/></a>';
  strictEqual(
    convertAttributesToElements(text, compileXPath("//@*"), LIMITS),
    "<a><d><e>3</e></d><b>1</b><c>2</c></a>",
  );
  strictEqual(
    convertAttributesToElements(text, compileXPath("//d | //@c"), LIMITS),
    '<a b="1"><d e="3"></d><c>2</c></a>',
  );
});

Deno.test("convertTextToElements()", () => {
  const convert = (text: string, xpath: string) => convertTextToElements(text, compileXPath(xpath), "v", LIMITS);
  strictEqual(convert("<a>x<b/>y</a>", "/"), "<a><v>x</v><b></b><v>y</v></a>");
  strictEqual(convert("<a>x<b>z<c/></b></a>", "/a/b"), "<a>x<b><v>z</v><c></c></b></a>");
  strictEqual(convert("<a>x</a>y", "/"), "<a>x</a><v>y</v>");
  strictEqual(convert("<a>x<!--c-->y</a>", "//a"), "<a><v>x</v><!--c--><v>y</v></a>");
});
