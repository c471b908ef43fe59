import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { bearerOf, findToken, makeToken, MAX_TOKENS, parseTokens } from "../../../routes/api/tokens.ts";

const HASH = "a".repeat(64);
const counting = (bytes: Uint8Array) => void bytes.forEach((_, index) => bytes[index] = index);

Deno.test("a token is found by its line, and its line does not hold it", () => {
  const { token, line } = makeToken("alice", "write", counting);
  ok(token.startsWith("sluice_") && token.length === 50);
  ok(!line.includes(token) && !line.includes(token.slice(7)));
  const entries = parseTokens(line);
  strictEqual(findToken(token, entries)?.name, "alice");
  strictEqual(findToken(token, entries)?.scope, "write");
  strictEqual(findToken(token.slice(0, -1), entries), undefined);
  strictEqual(findToken(`${token} `, entries), undefined);
  strictEqual(findToken("", entries), undefined);
});

Deno.test("parseTokens()", async (t) => {
  await t.step("comments, empty lines and either line break", () => {
    const entries = parseTokens(`# a\r\n\r\nalice read sha256:${HASH}\n  bob   write   sha256:${HASH}  \n`);
    deepStrictEqual(entries.map(({ name, scope }) => [name, scope]), [["alice", "read"], ["bob", "write"]]);
  });
  const wrong = [
    { name: "another scope", text: `a admin sha256:${HASH}`, says: /line 1/ },
    { name: "another hash", text: `\na read md5:${HASH}`, says: /line 2/ },
    { name: "a short hash", text: `a read sha256:${HASH.slice(1)}`, says: /line 1/ },
    { name: "the token itself", text: "a read sluice_AAEC", says: /line 1/ },
    { name: "a name twice", text: `a read sha256:${HASH}\na write sha256:${HASH}`, says: /"a" stands twice/ },
  ];
  for (const { name, text, says } of wrong) {
    await t.step(name, () => throws(() => parseTokens(text), says));
  }
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `n${i} read sha256:${HASH}`).join("\n");
  await t.step("as many as there may be", () => strictEqual(parseTokens(lines(MAX_TOKENS)).length, MAX_TOKENS));
  await t.step("one more", () => throws(() => parseTokens(lines(MAX_TOKENS + 1)), /at the most/));
  await t.step("a name that would be two words", () => throws(() => makeToken("a b", "read", counting), TypeError));
});

Deno.test("bearerOf()", async (t) => {
  const cases = [
    { header: "Bearer abc", want: "abc" },
    { header: "bearer  a-b_c.d~e+f/g=", want: "a-b_c.d~e+f/g=" },
    { header: "Bearer", want: undefined },
    { header: "Bearer a b", want: undefined },
    { header: "Basic abc", want: undefined },
    { header: undefined, want: undefined },
  ];
  for (const { header, want } of cases) await t.step(String(header), () => strictEqual(bearerOf(header), want));
});
