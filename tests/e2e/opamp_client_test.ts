/** The client against the reference server in Go, over both transports, with faults. */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { MemoryStateStore } from "../../opamp/client/client_state.ts";
import { DEFAULT_CLIENT_TLS } from "../../opamp/client/transports/server_connection.ts";
import { type Agent, started } from "../support/opamp_agent.ts";
import { eventually } from "../support/eventually.ts";
import { type OpampServerPeer, type PeerAgent, startOpampServer } from "../support/opamp_peer.ts";
import { missingForPeers } from "../support/peers.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("OpAMP server", await missingForPeers());

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The server's view of the agent, once it is as wanted. */
function seen(server: OpampServerPeer, agent: Agent, wanted: (view: PeerAgent) => boolean): Promise<PeerAgent> {
  return eventually(async () => (await server.agents()).find((view) => view.uid === agent.uid && wanted(view)));
}

const kindsSince = async (server: OpampServerPeer, since: number) =>
  (await server.events()).filter(({ n }) => n > since).flatMap(({ kinds }) => kinds);

for (const scheme of ["ws", "http"] as const) {
  const transport = scheme === "ws" ? "WebSocket" : "HTTP";

  Deno.test({ name: `the reference server over ${transport}`, ignore }, async (t) => {
    await using server = await startOpampServer("-custom-capabilities", "test.tap");
    await using agent = await started({ endpoint: server.endpoint(scheme) });

    await t.step("reports who it is", async () => {
      const view = await seen(server, agent, ({ state }) => state.availableComponents !== undefined);
      strictEqual(view.transport, scheme);
      strictEqual(view.gaps, 0);
      ok(view.state.agentDescription && view.state.health && view.state.customCapabilities);
    });
    await t.step("tells its components when asked", async () => {
      await seen(server, agent, ({ state }) => JSON.stringify(state.availableComponents).includes("otlp"));
    });
    await t.step("applies a config, tells so, and what runs then", async () => {
      await server.post("agents/all/config", "receivers: {}");
      const view = await seen(server, agent, ({ remoteConfigStatus }) => remoteConfigStatus === "APPLIED");
      strictEqual(view.reportedHash, view.desiredHash);
      deepStrictEqual(agent.applied, ["receivers: {}"]);
      ok(JSON.stringify(view.state.effectiveConfig).includes(btoa("receivers: {}")));
    });
    await t.step("refuses a bad config, once", async () => {
      await server.post("agents/all/config", "__fail__");
      const view = await seen(server, agent, ({ remoteConfigStatus }) => remoteConfigStatus === "FAILED");
      strictEqual(view.error, "it has __fail__ in it");
      strictEqual(agent.applied.length, 2);
    });
    await t.step("beats without anything else", async () => {
      const { n = 0 } = (await server.events()).at(-1) ?? {};
      await eventually(async () => (await server.events()).length > n + 3);
      deepStrictEqual([...new Set(await kindsSince(server, n))], ["heartbeat"]);
    });
    await t.step("tells all when asked", async () => {
      const { n = 0 } = (await server.events()).at(-1) ?? {};
      await server.post("agents/all/report-full-state");
      await eventually(async () => (await kindsSince(server, n)).includes("description"));
      const kinds = await kindsSince(server, n);
      for (const kind of ["health", "effectiveConfig", "remoteConfigStatus"]) ok(kinds.includes(kind), kind);
    });
    await t.step("custom messages both ways", async () => {
      await server.post("agents/all/custom-message", { capability: "test.tap", type: "ask", data: btoa("1") });
      await eventually(() => agent.custom.length === 1);
      strictEqual(
        agent.client.sendCustomMessage({ capability: "test.tap", type: "answer", data: utf8("2") }),
        "queued",
      );
      await eventually(async () => (await server.events()).some(({ message }) => message?.customMessage));
    });
    await t.step("a restart, and nothing of what stands beside it", async () => {
      await server.post("agents/all/restart");
      await eventually(() => agent.restarts === 1);
    });
    await t.step("takes a new name", async () => {
      const old = agent.uid;
      await server.post("agents/all/identify");
      await eventually(() => agent.uid !== old);
      await seen(server, agent, ({ state }) => state.agentDescription !== undefined);
    });
    await t.step("an interval, and where its own metrics go", async () => {
      await server.post("agents/all/connection-settings", {
        opamp: { heartbeatIntervalSeconds: "1" },
        ownMetrics: { destinationEndpoint: "http://127.0.0.1:9/v1/metrics" },
      });
      await seen(
        server,
        agent,
        ({ state }) => JSON.stringify(state.connectionSettingsStatus ?? {}).includes("APPLIED"),
      );
      strictEqual(agent.client.connection.heartbeatIntervalMs, 1_000);
      await server.post("agents/all/connection-settings", { opamp: { heartbeatIntervalSeconds: "0" } });
      await eventually(() => agent.client.connection.heartbeatIntervalMs === 0);
    });
    await t.step("fetches packages; of one that was tampered with it keeps the old content", async () => {
      const statuses = ({ state }: PeerAgent) => JSON.stringify(state.packageStatuses ?? {});
      await server.post("agents/all/packages", { rules: { version: "1", addon: true, content: "one" } });
      await seen(server, agent, (view) => statuses(view).includes('"agentHasVersion":"1"'));
      await server.post("agents/all/packages", {
        rules: { version: "2", addon: true, content: "two", tamper: true },
        more: { version: "1", addon: true, content: "more" },
      });
      await seen(
        server,
        agent,
        (view) => statuses(view).includes("InstallFailed") && agent.packages.contents.has("more"),
      );
      deepStrictEqual(agent.packages.contents.get("rules"), utf8("one"));
    });
    await t.step("goes back from a server that is not there, and says so", async () => {
      await server.post("agents/all/connection-settings", { opamp: { destinationEndpoint: "ws://127.0.0.1:9/" } });
      await seen(server, agent, ({ state }) => JSON.stringify(state.connectionSettingsStatus ?? {}).includes("FAILED"));
      strictEqual(agent.client.connection.endpoint, server.endpoint(scheme));
    });
    await t.step("says goodbye", async () => {
      await agent.client.stop();
      await eventually(async () => (await server.events()).some(({ message }) => message?.agentDisconnect));
    });
  });

  Deno.test({ name: `faults of the reference server over ${transport}`, ignore }, async (t) => {
    await using server = await startOpampServer();
    await using agent = await started({ endpoint: server.endpoint(scheme) }, { session: { answerTimeoutMs: 1_000 } });
    await seen(server, agent, () => true);
    const alive = async (what: string) => {
      await server.post("agents/all/config", `# ${what}`);
      await seen(
        server,
        agent,
        (view) => view.remoteConfigStatus === "APPLIED" && view.desiredHash === view.reportedHash,
      );
      ok(agent.applied.includes(`# ${what}`), what);
    };

    await t.step("a dropped connection", async () => {
      await server.post("agents/all/disconnect");
      await alive("after a drop");
    });
    await t.step("no answers", async () => {
      await server.post("agents/all/drop");
      await eventually(() => !agent.client.isConnected);
      await server.post("agents/all/drop?off=1");
      await alive("after a silence");
    });
    await t.step("refused connections with Retry-After", async () => {
      await server.post("refuse", { count: 2, status: 503, retryAfter: "1" });
      await server.post("agents/all/disconnect");
      await alive("after a refusal");
    });
    await t.step("UNAVAILABLE with a time", async () => {
      await server.post("agents/all/error", { retryAfterMs: 500 });
      await eventually(() => !agent.client.isConnected);
      await alive("after unavailability");
    });
    await t.step("what makes no sense", async () => {
      await server.post("agents/all/send", { agentIdentification: { newInstanceUid: btoa("short") } });
      await server.post("agents/all/send", { flags: "255", capabilities: "65535" });
      await server.post("agents/all/send", { remoteConfig: {} });
      await server.post("agents/all/send", { customMessage: { capability: "unknown" } });
      await server.post("agents/all/send", { errorResponse: { type: "ServerErrorResponseType_BadRequest" } });
      await alive("after nonsense");
    });
    strictEqual((await seen(server, agent, () => true)).gaps <= 2, true, "only what was lost left gaps");
  });
}

Deno.test({ name: "an offered server takes the agent over; the next start goes there at once", ignore }, async () => {
  await using one = await startOpampServer();
  await using two = await startOpampServer("-token", "new");
  const store = new MemoryStateStore();
  {
    await using agent = await started({ endpoint: one.endpoint() }, {}, store);
    await seen(one, agent, () => true);
    await one.post("agents/all/connection-settings", {
      opamp: {
        destinationEndpoint: two.endpoint("http"),
        headers: { headers: [{ key: "Authorization", value: "Bearer new" }] },
        heartbeatIntervalSeconds: "1",
      },
    });
    await seen(two, agent, ({ state }) => JSON.stringify(state.connectionSettingsStatus ?? {}).includes("APPLIED"));
    ok((await one.events()).some(({ message }) => message?.agentDisconnect), "it left the first");
  }
  await using agent = await started({ endpoint: one.endpoint() }, {}, store);
  await eventually(() => agent.client.isConnected);
  strictEqual(agent.client.connection.endpoint, two.endpoint("http"));
});

Deno.test({ name: "a second agent of one name is given another", ignore }, async () => {
  await using server = await startOpampServer();
  const instanceUid = crypto.getRandomValues(new Uint8Array(16));
  await using first = await started({ endpoint: server.endpoint() }, { instanceUid });
  await seen(server, first, ({ connected }) => connected);
  await using second = await started({ endpoint: server.endpoint() }, { instanceUid });
  await eventually(() => second.uid !== first.uid);
  await seen(server, second, ({ state }) => state.agentDescription !== undefined);
});

Deno.test({ name: "TLS: a server that nobody vouches for is not spoken to", ignore }, async () => {
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  await using server = await startOpampServer("-tls-self-signed", caFile);
  const caPem = await Deno.readTextFile(caFile);
  for (const scheme of ["wss", "https"] as const) {
    await using trusted = await started({ endpoint: server.endpoint(scheme), tls: { ...DEFAULT_CLIENT_TLS, caPem } });
    await seen(server, trusted, () => true);
    await using wary = await started({ endpoint: server.endpoint(scheme) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    strictEqual((await server.agents()).some(({ uid }) => uid === wary.uid), false);
  }
  await Deno.remove(caFile);
});
