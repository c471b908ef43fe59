import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { DEFAULT_LIMITS, type GateFigures, type GateLimits, judge } from "../../../../opamp/rollouts/stages/gate.ts";

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
    name: "more than the others",
    figures: { unhealthy: 3, control: { agents: 900, unhealthy: 9, disconnected: 0 } },
    want: ["3 of 100 agents became unhealthy (3 %), of 900 other agents 9 (1 %); 1 % is allowed"],
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
      const breaches = judge({ ...DEFAULT_LIMITS, ...limits }, { ...QUIET, ...figures });
      deepStrictEqual(breaches.map(({ text }) => text), want);
    });
  }

  await t.step("every limit that is passed is named", () => {
    const breaches = judge(DEFAULT_LIMITS, {
      ...QUIET,
      failed: 2,
      silent: 3,
      ...traffic([1_000, 500], [0, 0], [0, 0]),
    });
    deepStrictEqual(breaches.map(({ limit }) => limit), ["failed", "silent", "errorRate"]);
    strictEqual(breaches[2]?.observed, 0.5);
  });
});
