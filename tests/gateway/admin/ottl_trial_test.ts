import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { MAX_TRIAL_MS, tryOttl } from "../../../gateway/admin/ottl_trial.ts";
import { RefusedError } from "../../../routes/admin/control.ts";
import { MAX_TRIAL_WORK, ottlRequestSchema } from "../../../routes/admin/schemas.ts";

const record = { body: { stringValue: "x" } };
const payloadOf = (records: number) =>
  JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: Array(records).fill(record) }] }] });
const request = (statements: string[], payload: string) => ottlRequestSchema.parse({ statements, payload });
const SET = 'set(log.body, "y")';
/** Time stands still. */
const still = { monotonicMs: () => 0 };

Deno.test("a trial: what it answers", () => {
  const { changes, explanation, failures } = tryOttl(request([SET], payloadOf(2)), still);
  deepStrictEqual(failures, []);
  strictEqual(changes.length, 2);
  ok(explanation.length > 0);
});

Deno.test("a trial: its time is bounded, and what took it is told", async (t) => {
  /** Each look at the clock takes this long, milliseconds. */
  const passing = (stepMs: number) => {
    let nowMs = -stepMs;
    return { monotonicMs: () => nowMs += stepMs };
  };
  await t.step("while statements run", () => {
    throws(() => tryOttl(request([SET], payloadOf(10)), passing(MAX_TRIAL_MS / 4)), (thrown) => {
      ok(thrown instanceof RefusedError);
      match(thrown.message, /longer than 200 ms to run the statements, wanted a smaller payload/);
      return true;
    });
  });
  await t.step("at its end, and past it", () => {
    tryOttl(request([SET], payloadOf(1)), passing(MAX_TRIAL_MS / 3));
    throws(() => tryOttl(request([SET], payloadOf(1)), passing(MAX_TRIAL_MS / 3 + 1)), /to explain the item/);
  });
  await t.step("an error that would be ignored is none", () => {
    const ignoring = { ...request([SET], payloadOf(10)), error_mode: "ignore" as const };
    throws(() => tryOttl(ignoring, passing(MAX_TRIAL_MS)), RefusedError);
  });
  await t.step("the next one begins anew", () => void tryOttl(request([SET], payloadOf(10)), still));
});

Deno.test("a trial: texts times payload are bounded", () => {
  const padded = (chars: number) => payloadOf(1).padEnd(chars);
  const four = [SET, SET, SET, SET];
  tryOttl(request(four, padded(MAX_TRIAL_WORK / 4)), still);
  throws(() => tryOttl({ ...request(four, ""), payload: padded(MAX_TRIAL_WORK / 4 + 1) }, still), RefusedError);
});
