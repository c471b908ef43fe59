import fc from "fast-check";
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { InvalidRequestError } from "../../../../opamp/rollouts/errors.ts";
import { parseSelector, SELECTOR_LIMITS } from "../../../../opamp/rollouts/rules/selector.ts";
import { compilePattern, FakeAgent } from "../../../support/fleet.ts";

const parse = (text: string) => parseSelector(text, compilePattern);

const agent = new FakeAgent("0190", {
  "service.name": "sluice",
  env: "prod",
  "host.name": "gw-17",
  "odd key": 'say "hi" \\o/',
});
agent.labels = { tier: "edge" };

const cases: { selector: string; text?: string; matches: boolean }[] = [
  { selector: "*", matches: true },
  { selector: "  *  ", text: "*", matches: true },
  { selector: 'service.name = "sluice"', text: "service.name = sluice", matches: true },
  { selector: "service.name=other", text: "service.name = other", matches: false },
  { selector: "env in (prod, eu)", text: "env in (eu, prod)", matches: true },
  { selector: "env in(eu,eu)", text: "env in (eu)", matches: false },
  { selector: "env not in (prod)", matches: false },
  { selector: "region not  in (us)", text: "region not in (us)", matches: true },
  { selector: "region != us", matches: true },
  { selector: "env != prod", matches: false },
  { selector: 'host.name =~ "gw-.*"', matches: true },
  { selector: 'host.name =~ "gw-\\d+"', text: 'host.name =~ "gw-\\\\d+"', matches: true },
  { selector: "host.name =~ gw", matches: false },
  { selector: 'host.name =~ "gw|gw-17"', matches: true },
  { selector: 'host.name !~ "gw-.*"', matches: false },
  { selector: 'region !~ "us"', text: "region !~ us", matches: true },
  { selector: "env", matches: true },
  { selector: "!region", matches: true },
  { selector: "!env", matches: false },
  { selector: "region", matches: false },
  { selector: "label:tier = edge", matches: true },
  { selector: "tier = edge", matches: false },
  { selector: "agent:uid = 0190", matches: true },
  { selector: '"odd key" = "say \\"hi\\" \\\\o/"', matches: true },
  { selector: "in = x, not = y", matches: false },
  { selector: "label = x", matches: false },
  { selector: "env = prod, env = prod, service.name", text: "env = prod, service.name", matches: true },
  { selector: "env = prod,\n region = eu", text: "env = prod, region = eu", matches: false },
];

Deno.test("selectors", async (t) => {
  for (const { selector, text = selector, matches } of cases) {
    await t.step(selector.replaceAll("\n", " "), () => {
      const parsed = parse(selector);
      strictEqual(parsed.text, text);
      strictEqual(parsed.matches(agent), matches);
      strictEqual(parse(parsed.text).text, text);
      strictEqual(parse(parsed.text).matches(agent), matches);
    });
  }
});

const { maxConditions, maxLength, maxPatternLength, maxValues } = SELECTOR_LIMITS;
const refused: { name: string; selector: string; problem: string }[] = [
  { name: "empty", selector: "", problem: "expected the name of an attribute\n\n^" },
  { name: "no value", selector: "env = ", problem: "expected a value\nenv = \n      ^" },
  { name: "two signs", selector: "env == x", problem: "expected a value\nenv == x\n     ^" },
  { name: "no list", selector: "env in x", problem: 'expected "("\nenv in x\n       ^' },
  { name: "open list", selector: "env in (a b", problem: 'expected "," or ")"\nenv in (a b\n          ^' },
  { name: "no end", selector: "a = b c", problem: 'expected "," or the end\na = b c\n      ^' },
  { name: "open quote", selector: 'a = "b', problem: 'expected a value\na = "b\n    ^' },
  { name: "the place of the second line", selector: "a = b,\nc = ", problem: "expected a value\nc = \n    ^" },
  {
    name: "of the agent",
    selector: "agent:name = x",
    problem: "of the agent itself only agent:uid is known\nagent:name = x\n^",
  },
  { name: "all and more", selector: "*, a", problem: 'expected "," or the end\n*, a\n ^' },
  {
    name: "too many values",
    selector: `a in (${"x,".repeat(maxValues)}x)`,
    problem: `at most ${maxValues} values are allowed`,
  },
  {
    name: "too many conditions",
    selector: Array.from({ length: maxConditions + 1 }, (_, index) => `a${index}`).join(","),
    problem: `at most ${maxConditions} conditions are allowed`,
  },
  {
    name: "too long a pattern",
    selector: `a =~ ${"x".repeat(maxPatternLength + 1)}`,
    problem: `at most ${maxPatternLength} characters of a pattern are allowed`,
  },
  {
    name: "too long",
    selector: "a".repeat(maxLength + 1),
    problem: `it has ${maxLength + 1} characters, wanted at most ${maxLength}`,
  },
];

Deno.test("what is no selector is refused with its place", async (t) => {
  for (const { name, selector, problem } of refused) {
    await t.step(name, () => {
      throws(() => parse(selector), (thrown: unknown) => {
        ok(thrown instanceof InvalidRequestError);
        const [{ path, message } = { path: "", message: "" }] = thrown.problems;
        strictEqual(path, "selector");
        return message.startsWith(problem);
      });
    });
  }

  await t.step("no regular expression", () => {
    throws(() => parse('a =~ "(b"'), /missing closing/);
    throws(() => parse('a =~ "b)(c"'), InvalidRequestError);
  });

  await t.step("at the limits", () => {
    parse(`a in (${"x,".repeat(maxValues - 1)}x)`);
    parse(Array.from({ length: maxConditions }, (_, index) => `a${index}`).join(","));
    parse(`a =~ ${"x".repeat(maxPatternLength)}`);
    parse("a".repeat(maxLength));
  });
});

Deno.test("a pattern that makes backtracking engines run for ever is nothing here", () => {
  const slow = new FakeAgent("1", { name: `${"a".repeat(5_000)}b` });
  strictEqual(parse('name =~ "(a+)+"').matches(slow), false);
});

Deno.test("a selector that says more is more specific", () => {
  const order = ["*", "a != x", "a", 'a =~ "x.*"', "a in (x, y)", "a = x", "a = x, b", "a = x, b = y"];
  const specificities = order.map((text) => parse(text).specificity);
  deepStrictEqual(specificities, [...specificities].sort((a, b) => a - b));
  strictEqual(new Set(specificities).size, order.length);
});

Deno.test("explain() says what the agent has", () => {
  deepStrictEqual(parse("env = prod, region = eu").explain(agent), [
    { condition: "env = prod", value: "prod", holds: true },
    { condition: "region = eu", value: undefined, holds: false },
  ]);
});

Deno.test("any key and value can be written", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string(), (key, value) => {
    const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
    const selector = parse(`${quote(key)} = ${quote(value)}`);
    ok(selector.matches(new FakeAgent("1", { [key]: value })));
    ok(!selector.matches(new FakeAgent("1", { [key]: `${value}x` })));
    strictEqual(parse(selector.text).text, selector.text);
  }));
});
