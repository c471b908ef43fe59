import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { BARE_LINE_FEED, CHUNKED, findHeadEnd, type Head, NOT_YET, parseHead } from "../../../routes/http1/head.ts";

const parse = (...lines: string[]) => parseHead([...lines, "", ""].join("\r\n"));
const parsed = (...lines: string[]): Head => {
  const head = parse(...lines);
  ok(!("refusal" in head), lines.join(" | "));
  return head;
};

Deno.test("parseHead()", async (t) => {
  await t.step("the line, and the fields in their order, names in lower case, values without blanks around", () => {
    const head = parsed("POST /v1/traces?a=b HTTP/1.1", "Host: x", "X-A: \t a b \t", "x-a:c", "Empty:");
    deepStrictEqual([head.method, head.target], ["POST", "/v1/traces?a=b"]);
    deepStrictEqual(head.fields, ["host", "x", "x-a", "a b", "x-a", "c", "empty", ""]);
    deepStrictEqual([head.bodyBytes, head.keepAlive, head.expectsContinue, head.isOld], [0, true, false, false]);
  });
  const framings: { name: string; lines: string[]; bodyBytes: number }[] = [
    { name: "a length", lines: ["Content-Length: 12"], bodyBytes: 12 },
    { name: "the same length twice", lines: ["Content-Length: 12", "Content-Length: 12"], bodyBytes: 12 },
    {
      name: "a length beyond what a number holds exactly",
      lines: [`Content-Length: ${"9".repeat(400)}`],
      bodyBytes: Infinity,
    },
    { name: "chunks", lines: ["Transfer-Encoding: chunked"], bodyBytes: CHUNKED },
    {
      name: "chunks, last of several codings",
      lines: ["Transfer-Encoding: gzip", "Transfer-Encoding: Chunked"],
      bodyBytes: CHUNKED,
    },
  ];
  for (const { name, lines, bodyBytes } of framings) {
    await t.step(name, () => strictEqual(parsed("POST / HTTP/1.1", "Host: x", ...lines).bodyBytes, bodyBytes));
  }
  const connections: { name: string; lines: string[]; keepAlive: boolean }[] = [
    { name: "close", lines: ["GET / HTTP/1.1", "Host: x", "Connection: Upgrade, Close"], keepAlive: false },
    {
      name: "close on another line",
      lines: ["GET / HTTP/1.1", "Host: x", "Connection: te", "Connection: close"],
      keepAlive: false,
    },
    {
      name: "something else that begins so",
      lines: ["GET / HTTP/1.1", "Host: x", "Connection: closed"],
      keepAlive: true,
    },
    { name: "HTTP/1.0", lines: ["GET / HTTP/1.0"], keepAlive: false },
    { name: "HTTP/1.0 that asks for it", lines: ["GET / HTTP/1.0", "Connection: keep-alive"], keepAlive: true },
  ];
  for (const { name, lines, keepAlive } of connections) {
    await t.step(`keep-alive: ${name}`, () => strictEqual(parsed(...lines).keepAlive, keepAlive));
  }
  await t.step("an expectation", () => {
    ok(parsed("POST / HTTP/1.1", "Host: x", "Expect: 100-Continue").expectsContinue);
    ok(!parsed("POST / HTTP/1.0", "Expect: 100-continue").expectsContinue); // RFC 9110 10.1.1
  });

  const [line, field, host, framing] = [/request line/, /header is malformed/, /one Host/, /where the body ends/];
  const refusals: { name: string; lines: string[]; why: RegExp; refusal?: string }[] = [
    { name: "no request line", why: line, lines: [""] },
    { name: "two words", why: line, lines: ["GET /"] },
    { name: "four words", why: line, lines: ["GET / x HTTP/1.1", "Host: x"] },
    { name: "a method that is no token", why: line, lines: ["G(T / HTTP/1.1", "Host: x"] },
    { name: "a control character in the target", why: line, lines: ["GET /\u0001 HTTP/1.1", "Host: x"] },
    {
      name: "HTTP/2.0",
      why: /HTTP\/1\.1 or/,
      lines: ["GET / HTTP/2.0", "Host: x"],
      refusal: "505 HTTP Version Not Supported",
    },
    { name: "HTTP/1.10", why: line, lines: ["GET / HTTP/1.10", "Host: x"] },
    { name: "no host", why: host, lines: ["GET / HTTP/1.1"] },
    { name: "two hosts", why: host, lines: ["GET / HTTP/1.1", "Host: x", "Host: x"] },
    { name: "a blank before the colon", why: field, lines: ["GET / HTTP/1.1", "Host : x"] },
    { name: "a field without a name", why: field, lines: ["GET / HTTP/1.1", "Host: x", ": y"] },
    { name: "a line without a colon", why: field, lines: ["GET / HTTP/1.1", "Host: x", "y"] },
    { name: "a folded line", why: field, lines: ["GET / HTTP/1.1", "Host: x", "A: b", " c: d"] },
    { name: "a name with a letter that is not ASCII", why: field, lines: ["GET / HTTP/1.1", "Host: x", "\u00e4: b"] },
    { name: "a NUL in a value", why: field, lines: ["GET / HTTP/1.1", "Host: x", "A: \0"] },
    { name: "a carriage return in a value", why: field, lines: ["GET / HTTP/1.1", "Host: x", "A: b\rc"] },
    {
      name: "two lengths",
      why: framing,
      lines: ["POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2"],
    },
    { name: "a list of lengths", why: framing, lines: ["POST / HTTP/1.1", "Host: x", "Content-Length: 1, 1"] },
    { name: "a signed length", why: framing, lines: ["POST / HTTP/1.1", "Host: x", "Content-Length: +1"] },
    { name: "no length", why: framing, lines: ["POST / HTTP/1.1", "Host: x", "Content-Length:"] },
    {
      name: "a length and chunks",
      why: framing,
      lines: ["POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Transfer-Encoding: chunked"],
    },
    {
      name: "chunks that are not last",
      why: framing,
      lines: ["POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked, gzip"],
    },
    {
      name: "a coding that only ends so",
      why: framing,
      lines: ["POST / HTTP/1.1", "Host: x", "Transfer-Encoding: xchunked"],
    },
    { name: "chunks in HTTP/1.0", why: framing, lines: ["POST / HTTP/1.0", "Transfer-Encoding: chunked"] },
    {
      name: "an expectation of something else",
      why: /100-continue/,
      lines: ["POST / HTTP/1.1", "Host: x", "Expect: tea"],
      refusal: "417 Expectation Failed",
    },
  ];
  for (const { name, lines, why, refusal = "400 Bad Request" } of refusals) {
    await t.step(`refused: ${name}`, () => {
      const head = parse(...lines);
      ok("refusal" in head);
      strictEqual(head.refusal.status, refusal);
      match(head.refusal.why, why);
    });
  }
  await t.step("never throws, whatever it is given", () => {
    const junk = fc.array(
      fc.constantFrom("GET", " ", "/", "HTTP/1.1", "\r\n", ":", "Host", "\0", "é", "Content-Length", "1"),
    );
    fc.assert(fc.property(junk, (parts) => void parseHead(`${parts.join("")}\r\n\r\n`)));
  });
});

Deno.test("findHeadEnd()", async (t) => {
  const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\r\n\r\n");
  await t.step("is found wherever the reads end", () => {
    for (let cut = 1; cut <= bytes.length; cut++) {
      const first = findHeadEnd(bytes, 0, cut);
      strictEqual(first, cut >= 27 ? 27 : NOT_YET);
      if (first === NOT_YET) strictEqual(findHeadEnd(bytes, cut, bytes.length), 27);
    }
  });
  await t.step("a line feed alone ends no line", () => {
    strictEqual(findHeadEnd(new TextEncoder().encode("GET / HTTP/1.1\nHost: x\n\n"), 0, 24), BARE_LINE_FEED);
  });
  await t.step("what is behind the end is not looked at", () => strictEqual(findHeadEnd(bytes, 0, 20), NOT_YET));
});
