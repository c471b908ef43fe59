import { match, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readHttpUrl } from "../../../../pipeline/config/network/http_url.ts";

Deno.test("readHttpUrl()", async (t) => {
  const cases: [text: string, host: string | undefined][] = [
    ["http://collector:4318", "collector:4318"],
    ["HTTPS://Collector/otlp?x=1#y", "collector"],
    ["http://[::1]:4318/", "[::1]:4318"],
    ["http://user:password@collector/", "collector"],
    ["http:evil", undefined],
    ["http:/evil", undefined],
    ["http:///evil", undefined],
    [String.raw`http:\\evil`, undefined],
    [String.raw`http://\evil`, undefined],
    [String.raw`http://a.example\@evil`, undefined],
    [String.raw`http://a.example/b\c`, "a.example"],
    [" http://evil", undefined],
    ["ht\ntp://evil", undefined],
    ["http://e vil", undefined],
    ["ws://evil", undefined],
    ["evil:4318", undefined],
    ["http://", undefined],
    ["", undefined],
  ];
  for (const [text, host] of cases) {
    await t.step(JSON.stringify(text), () => strictEqual(readHttpUrl(text)?.host, host));
  }
});

Deno.test("readHttpUrl(): the host stands between the slashes and what follows", () => {
  const part = fc.constantFrom(
    "http:",
    "https://",
    "/",
    "\\",
    "@",
    "?",
    "#",
    ":",
    "evil",
    "a.example",
    "80",
    " ",
    "\t",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    const text = parts.join("");
    const url = readHttpUrl(text);
    if (url === undefined) return;
    const [, authority = ""] = /^https?:\/\/([^/?#]*)/.exec(text) ?? [];
    const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
    if (/^\d+$/.test(host)) return match(url.hostname, /^\d+[.]\d+[.]\d+[.]\d+$/); // a number is an address
    strictEqual(host, url.hostname);
  }));
});
