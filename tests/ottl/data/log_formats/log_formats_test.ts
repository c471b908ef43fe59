/**
 * CEF, CLF, ELF and LEEF: the answers of the reference engine for lines right, odd and wrong.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { parseCef } from "../../../../ottl/data/log_formats/cef.ts";
import { parseClf } from "../../../../ottl/data/log_formats/clf.ts";
import { parseElf } from "../../../../ottl/data/log_formats/elf.ts";
import { parseLeef } from "../../../../ottl/data/log_formats/leef.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../../ottl/limits.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { OttlList, OttlMap, type Value } from "../../../../ottl/values/value.ts";

const LIMITS = DEFAULT_OTTL_LIMITS;

function plain(value: Value | undefined): unknown {
  if (value instanceof OttlMap) return Object.fromEntries(value.entries().map(([key, inner]) => [key, plain(inner)]));
  return value instanceof OttlList ? value.items.map(plain) : value;
}

function isLimit(thrown: unknown): boolean {
  return thrown instanceof OttlError && thrown.category === "limit";
}

const HEADER = "CEF:0|a|b|c|d|e|5|";

Deno.test("parseCef()", async (t) => {
  await t.step("header", () => {
    deepStrictEqual(plain(parseCef("<1>x CEF: 0 |a\\\\|b\\|\\x| c|d|e|5", LIMITS)), {
      "cef.version": " 0 ",
      "cef.device_vendor": "a\\",
      "cef.device_product": "b|\\x",
      "cef.device_version": " c",
      "cef.device_event_class_id": "d",
      "cef.name": "e",
      "cef.severity": "5",
      "cef.extensions": {},
    });
  });
  const extensions: { text: string; want: Record<string, string> }[] = [
    { text: "k=v w=x y =z q==r", want: { k: "v", w: "x y =z", q: "=r" } },
    { text: " k=v  w=x ", want: { k: "v", w: "x" } },
    { text: "k=  v x  ", want: { k: "  v x" } },
    { text: "k=a\\=b c=d\\\\ e=\\r\\t\\q", want: { k: "a=b", c: "d\\", e: "\r\\t\\q" } },
    { text: "junk k=v", want: { k: "v" } },
    { text: "k=v k=w", want: { k: "w" } },
    { text: "=v k=a|b", want: { k: "a|b" } },
    { text: "k=v\nw=x\ty=z", want: { k: "v\nw=x\ty=z" } },
    { text: "a.b=1 c-d=2 e_f=3 g[0]=4", want: { e_f: "3 g[0]=4" } },
    { text: "k= v=  w=x", want: { k: "", v: "", w: "x" } },
    { text: "k=v \\=w=x", want: { k: "v =w=x" } },
    { text: "k=\\", want: { k: "\\" } },
    { text: "__proto__=x", want: Object.fromEntries([["__proto__", "x"]]) },
  ];
  for (const { text, want } of extensions) {
    await t.step(`extensions ${JSON.stringify(text)}`, () => {
      deepStrictEqual(plain(parseCef(HEADER + text, LIMITS).get("cef.extensions")), want);
    });
  }
  for (const text of ["", "x", "cef:0|a|b|c|d|e|5|", "CEF:0|a|b|c|d|e", "CEF:|a|b|c|d|e|5|"]) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseCef(text, LIMITS), OttlError));
  }
  await t.step("bounds its entries", () => {
    const limits = { ...LIMITS, maxEntries: 2 };
    strictEqual((parseCef(`${HEADER}a=1 b=2`, limits).get("cef.extensions") as OttlMap).size, 2);
    throws(() => parseCef(`${HEADER}a=1 b=2 c=3`, limits), isLimit);
  });
  await t.step("bounds its text", () => {
    const text = `${HEADER}a=1`;
    parseCef(text, { ...LIMITS, maxParseBytes: text.length });
    throws(() => parseCef(text, { ...LIMITS, maxParseBytes: text.length - 1 }), isLimit);
  });
});

Deno.test("parseLeef()", async (t) => {
  await t.step("header", () => {
    deepStrictEqual(plain(parseLeef("<1>x LEEF:1.0|V\\|P|1|e", LIMITS)), {
      "leef.version": "1.0",
      "leef.vendor": "V\\",
      "leef.product.name": "P",
      "leef.product.version": "1",
      "leef.event.id": "e",
      "leef.attributes": {},
    });
  });
  const attributes: { text: string; want: Record<string, string> }[] = [
    { text: "LEEF:1.0|V|P|1|e|a= 1 \t b =2 \tc\t=x\ta=x=y", want: { " b ": "2 ", a: "x=y" } },
    { text: "LEEF:1.0|V|P|1|e|a=x|y\tb=1\nc=2\t", want: { a: "x|y", b: "1\nc=2" } },
    { text: "LEEF:2.0|V|P|1|e|^|a=x|y^b=2", want: { a: "x|y", b: "2" } },
    { text: "LEEF:2.0|V|P|1|e||a=1\tb=2", want: { a: "1", b: "2" } },
    { text: "LEEF:2.0|V|P|1|e|a=1\tb=2", want: { a: "1", b: "2" } },
    { text: "LEEF:2.0|V|P|1|e|0X5e|a=1^b=2", want: { a: "1", b: "2" } },
    { text: "LEEF:2.0|V|P|1|e|0x7C|a=1|b=2", want: { a: "1", b: "2" } },
    { text: "LEEF:2.0|V|P|1|e|=|a=1", want: {} },
    { text: "LEEF:2.0|V|P|1|e|a|a=1ab=2", want: { b: "2" } },
  ];
  for (const { text, want } of attributes) {
    await t.step(JSON.stringify(text), () => {
      deepStrictEqual(plain(parseLeef(text, LIMITS).get("leef.attributes")), want);
    });
  }
  const refused = ["", "x", "LEEF:1.0", "LEEF:1.1|V|P|1|e|", "LEEF: 1.0|V|P|1|e|", "LEEF:2.0|V|P|1"];
  const delimiters = ["^^", "é", "0x", "0x5", "0xZZ", "0x00E9", "x5E"].map((text) => `LEEF:2.0|V|P|1|e|${text}|a=1`);
  for (const text of [...refused, ...delimiters]) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseLeef(text, LIMITS), OttlError));
  }
  await t.step("bounds its entries", () => {
    const limits = { ...LIMITS, maxEntries: 2 };
    parseLeef("LEEF:1.0|V|P|1|e|a=1\tb=2", limits);
    throws(() => parseLeef("LEEF:1.0|V|P|1|e|a=1\tb=2\tc=3", limits), isLimit);
  });
});

Deno.test("parseClf()", async (t) => {
  const line = (request: string, rest = "200 5") => `h - u [10/Oct/2000:13:55:36 -0700] "${request}" ${rest}`;
  await t.step("common", () => {
    deepStrictEqual(plain(parseClf(` ${line("GET /a HTTP/1.0")}\n`, "clf", LIMITS)), {
      "clf.remote_host": "h",
      "clf.rfc931": "-",
      "clf.auth_user": "u",
      "clf.timestamp": "10/Oct/2000:13:55:36 -0700",
      "clf.request": "GET /a HTTP/1.0",
      "clf.method": "GET",
      "clf.request_uri": "/a",
      "clf.protocol": "HTTP/1.0",
      "clf.status": 200n,
      "clf.bytes": 5n,
    });
  });
  const requests: { request: string; want: readonly (string | undefined)[] }[] = [
    { request: "GET / HTTP/1.0 x", want: ["GET", "/", "HTTP/1.0 x"] },
    { request: "GET  /  HTTP", want: ["GET", "", "/  HTTP"] },
    { request: "GET\\x20/ H HTTP", want: ["GET", "/", "H HTTP"] },
    { request: 'G\\"\\x41\\n\\\\\\v\\q\\xZZ\\a / \\xc3\\xa9', want: ['G"A\n\\\v\\q\\xZZ\\a', "/", "é"] },
    { request: "GET / \\xff", want: ["GET", "/", "\udcff"] },
    { request: "GET\n/ H", want: [undefined, undefined, undefined] },
    { request: "-", want: [undefined, undefined, undefined] },
    { request: "", want: [undefined, undefined, undefined] },
  ];
  for (const { request, want } of requests) {
    await t.step(`request ${JSON.stringify(request)}`, () => {
      const fields = parseClf(line(request), "clf", LIMITS);
      deepStrictEqual(["clf.method", "clf.request_uri", "clf.protocol"].map((name) => fields.get(name)), want);
    });
  }
  await t.step("combined", () => {
    const fields = parseClf(line("-", '007 - "a\\"b" "c\\x41"'), "combined", LIMITS);
    deepStrictEqual(["clf.status", "clf.bytes", "clf.referer", "clf.user_agent"].map((name) => fields.get(name)), [
      7n,
      undefined,
      'a"b',
      "cA",
    ]);
  });
  const refused: { text: string; format: "clf" | "combined" }[] = [
    { text: "", format: "clf" },
    { text: line("a", '200 5 "r" "u"'), format: "clf" },
    { text: line("a"), format: "combined" },
    { text: line("a", "- 5"), format: "clf" },
    { text: line("a", "200 99999999999999999999"), format: "clf" },
    { text: line("a\\"), format: "clf" },
    { text: line("a").replace(" ", "  "), format: "clf" },
    { text: line("a").replace(" ", "\t"), format: "clf" },
  ];
  for (const { text, format } of refused) {
    await t.step(`${format} refuses ${JSON.stringify(text)}`, () => {
      throws(() => parseClf(text, format, LIMITS), OttlError);
    });
  }
  await t.step("reads a long line with a quote missing", () => {
    throws(() => parseClf(`h - - [x] "${"\\a".repeat(1 << 20)}`, "clf", LIMITS), OttlError);
  });
});

Deno.test("parseElf()", async (t) => {
  await t.step("fields hold for the lines after them", () => {
    const text = '#Version: 1.0\r\n#Start-Date: x\r\n#Fields: a b\r\n1\r\n"q ""r" 2 3\r\n\r\n# note\r\n#Fields: c\r\n9';
    deepStrictEqual(plain(parseElf(text, LIMITS)), {
      "elf.version": "1.0",
      "elf.start_date": "x",
      "elf.fields": ["c"],
      "elf.entries": [{ a: "1", b: "-" }, { a: 'q "r', b: "2" }, { c: "9" }],
    });
  });
  for (const text of ["", "#Fields: a\n1", "#Version: 1.0\n1"]) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseElf(text, LIMITS), OttlError));
  }
  await t.step("bounds the values of all entries: a short line has all fields", () => {
    const limits = { ...LIMITS, maxEntries: 4 };
    parseElf("#Version: 1.0\n#Fields: a b\n1\n2", limits);
    throws(() => parseElf("#Version: 1.0\n#Fields: a b\n1\n2\n3", limits), isLimit);
  });
});
