import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { InvalidRequestError } from "../../../../opamp/rollouts/errors.ts";
import {
  type Amount,
  amountOf,
  amountText,
  MAX_STAGES,
  readRequest,
  type RolloutRequest,
  type StageSpec,
} from "../../../../opamp/rollouts/stages/spec.ts";

const CONFIG = { name: "edge", version: 2, hash: "ab" };
const read = (request: Partial<RolloutRequest>) =>
  readRequest({ selector: "*", config: CONFIG, ...request }, "*", CONFIG);

Deno.test("what is left out has its default", () => {
  const { stages, ...rest } = read({});
  deepStrictEqual(rest, {
    name: "edge 2",
    selector: "*",
    config: CONFIG,
    priority: 0,
    maxApplying: { share: 0.1 },
    initialApplying: 2,
    applyingGrowth: 0.25,
    applyTimeoutMs: 300_000,
    awayGraceMs: 120_000,
    unhealthyGraceMs: 30_000,
    onConflict: "refuse",
  });
  const row = (
    { reach, soakMs, limits: { failed, unhealthy, disconnected } }: StageSpec,
  ) => [amountText(reach), soakMs / 60_000, failed, unhealthy, disconnected];
  deepStrictEqual(stages.map(row), [
    ["1 agent", 1, 0.0001, 0.002, 0.01],
    ["2 %", 5, 0.0001, 0.002, 0.002],
    ["10 %", 10, 0.0001, 0.002, 0.002],
    ["100 %", 5, 0.0001, 0.002, 0.01],
  ]);
});

Deno.test("limits for all stages go before those of the default's stages", () => {
  const { stages } = read({ limits: { failed: 0.5, disconnected: 0.4 } });
  deepStrictEqual(
    stages.map(({ limits: { failed, disconnected } }) => [failed, disconnected]),
    stages.map(() => [0.5, 0.4]),
  );
});

Deno.test("limits of a stage go before those of all stages", () => {
  const { stages } = read({
    limits: { failed: 0.5, stuck: 0.5 },
    stages: [{ count: 1, limits: { failed: 0.2 } }, { share: 1 }],
  });
  deepStrictEqual(stages.map(({ limits: { failed, stuck, silent } }) => [failed, stuck, silent]), [
    [0.2, 0.5, 0.01],
    [0.5, 0.5, 0.01],
  ]);
});

const all = { share: 1 };
const refused: { name: string; request: Partial<RolloutRequest>; paths: string[] }[] = [
  { name: "no stage", request: { stages: [] }, paths: ["stages"] },
  {
    name: "too many stages",
    request: { stages: Array.from({ length: MAX_STAGES + 1 }, (_, at) => ({ count: at + 1 })) },
    paths: ["stages", `stages[${MAX_STAGES - 1}]`],
  },
  { name: "neither share nor count", request: { stages: [{}, all] }, paths: ["stages[0]", "stages[1]"] },
  { name: "both", request: { stages: [{ share: 0.1, count: 1 }, all] }, paths: ["stages[0]"] },
  { name: "nobody", request: { stages: [{ share: 0 }, all] }, paths: ["stages[0].share"] },
  { name: "more than all", request: { stages: [{ share: 1.1 }] }, paths: ["stages[0].share", "stages[0]"] },
  { name: "not a number", request: { stages: [{ share: NaN }, all] }, paths: ["stages[0].share"] },
  { name: "no agent", request: { stages: [{ count: 0 }, all] }, paths: ["stages[0].count"] },
  { name: "half an agent", request: { stages: [{ count: 1.5 }, all] }, paths: ["stages[0].count"] },
  { name: "shrinking", request: { stages: [{ share: 0.2 }, { share: 0.2 }, all] }, paths: ["stages[1]"] },
  { name: "shrinking counts", request: { stages: [{ count: 5 }, { count: 4 }, all] }, paths: ["stages[1]"] },
  { name: "not everyone in the end", request: { stages: [{ share: 0.2 }] }, paths: ["stages[0]"] },
  { name: "soak in the past", request: { stages: [{ share: 1, soakMs: -1 }] }, paths: ["stages[0].soakMs"] },
  {
    name: "limits",
    request: { stages: [all], limits: { failed: 1.01, errorRate: -0.1, minAgents: 0 } },
    paths: [
      "stages[0].limits.failed",
      "stages[0].limits.errorRate",
      "stages[0].limits.minAgents",
    ],
  },
  {
    name: "times and budgets",
    request: { applyTimeoutMs: 999, awayGraceMs: -1, initialApplying: 0, maxApplying: { count: 0 } },
    paths: [
      "maxApplying.count",
      "initialApplying",
      "applyTimeoutMs",
      "awayGraceMs",
    ],
  },
  { name: "no name", request: { name: "" }, paths: ["name"] },
];

Deno.test("every problem of a request is told with its path", async (t) => {
  for (const { name, request, paths } of refused) {
    await t.step(name, () => {
      throws(() => read(request), (thrown: unknown) => {
        ok(thrown instanceof InvalidRequestError);
        deepStrictEqual(thrown.problems.map(({ path }) => path).sort(), [...paths].sort());
        return true;
      });
    });
  }
});

const amounts: { amount: Amount; of: number; want: number; text: string }[] = [
  { amount: { share: 0.01 }, of: 18_000, want: 180, text: "1 %" },
  { amount: { share: 0.01 }, of: 101, want: 2, text: "1 %" },
  { amount: { share: 0.07 }, of: 100, want: 7, text: "7 %" },
  { amount: { share: 0.01 }, of: 3, want: 1, text: "1 %" },
  { amount: { share: 0.01 }, of: 0, want: 0, text: "1 %" },
  { amount: { share: 1 }, of: 7, want: 7, text: "100 %" },
  { amount: { count: 5 }, of: 7, want: 5, text: "5 agents" },
  { amount: { count: 5 }, of: 3, want: 3, text: "5 agents" },
];

Deno.test("amountOf()", async (t) => {
  for (const { amount, of, want, text } of amounts) {
    await t.step(`${text} of ${of}`, () => {
      strictEqual(amountOf(amount, of), want);
      strictEqual(amountText(amount), text);
    });
  }
});
