import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  chanceOf,
  DEFAULT_LIMITS,
  type GateFigures,
  type GateLimits,
  judge,
} from "../../../../opamp/rollouts/stages/gate.ts";

const LIMITS: GateLimits = { ...DEFAULT_LIMITS, failed: 0.01, unhealthy: 0.01 };

const NOTHING = { items: 0, errors: 0 };
const QUIET: GateFigures = {
  agents: 100,
  failed: 0,
  stuck: 0,
  silent: 0,
  unhealthy: 0,
  disconnected: 0,
  control: { agents: 900, unhealthy: 0, disconnected: 0 },
  traffic: { changed: NOTHING, before: NOTHING, control: NOTHING },
};

const traffic = (changed: [number, number], before: [number, number], control: [number, number]) => {
  const of = ([items, errors]: [number, number]) => ({ items, errors });
  return { traffic: { changed: of(changed), before: of(before), control: of(control) } };
};

const cases: { name: string; figures: Partial<GateFigures>; limits?: Partial<GateLimits>; want: string[] }[] = [
  { name: "nothing happened", figures: {}, want: [] },
  { name: "nobody is there", figures: { agents: 0, failed: 1 }, want: [] },
  { name: "failed at the limit", figures: { failed: 1 }, want: [] },
  { name: "failed past it", figures: { failed: 2 }, want: ["2 of 100 agents failed (2 %); 1 % is allowed"] },
  {
    name: "no failure allowed",
    figures: { failed: 1 },
    limits: { failed: 0 },
    want: ["1 of 100 agents failed (1 %); 0 % is allowed"],
  },
  { name: "everything allowed", figures: { failed: 100 }, limits: { failed: 1 }, want: [] },
  { name: "stuck", figures: { stuck: 2 }, want: ["2 of 100 agents are stuck in APPLYING (2 %); 1 % is allowed"] },
  { name: "silent", figures: { silent: 2 }, want: ["2 of 100 agents have not answered (2 %); 1 % is allowed"] },
  { name: "unhealthy", figures: { unhealthy: 2 }, want: ["2 of 100 agents became unhealthy (2 %); 1 % is allowed"] },
  {
    name: "the others are as unhealthy",
    figures: { unhealthy: 2, control: { agents: 900, unhealthy: 9, disconnected: 0 } },
    want: [],
  },
  {
    name: "more than the others, but no more than chance makes of it",
    figures: { unhealthy: 4, control: { agents: 900, unhealthy: 9, disconnected: 0 } },
    want: [],
  },
  {
    name: "more than the others and than chance",
    figures: { unhealthy: 5, control: { agents: 900, unhealthy: 9, disconnected: 0 } },
    want: ["5 of 100 agents became unhealthy (5 %), of 900 other agents 9 (1 %); 1 % is allowed"],
  },
  {
    name: "the others have gone, too",
    figures: { disconnected: 50, control: { agents: 900, unhealthy: 0, disconnected: 450 } },
    want: [],
  },
  {
    name: "failures of others say nothing about the version",
    figures: { failed: 2, control: { agents: 900, unhealthy: 900, disconnected: 0 } },
    want: ["2 of 100 agents failed (2 %); 1 % is allowed"],
  },
  {
    name: "no others",
    figures: { disconnected: 2, control: { agents: 0, unhealthy: 0, disconnected: 0 } },
    want: [
      "2 of 100 agents have disconnected (2 %); 1 % is allowed",
    ],
  },
  { name: "errors at the limit", figures: traffic([1_000, 20], [1_000, 10], [1_000, 10]), want: [] },
  {
    name: "errors past it",
    figures: traffic([1_000, 21], [1_000, 10], [1_000, 10]),
    want: ["2.1 % of 1000 items went wrong, before 1 %, at the other agents 1 %; 1 % more is allowed"],
  },
  { name: "the others have them, too", figures: traffic([1_000, 21], [1_000, 0], [1_000, 20]), want: [] },
  { name: "it was so before", figures: traffic([1_000, 21], [1_000, 20], [1_000, 0]), want: [] },
  { name: "too few items to judge", figures: traffic([999, 999], [1_000, 0], [1_000, 0]), want: [] },
  {
    name: "too few items to compare with",
    figures: traffic([1_000, 21], [999, 999], [999, 999]),
    want: ["2.1 % of 1000 items went wrong, before 0 %, at the other agents 0 %; 1 % more is allowed"],
  },
  { name: "no items at all, none wanted", figures: {}, limits: { minItems: 0 }, want: [] },
];

Deno.test("judge()", async (t) => {
  for (const { name, figures, limits, want } of cases) {
    await t.step(name, () => {
      const breaches = judge({ ...LIMITS, ...limits }, { ...QUIET, ...figures });
      deepStrictEqual(breaches.map(({ text }) => text), want);
    });
  }

  await t.step("every limit that is passed is named", () => {
    const breaches = judge(LIMITS, {
      ...QUIET,
      failed: 2,
      silent: 3,
      ...traffic([1_000, 500], [0, 0], [0, 0]),
    });
    deepStrictEqual(breaches.map(({ limit }) => limit), ["failed", "silent", "errorRate"]);
    strictEqual(breaches[2]?.observed, 0.5);
  });
});

Deno.test("the default tolerates one failure in 10,000 agents", () => {
  const breaches = (failed: number, agents: number) => judge(DEFAULT_LIMITS, { ...QUIET, failed, agents }).length;
  deepStrictEqual([breaches(1, 9_999), breaches(1, 10_000), breaches(2, 10_000)], [1, 0, 1]);
});

Deno.test("chanceOf() is never below the chance, and falls with the count", () => {
  for (const expected of [0.01, 0.5, 3, 40]) {
    let [atLeast, term, last] = [1, Math.exp(-expected), 1];
    for (let count = 0; count < 100; count++) {
      const bound = chanceOf(count, expected);
      ok(bound >= atLeast - 1e-12 && bound <= last, `${count} of ${expected}: ${bound}, the chance is ${atLeast}`);
      [atLeast, term, last] = [atLeast - term, term * expected / (count + 1), bound];
    }
  }
  deepStrictEqual([chanceOf(0, 0), chanceOf(1, 0), chanceOf(5, 5)], [1, 0, 1]);
});
