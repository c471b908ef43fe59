import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { NO_CONFIG } from "../../../../opamp/rollouts/configs/configs.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "../../../../opamp/rollouts/errors.ts";
import { RULE_LIMITS } from "../../../../opamp/rollouts/decisions.ts";
import { RolloutWorld } from "../../../support/fleet.ts";

/** One agent, and configurations with one version each. */
function oneAgent(...names: readonly string[]) {
  const world = new RolloutWorld();
  const [agent] = world.addAgents(1);
  world.flush();
  for (const name of names) world.config(name, name);
  if (agent === undefined) throw new Error("no agent");
  const { rollouts, store } = world;
  return { rollouts, store, agent, desired: () => rollouts.desired(agent.uid)?.name };
}

type Rule = readonly [name: string, selector: string, priority?: number];

const cases: { name: string; rules: readonly Rule[]; want: string | undefined }[] = [
  { name: "none", rules: [], want: undefined },
  { name: "none that matches", rules: [["a", "env = moon"]], want: undefined },
  { name: "the one that matches", rules: [["a", "env = moon"], ["b", "env = prod"]], want: "b" },
  { name: "the more specific", rules: [["a", "env = prod, host.name"], ["b", "env = prod"]], want: "a" },
  { name: "priority before specificity", rules: [["a", "env = prod, host.name"], ["b", "*", 1]], want: "b" },
  { name: "priority below 0", rules: [["a", "*"], ["b", "env = prod", -1]], want: "a" },
  { name: "of two alike the newer", rules: [["a", "env = prod"], ["b", "service.name = sluice"]], want: "b" },
  { name: "the same selector is the same rule", rules: [["a", "env=prod"], ["b", "env = prod, env=prod"]], want: "b" },
];

Deno.test("the strongest rule holds", async (t) => {
  for (const { name, rules, want } of cases) {
    await t.step(name, () => {
      const { rollouts, desired } = oneAgent("a", "b");
      for (const [config, selector, priority] of rules) {
        rollouts.assign({ selector, config: { name: config }, priority }, "ann");
      }
      strictEqual(desired(), want);
    });
  }
});

Deno.test("assignments", async (t) => {
  const { rollouts, store, desired, agent } = oneAgent("a", "b");

  await t.step("without a rule an agent is left alone", () => strictEqual(agent.desired, undefined));

  await t.step("are told at once, and taken back one by one", () => {
    rollouts.assign({ selector: "*", config: { name: "a" } }, "ann");
    rollouts.assign({ selector: "env = prod", config: { name: "b" } }, "ann");
    strictEqual(agent.desired?.name, "b");
    rollouts.unassign("env=prod", 0, "ann");
    strictEqual(agent.desired?.name, "a");
    rollouts.unassign("*", 0, "ann");
    strictEqual(agent.desired, NO_CONFIG);
    throws(() => rollouts.unassign("*", 0, "ann"), UnknownNameError);
  });

  await t.step("are events of no rollout", () => {
    const events = store.events({ rollout: 0, limit: 10 });
    deepStrictEqual(events.map(({ kind }) => kind).reverse(), ["assigned", "assigned", "unassigned", "unassigned"]);
  });

  await t.step("must make sense", () => {
    throws(() => rollouts.assign({ selector: "*", config: { name: "c" } }, "ann"), UnknownNameError);
    throws(() => rollouts.assign({ selector: "=", config: { name: "a" } }, "ann"), InvalidRequestError);
    throws(() => rollouts.assign({ selector: "*", config: { name: "a" }, priority: 0.5 }, "ann"), InvalidRequestError);
    strictEqual(desired(), undefined);
  });
});

Deno.test("what a rollout falls back to is not changed below it", () => {
  const { rollouts } = oneAgent("a", "b");
  rollouts.start({ selector: "env = prod", config: { name: "a" } }, "ann");
  throws(() => rollouts.assign({ selector: "env = prod", config: { name: "b" } }, "ann"), ConflictError);
  rollouts.assign({ selector: "*", config: { name: "b" } }, "ann");
});

Deno.test("so many rules, and not one more", async (t) => {
  await t.step("assignments", () => {
    const { rollouts } = oneAgent("a");
    for (let index = 0; index < RULE_LIMITS.maxAssignments; index++) {
      rollouts.assign({ selector: `x = ${index}`, config: { name: "a" } }, "ann");
    }
    rollouts.assign({ selector: "x = 0", config: { name: "a" } }, "ann");
    throws(() => rollouts.assign({ selector: "*", config: { name: "a" } }, "ann"), ConflictError);
  });

  await t.step("rollouts", () => {
    const { rollouts } = oneAgent("a");
    const start = () => rollouts.start({ selector: "*", config: { name: "a" }, onConflict: "queue" }, "ann");
    for (let index = 0; index < RULE_LIMITS.maxActive; index++) start();
    throws(start, /32 rollouts have not ended, the most/);
  });
});
