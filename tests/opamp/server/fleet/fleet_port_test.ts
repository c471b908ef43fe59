/**
 * The fleet as rollouts see it.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { AgentCapabilities } from "../../../../opamp/protocol/capabilities.ts";
import { createFleetPort } from "../../../../opamp/server/fleet/fleet_port.ts";
import { configOf, FleetProbe, keyOf } from "../../../support/opamp_fleet.ts";

Deno.test("createFleetPort()", async (t) => {
  const probe = new FleetProbe();
  const link = probe.link();
  const config = configOf("a");
  const port = createFleetPort(probe.fleet, () => config);
  const agent = () => {
    const found = port.get(keyOf(1));
    ok(found);
    return found;
  };
  await probe.hello(link, 1);
  await t.step("who it is", () => {
    probe.fleet.setLabels(keyOf(1), { tier: "edge" });
    strictEqual(agent().attribute("service.name"), "gateway");
    strictEqual(agent().attribute("host.name"), "gw-1");
    strictEqual(agent().attribute("toString"), undefined);
    strictEqual(agent().label("tier"), "edge");
    strictEqual(agent().label("constructor"), undefined);
    deepStrictEqual([agent().connected, agent().followsConfig, agent().healthy], [true, true, true]);
    deepStrictEqual([...port.agents()].map(({ uid }) => uid), [keyOf(1)]);
    strictEqual(port.get(keyOf(2)), undefined);
  });
  await t.step("what it reports", async () => {
    deepStrictEqual({ ...agent().report, revision: 0 }, { hash: "", state: "unset", error: "", revision: 0 });
    port.offer(keyOf(1), { name: "a", version: 1, hash: config.hash }, false);
    await probe.turn();
    strictEqual(link.pushes.length, 1);
    const before = agent().report.revision;
    const effective = { configMap: new Map([["", { body: new TextEncoder().encode("a") }]]) };
    const report = () =>
      probe.report(link, 1, {
        remoteConfigStatus: { lastRemoteConfigHash: config.hashBytes, status: 3, errorMessage: "no" },
        effectiveConfig: { configMap: effective },
        health: { healthy: false },
      });
    await report();
    deepStrictEqual({ ...agent().report }, { hash: config.hash, state: "failed", error: "no", revision: before + 1 });
    deepStrictEqual([agent().effectiveHash, agent().healthy], [config.hash, false]);
    await report();
    strictEqual(agent().report.revision, before + 2);
  });
  await t.step("a failed one goes out again when that is asked", async () => {
    port.offer(keyOf(1), { name: "a", version: 1, hash: config.hash }, false);
    await probe.turn();
    strictEqual(link.pushes.length, 1);
    port.offer(keyOf(1), { name: "a", version: 1, hash: config.hash }, true);
    await probe.turn();
    strictEqual(link.pushes.length, 2);
  });
  await t.step("a revision moves with what selectors see, and not with the rest", async () => {
    const { revision } = agent();
    await probe.report(link, 1, { health: { healthy: true } });
    strictEqual(agent().revision, revision);
    await probe.report(link, 1, { agentDescription: {} });
    strictEqual(agent().revision, revision + 1);
    await probe.report(link, 1, { capabilities: AgentCapabilities.ReportsStatus });
    deepStrictEqual([agent().revision, agent().followsConfig], [revision + 2, false]);
    probe.fleet.setLabels(keyOf(1), {});
    strictEqual(agent().revision, revision + 3);
  });
});
