/**
 * URLs taken apart.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { type ParsedUrl, parseQuery, parseUrl } from "../../../ottl/data/url.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

const EMPTY = { scheme: "", user: undefined, hostname: "", port: "", path: "", query: "", fragment: "" };

Deno.test("parseUrl()", async (t) => {
  const cases: { text: string; want: Partial<ParsedUrl> }[] = [
    {
      text: "https://u:p%40@example.com:8080/a/b.txt?x=1&y#top",
      want: {
        scheme: "https",
        user: { username: "u", password: "p@", text: "u:p%40" },
        hostname: "example.com",
        port: "8080",
        path: "/a/b.txt",
        query: "x=1&y",
        fragment: "top",
      },
    },
    { text: "http://[::1]:80/x", want: { scheme: "http", hostname: "::1", port: "80", path: "/x" } },
    { text: "http://[fe80::1%25en0]/", want: { scheme: "http", hostname: "fe80::1%en0", path: "/" } },
    { text: "HTTP://EX.COM/UP", want: { scheme: "http", hostname: "EX.COM", path: "/UP", text: "http://EX.COM/UP" } },
    { text: "//h/x", want: { hostname: "h", path: "/x" } },
    { text: "example.com/x", want: { path: "example.com/x" } },
    { text: "http://h:99999", want: { scheme: "http", hostname: "h", port: "99999" } },
    { text: "http://h:/", want: { scheme: "http", hostname: "h", path: "/" } },
    { text: "http://h/a%20b", want: { scheme: "http", hostname: "h", path: "/a b" } },
    { text: "http://h/a b", want: { scheme: "http", hostname: "h", path: "/a b", text: "http://h/a%20b" } },
    { text: "http://h/é", want: { scheme: "http", hostname: "h", path: "/é", text: "http://h/%C3%A9" } },
    { text: "http://h/%ff", want: { scheme: "http", hostname: "h", path: "/\udcff" } },
    { text: "mailto:a@b", want: { scheme: "mailto" } },
    {
      text: "http://@h",
      want: { scheme: "http", user: { username: "", password: undefined, text: "" }, hostname: "h" },
    },
    { text: "/a?", want: { path: "/a" } },
    { text: "/a??", want: { path: "/a", query: "?" } },
    { text: "http://", want: { scheme: "http", text: "http:" } },
    { text: "file:///etc", want: { scheme: "file", path: "/etc" } },
    { text: "*", want: { path: "*" } },
  ];
  for (const { text, want } of cases) {
    await t.step(text, () => deepStrictEqual(parseUrl(text), { ...EMPTY, text, ...want }));
  }
  const refused = [
    "http://h/%zz",
    "http://h:a/",
    ":a",
    "http://[::1",
    "http://a b/",
    "a\nb",
    "1a:b",
  ];
  for (const text of refused) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseUrl(text), OttlError));
  }
});

Deno.test("parseQuery()", async (t) => {
  await t.step(
    "groups values",
    () =>
      deepStrictEqual([...parseQuery("a=1&b=2&a=3&c&&d=x+y%21")], [["a", ["1", "3"]], ["b", ["2"]], ["c", [""]], [
        "d",
        ["x y!"],
      ]]),
  );
  await t.step("is empty for nothing", () => strictEqual(parseQuery("").size, 0));
  await t.step("refuses a semicolon", () => throws(() => parseQuery("a;b"), OttlError));
  await t.step("refuses a broken escape", () => throws(() => parseQuery("a=%1"), OttlError));
});
