/**
 * A run: rounds, failures, the time there is, and going on.
 *
 * @module
 */

import { deepStrictEqual, match } from "node:assert";
import { ENVIRONMENT } from "./samples.ts";
import { Journal, type JournalHead, type Measured, resultsOf } from "./journal.ts";
import { onceUnits, SCENARIOS, TIMING, type Unit } from "./plan.ts";
import { Session, type SessionPlan, unitsOf } from "./session.ts";

const HEAD: JournalHead = { commit: "aaaaaaa", warmup: "4s", duration: "2500ms" };
const FIGURES = { cpuUs: 100, rssPeakMb: 118, otherCores: 0.1, latency: null };

/** A session whose units take their estimates, or what a script says, by a clock of its own. */
async function session(
  more: Partial<SessionPlan>,
  { journal, run = () => {} }: {
    readonly journal?: Journal;
    readonly run?: (key: string, attempt: number, abort: AbortController) => void;
  } = {},
) {
  const plan: SessionPlan = {
    scenarios: SCENARIOS.filter(({ name }) => name === "filter"),
    once: onceUnits(["json_bench.ts"], []).map((unit) => ({ ...unit, estimateSeconds: 25 })),
    rounds: 2,
    timing: TIMING,
    budgetSeconds: Infinity,
    ...more,
  };
  const path = await Deno.makeTempFile();
  const kept = journal ?? await Journal.create(path, HEAD);
  const ran: string[] = [];
  const lines: string[] = [];
  let [nowMs, saved] = [0, 0];
  const measuredOf = (unit: Unit): Measured =>
    unit.kind === "request"
      ? { kind: "request", figures: FIGURES }
      : { kind: "bench", figures: [{ group: null, name: "a", n: 1, bestNs: 1, meanNs: 1, p99Ns: 1 }] };
  const abort = new AbortController();
  const failures = await new Session(plan, {
    run: (unit) => {
      ran.push(unit.key);
      nowMs += 1_000 * unit.estimateSeconds;
      run(unit.key, ran.filter((key) => key === unit.key).length, abort);
      return Promise.resolve(measuredOf(unit));
    },
    journal: kept,
    nowMs: () => nowMs,
    tell: (line) => void lines.push(line),
    save: () => Promise.resolve(void saved++),
    abort: abort.signal,
  }).measure();
  await Deno.remove(path);
  return { plan, ran, lines, saved, failures, journal: kept };
}

const [OURS, THEIRS, BENCH] = ["filter:plain:sluice", "filter:plain:collector", "bench:json_bench.ts"];

Deno.test("Session", async (t) => {
  await t.step("rounds, then what is measured once; saved behind each", async () => {
    const { ran, saved, failures, lines } = await session({});
    deepStrictEqual(ran, [OURS, THEIRS, THEIRS, OURS, BENCH]);
    deepStrictEqual([saved, failures], [3, []]);
    match(lines[0] ?? "", /^about 1 min/);
  });
  await t.step("what fails once is measured at once again", async () => {
    const { ran, failures } = await session({ rounds: 1 }, {
      run: (key, attempt) => {
        if (key === OURS && attempt === 1) throw new Error("busy");
      },
    });
    deepStrictEqual([ran, failures], [[OURS, OURS, THEIRS, BENCH], []]);
  });
  await t.step("what fails twice is told, and the rest goes on", async () => {
    const { ran, failures, journal, plan } = await session({ rounds: 1 }, {
      run: (key) => {
        if (key === OURS) throw new Error("broken");
      },
    });
    deepStrictEqual([ran, failures], [[OURS, OURS, THEIRS, BENCH], [{ what: OURS, why: "broken" }]]);
    const { requests, failures: told } = resultsOf(journal, unitsOf(plan), ENVIRONMENT, failures);
    deepStrictEqual(requests.map(({ gateway }) => gateway), ["collector"]);
    deepStrictEqual(told, [{ what: OURS, why: "broken", commit: "aaaaaaa" }]);
  });
  await t.step("a failure of one round is forgotten when the next one measures it", async () => {
    const { failures, journal } = await session({}, {
      run: (key, attempt) => {
        if (key === OURS && attempt <= 2) throw new Error("busy");
      },
    });
    deepStrictEqual([failures, journal.count(OURS), journal.count(THEIRS)], [[], 1, 2]);
  });
  // A round takes 21 s (two times 10.5), the benchmark 25.
  const budgets = [
    { seconds: 20, want: [OURS], what: [THEIRS, BENCH] },
    { seconds: 46, want: [OURS, THEIRS, BENCH], what: [] },
    { seconds: 67, want: [OURS, THEIRS, THEIRS, OURS, BENCH], what: [] },
    { seconds: 64, want: [OURS, THEIRS, BENCH], what: [] },
  ];
  for (const { seconds, want, what } of budgets) {
    await t.step(`${seconds} s`, async () => {
      const { ran, failures } = await session({ budgetSeconds: seconds });
      deepStrictEqual([ran, failures.map((failure) => failure.what)], [want, what]);
    });
  }
  await t.step("what the benchmark leaves is for another round", async () => {
    const { ran } = await session({ budgetSeconds: 67, rounds: 2, once: [] });
    deepStrictEqual(ran, [OURS, THEIRS, THEIRS, OURS]);
  });
  await t.step("ends behind the unit in which it was interrupted, and keeps what it has", async () => {
    const { ran, saved, journal } = await session({}, {
      run: (key, _, abort) => {
        if (key === THEIRS) abort.abort();
      },
    });
    deepStrictEqual([ran, saved, journal.count(THEIRS)], [[OURS, THEIRS], 1, 1]);
  });
  await t.step("goes on where the run before ended", async () => {
    const { journal } = await session({ budgetSeconds: 20 });
    const { ran, lines } = await session({}, { journal });
    deepStrictEqual(ran, [THEIRS, THEIRS, OURS, BENCH]);
    match(lines[0] ?? "", /^about 1 min/);
    deepStrictEqual((await session({}, { journal })).ran, []);
  });
});
