/** Our client against our server, over both transports. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { ALL_SERVER_CAPABILITIES, RemoteConfigStatuses } from "../../opamp/protocol/capabilities.ts";
import { parseInstanceUid } from "../../opamp/protocol/instance_uid.ts";
import { bytesToHex } from "../../opamp/protocol/hashes.ts";
import type { AgentView } from "../../opamp/server/agents/agent_view.ts";
import { OpampServer } from "../../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS } from "../../opamp/server/settings.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { freePort } from "../support/gateway_process.ts";
import { type Agent, started } from "../support/opamp_agent.ts";
import { configOf } from "../support/opamp_fleet.ts";
import { eventually } from "../support/eventually.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Our server without a store: after a restart it knows nobody. */
class Controller implements AsyncDisposable {
  readonly port: number;
  readonly server: OpampServer;

  private constructor(port: number) {
    this.port = port;
    this.server = new OpampServer({
      settings: { ...DEFAULT_OPAMP_SERVER_SETTINGS, pollIntervalMs: 100 },
      face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: ["test.tap"] },
      clock: systemClock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      logger: silentLogger,
      meter: silentMeter,
    });
  }

  static async start(port = freePort()): Promise<Controller> {
    const controller = new Controller(port);
    await controller.server.start({ hostname: "127.0.0.1", port });
    return controller;
  }

  endpoint(scheme: "ws" | "http"): string {
    return `${scheme}://127.0.0.1:${this.port}/v1/opamp`;
  }

  view(agent: Agent): AgentView | undefined {
    const uid = parseInstanceUid(agent.uid);
    return uid && this.server.fleet.get(bytesToHex(uid));
  }

  /** The view of an agent, once it is as wanted. */
  seen(agent: Agent, wanted: (view: AgentView) => boolean): Promise<AgentView> {
    return eventually(() => {
      const view = this.view(agent);
      return view !== undefined && wanted(view) && view;
    });
  }

  /** Offers a config, and waits for the verdict. */
  async verdict(agent: Agent, text: string): Promise<number | undefined> {
    const offer = configOf(text);
    const uid = this.view(agent)?.uid ?? "";
    this.server.fleet.setDesired([uid], offer);
    const isSettled = ({ configStatus }: AgentView) =>
      configStatus?.hash === offer.hash && configStatus.status !== RemoteConfigStatuses.APPLYING;
    return (await this.seen(agent, isSettled)).configStatus?.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.shutdown(500);
  }
}

for (const scheme of ["ws", "http"] as const) {
  Deno.test(`our client and our server over ${scheme}`, async (t) => {
    await using controller = await Controller.start();
    await using agent = await started({ endpoint: controller.endpoint(scheme) });
    const { uid } = await controller.seen(agent, ({ connected }) => connected);

    await t.step("who it is", () => {
      strictEqual(controller.view(agent)?.attributes().identifying["service.name"], "gateway");
      deepStrictEqual(controller.view(agent)?.customCapabilities, ["test.tap"]);
    });
    await t.step("a good config, a bad one, a good one", async () => {
      strictEqual(await controller.verdict(agent, "one"), RemoteConfigStatuses.APPLIED);
      strictEqual(await controller.verdict(agent, "__fail__"), RemoteConfigStatuses.FAILED);
      strictEqual(await controller.verdict(agent, "two"), RemoteConfigStatuses.APPLIED);
      deepStrictEqual(agent.applied, ["one", "__fail__", "two"]);
    });
    await t.step("commands and custom messages", async () => {
      controller.server.fleet.restart([uid]);
      await eventually(() => agent.restarts === 1);
      const got: unknown[] = [];
      controller.server.fleet.onCustomMessage((from, { data }) => void got.push(from, data));
      controller.server.fleet.sendCustomMessage([uid], { capability: "test.tap", type: "ask", data: utf8("1") });
      await eventually(() => agent.custom.length === 1);
      strictEqual(agent.client.sendCustomMessage({ capability: "test.tap", data: utf8("2") }), "queued");
      await eventually(() => got.length === 2);
      deepStrictEqual(got, [uid, utf8("2")]);
    });
    await t.step("another name", async () => {
      const assigned = controller.server.fleet.assignUid(uid);
      ok(assigned);
      const view = await controller.seen(agent, ({ uid }) => uid === assigned);
      strictEqual(view.attributes().identifying["service.name"], "gateway");
    });
  });

  Deno.test(`our server over ${scheme} comes back knowing nobody, and is told everything`, async () => {
    const first = await Controller.start();
    await using agent = await started({ endpoint: first.endpoint(scheme) });
    await first.seen(agent, ({ connected }) => connected);
    strictEqual(await first.verdict(agent, "one"), RemoteConfigStatuses.APPLIED);
    await first[Symbol.asyncDispose]();
    await using second = await Controller.start(first.port);
    const view = await second.seen(agent, ({ configStatus }) => configStatus !== undefined);
    strictEqual(view.attributes().identifying["service.name"], "gateway");
    strictEqual(view.configStatus?.status, RemoteConfigStatuses.APPLIED);
    deepStrictEqual(agent.applied, ["one"]);
  });
}

Deno.test("our client moves from one server of ours to another, and back from one that is not there", async () => {
  await using one = await Controller.start();
  await using two = await Controller.start();
  await using agent = await started({ endpoint: one.endpoint("ws") });
  const { uid } = await one.seen(agent, ({ connected }) => connected);
  one.server.fleet.setConnection([uid], { opamp: { destinationEndpoint: "ws://127.0.0.1:9/v1/opamp" } });
  const failed = await one.seen(
    agent,
    ({ connectionStatus }) => connectionStatus?.status === RemoteConfigStatuses.FAILED,
  );
  ok(failed.connectionStatus?.error);
  one.server.fleet.setConnection([uid], { opamp: { destinationEndpoint: two.endpoint("http") } });
  await two.seen(agent, ({ connectionStatus }) => connectionStatus?.status === RemoteConfigStatuses.APPLIED);
  strictEqual(one.view(agent)?.connected, false);
});
