/**
 * Agents on the reference implementation (Go) against our server, over both transports, well-behaved and not.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import type { ServerOptions } from "node:https";
import {
  AgentCapabilities,
  ALL_SERVER_CAPABILITIES,
  nameOf,
  PackageStatusEnum,
  RemoteConfigStatuses,
} from "../../opamp/protocol/capabilities.ts";
import { hexToBytes } from "../../opamp/protocol/hashes.ts";
import { formatInstanceUid } from "../../opamp/protocol/instance_uid.ts";
import type { AgentView } from "../../opamp/server/agents/agent_view.ts";
import { createPackagesOffer } from "../../opamp/server/offers.ts";
import { OpampServer, type OpampServerDeps } from "../../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS, type OpampServerSettings } from "../../opamp/server/settings.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { eventually, until } from "../support/eventually.ts";
import { makeCertificates } from "../support/certificates.ts";
import { freePort } from "../support/gateway_process.ts";
import { configOf } from "../support/opamp_fleet.ts";
import { missingForPeers, type PeerProcess, startPeer } from "../support/peers.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("fleet of OpAMP agents", await missingForPeers());

/** What the fleet says of itself. */
interface FleetReport {
  readonly byHashAndStatus: Readonly<Record<string, number>>;
  readonly totals: Readonly<Record<string, number>>;
  readonly agents: readonly {
    readonly uid: string;
    readonly status: string;
    readonly hash: string;
    readonly offers: number;
    readonly applies: number;
    readonly server: string;
    readonly connects: number;
  }[];
}

type Scheme = "ws" | "http" | "wss" | "https";

/** Our server, and agents that come to it. */
class Field implements AsyncDisposable {
  readonly #peers: PeerProcess[] = [];

  private constructor(readonly server: OpampServer, readonly port: number, readonly scheme: Scheme) {}

  static async start(
    scheme: Scheme,
    settings: Partial<OpampServerSettings> = {},
    deps: Partial<OpampServerDeps> = {},
    tls?: ServerOptions,
  ) {
    const server = new OpampServer({
      settings: {
        ...DEFAULT_OPAMP_SERVER_SETTINGS,
        pollIntervalMs: 200,
        missedPolls: 5,
        offerRetryMs: 500,
        ...settings,
      },
      face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [] },
      clock: systemClock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      logger: silentLogger,
      meter: silentMeter,
      ...deps,
    });
    const { port } = await server.start({ hostname: "127.0.0.1", port: 0, tls });
    return new Field(server, port, scheme);
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}/v1/opamp`;
  }

  /** Starts `count` agents. @returns Their control API. */
  async agents(count: number, ...flags: string[]): Promise<Agents> {
    const control = freePort();
    const args = ["-n", String(count), "-server", this.url, "-control", `127.0.0.1:${control}`, "-heartbeat", "200ms"];
    this.#peers.push(await startPeer("opampagents", [...args, ...flags], control));
    return new Agents(`http://127.0.0.1:${control}`);
  }

  all(): AgentView[] {
    return [...this.server.fleet.agents()];
  }

  uids(): string[] {
    return this.all().map(({ uid }) => uid);
  }

  /** How many agents the server counts by status of their configuration. */
  statuses(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { configStatus, desiredConfig } of this.all()) {
      const isCurrent = configStatus !== undefined && configStatus.hash === desiredConfig;
      const name = isCurrent ? nameOf(RemoteConfigStatuses, configStatus.status) : "none";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  connected(count: number): Promise<unknown> {
    return until(() => this.server.fleet.counts, ({ connected }) => connected === count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) await peer.stop();
    await this.server.shutdown(1_000);
  }
}

class Agents {
  constructor(readonly url: string) {}

  async report(): Promise<FleetReport> {
    return await (await fetch(`${this.url}/agents`)).json() as FleetReport;
  }

  async behave(order: Record<string, unknown>): Promise<void> {
    const response = await fetch(`${this.url}/behaviour`, { method: "POST", body: JSON.stringify(order) });
    strictEqual(response.status, 200, await response.text());
  }
}

const isSame = (a: Record<string, number>, b: Record<string, number>) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

for (const scheme of ["ws", "http"] as const) {
  Deno.test({ name: `agents of the reference implementation over ${scheme}`, ignore }, async (t) => {
    await using field = await Field.start(scheme);
    const { fleet } = field.server;
    const agents = await field.agents(20, "-compress");

    await t.step("come with all that they have to say", async () => {
      await field.connected(20);
      await eventually(() => field.all().every((agent) => agent.health()?.healthy === true));
      const [first] = field.all();
      strictEqual(first?.attributes().identifying["service.name"], "opampagents");
      strictEqual(first.attributes().other["os.type"], "linux");
      ok((first.capabilities & AgentCapabilities.AcceptsRemoteConfig) !== 0);
      strictEqual(first.transport, scheme === "ws" ? "websocket" : "http");
      deepStrictEqual(new Set(field.uids()).size, 20);
    });

    await t.step("apply a configuration, each once, and report it", async () => {
      const offer = configOf("a: 1\n");
      fleet.setDesired(field.uids(), offer);
      await eventually(() => isSame(field.statuses(), { APPLIED: 20 }), () => JSON.stringify(field.statuses()));
      await eventually(() => field.all().every((agent) => textOf(agent) === "a: 1\n"));
      strictEqual(new Set(field.all().map((agent) => agent.effectiveConfigHash())).size, 1);
      const report = await agents.report();
      deepStrictEqual(report.byHashAndStatus, { [`${offer.hash} APPLIED`]: 20 });
      ok(report.agents.every(({ applies }) => applies === 1));
    });

    await t.step("S56: fail, and are not offered it again", async () => {
      await agents.behave({ fail: 0.4 });
      const offer = configOf("a: 2\n");
      const before = (await agents.report()).totals.offers ?? 0;
      fleet.setDesired(field.uids(), offer);
      await eventually(() => (field.statuses().FAILED ?? 0) + (field.statuses().APPLIED ?? 0) === 20);
      const failed = field.all().filter(({ failedConfig }) => failedConfig === offer.hash);
      ok(failed.length > 2 && failed.length < 18);
      strictEqual(failed[0]?.configStatus?.error, "told to fail");
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      strictEqual((await agents.report()).totals.offers, before + 20);
      await agents.behave({ fail: 0 });
      fleet.setDesired(field.uids(), offer, { retryFailed: true });
      fleet.setDesired(field.uids(), configOf("a: 3\n"));
      await eventually(() => isSame(field.statuses(), { APPLIED: 20 }), () => JSON.stringify(field.statuses()));
    });

    await t.step("take long, hang, fall ill, or say nothing", async () => {
      await agents.behave({ from: 0, to: 5, fail: 1, failMode: "stuck" });
      await agents.behave({ from: 5, to: 10, fail: 1, failMode: "health" });
      await agents.behave({ from: 10, to: 15, fail: 1, failMode: "silent" });
      await agents.behave({ from: 15, to: 20, delayMs: 300 });
      fleet.setDesired(field.uids(), configOf("a: 4\n"));
      const want = { APPLYING: 5, APPLIED: 10, none: 5 };
      await eventually(() => isSame(field.statuses(), want), () => JSON.stringify(field.statuses()));
      await eventually(() => field.all().filter((agent) => agent.health()?.healthy !== true).length === 5);
      await agents.behave({ fail: 0, delayMs: 0 });
      fleet.setDesired(field.uids(), configOf("a: 5\n"));
      await eventually(() => isSame(field.statuses(), { APPLIED: 20 }), () => JSON.stringify(field.statuses()));
    });

    await t.step("go away and come back to what was decided meanwhile", async () => {
      await agents.behave({ from: 0, to: 8, disconnect: 2_500 });
      await field.connected(12);
      fleet.setDesired(field.uids(), configOf("a: 6\n"));
      await eventually(() => field.statuses().APPLIED === 12, () => JSON.stringify(field.statuses()));
      await field.connected(20);
      await eventually(() => isSame(field.statuses(), { APPLIED: 20 }), () => JSON.stringify(field.statuses()));
      strictEqual(fleet.counts.known, 20);
    });

    await t.step("restart on command", async () => {
      const before = (await agents.report()).totals.restarts ?? 0;
      strictEqual(fleet.restart(field.uids().slice(0, 4)), 4);
      await eventually(async () => (await agents.report()).totals.restarts === before + 4);
      await field.connected(20);
    });

    await t.step("take a new uid", async () => {
      const [uid = ""] = field.uids();
      const given = fleet.assignUid(uid);
      ok(given);
      await eventually(() => fleet.get(given)?.connected === true);
      strictEqual(fleet.get(uid), undefined);
      const text = formatInstanceUid(hexToBytes(given));
      await eventually(async () => (await agents.report()).agents.some((agent) => agent.uid === text));
      strictEqual(fleet.counts.known, 20);
      strictEqual(fleet.get(given)?.desiredConfig, configOf("a: 6\n").hash);
    });

    await t.step("are told apart when several have one uid", async () => {
      await agents.behave({ from: 5, to: 8, duplicate: true });
      await eventually(async () => new Set((await agents.report()).agents.map(({ uid }) => uid)).size === 20);
      await field.connected(20);
    });

    await t.step(
      "take settings: a telemetry destination, a heartbeat, an endpoint that works and one that does not",
      async () => {
        const uids = field.all().filter((agent) => agent.connected).map(({ uid }) => uid);
        const good = fleet.setConnection(uids, {
          opamp: { destinationEndpoint: `${field.url}?moved`, heartbeatIntervalSeconds: 1 },
          ownMetrics: { destinationEndpoint: "http://127.0.0.1:9/v1/metrics" },
        });
        const settled = (hash: string, status: number) => () =>
          uids.every((uid) => {
            const { connectionStatus } = fleet.get(uid) ?? {};
            return connectionStatus?.hash === hash && connectionStatus.status === status;
          });
        const state = () => JSON.stringify(uids.map((uid) => fleet.get(uid)?.connectionStatus));
        await eventually(settled(good.hash, 1), state);
        await eventually(async () => (await agents.report()).agents.every(({ server }) => server.endsWith("?moved")));
        await field.connected(20);
        const bad = fleet.setConnection(uids, {
          opamp: { destinationEndpoint: "ws://127.0.0.1:9/", heartbeatIntervalSeconds: 1 },
        });
        await eventually(settled(bad.hash, 3), state);
        strictEqual(fleet.counts.connected, 20);
      },
    );
  });

  Deno.test({ name: `packages over ${scheme}`, ignore }, async () => {
    await using field = await Field.start(scheme);
    await field.agents(3, "-packages");
    await field.connected(3);
    const content = new TextEncoder().encode("content");
    const contentHash = new Uint8Array(createHash("sha256").update(content).digest());
    await using files = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => new Response(content));
    const file = (hash: Uint8Array) => ({ downloadUrl: `http://127.0.0.1:${files.addr.port}/file`, contentHash: hash });
    const good = createPackagesOffer(
      new Map([["rules", { type: 1, version: "1", file: file(contentHash), hash: Uint8Array.of(1) }]]),
    );
    field.server.fleet.setPackages(field.uids(), good);
    const statuses = () => field.all().map((agent) => agent.packageStatuses()?.packages?.get("rules")?.status ?? 0);
    const versions = () => field.all().map((agent) => agent.packageStatuses()?.packages?.get("rules")?.agentHasVersion);
    await eventually(() => versions().every((version) => version === "1"));
    deepStrictEqual(statuses(), [0, 0, 0].map(() => PackageStatusEnum.Installed));
    const tampered = createPackagesOffer(
      new Map([["rules", { type: 1, version: "2", file: file(new Uint8Array(32)), hash: Uint8Array.of(2) }]]),
    );
    field.server.fleet.setPackages(field.uids(), tampered);
    await eventually(() => statuses().every((status) => status === PackageStatusEnum.InstallFailed));
  });
}

for (const scheme of ["wss", "https"] as const) {
  Deno.test({ name: `agents over ${scheme}`, ignore }, async () => {
    const { caCert, serverCert, serverKey } = await makeCertificates();
    const ca = await Deno.makeTempFile();
    await Deno.writeTextFile(ca, caCert);
    await using field = await Field.start(scheme, {}, {}, { cert: serverCert, key: serverKey });
    await field.agents(5, "-ca", ca);
    await field.connected(5);
    field.server.fleet.setDesired(field.uids(), configOf(`a: "${"x".repeat(100_000)}"\n`));
    await eventually(() => isSame(field.statuses(), { APPLIED: 5 }), () => JSON.stringify(field.statuses()));
    await Deno.remove(ca);
  });
}

Deno.test({ name: "agents that connect all at once, past the budget, all come in", ignore }, async () => {
  await using field = await Field.start("ws", { acceptsPerSecond: 40, acceptBurst: 20, maxRetryAfterMs: 3_000 });
  await field.agents(80, "-ramp", "0");
  await field.connected(80);
  strictEqual(field.server.fleet.counts.known, 80);
});

Deno.test({ name: "agents without a good token stay outside", ignore }, async () => {
  await using field = await Field.start("ws", {}, {
    authenticate: ({ headers }) => headers.authorization === "Bearer good" ? "1" : undefined,
  });
  const outside = await field.agents(3, "-token", "bad");
  const inside = await field.agents(3, "-token", "good");
  await field.connected(3);
  await eventually(async () => ((await outside.report()).totals.connectFailures ?? 0) > 0);
  strictEqual((await inside.report()).totals.connectFailures, 0);
  strictEqual(field.server.fleet.counts.known, 3);
});

function textOf(agent: AgentView): string | undefined {
  const body = agent.effectiveConfig()?.configMap?.configMap?.get("")?.body;
  return body && new TextDecoder().decode(body);
}
