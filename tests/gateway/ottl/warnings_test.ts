/** Warnings of what can never work: told where it is sure, and never of what the reference engine does. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { checkGroup } from "../../../gateway/ottl/check.ts";
import { UsageError } from "../../../gateway/ottl/usage_error.ts";
import { STANDARD_CONVERTERS } from "../../../ottl/mod.ts";
import { PlainMap, typeName } from "../../../ottl/values/value.ts";
import { contextsOf } from "../../../pipeline/otlp/ottl/mod.ts";
import { SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { memoryCompiler, memoryItem } from "../../support/ottl_context.ts";
import { readVectors, type Vector, vectorFiles } from "../../support/ottl_vectors.ts";
import { ASKED, textsOf } from "./support.ts";

function warnings(statements: readonly string[], conditions: readonly string[]) {
  const asked = { ...ASKED, context: "span" };
  return checkGroup(textsOf(statements, conditions), asked, "traces").warnings.map(({ message, text, span }) => {
    strictEqual(message.startsWith("warning: "), true);
    return { told: message.slice("warning: ".length), at: text.slice(span.start, span.end) };
  });
}

const CASES: { name: string; statement?: string; condition?: string; told: string | undefined; at?: string }[] = [
  {
    name: "an enum written as a string",
    condition: 'span.kind == "server"',
    told: 'span.kind == "server" compares int with string, which is always false, did you mean SPAN_KIND_SERVER?',
  },
  {
    name: "an id compared with its text",
    condition: 'span.trace_id != "5b8efff798038103d269b633813fc60c"',
    told:
      'span.trace_id != "5b8efff798038103d269b633813fc60c" compares TraceID with string, which is always true, did you ' +
      "mean span.trace_id.string?",
  },
  {
    name: "a field that is always there, and nil",
    condition: "span.name == nil",
    told: "span.name == nil compares string with nil, which is always false",
  },
  {
    name: "deep inside",
    condition: 'not (span.attributes["a"] == 1 or Len(span.name) == "1")',
    told: 'Len(span.name) == "1" compares int with string, which is always false',
  },
  {
    name: "literals",
    condition: '1 < "2"',
    told: '1 < "2" compares int with string, which is always false',
  },
  { name: "int and float", condition: "span.kind == 2.0", told: undefined },
  {
    name: "what may be anything",
    condition: 'span.attributes["a"] == "x" and span.attributes["b"] == nil',
    told: undefined,
  },
  { name: "what may be nil", condition: 'Int(span.attributes["a"]) != nil', told: undefined },
  {
    name: "a converter that gives no bool",
    condition: 'Concat(["a"], "")',
    told: 'Concat(["a"], "") gives string, never a bool: it always fails',
  },
  {
    name: "a field set to another type",
    statement: 'set(span.kind, "server")',
    told: '"server" is string, but span.kind takes int: it always fails',
    at: '"server"',
  },
  {
    name: "a field set to nil",
    statement: "set(span.name, nil)",
    told: "nil is nil, but span.name takes string: it always fails",
    at: "nil",
  },
  {
    name: "an attribute set to nil",
    statement: 'set(span.attributes["a"], nil)',
    told: 'nil leaves the attribute there, empty; delete_key(span.attributes, "a") takes it out',
    at: "nil",
  },
  {
    name: "an attribute set to what none holds",
    statement: 'set(span.attributes["a"], span.start_time)',
    told: "span.start_time is time, which no attribute holds: it always fails",
    at: "span.start_time",
  },
  { name: "all attributes set to nil", statement: "set(span.attributes, nil)", told: undefined },
  {
    name: "an argument of another type",
    statement: 'set(span.attributes["a"], ToLowerCase(target=span.kind))',
    told: "span.kind is int, but target of ToLowerCase takes string: it always fails",
    at: "span.kind",
  },
  {
    name: "a map that is none",
    statement: 'delete_key(span.name, "a")',
    told: "span.name is string, but target of delete_key takes map: it always fails",
    at: "span.name",
  },
  {
    name: "a pattern on what is no string",
    statement: 'replace_pattern(span.kind, "a", "b")',
    told: "span.kind is int, never a string: replace_pattern never changes it",
    at: "span.kind",
  },
  {
    name: "right",
    statement: 'set(span.name, Concat([span.name, "x"], "-")) where IsMatch(span.name, "a")',
    told: undefined,
  },
];

Deno.test("warningsOf()", async (t) => {
  for (const { name, statement, condition, told, at = condition } of CASES) {
    await t.step(name, () => {
      const statements = statement === undefined ? [] : [statement];
      const found = warnings(statements, condition === undefined ? [] : [condition]);
      deepStrictEqual(found.map((warning) => warning.told), told === undefined ? [] : [told]);
      if (told !== undefined && at !== undefined) ok(at.includes(found[0]!.at), `is at ${found[0]!.at}`);
    });
  }
});

Deno.test("converters give the types that are known of them", () => {
  let seen = 0;
  for (const { name, gives: kind, examples } of STANDARD_CONVERTERS) {
    if (kind === undefined) continue;
    for (const { text, given, result } of examples) {
      if (result === undefined || !text.startsWith(`${name}(`) || text.endsWith("]")) continue;
      const attributes = given === undefined ? new PlainMap() : memoryCompiler().value(given).evaluate(memoryItem());
      const item = memoryItem({ "span.attributes": attributes });
      const got = typeName(memoryCompiler().value(text).evaluate(item));
      ok(got === kind || got === "nil", `${text} is ${got}, not ${kind}`);
      seen++;
    }
  }
  ok(seen > 100, `only ${seen} examples were run`);
});

/** What a recorded answer is of: texts that did what they say, and the answers of its condition. */
function textsIn({ op, expr = "", statements = [], error_mode: mode = "propagate", want }: Vector) {
  const answers = (want["results"] ?? []) as readonly unknown[];
  const hasFailed = answers.some((answer) => typeof answer === "object" && answer !== null && "error" in answer);
  if (want.error !== undefined || hasFailed) return undefined;
  switch (op) {
    case "condition":
      return { texts: textsOf([], [expr]), answers };
    case "value":
      return { texts: textsOf([], [`${expr} == ${expr}`]), answers };
    case "transform":
      // What else went wrong there was left out.
      return mode === "propagate" ? { texts: textsOf(statements), answers } : undefined;
    default:
      return undefined;
  }
}

/** What is warned of it. */
function warnedOf(texts: ReturnType<typeof textsOf>, context: string | undefined): readonly string[] | undefined {
  for (const signal of SIGNAL_NAMES) {
    if (context !== undefined && !contextsOf(signal).some((each) => each === context)) continue;
    try {
      return checkGroup(texts, { ...ASKED, context }, signal).warnings.map(({ message }) => message);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
    }
  }
  return undefined;
}

Deno.test("nothing is warned of that the reference engine was seen to do", () => {
  const wrong: string[] = [];
  let checked = 0;
  let foretold = 0;
  for (const vector of vectorFiles().flatMap(readVectors)) {
    const found = textsIn(vector);
    const told = found && warnedOf(found.texts, vector.context);
    if (told === undefined) continue;
    checked++;
    for (const warning of told) {
      const always = /always (true|false)/.exec(warning)?.[1];
      // What is foretold of a comparison is what was recorded; statements that do nothing, or not what they seem to, run.
      const isPart = vector.op === "condition" && !warning.startsWith(`warning: ${vector.expr} `);
      if (always !== undefined && (isPart || found!.answers.every((answer) => String(answer) === always))) foretold++;
      else if (!/leaves the attribute there|never changes it/.test(warning)) wrong.push(`${vector.id}: ${warning}`);
    }
  }
  deepStrictEqual(wrong, []);
  ok(checked > 1_000, `only ${checked} were checked`);
  ok(foretold > 20, `only ${foretold} were foretold`);
});
