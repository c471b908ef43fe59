import { deepStrictEqual, strictEqual, throws } from "node:assert";
import {
  type CompiledCondition,
  type CompiledStatement,
  ConditionList,
  OttlError,
  StatementSequence,
} from "../../../ottl/mod.ts";

type Run = { done: string[] };

function statement(text: string, what: "done" | "fails" | "breaks", when?: boolean | "fails"): CompiledStatement {
  return {
    text,
    where: when === undefined ? undefined : condition(`${text} where`, when),
    execute(item) {
      if (what === "breaks") throw new RangeError("a mistake in the program");
      (item as Run).done.push(text);
      if (what === "fails") throw new OttlError("type", `no ${text}`);
    },
  };
}

function condition(text: string, answer: boolean | "fails"): CompiledCondition {
  return {
    text,
    known: undefined,
    test() {
      if (answer === "fails") throw new OttlError("index", `no ${text}`);
      return answer;
    },
  };
}

Deno.test("StatementSequence", async (t) => {
  await t.step("runs what holds, in order", () => {
    const item: Run = { done: [] };
    new StatementSequence(
      [statement("a", "done"), statement("b", "done", false), statement("c", "done", true)],
      "propagate",
    ).run(item);
    deepStrictEqual(item.done, ["a", "c"]);
  });

  const broken = [
    statement("a", "done"),
    statement("b", "fails"),
    statement("c", "done", "fails"),
    statement("d", "done"),
  ];

  await t.step("propagate stops with the text", () => {
    const item: Run = { done: [] };
    const sequence = new StatementSequence(broken, "propagate");
    throws(() => sequence.run(item), (error) => {
      strictEqual((error as OttlError).message, "failed to execute statement: b, no b");
      strictEqual((error as OttlError).category, "type");
      return true;
    });
    deepStrictEqual(item.done, ["a", "b"]);
    deepStrictEqual(sequence.drainFailures(), []);
  });

  for (const mode of ["ignore", "silent"] as const) {
    await t.step(`${mode} goes on and keeps counts until they are taken out`, () => {
      const item: Run = { done: [] };
      const sequence = new StatementSequence(broken, mode);
      for (let i = 0; i < 3; i++) sequence.run(item);
      strictEqual(item.done.join(""), "abdabdabd");
      deepStrictEqual(sequence.drainFailures().map(({ text, count, error }) => [text, count, error.message]), [
        ["b", 3, "no b"],
        ["c", 3, "no c where"],
      ]);
      deepStrictEqual(sequence.drainFailures(), []);
    });
    await t.step(`${mode} hides no mistake of the program`, () => {
      throws(() => new StatementSequence([statement("a", "breaks")], mode).run({ done: [] }), RangeError);
    });
  }
});

Deno.test("ConditionList", async (t) => {
  await t.step("one is enough, and none is false", () => {
    strictEqual(new ConditionList([condition("a", false), condition("b", true)], "propagate").matches({}), true);
    strictEqual(new ConditionList([condition("a", false)], "propagate").matches({}), false);
    strictEqual(new ConditionList([], "propagate").matches({}), false);
  });
  await t.step("propagate throws the first error before one that holds", () => {
    throws(
      () => new ConditionList([condition("a", "fails"), condition("b", true)], "propagate").matches({}),
      (error) => error instanceof OttlError && error.message === "failed to eval condition: a, no a",
    );
    strictEqual(new ConditionList([condition("b", true), condition("a", "fails")], "propagate").matches({}), true);
  });
  await t.step("ignore takes one that fails for one that does not hold", () => {
    const list = new ConditionList([condition("a", "fails"), condition("b", true)], "ignore");
    strictEqual(list.matches({}), true);
    strictEqual(new ConditionList([condition("a", "fails")], "silent").matches({}), false);
    deepStrictEqual(list.drainFailures().map(({ text, count }) => [text, count]), [["a", 1]]);
  });
});
