/**
 * The client's rules by their numbers in the list that the project was built to, each against a fake clock and no sockets.
 * Rules of the wire are proven in transports_test.ts, of the messages in ../protocol; `ELSEWHERE` says where.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { MemoryStateStore, parseClientState } from "../../../opamp/client/client_state.ts";
import { MAX_CUSTOM_MESSAGES } from "../../../opamp/client/custom_messages.ts";
import { DEFAULT_CLIENT_TLS } from "../../../opamp/client/transports/server_connection.ts";
import {
  AgentCapabilities,
  ALL_AGENT_CAPABILITIES,
  ConnectionSettingsStatuses,
  RemoteConfigStatuses,
  ServerErrorResponseType,
} from "../../../opamp/protocol/capabilities.ts";
import { bytesToHex, hexToBytes } from "../../../opamp/protocol/hashes.ts";
import { formatInstanceUid } from "../../../opamp/protocol/instance_uid.ts";
import type {
  AgentRemoteConfig,
  ComponentHealth,
  ConnectionSettingsOffers,
  EffectiveConfig,
  OpAMPConnectionSettings,
} from "../../../opamp/protocol/messages.ts";
import { settle } from "../../support/fake_clock.ts";
import { Bench, LOCAL, SERVER_BITS, USUAL } from "../../support/opamp_fake_server.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const U2 = hexToBytes("01906a5c000070008000000000000002");
const HTTP = { connection: { ...LOCAL, endpoint: "http://one:4320/v1/opamp" } };

/** Rules that another file proves, or that the client leaves to whoever uses it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  C01: "transports/transports_test.ts",
  C02: "transports/transports_test.ts",
  C03: "transports/transports_test.ts",
  C04: "transports/transports_test.ts",
  C05: "transports/transports_test.ts",
  C06: "transports/transports_test.ts",
  C07: "transports/transports_test.ts",
  C18: "transports/transports_test.ts",
  C19: "transports/transports_test.ts",
  C20: "transports/transports_test.ts",
  C24: "transports/transports_test.ts",
  C46: "../protocol/parts_test.ts",
  C49: "health is the agent's to fill: the client sends what it is given",
  C50: "health is the agent's to fill: the client sends what it is given",
  C57: "merging files is the agent's; the order of hashing: ../protocol/parts_test.ts",
  C68: "the agent's callback refuses; here: a refusal is told as FAILED (C62)",
  C71: "the agent's telemetry",
  C74: "offers/package_sync_test.ts",
  C75: "offers/package_sync_test.ts",
  C76: "offers/package_sync_test.ts",
  C77: "offers/package_sync_test.ts",
  C78: "offers/package_sync_test.ts",
  C84: "../protocol/messages_test.ts",
  C85: "AcceptsRemoteConfig is the agent's to declare; here: C37, C51",
};

const config = (text: string): EffectiveConfig => ({ configMap: { configMap: new Map([["", { body: utf8(text) }]]) } });
const remote = (hash: string, text = hash): AgentRemoteConfig => ({
  ...config(text),
  ...{ config: config(text).configMap },
  configHash: utf8(hash),
});
const healthy: ComponentHealth = { healthy: true, startTimeUnixNano: 1n };
const offer = (opamp: OpAMPConnectionSettings, hash = "s1"): { connectionSettings: ConnectionSettingsOffers } => ({
  connectionSettings: { hash: utf8(hash), opamp },
});
const hashOf = (hash: Uint8Array | undefined) => new TextDecoder().decode(hash);

/** A callback whose calls settle when the test says so. */
function controlled<Item>() {
  const calls: { item: Item; abort: AbortSignal; settle: (problem?: string) => Promise<void> }[] = [];
  const callback = (item: Item, abort: AbortSignal) =>
    new Promise<string | undefined>((resolve) => {
      calls.push({ item, abort, settle: (problem) => (resolve(problem), settle()) });
    });
  return { calls, callback };
}

const RULES: Readonly<Record<string, () => Promise<void>>> = {
  "C08, C09: a part over the limit is not sent, the drop is logged, the rest goes": async () => {
    const link = { maxMessageBytes: 300, gzip: false };
    const bench = await new Bench({ session: { link } }).connect();
    bench.client.setEffectiveConfig(() => config("x".repeat(300)));
    bench.client.setHealth(healthy);
    await settle();
    strictEqual(bench.last.effectiveConfig, undefined);
    deepStrictEqual(bench.last.health, healthy);
    ok(bench.log.some(({ level, message }) => level === "error" && message.includes("too large")));
    const sent = bench.link.received.length;
    await bench.link.answer();
    strictEqual(bench.link.received.length, sent, "it is not tried again");
  },
  "C10: the first message of a process is a full status report": async () => {
    const bench = new Bench();
    bench.client.setHealth(healthy);
    bench.client.setEffectiveConfig(() => config("a"));
    await bench.connect();
    const [first] = bench.link.received;
    ok(first?.agentDescription && first.health && first.effectiveConfig);
    strictEqual(first.remoteConfigStatus, undefined, "nothing was ever received");
  },
  "C11, C40: a reconnect leaves out what is unchanged and goes on with the numbers": async () => {
    const bench = await new Bench().connect();
    await bench.clock.advance(5_000);
    await bench.link.fail();
    await bench.clock.advance(0);
    await bench.link.open();
    strictEqual(bench.links.length, 2);
    strictEqual(bench.last.agentDescription, undefined);
    strictEqual(bench.last.sequenceNum, (bench.links[0]?.received.at(-1)?.sequenceNum ?? 0) + 1);
  },
  "C12: a link that stood is made again at once, then with growing waits": async () => {
    const bench = await new Bench().connect();
    await bench.clock.advance(5_000);
    await bench.link.fail();
    await bench.clock.advance(0);
    const waits: number[] = [];
    for (let attempt = 2; attempt < 10; attempt++) {
      strictEqual(bench.links.length, attempt);
      const begin = bench.clock.nowMs();
      await bench.link.fail({ isUnsent: true });
      while (bench.links.length === attempt) await bench.clock.advance(500);
      waits.push(bench.clock.nowMs() - begin);
    }
    deepStrictEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  },
  "C12: a link that breaks as soon as it stands is not made again at once": async () => {
    const bench = await new Bench().connect();
    await bench.link.fail();
    await bench.clock.advance(500);
    strictEqual(bench.links.length, 1);
    await bench.clock.advance(500);
    strictEqual(bench.links.length, 2);
  },
  "C13, C28: stopping sends agent_disconnect, then closes": async () => {
    for (const settings of [{}, HTTP]) {
      const bench = await new Bench(settings).connect();
      const stopped = bench.client.stop();
      await settle();
      ok(bench.last.agentDisconnect);
      if (settings === HTTP) {
        strictEqual(bench.link.ended, undefined, "the answer is waited for");
        await bench.link.answer();
      }
      await stopped;
      strictEqual(bench.link.ended, "closed");
      await bench.clock.advance(600_000);
      strictEqual(bench.links.length, 1);
      strictEqual(bench.clock.pending, 0);
    }
  },
  "C13: stopping in the middle of a trial, of a wait, of nothing": async () => {
    const trying = await new Bench().connect();
    await trying.link.answer(offer({ destinationEndpoint: "ws://two/" }));
    const answered = await new Bench().connect();
    await answered.link.answer(offer({ destinationEndpoint: "ws://two/" }));
    await answered.link.open();
    const waiting = await new Bench().connect();
    const unavailable = await new Bench().connect();
    unavailable.link.isSlow = true;
    await unavailable.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable } });
    await waiting.link.fail();
    const applying = await new Bench({}, { onRemoteConfig: () => new Promise(() => {}) }).connect();
    await applying.link.answer({ remoteConfig: remote("h1") });
    for (const bench of [trying, answered, waiting, unavailable, applying]) {
      await bench.client.stop();
      await bench.client.stop();
      await bench.clock.advance(600_000);
      strictEqual(bench.open, 0);
      strictEqual(bench.clock.pending, 0);
    }
    await new Bench().client.stop();
  },
  "C13: a server that does not take the farewell holds nothing up for long": async () => {
    const bench = await new Bench(HTTP).connect();
    const stopped = bench.client.stop();
    await settle();
    await bench.clock.advance(2_000);
    await stopped;
    ok(bench.link.ended);
  },
  "C14, C15: never two links; another server only after disconnect and close": async () => {
    const bench = await new Bench().connect();
    await bench.link.answer(offer({ destinationEndpoint: "ws://two/" }));
    const [first, second] = bench.links;
    ok(first?.received.at(-1)?.agentDisconnect);
    strictEqual(first?.ended, "closed");
    strictEqual(second?.connection.endpoint, "ws://two/");
    strictEqual(bench.open, 1);
  },
  "C14, C15: a server that becomes unavailable while another is offered": async () => {
    for (const isSlow of [true, false]) {
      const { calls, callback } = controlled<unknown>();
      const onOwnTelemetry = (_signal: string, settings: unknown, abort: AbortSignal) => callback(settings, abort);
      const bench = await new Bench({}, { onOwnTelemetry }).connect();
      await bench.link.answer({
        connectionSettings: { hash: utf8("s1"), ownMetrics: {}, opamp: { destinationEndpoint: "ws://two/" } },
      });
      bench.link.isSlow = isSlow;
      const unavailable = bench.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable } });
      await calls[0]?.settle();
      await unavailable;
      await bench.clock.advance(4_000);
      strictEqual(bench.open, 1);
      strictEqual(bench.link.connection.endpoint, "ws://two/");
      await bench.link.open();
      await bench.link.answer();
      await bench.clock.advance(20_000);
      strictEqual(bench.open, 1);
      strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLIED);
    }
  },
  "C16: UNAVAILABLE over WebSocket: the link is left, and made again no sooner than told": async () => {
    const bench = await new Bench().connect();
    const retryInfo = { retryAfterNanoseconds: 30_000_000_000 };
    await bench.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable, retryInfo } });
    ok(bench.last.agentDisconnect);
    strictEqual(bench.link.ended, "closed");
    await bench.clock.advance(29_999);
    strictEqual(bench.links.length, 1);
    await bench.clock.advance(3_001);
    strictEqual(bench.links.length, 2);
  },
  "C17: UNAVAILABLE without a time: the waits grow": async () => {
    const bench = new Bench();
    await bench.client.start();
    const waits: number[] = [];
    for (let attempt = 1; attempt < 4; attempt++) {
      await bench.link.open();
      const begin = bench.clock.nowMs();
      await bench.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable } });
      while (bench.links.length === attempt) await bench.clock.advance(500);
      waits.push(bench.clock.nowMs() - begin);
    }
    deepStrictEqual(waits, [1_000, 2_000, 4_000]);
  },
  "UNAVAILABLE over HTTP: no poll before the time": async () => {
    const bench = await new Bench(HTTP).connect();
    await bench.clock.advance(30_000);
    const retryInfo = { retryAfterNanoseconds: 90_000_000_000 };
    await bench.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable, retryInfo } });
    await bench.clock.advance(89_000);
    strictEqual(bench.links.length, 1);
    await bench.clock.advance(20_000);
    strictEqual(bench.links.length, 2);
  },
  "C21: one HTTP request at a time; what changes meanwhile goes out right after the answer": async () => {
    const bench = await new Bench(HTTP).connect();
    bench.client.setHealth(healthy);
    await settle();
    bench.client.setHealth({ ...healthy, status: "b" });
    bench.client.setHealth({ ...healthy, status: "c" });
    await bench.clock.advance(29_000);
    strictEqual(bench.link.received.length, 2);
    await bench.link.answer();
    strictEqual(bench.link.received.length, 3);
    strictEqual(bench.last.health?.status, "c");
  },
  "C22: an idle HTTP client polls, each 30 s by default": async () => {
    for (const [settings, intervalMs] of [[HTTP, 30_000], [{ ...HTTP, pollIntervalMs: 7_000 }, 7_000]] as const) {
      const bench = await new Bench(settings).connect();
      await bench.clock.advance(intervalMs - 1);
      strictEqual(bench.link.received.length, 1);
      await bench.clock.advance(1);
      strictEqual(bench.link.received.length, 2);
      await bench.link.answer();
      await bench.clock.advance(intervalMs);
      strictEqual(bench.link.received.length, 3);
    }
  },
  "C23: an offered interval becomes the poll interval; 0 does not stop polling": async () => {
    for (const [seconds, intervalMs] of [[5, 5_000], [0, 30_000]] as const) {
      const bench = await new Bench(HTTP).connect(offer({ heartbeatIntervalSeconds: seconds }));
      while (bench.last.connectionSettingsStatus?.status !== ConnectionSettingsStatuses.APPLIED) {
        await bench.link.answer();
      }
      await bench.link.answer();
      const before = bench.link.received.length;
      await bench.clock.advance(intervalMs - 1);
      strictEqual(bench.link.received.length, before);
      await bench.clock.advance(1);
      strictEqual(bench.link.received.length, before + 1);
    }
  },
  "C24: an HTTP answer that cannot be read changes nothing, and polling goes on": async () => {
    const bench = await new Bench(HTTP).connect();
    await bench.clock.advance(30_000);
    await bench.link.unreadable();
    await bench.clock.advance(30_000);
    strictEqual(bench.links.length, 1);
    strictEqual(bench.link.received.length, 3);
  },
  "C25: a request that was refused is not made again": async () => {
    const bench = await new Bench(HTTP).connect();
    bench.client.setHealth(healthy);
    await settle();
    bench.link.sent("refused");
    await bench.clock.advance(30_000);
    strictEqual(bench.link.received.length, 3);
    strictEqual(bench.last.health, undefined);
  },
  "C26, C27: Retry-After is honoured on both transports, in silence": async () => {
    for (const settings of [{}, HTTP]) {
      const bench = new Bench(settings);
      await bench.client.start();
      await settle();
      await bench.link.fail({ status: 503, retryAfterMs: 120_000, isUnsent: true });
      bench.client.setHealth(healthy);
      await bench.clock.advance(119_999);
      strictEqual(bench.links.length, 1);
      strictEqual(bench.link.received.length, 0);
      await bench.clock.advance(12_001);
      strictEqual(bench.links.length, 2);
    }
  },
  "C27: throttled without a time: 30 s at the least": async () => {
    const bench = new Bench();
    await bench.client.start();
    await bench.link.fail({ status: 429, isUnsent: true });
    await bench.clock.advance(29_999);
    strictEqual(bench.links.length, 1);
    await bench.clock.advance(3_001);
    strictEqual(bench.links.length, 2);
  },
  "C29, C30: a new uid is a UUIDv7, the same for the life of the process and in the next": async () => {
    const bench = await new Bench().connect();
    const { instanceUid } = bench.last;
    match(formatInstanceUid(instanceUid ?? new Uint8Array()), /^018bcfe5-6800-7...-[89ab]/);
    await bench.clock.advance(30_000);
    deepStrictEqual(bench.last.instanceUid, instanceUid);
    const next = await new Bench({}, {}, bench.store).connect();
    deepStrictEqual(next.last.instanceUid, instanceUid);
  },
  "C31, C32: a wanted uid is asked for until it comes, then used, kept and asked for no more": async () => {
    const store = new MemoryStateStore();
    const uids: string[] = [];
    const callbacks = { onInstanceUid: (uid: Uint8Array) => void uids.push(bytesToHex(uid)) };
    const bench = new Bench({ requestInstanceUid: true }, callbacks, store);
    await bench.client.start();
    await bench.link.open();
    strictEqual(bench.last.flags, 1);
    await bench.link.answer({ agentIdentification: { newInstanceUid: U2 } });
    deepStrictEqual(bench.last.instanceUid, U2);
    deepStrictEqual(bench.link.uids.at(-1), U2);
    strictEqual(bench.last.flags, undefined);
    ok(bench.last.agentDescription, "the server is told everything of the new name");
    strictEqual(uids.at(-1), bytesToHex(U2));
    const next = await new Bench({ requestInstanceUid: true }, {}, store).connect();
    deepStrictEqual(next.last.instanceUid, U2);
    strictEqual(next.last.flags, undefined);
  },
  "C32: an answer to a message under the old uid still counts": async () => {
    const bench = await new Bench().connect();
    const old = bench.last.instanceUid;
    await bench.link.answer({ agentIdentification: { newInstanceUid: U2 } });
    const before = bench.link.received.length;
    await bench.link.answer({ instanceUid: old, flags: 1 });
    strictEqual(bench.link.received.length, before + 1);
  },
  "C33: a new uid that is not 16 bytes is refused": async () => {
    const bench = await new Bench().connect();
    const uid = bench.last.instanceUid;
    for (const length of [0, 15, 17]) {
      await bench.link.answer({ agentIdentification: { newInstanceUid: new Uint8Array(length) } });
    }
    await bench.clock.advance(30_000);
    deepStrictEqual(bench.last.instanceUid, uid);
  },
  "C34: capabilities on every message, ReportsStatus among them, unknown bits 0": async () => {
    const bench = await new Bench({ capabilities: 0x1_2000 }).connect();
    await bench.clock.advance(30_000);
    deepStrictEqual(bench.link.received.map(({ capabilities }) => capabilities), [0x2001, 0x2001]);
    strictEqual((bench.last.capabilities ?? 0) & ~ALL_AGENT_CAPABILITIES, 0);
  },
  "C35: a changed mask is told at once": async () => {
    const bench = await new Bench().connect();
    bench.client.setCapabilities(0x1);
    await settle();
    strictEqual(bench.last.capabilities, 0x1);
    strictEqual(bench.link.received.length, 2);
  },
  "C36: what the server lacks is not sent, until it has it": async () => {
    const bench = await new Bench().connect({ capabilities: 0x1 });
    bench.client.setPackageStatuses({ packages: new Map() });
    bench.client.setEffectiveConfig(() => config("a"));
    await bench.client.requestCertificate(utf8("CSR"), "KEY");
    await settle();
    strictEqual(bench.link.received.length, 1);
    await bench.link.answer({ capabilities: 0x7f });
    ok(bench.last.packageStatuses && bench.last.effectiveConfig && bench.last.connectionSettingsRequest);
  },
  "C37: offers for what the agent has not declared are ignored": async () => {
    const { calls, callback } = controlled<unknown>();
    const callbacks = { onRemoteConfig: callback, onPackages: callback };
    const bench = await new Bench({ capabilities: 0x1 }, callbacks).connect();
    await bench.link.answer({
      remoteConfig: remote("h1"),
      packagesAvailable: { allPackagesHash: utf8("p") },
      ...offer({ destinationEndpoint: "ws://two/", heartbeatIntervalSeconds: 1 }),
    });
    await bench.clock.advance(60_000);
    strictEqual(calls.length, 0);
    strictEqual(bench.link.received.length, 1);
    strictEqual(bench.links.length, 1);
  },
  "C38, C42: each change is told, and nothing else with it": async () => {
    const bench = await new Bench().connect();
    for (const status of ["a", "b"]) {
      bench.client.setHealth({ ...healthy, status });
      await settle();
      strictEqual(bench.last.health?.status, status);
      strictEqual(bench.last.agentDescription, undefined);
    }
    strictEqual(bench.link.received.length, 3);
  },
  "C39: messages that change nothing cause none": async () => {
    const bench = await new Bench().connect();
    for (let count = 0; count < 100; count++) {
      await bench.link.answer({ capabilities: SERVER_BITS, customCapabilities: { capabilities: ["x"] } });
    }
    bench.client.setAgentDescription({
      identifyingAttributes: [{ key: "service.name", value: { stringValue: "gateway" } }],
    });
    await settle();
    strictEqual(bench.link.received.length, 1);
  },
  "C40: the numbers grow by one": async () => {
    for (const settings of [{}, HTTP]) {
      const bench = await new Bench(settings).connect();
      for (let count = 0; count < 5; count++) {
        bench.client.setHealth({ ...healthy, status: String(count) });
        await settle();
        await bench.link.answer();
      }
      const numbers = bench.link.received.map(({ sequenceNum }) => sequenceNum);
      deepStrictEqual(numbers, numbers.map((_, at) => (numbers[0] ?? 0) + at));
    }
  },
  "C40: a request that the server has not looked at leaves no gap; what it carried is sent again": async () => {
    const bench = await new Bench(HTTP).connect();
    bench.client.setHealth(healthy);
    await settle();
    const { sequenceNum } = bench.last;
    await bench.link.fail({ isUnsent: true });
    await bench.clock.advance(60_000);
    await bench.link.open();
    strictEqual(bench.last.sequenceNum, sequenceNum);
    deepStrictEqual(bench.last.health, healthy);
  },
  "what a broken link may have lost is sent again": async () => {
    const bench = await new Bench().connect();
    bench.client.setHealth(healthy);
    await settle();
    await bench.link.fail();
    await bench.clock.advance(60_000);
    await bench.link.open();
    deepStrictEqual(bench.last.health, healthy);
  },
  "C41: a part that changed is sent whole": async () => {
    const bench = await new Bench().connect();
    const health: ComponentHealth = {
      healthy: true,
      componentHealthMap: new Map([["a", {}], ["b", { healthy: true }]]),
    };
    bench.client.setHealth(health);
    await settle();
    const changed = { ...health, componentHealthMap: new Map([["a", {}], ["b", { lastError: "x" }]]) };
    bench.client.setHealth(changed);
    await settle();
    deepStrictEqual(bench.last.health, changed);
  },
  "C43: ReportFullState is answered with all parts": async () => {
    const bench = new Bench({ customCapabilities: ["c"] });
    bench.client.setHealth(healthy);
    bench.client.setEffectiveConfig(() => config("a"));
    bench.client.setPackageStatuses({ serverProvidedAllPackagesHash: utf8("p") });
    bench.client.setAvailableComponents(new Map([["otlp", {}]]));
    await bench.connect();
    await bench.link.answer({ flags: 1 });
    const { agentDescription, health, effectiveConfig, packageStatuses, customCapabilities, availableComponents } =
      bench.last;
    ok(agentDescription && health && effectiveConfig && packageStatuses && customCapabilities && availableComponents);
    strictEqual(bench.link.received.length, 2);
  },
  "C44, C45: components by hash first, whole when asked for": async () => {
    const components = new Map([["otlp", { metadata: [{ key: "k", value: { stringValue: "v" } }] }]]);
    const bench = new Bench();
    bench.client.setAvailableComponents(components);
    await bench.connect();
    const hash = bench.last.availableComponents?.hash;
    strictEqual(hash?.length, 32);
    strictEqual(bench.last.availableComponents?.components, undefined);
    await bench.link.answer({ flags: 2 });
    deepStrictEqual(bench.last.availableComponents, { components, hash });
    await bench.link.answer({ flags: 1 });
    deepStrictEqual(bench.last.availableComponents, { hash });
  },
  "C47: the server may speak unasked, and twice": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.answer({ remoteConfig: remote("h1") });
    await bench.link.answer({ remoteConfig: remote("h1") });
    strictEqual(calls.length, 1);
  },
  "C48: what changes offline goes out as one message": async () => {
    const bench = await new Bench().connect();
    await bench.clock.advance(5_000);
    await bench.link.fail();
    for (let count = 0; count < 50; count++) bench.client.setHealth({ ...healthy, status: String(count) });
    bench.client.setEffectiveConfig(() => config("b"));
    await bench.clock.advance(0);
    await bench.link.open();
    strictEqual(bench.link.received.length, 1);
    strictEqual(bench.last.health?.status, "49");
    ok(bench.last.effectiveConfig);
  },
  "C51: what is not declared is not reported": async () => {
    const bench = new Bench({ capabilities: 0x1 });
    bench.client.setHealth(healthy);
    bench.client.setEffectiveConfig(() => config("a"));
    bench.client.setPackageStatuses({});
    bench.client.setAvailableComponents(new Map());
    await bench.connect();
    await bench.link.answer({ flags: 3 });
    const { health, effectiveConfig, packageStatuses, availableComponents } = bench.last;
    deepStrictEqual([health, effectiveConfig, packageStatuses, availableComponents], Array(4).fill(undefined));
  },
  "C52, C53: APPLYING, then APPLIED or FAILED with its reason, all under the hash that came": async () => {
    for (const problem of [undefined, "line 3: no such receiver"]) {
      const { calls, callback } = controlled<AgentRemoteConfig>();
      const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
      await bench.link.answer({ remoteConfig: remote("h1") });
      const lastRemoteConfigHash = utf8("h1");
      deepStrictEqual(bench.last.remoteConfigStatus, { lastRemoteConfigHash, status: RemoteConfigStatuses.APPLYING });
      await calls[0]?.settle(problem);
      deepStrictEqual(
        bench.last.remoteConfigStatus,
        problem === undefined
          ? { lastRemoteConfigHash, status: RemoteConfigStatuses.APPLIED }
          : { lastRemoteConfigHash, status: RemoteConfigStatuses.FAILED, errorMessage: problem },
      );
    }
  },
  "C53: a callback that throws is a FAILED too": async () => {
    const onRemoteConfig = () => Promise.reject(new Error("boom"));
    const bench = await new Bench({}, { onRemoteConfig }).connect();
    await bench.link.answer({ remoteConfig: remote("h1") });
    strictEqual(bench.last.remoteConfigStatus?.errorMessage, "boom");
  },
  "C54: the same hash again is no work; the status is told again, but not without end": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.answer({ remoteConfig: remote("h1") });
    await calls[0]?.settle();
    const before = bench.link.received.length;
    for (let count = 0; count < 20; count++) await bench.link.answer({ remoteConfig: remote("h1") });
    strictEqual(calls.length, 1);
    strictEqual(bench.link.received.length, before + 1);
    strictEqual(bench.last.remoteConfigStatus?.status, RemoteConfigStatuses.APPLIED);
    await bench.clock.advance(1_000);
    await bench.link.answer({ remoteConfig: remote("h1") });
    strictEqual(bench.link.received.length, before + 2);
  },
  "C54: a failed hash is not tried again": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.answer({ remoteConfig: remote("h1") });
    await calls[0]?.settle("bad");
    await bench.link.answer({ remoteConfig: remote("h1") });
    strictEqual(calls.length, 1);
    strictEqual(bench.last.remoteConfigStatus?.status, RemoteConfigStatuses.FAILED);
  },
  "C55: a newer offer overtakes one that is being applied; of those in between none is applied": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    for (const hash of ["h1", "h2", "h3"]) await bench.link.answer({ remoteConfig: remote(hash) });
    strictEqual(hashOf(bench.last.remoteConfigStatus?.lastRemoteConfigHash), "h3");
    strictEqual(calls[0]?.abort.aborted, true);
    strictEqual(calls.length, 1, "one at a time");
    await calls[0]?.settle();
    deepStrictEqual(calls.map(({ item }) => hashOf(item.configHash)), ["h1", "h3"]);
    await calls[1]?.settle();
    const told = bench.link.received.map(({ remoteConfigStatus }) => remoteConfigStatus).filter((told) => told);
    deepStrictEqual(
      told.map((status) => `${hashOf(status?.lastRemoteConfigHash)} ${status?.status}`),
      ["h1 2", "h2 2", "h3 2", "h3 1"],
    );
  },
  "an offer without a hash is ignored": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.answer({ remoteConfig: { config: config("a").configMap } });
    strictEqual(calls.length, 0);
    strictEqual(bench.link.received.length, 1);
  },
  "C56: the effective config is told when it changed, with the verdict that changed it": async () => {
    const bench = new Bench({}, {
      onRemoteConfig: () => {
        bench.client.setEffectiveConfig(() => config("new"));
        return Promise.resolve(undefined);
      },
    });
    bench.client.setEffectiveConfig(() => config("old"));
    await bench.connect();
    bench.client.setEffectiveConfig(() => config("old"));
    await settle();
    strictEqual(bench.link.received.length, 1);
    await bench.link.answer({ remoteConfig: remote("h1") });
    const told = bench.link.received.filter(({ effectiveConfig }) => effectiveConfig);
    strictEqual(told.length, 2);
    deepStrictEqual(told[1]?.effectiveConfig, config("new"));
  },
  "C58: hash and status are told after a restart; what was being applied is as good as not received": async () => {
    for (const [settled, want] of [[true, RemoteConfigStatuses.APPLIED], [false, undefined]] as const) {
      const { calls, callback } = controlled<AgentRemoteConfig>();
      const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
      await bench.link.answer({ remoteConfig: remote("h1") });
      if (settled) await calls[0]?.settle();
      const next = await new Bench({}, { onRemoteConfig: callback }, bench.store).connect();
      strictEqual(next.link.received[0]?.remoteConfigStatus?.status, want);
      await next.link.answer({ remoteConfig: remote("h1") });
      strictEqual(calls.length, settled ? 1 : 2);
    }
  },
  "C59, C61, C62: an offered server is tried, then APPLIED there, with all that it must know": async () => {
    const bench = await new Bench().connect();
    await bench.link.answer(offer({ destinationEndpoint: "ws://two/", heartbeatIntervalSeconds: 9 }));
    const [first] = bench.links;
    ok(first?.received.some(({ connectionSettingsStatus }) => connectionSettingsStatus?.status === 2), "APPLYING");
    await bench.link.open();
    ok(bench.last.agentDescription);
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLYING);
    await bench.link.answer({ capabilities: SERVER_BITS });
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLIED);
    strictEqual(hashOf(bench.last.connectionSettingsStatus?.lastConnectionSettingsHash), "s1");
    const next = await new Bench({}, {}, bench.store).connect();
    strictEqual(next.link.connection.endpoint, "ws://two/");
    strictEqual(next.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLIED);
  },
  "C59, C62: a server that does not answer well: back to the old one, and FAILED": async () => {
    const failures: Record<string, (bench: Bench) => Promise<void>> = {
      "no connection": (bench) => bench.link.fail({ isUnsent: true }),
      "refused": (bench) => bench.link.fail({ status: 401, isUnsent: true }),
      "no answer": async (bench) => {
        await bench.link.open();
        await bench.clock.advance(10_000);
      },
      "unavailable": async (bench) => {
        await bench.link.open();
        await bench.link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable } });
      },
      "rejected": async (bench) => {
        await bench.link.open();
        await bench.link.answer({ errorResponse: { type: ServerErrorResponseType.BadRequest } });
      },
      "garbage": async (bench) => {
        await bench.link.open();
        await bench.link.raw(hexToBytes("ff"));
        await bench.clock.advance(10_000);
      },
    };
    for (const [name, fail] of Object.entries(failures)) {
      const bench = await new Bench().connect();
      await bench.link.answer(offer({ destinationEndpoint: "ws://two/" }));
      strictEqual(bench.link.connection.endpoint, "ws://two/");
      await fail(bench);
      strictEqual(bench.open, 1, name);
      strictEqual(bench.link.connection.endpoint, LOCAL.endpoint, name);
      await bench.link.open();
      await bench.link.answer();
      strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.FAILED, name);
      ok(bench.last.connectionSettingsStatus?.errorMessage, name);
      const next = await new Bench({}, {}, bench.store).connect();
      strictEqual(next.link.connection.endpoint, LOCAL.endpoint, name);
    }
  },
  "C60: a crash in the middle of a trial: the trial goes on": async () => {
    for (const works of [true, false]) {
      const bench = await new Bench().connect();
      await bench.link.answer(offer({ destinationEndpoint: "ws://two/" }));
      const next = new Bench({}, {}, bench.store);
      await next.client.start();
      await settle();
      strictEqual(next.link.connection.endpoint, "ws://two/");
      if (works) {
        await next.link.open();
        await next.link.answer({ capabilities: SERVER_BITS });
      } else {
        await next.link.fail();
        strictEqual(next.link.connection.endpoint, LOCAL.endpoint);
        await next.link.open();
        await next.link.answer();
      }
      strictEqual(next.last.connectionSettingsStatus?.status, works ? 1 : 3);
    }
  },
  "C62: parts fail each by its name": async () => {
    const bench = await new Bench({}, { onOwnTelemetry: () => Promise.resolve("http is not allowed") }).connect();
    await bench.link.answer({
      connectionSettings: {
        hash: utf8("s1"),
        ownMetrics: { destinationEndpoint: "http://x" },
        opamp: { tls: { minVersion: "9" } },
      },
    });
    strictEqual(
      bench.last.connectionSettingsStatus?.errorMessage,
      "own_metrics: http is not allowed; opamp: tls has a version that is none of 1.0 to 1.3",
    );
  },
  "C62: own telemetry is handed on, and APPLIED": async () => {
    const handed: unknown[] = [];
    const onOwnTelemetry = (...args: unknown[]) => (handed.push(args.slice(0, 2)), Promise.resolve(undefined));
    const bench = await new Bench({}, { onOwnTelemetry }).connect();
    const ownMetrics = { destinationEndpoint: "https://m" };
    await bench.link.answer({ connectionSettings: { hash: utf8("s1"), ownMetrics, ownTraces: ownMetrics } });
    deepStrictEqual(handed, [["metrics", ownMetrics]]);
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLIED);
  },
  "what was handed on before a restart is handed on again; the latest of each part": async () => {
    const handed: string[] = [];
    const onOwnTelemetry = (signal: string, { destinationEndpoint = "" }) => {
      if (destinationEndpoint === "http://refused") return Promise.resolve("no");
      handed.push(`${signal} ${destinationEndpoint}`);
      return Promise.resolve(undefined);
    };
    const capabilities = USUAL | AgentCapabilities.ReportsOwnTraces;
    const bench = await new Bench({ capabilities }, { onOwnTelemetry }).connect();
    const offers = [{ ownMetrics: "https://m1", ownTraces: "https://t1" }, { ownMetrics: "https://m2" }, {
      ownMetrics: "http://refused",
    }];
    for (const [at, { ownMetrics, ownTraces }] of offers.entries()) {
      const to = (destinationEndpoint: string | undefined) =>
        destinationEndpoint === undefined ? undefined : { destinationEndpoint };
      await bench.link.answer({
        connectionSettings: { hash: utf8(`s${at}`), ownMetrics: to(ownMetrics), ownTraces: to(ownTraces) },
      });
    }
    handed.length = 0;
    await new Bench({ capabilities }, { onOwnTelemetry }, bench.store).connect();
    deepStrictEqual(handed, ["metrics https://m2", "traces https://t1"]);
  },
  "C63, C64: what is not in an offer stays, but for the certificate": async () => {
    const tls = { ...DEFAULT_CLIENT_TLS, caPem: "CA", certPem: "CERT", keyPem: "KEY" };
    const proxy = { url: "http://proxy:1", headers: [] };
    const bench = await new Bench({ connection: { ...LOCAL, tls, proxy } }).connect();
    await bench.link.answer(offer({ destinationEndpoint: "wss://two/" }));
    deepStrictEqual(bench.link.connection, {
      endpoint: "wss://two/",
      headers: LOCAL.headers,
      tls: { ...tls, certPem: "", keyPem: "" },
      proxy,
      heartbeatIntervalMs: 0,
    });
  },
  "C63: an interval alone changes nothing else, and needs no new link": async () => {
    const tls = { ...DEFAULT_CLIENT_TLS, certPem: "CERT", keyPem: "KEY" };
    const bench = await new Bench({ connection: { ...LOCAL, tls } }).connect();
    await bench.link.answer(offer({ heartbeatIntervalSeconds: 5 }));
    strictEqual(bench.links.length, 1);
    strictEqual(bench.client.connection.tls.certPem, "CERT");
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.APPLIED);
  },
  "C65: after a success nothing of the old settings is kept": async () => {
    const tls = { ...DEFAULT_CLIENT_TLS, certPem: "OLD CERT", keyPem: "OLD KEY" };
    const store = lasting();
    const bench = await new Bench({ connection: { ...LOCAL, tls } }, {}, store).connect();
    for (const [hash, cert] of [["s1", "CERT 1"], ["s2", "CERT 2"]] as const) {
      const certificate = { cert: utf8(cert), privateKey: utf8(`KEY of ${cert}`) };
      await bench.link.answer(offer({ certificate }, hash));
      await bench.link.open();
      await bench.link.answer({ capabilities: SERVER_BITS });
    }
    const kept = JSON.stringify(await store.load());
    ok(kept.includes("CERT 2") && !kept.includes("CERT 1") && !kept.includes("OLD"));
  },
  "C66: without a lasting store certificates are refused": async () => {
    const bench = await new Bench().connect();
    const certificate = { cert: utf8("CERT"), privateKey: utf8("KEY") };
    await bench.link.answer(offer({ certificate }));
    strictEqual(bench.links.length, 1);
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.FAILED);
  },
  "offers that the local policy refuses": async () => {
    const policy = {
      allowInsecureSkipVerify: false,
      check: ({ endpoint }: { endpoint: string }) => endpoint.includes("evil") ? "the host is not allowed" : undefined,
    };
    for (
      const opamp of [{ tls: { insecureSkipVerify: true } }, { destinationEndpoint: "ws://evil/" }, {
        destinationEndpoint: "ftp://x",
      }]
    ) {
      const bench = await new Bench({ policy }).connect();
      await bench.link.answer(offer(opamp));
      strictEqual(bench.links.length, 1);
      strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.FAILED);
    }
  },
  "a change of the local settings goes before what was offered over the old ones": async () => {
    const bench = await new Bench().connect();
    await bench.link.answer(offer({ destinationEndpoint: "ws://two/" }));
    await bench.link.open();
    await bench.link.answer();
    const connection = { ...LOCAL, endpoint: "ws://three/" };
    const next = await new Bench({ connection }, {}, bench.store).connect();
    strictEqual(next.link.connection.endpoint, "ws://three/");
    strictEqual(next.last.connectionSettingsStatus, undefined);
  },
  "C67: the same hash of settings is no work": async () => {
    const { calls, callback } = controlled<unknown>();
    const onOwnTelemetry = (_signal: string, settings: unknown, abort: AbortSignal) => callback(settings, abort);
    const bench = await new Bench({}, { onOwnTelemetry }).connect();
    const connectionSettings = { hash: utf8("s1"), ownMetrics: { destinationEndpoint: "https://m" } };
    await bench.link.answer({ connectionSettings });
    await calls[0]?.settle();
    await bench.link.answer({ connectionSettings });
    strictEqual(calls.length, 1);
  },
  "C69: a certificate without a key is paired with the one that stayed here": async () => {
    const store = lasting();
    const bench = await new Bench({}, {}, store).connect({ capabilities: 0x7f });
    await bench.client.requestCertificate(utf8("CSR"), "LOCAL KEY");
    await settle();
    deepStrictEqual(bench.last.connectionSettingsRequest, { opamp: { certificateRequest: { csr: utf8("CSR") } } });
    await bench.link.answer(offer({ certificate: { cert: utf8("CERT"), caCert: utf8("CA") } }));
    strictEqual(bench.link.connection.tls.keyPem, "LOCAL KEY");
    strictEqual(bench.link.connection.tls.certPem, "CERT\nCA");
    strictEqual(bench.link.connection.tls.caPem, "", "an offered authority is not trusted with servers");
    strictEqual(
      bench.links.flatMap(({ received }) => received).filter((sent) => sent.connectionSettingsRequest).length,
      1,
    );
  },
  "C70: a new uid is told to the agent, who may ask for another certificate": async () => {
    const bench: Bench = new Bench({}, {
      onInstanceUid: (uid) =>
        void (bytesToHex(uid) === bytesToHex(U2) && bench.client.requestCertificate(utf8("CSR 2"), "K")),
    });
    await bench.connect({ capabilities: 0x7f });
    await bench.link.answer({ agentIdentification: { newInstanceUid: U2 } });
    await settle();
    const asked = bench.link.received.filter((sent) => sent.connectionSettingsRequest);
    deepStrictEqual(asked.map(({ instanceUid }) => instanceUid), [U2]);
  },
  "C72: a heartbeat each interval, counted from the last message": async () => {
    const bench = await new Bench().connect();
    await bench.clock.advance(29_000);
    bench.client.setHealth(healthy);
    await settle();
    await bench.link.answer();
    await bench.clock.advance(29_999);
    strictEqual(bench.link.received.length, 2);
    await bench.clock.advance(1);
    strictEqual(bench.link.received.length, 3);
    const { instanceUid, sequenceNum, capabilities } = bench.last;
    deepStrictEqual(bench.last, { instanceUid, sequenceNum, capabilities });
  },
  "C73: an interval of 0 ends the heartbeats, and without the bit there are none": async () => {
    const stopped = await new Bench().connect(offer({ heartbeatIntervalSeconds: 0 }));
    await settle();
    const undeclared = await new Bench({ capabilities: USUAL & ~AgentCapabilities.ReportsHeartbeat }).connect();
    const local = await new Bench({ heartbeatIntervalMs: 0 }).connect();
    for (const bench of [stopped, undeclared, local]) {
      await bench.link.answer();
      const before = bench.link.received.length;
      await bench.clock.advance(600_000);
      strictEqual(bench.link.received.length, before);
    }
  },
  "C72: an offered interval counts over a restart": async () => {
    const bench = await new Bench().connect(offer({ heartbeatIntervalSeconds: 5 }));
    await settle();
    const next = await new Bench({}, {}, bench.store).connect();
    await next.clock.advance(5_000);
    strictEqual(next.link.received.length, 2);
  },
  "C79: the statuses of packages are told as they change": async () => {
    const { calls, callback } = controlled<unknown>();
    const bench = await new Bench({}, { onPackages: callback }).connect();
    await bench.link.answer({ packagesAvailable: { allPackagesHash: utf8("p1") } });
    strictEqual(calls.length, 1);
    bench.client.setPackageStatuses({ serverProvidedAllPackagesHash: utf8("p1") });
    await calls[0]?.settle();
    strictEqual(hashOf(bench.last.packageStatuses?.serverProvidedAllPackagesHash), "p1");
    await bench.link.answer({ packagesAvailable: { allPackagesHash: utf8("p1") } });
    strictEqual(calls.length, 1);
  },
  "C80: beside a command nothing counts, and a restart needs its bit": async () => {
    for (const declared of [true, false]) {
      let restarts = 0;
      const { calls, callback } = controlled<AgentRemoteConfig>();
      const capabilities = declared ? USUAL | AgentCapabilities.AcceptsRestartCommand : USUAL;
      const callbacks = { onRestart: () => void restarts++, onRemoteConfig: callback };
      const bench = await new Bench({ capabilities }, callbacks).connect();
      await bench.link.answer({ command: {}, remoteConfig: remote("h1"), flags: 1 });
      await bench.link.answer({ command: { type: 7 } });
      strictEqual(restarts, declared ? 1 : 0);
      strictEqual(calls.length, 0);
      strictEqual(bench.link.received.length, 1);
    }
  },
  "beside an error nothing counts": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.answer({ errorResponse: {}, remoteConfig: remote("h1"), customCapabilities: {} });
    strictEqual(calls.length, 0);
  },
  "C81, C82: custom messages only of what both have declared": async () => {
    const got: string[] = [];
    const onCustomMessage = ({ data }: { data?: Uint8Array | undefined }) => {
      got.push(hashOf(data));
      if (got.length === 1) throw new Error("a callback that fails harms nothing");
    };
    const bench = await new Bench({ customCapabilities: ["a", "b"] }, { onCustomMessage }).connect({
      customCapabilities: { capabilities: ["b", "c"] },
    });
    deepStrictEqual(bench.link.received[0]?.customCapabilities, { capabilities: ["a", "b"] });
    strictEqual(bench.client.sendCustomMessage({ capability: "a" }), "not supported");
    strictEqual(bench.client.sendCustomMessage({ capability: "c" }), "not supported");
    strictEqual(bench.client.sendCustomMessage({ capability: "b", data: utf8("1") }), "queued");
    await settle();
    strictEqual(hashOf(bench.last.customMessage?.data), "1");
    strictEqual(bench.last.customCapabilities, undefined);
    for (const [capability, data] of [["b", "x"], ["c", "y"], ["a", "z"]] as const) {
      await bench.link.answer({ customMessage: { capability, data: utf8(data) } });
    }
    deepStrictEqual(got, ["x", "z"]);
  },
  "custom messages wait in a bounded queue, and are lost with the link": async () => {
    const bench = await new Bench({ customCapabilities: ["b"] }).connect({
      customCapabilities: { capabilities: ["b"] },
    });
    bench.link.isSlow = true;
    strictEqual(bench.client.sendCustomMessage({ capability: "b" }), "queued");
    await settle();
    for (let count = 0; count < MAX_CUSTOM_MESSAGES; count++) {
      strictEqual(bench.client.sendCustomMessage({ capability: "b" }), "queued");
    }
    strictEqual(bench.client.sendCustomMessage({ capability: "b" }), "queue full");
    await bench.link.fail();
    strictEqual(bench.client.sendCustomMessage({ capability: "b" }), "not connected");
    await bench.clock.advance(60_000);
    await bench.link.open();
    strictEqual(bench.last.customMessage, undefined);
  },
  "C83: no resending after BAD_REQUEST and UNKNOWN": async () => {
    for (const type of [ServerErrorResponseType.BadRequest, ServerErrorResponseType.Unknown]) {
      const bench = await new Bench().connect();
      bench.client.setHealth(healthy);
      await settle();
      await bench.link.answer({ errorResponse: { type, errorMessage: "no" } });
      await bench.clock.advance(30_000);
      strictEqual(bench.last.health, undefined);
      strictEqual(bench.links.length, 1);
    }
  },
  "garbage, and messages for another agent, change nothing": async () => {
    const { calls, callback } = controlled<AgentRemoteConfig>();
    const bench = await new Bench({}, { onRemoteConfig: callback }).connect();
    await bench.link.unreadable();
    await bench.link.raw(hexToBytes("ffff"));
    await bench.link.answer({ instanceUid: U2, remoteConfig: remote("h1") });
    strictEqual(calls.length, 0);
    strictEqual(bench.open, 1);
    await bench.link.answer({ instanceUid: undefined, remoteConfig: remote("h1") });
    strictEqual(calls.length, 1, "some servers leave the uid out");
  },
  "a server that says nothing for a minute after a message is left": async () => {
    const bench = await new Bench().connect();
    await bench.clock.advance(30_000);
    await bench.clock.advance(59_999);
    strictEqual(bench.links.length, 1);
    await bench.clock.advance(1);
    await bench.clock.advance(0);
    strictEqual(bench.links.length, 2);
    strictEqual(bench.links[0]?.ended, "aborted");
  },
  "a state that cannot be saved or read does not stop the client": async () => {
    const broken = {
      isEphemeral: false,
      load: () => Promise.reject(new Error("x")),
      save: () => Promise.reject(new Error("full")),
    };
    const bench = await new Bench({}, {}, broken).connect();
    ok(bench.client.isConnected);
    ok(bench.log.some(({ message }) => message.includes("cannot be kept")));
    await bench.link.answer(offer({ destinationEndpoint: "ws://two/" }));
    strictEqual(bench.links.length, 1);
    strictEqual(bench.last.connectionSettingsStatus?.status, ConnectionSettingsStatuses.FAILED);
  },
};

/** A store that says it lasts. */
function lasting(): MemoryStateStore {
  return new class extends MemoryStateStore {
    override readonly isEphemeral = false;
  }();
}

Deno.test("rules of the client", async (t) => {
  for (const [name, rule] of Object.entries(RULES)) await t.step(name, rule);
});

Deno.test("every rule from C01 to C85 has a test, or a word on where it is kept", () => {
  const proven = new Set(Object.keys(RULES).flatMap((name) => name.match(/C\d\d/g) ?? []));
  const missing: string[] = [];
  for (let number = 1; number <= 85; number++) {
    const id = `C${String(number).padStart(2, "0")}`;
    if (!proven.has(id) && !(id in ELSEWHERE)) missing.push(id);
  }
  deepStrictEqual(missing, []);
});

Deno.test("the files that are named as proof of a rule name it", () => {
  const silent = Object.entries(ELSEWHERE).flatMap(([id, where]) => {
    const [file] = /\S+_test\.ts/.exec(where) ?? [];
    const isNamed = file === undefined || Deno.readTextFileSync(new URL(file, import.meta.url)).includes(id);
    return isNamed ? [] : [`${id}: ${where}`];
  });
  deepStrictEqual(silent, []);
});

Deno.test("parseClientState()", async (t) => {
  const uid = "01906a5c-0000-7000-8000-000000000001";
  const whole = {
    version: 1,
    instanceUid: uid,
    remoteConfigStatus: { hash: "aa", state: "APPLIED", errorMessage: "" },
    accepted: { connection: LOCAL, basis: "b" },
  };
  deepStrictEqual(parseClientState(JSON.stringify(whole))?.accepted?.connection.endpoint, LOCAL.endpoint);
  const broken: Record<string, unknown> = {
    "no JSON": undefined,
    "null": null,
    "version": { ...whole, version: 2 },
    "uid": { ...whole, instanceUid: "x" },
    "status": { ...whole, remoteConfigStatus: { hash: 1 } },
    "status null": { ...whole, remoteConfigStatus: null },
    "endpoint": { ...whole, accepted: { connection: { ...LOCAL, endpoint: "x" }, basis: "" } },
    "connection": { ...whole, candidate: {} },
  };
  for (const [name, state] of Object.entries(broken)) {
    await t.step(name, () => strictEqual(parseClientState(JSON.stringify(state) ?? "{"), undefined));
  }
});
