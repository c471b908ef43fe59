import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { PatternCache } from "../../../../ottl/text/regex/pattern_cache.ts";

Deno.test("PatternCache keeps what was used last, up to its bound", () => {
  const compiled: string[] = [];
  const cache = new PatternCache((pattern) => (compiled.push(pattern), { pattern }), 2);
  const a = cache.get("a");
  cache.get("b");
  strictEqual(cache.get("a"), a);
  cache.get("c");
  strictEqual(cache.size, 2);
  strictEqual(cache.get("a"), a);
  cache.get("b");
  deepStrictEqual(compiled, ["a", "b", "c", "b"]);
});

Deno.test("PatternCache keeps nothing that does not compile", () => {
  const cache = new PatternCache((pattern) => {
    throw new SyntaxError(pattern);
  }, 2);
  throws(() => cache.get("a"), SyntaxError);
  strictEqual(cache.size, 0);
});
