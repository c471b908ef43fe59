/**
 * Statements that grow a value again and again, or take long, in `transform`: each is stopped by a bound of its own.
 *
 * @module
 */

import { match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { DEFAULT_OTTL_LIMITS } from "../../../ottl/limits.ts";
import { compileRegex } from "../../../ottl/text/regex/regex.ts";
import { BatchBudget, MAX_MADE_BYTES } from "../../../ottl/values/budget.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { copyValue, MAX_VALUE_PARTS, OttlList } from "../../../ottl/values/value.ts";
import { GatewayError, LimitExceededError } from "../../../pipeline/core/errors.ts";
import { transformFactory } from "../../../pipeline/processors/transform.ts";
import { Keeper, payloadOfJson } from "../../support/json_payload.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

const isTooLong = (error: unknown) => error instanceof GatewayError && error.message.includes("longer than 2000 ms");
const isLimit = (error: unknown) => error instanceof OttlError && error.category === "limit";

/** Runs statements on one span whose attribute `v` is a string of `bytes`. */
async function run(statements: readonly string[], bytes: number, stepMs = 0) {
  const next = new Keeper();
  const deps = testDeps();
  let nowMs = 0;
  deps.clock.monotonicMs = () => nowMs += stepMs;
  const config = transformFactory.schema.parse({
    max_batch_duration: "2s",
    trace_statements: [{ context: "span", statements }],
  });
  const attributes = [{ key: "v", value: { stringValue: "a".repeat(bytes) } }];
  const payload = payloadOfJson("traces", { resourceSpans: [{ scopeSpans: [{ spans: [{ attributes }] }] }] });
  await transformFactory.create(config, deps, next).consume(payload, NEVER);
  return { payload: next.payloads[0]!, deps };
}

const times = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i));

Deno.test("one item that grows through many statements is stopped", async (t) => {
  await t.step("what large values come to in a batch, up to 512 MiB: the rest of the statements fail", async () => {
    const concat = 'Concat([attributes["v"], attributes["v"]], "")';
    const { deps, payload } = await run(times(40, (i) => `set(cache["${i}"], ${concat})`), 8 * MIB);
    strictEqual(deps.meter.get("sluice_ottl_errors"), 40 - MAX_MADE_BYTES / (16 * MIB));
    match(String(deps.lines[0]?.fields["first_error"]), /too many large values/);
    strictEqual(payload.itemCount, 1);
  });

  await t.step("edits of one item, up to 512 MiB: the batch is refused", async () => {
    const copies = times(140, (i) => `set(attributes["k${i}"], attributes["v"])`);
    await rejects(run(copies, 4 * MIB), LimitExceededError);
  });

  await t.step("a map of itself twice, again and again", async () => {
    const doubled = times(19, () => 'set(cache["a"], {"x": cache["a"], "y": cache["a"]})');
    const count = 'set(attributes["n"], Len(cache["a"]))';
    const { deps } = await run(['set(cache["a"], {"x": 1})', ...doubled, count], 1);
    ok(deps.meter.get("sluice_ottl_errors") > 0);
    match(String(deps.lines[0]?.fields["first_error"]), /more than 250000 values/);
  });
});

Deno.test("the clock is looked at inside one item", async (t) => {
  const hundred = times(100, (i) => `set(attributes["${i}"], SHA256(attributes["v"]))`);
  await t.step("between statements, the more often the larger the batch", async () => {
    await rejects(run(hundred, 4 * MIB, 30), isTooLong);
    strictEqual((await run(hundred, 1_000, 30)).payload.itemCount, 1);
  });
  await t.step("between the matches of one replace_pattern", async () => {
    await rejects(run(['replace_pattern(attributes["v"], "a", "b")'], MIB, 1), isTooLong);
  });
});

Deno.test("BatchBudget", async (t) => {
  await t.step("what is made, at the bound and past it", () => {
    const budget = new BatchBudget();
    budget.begin(1, () => {}, 200_000);
    budget.make(100_000);
    budget.make(100_000);
    budget.make(65_535); // too small to be counted
    throws(() => budget.make(65_536), isLimit);
    budget.begin(1, () => {}, 200_000);
    budget.make(200_000);
  });
  await t.step("4 Mi units between two looks", () => {
    const budget = new BatchBudget();
    let looks = 0;
    budget.begin(1, () => looks++);
    budget.work(4 * MIB - 1);
    strictEqual(looks, 0);
    budget.work(1);
    strictEqual(looks, 1);
    for (let i = 0; i < 64; i++) budget.statement();
    strictEqual(looks, 2);
  });
});

Deno.test("values and searches at their bounds, and one past them", async (t) => {
  await t.step("parts of a value", () => {
    const half = new OttlList(Array(MAX_VALUE_PARTS / 2 - 1).fill(1n));
    copyValue(new OttlList([half, half]));
    throws(() => copyValue(new OttlList([half, half, null])), isLimit);
  });
  await t.step("steps of a search by re2js", () => {
    const regex = compileRegex("[ab]{1,900}c", DEFAULT_OTTL_LIMITS);
    throws(() => regex.test("d".repeat(8 * MIB)), isLimit);
    strictEqual(regex.test("d".repeat(10_000)), false);
    const groups = compileRegex("(?s)(?P<x>.*)@(?P<y>.*)$", DEFAULT_OTTL_LIMITS);
    strictEqual(groups.test("d".repeat(8 * MIB)), false);
    throws(() => groups.exec("d".repeat(16 * MIB)), isLimit);
  });
});
