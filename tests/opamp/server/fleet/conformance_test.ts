/**
 * The rules of OpAMP for a server that need no socket, by their numbers. Those of the transports are in
 * `listener_test.ts`, by theirs.
 *
 * @module
 */

import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert";
import {
  AgentCapabilities,
  ALL_SERVER_CAPABILITIES,
  RemoteConfigStatuses,
  ServerErrorResponseType,
  ServerToAgentFlags,
} from "../../../../opamp/protocol/capabilities.ts";
import { bytesToHex, hashConfigMap } from "../../../../opamp/protocol/hashes.ts";
import { encodeAgentToServer, type ServerToAgent } from "../../../../opamp/protocol/messages.ts";
import {
  createPackagesOffer,
  createRemoteConfigOffer,
  type RemoteConfigOffer,
} from "../../../../opamp/server/offers.ts";
import { RejectedError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { configOf, FakeLink, FleetProbe, fullReport, keyOf, uidOf, USUAL } from "../../../support/opamp_fleet.ts";

const { APPLIED, APPLYING, FAILED } = RemoteConfigStatuses;
const { ReportFullState, ReportAvailableComponents } = ServerToAgentFlags;
const FULL_MASK = ALL_SERVER_CAPABILITIES;

function statusOf(offer: RemoteConfigOffer, status: number, errorMessage?: string) {
  return { remoteConfigStatus: { lastRemoteConfigHash: offer.hashBytes, status, errorMessage } };
}

/** A probe with one agent that is connected. */
async function connected(settings?: ConstructorParameters<typeof FleetProbe>[0], message = {}) {
  const probe = new FleetProbe(settings);
  const link = probe.link();
  const first = await probe.hello(link, 1, message);
  return { probe, fleet: probe.fleet, link, first };
}

const rules: { name: string; run: () => Promise<void> }[] = [
  {
    name: "S04 S06: a message over the limit is not sent, the rest of the answer is",
    run: async () => {
      const { probe, fleet, link } = await connected({ maxSendBytes: 200 });
      fleet.setDesired([keyOf(1)], configOf("x".repeat(200)));
      await probe.turn();
      deepStrictEqual(link.pushes.map(({ remoteConfig }) => remoteConfig), [undefined]);
      const answer = await probe.report(link, 1);
      strictEqual(answer.remoteConfig, undefined);
      deepStrictEqual(answer.instanceUid, uidOf(1));
    },
  },
  {
    name: "S10: every message is answered; a bare answer has the uid alone",
    run: async () => {
      const { probe, link } = await connected();
      for (let i = 0; i < 5; i++) deepStrictEqual(onlySet(await probe.report(link, 1)), ["instanceUid"]);
      deepStrictEqual(onlySet(await probe.report(link, 1, { agentDisconnect: {} })), ["instanceUid"]);
    },
  },
  {
    name: "S11: a repeated message is answered again, and done once",
    run: async () => {
      const told: string[] = [];
      const probe = new FleetProbe({}, { face: { capabilities: FULL_MASK, customCapabilities: ["org.x"] } });
      probe.fleet.onCustomMessage((uid) => told.push(uid));
      const link = probe.link();
      await probe.hello(link, 1);
      const message = encodeAgentToServer({
        instanceUid: uidOf(1),
        sequenceNum: 2,
        capabilities: USUAL,
        customMessage: { capability: "org.x", type: "t" },
      });
      for (let i = 0; i < 3; i++) deepStrictEqual((await probe.raw(link, message)).instanceUid, uidOf(1));
      strictEqual((await probe.raw(link, message)).flags, undefined);
      deepStrictEqual(told, [keyOf(1)]);
    },
  },
  {
    name: "S12: an answer has the uid of its message",
    run: async () => {
      const { probe, link } = await connected();
      deepStrictEqual((await probe.hello(link, 2)).instanceUid, uidOf(2));
      deepStrictEqual((await probe.report(link, 1)).instanceUid, uidOf(1));
    },
  },
  {
    name: "S13: the first message of a connection has the capabilities",
    run: async () => {
      const { probe, fleet, link, first } = await connected();
      strictEqual(first.capabilities, FULL_MASK);
      strictEqual((await probe.report(link, 1)).capabilities, undefined);
      fleet.detach(link);
      strictEqual((await probe.report(probe.link(), 1)).capabilities, FULL_MASK);
      strictEqual((await probe.hello(probe.link("http"), 2)).capabilities, FULL_MASK);
    },
  },
  {
    name: "S14 S16: a malformed message is answered BAD_REQUEST with a text, and nothing else",
    run: async () => {
      const { probe, link } = await connected();
      const garbage = [
        Uint8Array.of(0xff, 0xff),
        Uint8Array.of(0x0a, 0x10, 1),
        encodeAgentToServer({}),
        encodeAgentToServer({ instanceUid: new Uint8Array(5) }),
        encodeAgentToServer({ instanceUid: new Uint8Array(17) }),
      ];
      for (const bytes of garbage) {
        const answer = await probe.raw(link, bytes);
        deepStrictEqual(onlySet(answer), ["errorResponse"]);
        strictEqual(answer.errorResponse?.type, ServerErrorResponseType.BadRequest);
        ok((answer.errorResponse.errorMessage ?? "").length > 10);
      }
      strictEqual(probe.fleet.counts.known, 1);
    },
  },
  {
    name: "S15: an error is answered when processing failed, and only then",
    run: async () => {
      const faults = [
        new Error("a bug"),
        new UnavailableError("Cannot keep: busy", { retryAfterMs: 5_000 }),
        undefined,
      ];
      const probe = new FleetProbe({}, {
        issueCertificate: () => Promise.resolve({ opamp: { certificate: { cert: Uint8Array.of(1) } } }),
        store: {
          readAgents: () => [],
          write: () => {},
          readConnectionOffer: () => undefined,
          saveConnectionOffer: () => {
            const fault = faults.shift();
            if (fault !== undefined) throw fault;
          },
        },
      });
      const link = probe.link();
      const capabilities = USUAL | AgentCapabilities.AcceptsOpAMPConnectionSettings;
      await probe.hello(link, 1, { capabilities });
      const csr = Uint8Array.of(1);
      const wish = { capabilities, connectionSettingsRequest: { opamp: { certificateRequest: { csr } } } };
      const unknown = await probe.report(link, 1, wish);
      deepStrictEqual(onlySet(unknown), ["instanceUid", "errorResponse"]);
      strictEqual(unknown.errorResponse?.type ?? 0, ServerErrorResponseType.Unknown);
      ok(!(unknown.errorResponse?.errorMessage ?? "").includes("a bug"));
      const busy = await probe.report(link, 1, wish);
      strictEqual(busy.errorResponse?.type, ServerErrorResponseType.Unavailable);
      strictEqual(busy.errorResponse.retryInfo?.retryAfterNanoseconds, 5_000_000_000);
      const done = await probe.report(link, 1, wish);
      strictEqual(done.errorResponse, undefined);
      ok(done.connectionSettings);
    },
  },
  {
    name: "S17: past the bound of agents a new one is told UNAVAILABLE, and when to come",
    run: async () => {
      const probe = new FleetProbe({ maxAgents: 2, maxRetryAfterMs: 7_000 });
      for (const n of [1, 2]) strictEqual((await probe.hello(probe.link(), n)).errorResponse, undefined);
      const answer = await probe.hello(probe.link(), 3);
      strictEqual(answer.errorResponse?.type, ServerErrorResponseType.Unavailable);
      strictEqual(answer.errorResponse.retryInfo?.retryAfterNanoseconds, 7_000_000_000);
      deepStrictEqual(onlySet(answer), ["instanceUid", "errorResponse"]);
    },
  },
  {
    name: "past the bound of agents the one gone longest is forgotten for a new one; after a week any that is gone",
    run: async () => {
      const probe = new FleetProbe({ maxAgents: 3, forgetAfterMs: 100_000, pollIntervalMs: 10_000 });
      probe.fleet.start();
      const links = [1, 2, 3].map(() => probe.link());
      for (const [at, link] of links.entries()) await probe.hello(link, at + 1);
      for (const at of [1, 0]) {
        probe.fleet.detach(links[at] ?? probe.link());
        await probe.clock.advance(10);
      }
      const known = () => [...probe.fleet.agents()].map(({ uid }) => uid);
      strictEqual((await probe.hello(probe.link(), 4)).errorResponse, undefined);
      deepStrictEqual(known(), [keyOf(2), keyOf(3), keyOf(4)]);
      await probe.clock.advance(110_000);
      deepStrictEqual(known(), [keyOf(3), keyOf(4)]);
      probe.fleet.shutdown();
    },
  },
  {
    name: "S20: a gap in the sequence asks for the full state, once",
    run: async () => {
      const { probe, link } = await connected();
      strictEqual((await probe.report(link, 1, { sequenceNum: 3 })).flags, ReportFullState);
      strictEqual((await probe.report(link, 1)).flags, undefined);
      strictEqual((await probe.report(link, 1, { sequenceNum: 2 })).flags, ReportFullState);
      strictEqual((await probe.report(link, 1, { ...fullReport(1), sequenceNum: 9 })).flags, ReportFullState);
      for (const sequenceNum of [0, 7, 1]) {
        const want = sequenceNum === 7 ? ReportFullState : undefined;
        strictEqual((await probe.report(link, 1, { ...fullReport(1), sequenceNum })).flags, want);
      }
    },
  },
  {
    name: "S20: polls without content and without a number are no gap",
    run: async () => {
      const { probe, link } = await connected();
      for (let i = 0; i < 3; i++) strictEqual((await probe.exact(link, { instanceUid: uidOf(1) })).flags, undefined);
      strictEqual((await probe.report(link, 1)).flags, undefined);
    },
  },
  {
    name: "S21: an unknown agent with a part of its state is asked for all of it",
    run: async () => {
      const probe = new FleetProbe();
      const link = probe.link();
      strictEqual((await probe.report(link, 1, { sequenceNum: 7, health: { healthy: true } })).flags, ReportFullState);
      strictEqual((await probe.report(link, 1, fullReport(1))).flags, undefined);
    },
  },
  {
    name: "S22: what a message leaves out keeps its last value",
    run: async () => {
      const { probe, fleet, link } = await connected();
      await probe.report(link, 1);
      const view = fleet.get(keyOf(1));
      deepStrictEqual({ ...view?.attributes().other }, { "host.name": "gw-1" });
      strictEqual(view?.health()?.healthy, true);
      ok(view.effectiveConfigHash());
    },
  },
  {
    name: "S23 S24: the latest capabilities count; no configuration without AcceptsRemoteConfig",
    run: async () => {
      const { probe, fleet, link } = await connected();
      await probe.report(link, 1, { capabilities: AgentCapabilities.ReportsStatus });
      fleet.setDesired([keyOf(1)], configOf("a"));
      await probe.turn();
      strictEqual(
        (await probe.report(link, 1, { capabilities: AgentCapabilities.ReportsStatus })).remoteConfig,
        undefined,
      );
      deepStrictEqual(link.pushes, []);
      ok((await probe.report(link, 1)).remoteConfig);
    },
  },
  {
    name: "S25 S46: no packages and no settings without the bit for them",
    run: async () => {
      const { probe, fleet, link } = await connected();
      fleet.setPackages([keyOf(1)], createPackagesOffer(new Map([["a", { version: "1" }]])));
      fleet.setConnection([keyOf(1)], {
        opamp: { destinationEndpoint: "ws://h", heartbeatIntervalSeconds: 10 },
        ownMetrics: { destinationEndpoint: "http://h" },
        otherConnections: new Map([["x", {}]]),
      });
      await probe.turn();
      deepStrictEqual(link.pushes, []);
      const cases = [
        { bit: AgentCapabilities.ReportsOwnMetrics, want: ["ownMetrics"] },
        { bit: AgentCapabilities.AcceptsOtherConnectionSettings, want: ["otherConnections"] },
        { bit: AgentCapabilities.AcceptsOpAMPConnectionSettings, want: ["opamp"] },
        { bit: AgentCapabilities.ReportsHeartbeat, want: ["opamp"] },
      ];
      for (const { bit, want } of cases) {
        fleet.detach(link);
        const { connectionSettings, packagesAvailable } = await probe.report(link, 1, { capabilities: USUAL | bit });
        deepStrictEqual(onlySet(connectionSettings ?? {}).filter((name) => name !== "hash"), want);
        strictEqual(packagesAvailable, undefined);
        if (bit === AgentCapabilities.ReportsHeartbeat) {
          deepStrictEqual(onlySet(connectionSettings?.opamp ?? {}), ["heartbeatIntervalSeconds"]);
        }
      }
    },
  },
  {
    name: "S26: a reported hash that is not the desired one is answered with the configuration",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const [old, desired] = [configOf("old"), configOf("new")];
      fleet.setDesired([keyOf(1)], desired);
      for (let i = 0; i < 2; i++) {
        const { remoteConfig } = await probe.report(link, 1, statusOf(old, APPLIED));
        deepStrictEqual(remoteConfig?.configHash, desired.hashBytes);
        strictEqual(new TextDecoder().decode(remoteConfig.config?.configMap?.get("")?.body), "new");
      }
    },
  },
  {
    name: "S27 S54: the hash reported, with whatever status, nothing is sent again",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const desired = configOf("new");
      fleet.setDesired([keyOf(1)], desired);
      await probe.turn();
      strictEqual(link.pushes.length, 1);
      for (const status of [APPLYING, APPLYING, APPLIED, FAILED, APPLIED]) {
        strictEqual((await probe.report(link, 1, statusOf(desired, status, "e"))).remoteConfig, undefined);
      }
      fleet.detach(link);
      strictEqual((await probe.report(probe.link(), 1)).remoteConfig, undefined);
    },
  },
  {
    name: "S26: an offer without an answer is repeated, not with every message",
    run: async () => {
      const { probe, fleet, link } = await connected({ offerRetryMs: 30_000 });
      fleet.setDesired([keyOf(1)], configOf("new"));
      await probe.turn();
      strictEqual((await probe.report(link, 1)).remoteConfig, undefined);
      await probe.clock.advance(29_999);
      strictEqual((await probe.report(link, 1)).remoteConfig, undefined);
      await probe.clock.advance(1);
      ok((await probe.report(link, 1)).remoteConfig);
    },
  },
  {
    name: "S26: an agent that reports no status is offered it once a connection",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const capabilities = AgentCapabilities.ReportsStatus | AgentCapabilities.AcceptsRemoteConfig;
      await probe.report(link, 1, { capabilities });
      fleet.setDesired([keyOf(1)], configOf("new"));
      await probe.turn();
      strictEqual(link.pushes.length, 1);
      await probe.clock.advance(100_000);
      strictEqual((await probe.report(link, 1, { capabilities })).remoteConfig, undefined);
      fleet.detach(link);
      ok((await probe.report(probe.link(), 1, { capabilities })).remoteConfig);
    },
  },
  {
    name: "S26: a process that lost what it had says so, and gets it again",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const desired = configOf("new");
      fleet.setDesired([keyOf(1)], desired);
      await probe.report(link, 1, statusOf(desired, APPLIED));
      fleet.detach(link);
      ok((await probe.hello(probe.link(), 1, { sequenceNum: 0 })).remoteConfig);
    },
  },
  {
    name: "S28: the hash is always there, and changes with the content alone",
    run: async () => {
      const files: [string, { body: Uint8Array }][] = [["a", { body: Uint8Array.of(1) }], ["b", {
        body: Uint8Array.of(2),
      }]];
      const one = createRemoteConfigOffer({ configMap: new Map(files) });
      const two = createRemoteConfigOffer({ configMap: new Map(files.toReversed()) });
      strictEqual(one.hash, two.hash);
      strictEqual(one.hashBytes.length, 32);
      deepStrictEqual(one.hashBytes, hashConfigMap({ configMap: new Map(files) }));
      notDeepStrictEqual(one.hash, configOf("other").hash);
      const { probe, fleet, link } = await connected();
      fleet.setDesired([keyOf(1)], one);
      await probe.turn();
      deepStrictEqual(link.pushes[0]?.remoteConfig?.configHash, one.hashBytes);
    },
  },
  {
    name: "S29 S41: connection settings go out until their hash is reported, and come with the first message",
    run: async () => {
      const capabilities = USUAL | AgentCapabilities.ReportsOwnMetrics |
        AgentCapabilities.ReportsConnectionSettingsStatus;
      const { probe, fleet, link } = await connected({}, { capabilities });
      const offer = fleet.setConnection([keyOf(1)], { ownMetrics: { destinationEndpoint: "https://m/v1/metrics" } });
      await probe.turn();
      deepStrictEqual(link.pushes[0]?.connectionSettings?.hash, offer.hashBytes);
      const other = { lastConnectionSettingsHash: Uint8Array.of(9), status: APPLIED };
      ok((await probe.report(link, 1, { capabilities, connectionSettingsStatus: other })).connectionSettings);
      strictEqual((await probe.report(link, 1, { capabilities })).connectionSettings, undefined);
      const same = { lastConnectionSettingsHash: offer.hashBytes, status: APPLIED };
      strictEqual(
        (await probe.report(link, 1, { capabilities, connectionSettingsStatus: same })).connectionSettings,
        undefined,
      );
      fleet.detach(link);
      const again = probe.link();
      strictEqual((await probe.report(again, 1, { capabilities })).connectionSettings, undefined);
      fleet.detach(again);
      ok((await probe.hello(probe.link(), 1, { capabilities, sequenceNum: 0 })).connectionSettings);
    },
  },
  {
    name: "S30 S31 S32: packages go out until their hash is reported; the hash is a strong one of the content",
    run: async () => {
      const capabilities = USUAL | AgentCapabilities.AcceptsPackages | AgentCapabilities.ReportsPackageStatuses;
      const { probe, fleet, link } = await connected({}, { capabilities, packageStatuses: {} });
      const offer = createPackagesOffer(new Map([["b", { version: "1" }], ["a", { version: "2" }]]));
      strictEqual(offer.hashBytes.length, 32);
      strictEqual(createPackagesOffer(new Map([["a", { version: "2" }], ["b", { version: "1" }]])).hash, offer.hash);
      fleet.setPackages([keyOf(1)], offer);
      await probe.turn();
      deepStrictEqual(link.pushes[0]?.packagesAvailable?.allPackagesHash, offer.hashBytes);
      const report = (hash: Uint8Array) =>
        probe.report(link, 1, { capabilities, packageStatuses: { serverProvidedAllPackagesHash: hash } });
      ok((await report(Uint8Array.of(1))).packagesAvailable);
      strictEqual((await report(offer.hashBytes)).packagesAvailable, undefined);
      strictEqual((await probe.report(link, 1, { capabilities })).packagesAvailable, undefined);
    },
  },
  {
    name: "S33: a command goes alone, to agents that take it",
    run: async () => {
      const { probe, fleet, link } = await connected();
      strictEqual(fleet.restart([keyOf(1)]), 0);
      await probe.report(link, 1, { capabilities: USUAL | AgentCapabilities.AcceptsRestartCommand });
      fleet.setDesired([keyOf(1)], configOf("new"));
      strictEqual(fleet.restart([keyOf(1)]), 1);
      await probe.turn();
      deepStrictEqual(link.pushes.map(onlySet), [["instanceUid", "command"], ["instanceUid", "remoteConfig"]]);
    },
  },
  {
    name: "S34: a second agent under the uid of a live one is given another",
    run: async () => {
      const { probe, fleet, link } = await connected();
      await probe.report(link, 1);
      const second = probe.link();
      const { agentIdentification } = await probe.hello(second, 1, { sequenceNum: 1 });
      const uid = agentIdentification?.newInstanceUid ?? new Uint8Array();
      strictEqual(uid.length, 16);
      strictEqual((uid[6] ?? 0) >> 4, 7);
      deepStrictEqual(link.closes, []);
      await probe.exact(second, { ...fullReport(1), instanceUid: uid, sequenceNum: 2, capabilities: USUAL });
      deepStrictEqual(fleet.counts, { known: 2, connected: 2 });
    },
  },
  {
    name: "S34: an agent that reconnects while its old connection hangs is the same one",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const second = probe.link();
      strictEqual((await probe.report(second, 1)).agentIdentification, undefined);
      deepStrictEqual(link.closes, [1008]);
      fleet.detach(link);
      deepStrictEqual(fleet.counts, { known: 1, connected: 1 });
    },
  },
  {
    name: "S34: a new process after its old connection fell silent is the same agent",
    run: async () => {
      const { probe, link } = await connected({ pingIntervalMs: 30_000, pongTimeoutMs: 20_000 });
      await probe.clock.advance(50_001);
      strictEqual((await probe.hello(probe.link(), 1, { sequenceNum: 0 })).agentIdentification, undefined);
      deepStrictEqual(link.closes, [1008]);
    },
  },
  {
    name: "S34: two agents that poll under one uid are told apart",
    run: async () => {
      const probe = new FleetProbe();
      const poll = (sequenceNum: number) => probe.report(probe.link("http"), 1, { sequenceNum });
      let given: ServerToAgent["agentIdentification"];
      for (let i = 0; i < 5 && given === undefined; i++) {
        given = (await poll(100 + i)).agentIdentification ?? (await poll(10 + i)).agentIdentification;
      }
      strictEqual(given?.newInstanceUid?.length, 16);
    },
  },
  {
    name: "S34: two agents that poll under one uid in step are told apart, one that repeats itself is not",
    run: async () => {
      const probe = new FleetProbe();
      const poll = (sequenceNum: number) => probe.report(probe.link("http"), 1, { sequenceNum });
      for (let i = 0; i < 100; i++) strictEqual((await poll(5)).agentIdentification, undefined);
      let given: ServerToAgent["agentIdentification"];
      for (let i = 6; i < 12 && given === undefined; i++) {
        given = (await poll(i)).agentIdentification ?? (await poll(i)).agentIdentification;
      }
      strictEqual(given?.newInstanceUid?.length, 16);
    },
  },
  {
    name: "S36: an agent that asks for a uid gets one, and is the same agent under it",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const ask = () => probe.report(link, 1, { flags: 1 });
      const given = (await ask()).agentIdentification?.newInstanceUid ?? new Uint8Array();
      deepStrictEqual((await ask()).agentIdentification?.newInstanceUid, given);
      fleet.setDesired([keyOf(1)], configOf("new"));
      const answer = await probe.exact(link, { instanceUid: given, sequenceNum: 4, capabilities: USUAL });
      deepStrictEqual(answer.instanceUid, given);
      deepStrictEqual([answer.flags, answer.agentIdentification], [undefined, undefined]);
      ok(answer.remoteConfig);
      deepStrictEqual([...fleet.agents()].map(({ uid }) => uid), [bytesToHex(given)]);
      deepStrictEqual({ ...fleet.get(bytesToHex(given))?.attributes().other }, { "host.name": "gw-1" });
      deepStrictEqual(fleet.counts, { known: 1, connected: 1 });
    },
  },
  {
    name: "S37 S49: agents of one connection go each on its own, and all with it",
    run: async () => {
      const { probe, fleet, link } = await connected();
      for (const n of [2, 3]) await probe.hello(link, n);
      fleet.setDesired([keyOf(2)], configOf("two"));
      await probe.turn();
      deepStrictEqual(link.pushes.map(({ instanceUid }) => instanceUid), [uidOf(2)]);
      await probe.report(link, 1, { agentDisconnect: {} });
      const online = () => [...fleet.agents()].filter((agent) => agent.connected).map(({ uid }) => uid);
      deepStrictEqual(online(), [keyOf(2), keyOf(3)]);
      fleet.detach(link);
      deepStrictEqual(online(), []);
      strictEqual(fleet.counts.connected, 0);
    },
  },
  {
    name: "S49: a connection carries so many agents and no more",
    run: async () => {
      const { probe, link } = await connected({ maxAgentsPerConnection: 2 });
      strictEqual((await probe.hello(link, 2)).errorResponse, undefined);
      strictEqual((await probe.hello(link, 3)).errorResponse?.type, ServerErrorResponseType.Unavailable);
    },
  },
  {
    name: "S39: an agent over HTTP is there while it polls, and is told things when it does",
    run: async () => {
      const probe = new FleetProbe({ pollIntervalMs: 30_000, missedPolls: 3 });
      probe.fleet.start();
      const link = probe.link("http");
      await probe.hello(link, 1);
      probe.fleet.setDesired([keyOf(1)], configOf("new"));
      await probe.clock.advance(90_000);
      strictEqual(probe.fleet.get(keyOf(1))?.connected, true);
      deepStrictEqual(link.pushes, []);
      await probe.clock.advance(30_000);
      strictEqual(probe.fleet.get(keyOf(1))?.connected, false);
      ok((await probe.report(probe.link("http"), 1)).remoteConfig);
      strictEqual(probe.fleet.get(keyOf(1))?.connected, true);
      probe.fleet.shutdown();
    },
  },
  {
    name: "S42 S43 S44: a certificate is issued by who may, or the wish is a BAD_REQUEST",
    run: async () => {
      const wish = { connectionSettingsRequest: { opamp: { certificateRequest: { csr: Uint8Array.of(1) } } } };
      const { probe: none, link: noneLink } = await connected();
      strictEqual((await none.report(noneLink, 1, wish)).errorResponse?.type, ServerErrorResponseType.BadRequest);

      const wishes: unknown[] = [];
      const probe = new FleetProbe({}, {
        issueCertificate: ({ uid, newUid, csr }) => {
          wishes.push({ uid, newUid, csr });
          if (wishes.length === 1) throw new RejectedError("Cannot issue: no", "permission_denied");
          return Promise.resolve({ opamp: { certificate: { cert: Uint8Array.of(2), caCert: Uint8Array.of(3) } } });
        },
      });
      const link = probe.link();
      const capabilities = USUAL | AgentCapabilities.AcceptsOpAMPConnectionSettings;
      await probe.hello(link, 1, { capabilities });
      const refused = await probe.report(link, 1, { capabilities, ...wish });
      strictEqual(refused.errorResponse?.type, ServerErrorResponseType.BadRequest);
      const { connectionSettings } = await probe.report(link, 1, { capabilities, ...wish });
      deepStrictEqual(onlySet(connectionSettings?.opamp?.certificate ?? {}), ["cert", "caCert"]);
      deepStrictEqual(wishes[0], { uid: keyOf(1), newUid: undefined, csr: Uint8Array.of(1) });
    },
  },
  {
    name: "S47: components are asked for when their hash is not known, and kept for all",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const capabilities = USUAL | AgentCapabilities.ReportsAvailableComponents;
      const hash = Uint8Array.of(7);
      const hashOnly = { capabilities, availableComponents: { hash } };
      strictEqual((await probe.report(link, 1, hashOnly)).flags, ReportAvailableComponents);
      const all = { hash, components: new Map([["receivers", {}]]) };
      strictEqual((await probe.report(link, 1, { capabilities, availableComponents: all })).flags, undefined);
      strictEqual((await probe.hello(probe.link(), 2, hashOnly)).flags, undefined);
      ok(fleet.componentsOf("07"));
    },
  },
  {
    name: "S47: of so many sets of components the oldest is forgotten, and asked for again",
    run: async () => {
      const { probe, fleet, link } = await connected({ maxComponentSets: 2 });
      const capabilities = USUAL | AgentCapabilities.ReportsAvailableComponents;
      const components = new Map([["receivers", {}]]);
      const report = (byte: number, all: boolean) => {
        const hash = Uint8Array.of(byte);
        return probe.report(link, 1, { capabilities, availableComponents: all ? { hash, components } : { hash } });
      };
      for (const byte of [1, 2, 3]) await report(byte, true);
      deepStrictEqual(["01", "02", "03"].map((hash) => fleet.componentsOf(hash) !== undefined), [false, true, true]);
      strictEqual((await report(1, false)).flags, ReportAvailableComponents);
    },
  },
  {
    name: "S48: custom messages go to agents that declared the capability, if the server has it",
    run: async () => {
      const probe = new FleetProbe({ maxPendingMessages: 2 }, {
        face: { capabilities: FULL_MASK, customCapabilities: ["org.x"] },
      });
      const link = probe.link();
      const first = await probe.hello(link, 1);
      deepStrictEqual(first.customCapabilities?.capabilities, ["org.x"]);
      const send = (capability: string) => probe.fleet.sendCustomMessage([keyOf(1)], { capability, type: "t" });
      strictEqual(send("org.x"), 0);
      await probe.report(link, 1, { customCapabilities: { capabilities: ["org.x", "org.y"] } });
      strictEqual(send("org.y"), 0);
      link.isCongested = true;
      deepStrictEqual([send("org.x"), send("org.x"), send("org.x")], [1, 1, 0]);
      link.isCongested = false;
      probe.fleet.drained(link);
      await probe.turn();
      deepStrictEqual(link.pushes.map(({ customMessage }) => customMessage?.capability), ["org.x", "org.x"]);
      strictEqual((await probe.report(link, 1)).customCapabilities, undefined);
    },
  },
  {
    name: "S50: of a thousand configurations for a slow agent the newest goes out",
    run: async () => {
      const { probe, fleet, link } = await connected();
      link.isCongested = true;
      for (let i = 0; i < 1_000; i++) fleet.setDesired([keyOf(1)], configOf(`${i}`));
      await probe.turn();
      strictEqual(link.pushes.length, 0);
      link.isCongested = false;
      fleet.drained(link);
      await probe.turn();
      deepStrictEqual(link.pushes.map(({ remoteConfig }) => remoteConfig?.configHash), [configOf("999").hashBytes]);
    },
  },
  {
    name: "S51: unknown fields and unknown bits are ignored",
    run: async () => {
      const probe = new FleetProbe();
      const known = encodeAgentToServer({
        ...fullReport(1),
        instanceUid: uidOf(1),
        sequenceNum: 1,
        capabilities: USUAL,
      });
      const unknown = Uint8Array.of(
        ...known,
        0x9a,
        0x06,
        0x02,
        1,
        2,
        0x98,
        0x06,
        0x05,
        0x20,
        0x83,
        0x30 | 0x80,
        0x80,
        0x08,
      );
      strictEqual((await probe.raw(probe.link(), unknown)).errorResponse, undefined);
      strictEqual(probe.fleet.get(keyOf(1))?.capabilities, 0x1803);
      deepStrictEqual({ ...probe.fleet.get(keyOf(1))?.attributes().other }, { "host.name": "gw-1" });
    },
  },
  {
    name: "S55: a status of an old hash is no verdict on the new one",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const [old, desired] = [configOf("old"), configOf("new")];
      fleet.setDesired([keyOf(1)], desired);
      await probe.report(link, 1, statusOf(old, FAILED, "bad"));
      const view = fleet.get(keyOf(1));
      deepStrictEqual(view?.configStatus, { hash: old.hash, status: FAILED, error: "bad" });
      strictEqual(view.failedConfig, old.hash);
      strictEqual(view.desiredConfig, desired.hash);
      await probe.report(link, 1, statusOf(desired, APPLYING));
      strictEqual(fleet.get(keyOf(1))?.configStatus?.status, APPLYING);
    },
  },
  {
    name: "S56: what an agent could not apply is not offered again, unless asked",
    run: async () => {
      const { probe, fleet, link } = await connected();
      const [old, bad] = [configOf("old"), configOf("bad")];
      fleet.setDesired([keyOf(1)], bad);
      await probe.turn();
      await probe.report(link, 1, statusOf(bad, FAILED, "no"));
      for (let i = 0; i < 100; i++) {
        await probe.clock.advance(60_000);
        link.heardAtMs = probe.clock.monotonicMs();
        const message = i === 50 ? statusOf(old, APPLIED) : {};
        strictEqual((await probe.report(link, 1, message)).remoteConfig, undefined);
      }
      fleet.setDesired([keyOf(1)], bad);
      strictEqual((await probe.report(link, 1)).remoteConfig, undefined);
      fleet.setDesired([keyOf(1)], bad, { retryFailed: true });
      await probe.turn();
      strictEqual(link.pushes.length, 2);
    },
  },
];

Deno.test("server conformance", async (t) => {
  for (const { name, run } of rules) await t.step(name, run);
});

Deno.test("S52: a message is sent as a whole, in order", async () => {
  const { probe, fleet, link } = await connected();
  for (let n = 2; n <= 400; n++) await probe.hello(link, n);
  fleet.setDesired([...fleet.agents()].map(({ uid }) => uid), configOf("all"));
  while (probe.clock.pending > 1) await probe.clock.advance(20);
  strictEqual(link.pushes.length, 400);
  ok(link.pushes.every(({ instanceUid, remoteConfig }) => instanceUid?.length === 16 && remoteConfig !== undefined));
});

Deno.test("changes of agents are told in batches", async () => {
  const { probe, fleet, link } = await connected({ changeDelayMs: 20 });
  await probe.clock.advance(20);
  const batches: (readonly { uid: string; changes: number }[])[] = [];
  const end = fleet.onChanges((changes) => batches.push(changes));
  await probe.report(link, 1, { health: { healthy: false, lastError: "x" } });
  await probe.report(link, 1, statusOf(configOf("a"), APPLIED));
  await probe.report(link, 1);
  await probe.clock.advance(20);
  deepStrictEqual(batches, [[{ uid: keyOf(1), changes: 0x8 | 0x20 }]]);
  end();
  await probe.hello(new FakeLink(), 2);
  await probe.clock.advance(20);
  strictEqual(batches.length, 1);
});

/** The names of the fields that are there. */
function onlySet(message: object): string[] {
  return Object.entries(message).filter(([, value]) => value !== undefined).map(([name]) => name);
}
