/** The controller's own metrics: what is counted is in the table, and what fails is told from what goes well. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { ControllerTelemetry } from "../../controller/telemetry.ts";
import { Fleet } from "../../opamp/server/fleet/fleet.ts";
import { createListenerMetrics } from "../../opamp/server/connections/listener_metrics.ts";
import { ALL_SERVER_CAPABILITIES } from "../../opamp/protocol/capabilities.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import type { Meter } from "../../pipeline/core/telemetry/meter.ts";
import { CONTROLLER_METRICS } from "../../pipeline/core/telemetry/controller_metrics.ts";
import { metricRow } from "../../pipeline/core/telemetry/table.ts";
import { configOf, FleetProbe, uidOf } from "../support/opamp_fleet.ts";
import { bytesToHex } from "../../opamp/protocol/hashes.ts";
import { RolloutWorld } from "../support/fleet.ts";

/** The values of a metric by its attributes. */
function valuesOf(telemetry: ControllerTelemetry, metric: string): Record<string, number | undefined> {
  const series = telemetry.collect().filter(({ name }) => name === metric);
  return Object.fromEntries(
    series.map(({ attributes, values }) => [Object.values(attributes).join(" "), values[0]]),
  );
}

function withTelemetry(run: (telemetry: ControllerTelemetry) => void | Promise<void>) {
  return async () => {
    const telemetry = new ControllerTelemetry(systemClock, "1");
    try {
      await run(telemetry);
    } finally {
      telemetry.shutdown();
    }
  };
}

Deno.test("the controller's metrics", async (t) => {
  await t.step(
    "all that is made is listed, with its attributes",
    withTelemetry((telemetry) => {
      createFleet(telemetry.meter);
      createListenerMetrics(telemetry.meter);
      telemetry.watchRollouts(new RolloutWorld().rollouts);
      for (const { name, kind, attributes } of telemetry.collect()) {
        if (name === "sluice_telemetry_overflow") continue;
        const row = metricRow(name);
        ok(row, name);
        strictEqual(row.kind, kind, name);
        if (name !== "target_info") deepStrictEqual(Object.keys(attributes), [...row.attributes], name);
      }
      const names = new Set(telemetry.collect().map(({ name }) => name));
      const later = CONTROLLER_METRICS.filter(({ name }) => !names.has(name)).map(({ name }) => name);
      deepStrictEqual(later, [
        "sluice_controller_store_duration",
        "sluice_controller_store_errors",
        "sluice_controller_api_requests",
        "sluice_controller_reports",
        "sluice_controller_agent_reports",
        "sluice_controller_taps",
        "sluice_controller_package_downloads",
      ]);
    }),
  );

  await t.step(
    "a fleet: agents, pushes, offers, events, what is refused",
    withTelemetry(async (telemetry) => {
      const probe = new FleetProbe({}, { meter: telemetry.meter });
      const link = probe.link();
      await probe.hello(link, 1);
      await probe.hello(link, 2);
      probe.fleet.setDesired([bytesToHex(uidOf(1))], configOf("a: 1"));
      await probe.turn();
      await probe.raw(link, Uint8Array.of(0xff));
      probe.fleet.detach(link);
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_agents_known"), { "": 2 });
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_agents_connected"), { "": 0 });
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_pushes"), { "": 1 });
      strictEqual(valuesOf(telemetry, "sluice_controller_offers")["config"], 1);
      strictEqual(valuesOf(telemetry, "sluice_controller_messages_refused")["malformed"], 1);
      const events = valuesOf(telemetry, "sluice_controller_agent_events");
      deepStrictEqual([events["connected"], events["disconnected"]], [2, 2]);
      probe.fleet.shutdown();
    }),
  );

  await t.step(
    "rollouts by their state, also those that have none",
    withTelemetry((telemetry) => {
      const world = new RolloutWorld();
      telemetry.watchRollouts(world.rollouts);
      deepStrictEqual(new Set(Object.values(valuesOf(telemetry, "sluice_controller_rollouts"))), new Set([0]));
      strictEqual(Object.keys(valuesOf(telemetry, "sluice_controller_rollouts")).length, 7);
    }),
  );

  await t.step(
    "a store: its calls by name, and those that fail",
    withTelemetry((telemetry) => {
      class Store {
        readonly #kept = [1];
        readonly size = 1;
        read(): number[] {
          return this.#kept;
        }
        write(): void {
          throw new RangeError("full");
        }
      }
      const store = telemetry.watchStore(new Store());
      deepStrictEqual([store.read(), store.read(), store.size], [[1], [1], 1]);
      throws(() => store.write(), RangeError);
      const calls = telemetry.collect().filter(({ name }) => name === "sluice_controller_store_duration");
      deepStrictEqual(
        calls.map(({ attributes, values }) => [
          attributes["operation"],
          values.slice(0, -1).reduce((sum, each) => sum + each),
        ]),
        [["read", 2], ["write", 1]],
      );
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_store_errors"), { write: 1 });
    }),
  );

  await t.step(
    "requests by method and status; a method that nobody knows is one of the others",
    withTelemetry(async (telemetry) => {
      const fetch = telemetry.countRequests(() => new Response(null, { status: 404 }));
      await fetch(new Request("http://c/", { method: "BREW" }));
      await fetch(new Request("http://c/"));
      await telemetry.countAnswers("sluice_controller_reports", () => new Response())(new Request("http://c/"));
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_api_requests"), { "other 404": 1, "GET 404": 1 });
      deepStrictEqual(valuesOf(telemetry, "sluice_controller_reports"), { "200": 1 });
    }),
  );
});

function createFleet(meter: Meter): Fleet {
  const probe = new FleetProbe({}, {
    meter,
    face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [] },
  });
  return probe.fleet;
}
