/**
 * The store: what is written is there, whole or not at all, whatever happens to the process, the disk or the file.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { DatabaseSync } from "node:sqlite";
import { decodeServerToAgent, encodeServerToAgent } from "../../../../opamp/protocol/messages.ts";
import { AgentTokens } from "../../../../opamp/server/store/agent_tokens.ts";
import type { AgentRow } from "../../../../opamp/server/store/fleet_store.ts";
import { ConnectionOffer } from "../../../../opamp/server/offers.ts";
import { DEFAULT_STORE_SETTINGS, OpampStore } from "../../../../opamp/server/store/store.ts";
import { RejectedError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { configOf, FleetProbe, keyOf, uidOf, USUAL } from "../../../support/opamp_fleet.ts";

function rowOf(n: number, more: Partial<AgentRow> = {}): AgentRow {
  return {
    uid: uidOf(n),
    capabilities: USUAL,
    description: Uint8Array.of(1),
    health: undefined,
    configStatus: { hash: "aa", status: 1, error: "" },
    failedConfig: undefined,
    connectionStatus: undefined,
    desiredConfig: "aa",
    desiredConnection: undefined,
    labels: { tier: "edge" },
    lastSeenMs: 1_700_000_000_000,
    ...more,
  };
}

const NOTHING = { agents: [], removed: [], events: [], nowMs: 0 };

async function withFile(run: (path: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/fleet.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("agents come back as they were written", async () => {
  await withFile((path) => {
    const rows = [rowOf(1), rowOf(2, { description: undefined, configStatus: undefined, failedConfig: "bb" })];
    const first = OpampStore.open(path);
    first.write({ ...NOTHING, agents: [...rows, rowOf(3)] });
    first.write({ ...NOTHING, agents: [rows[0] ?? rowOf(1)], removed: [uidOf(3)] });
    first.close();
    strictEqual((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    const second = OpampStore.open(path);
    deepStrictEqual([...second.readAgents()], rows);
    second.close();
  });
});

Deno.test("a fleet over a restart", async () => {
  await withFile(async (path) => {
    const [good, bad] = [configOf("good"), configOf("bad")];
    const findConfig = (hash: string) => [good, bad].find((offer) => offer.hash === hash);
    const store = OpampStore.open(path);
    const probe = new FleetProbe({}, { store, findConfig });
    const link = probe.link();
    await probe.hello(link, 1);
    await probe.hello(link, 2);
    probe.fleet.setDesired([keyOf(1), keyOf(2)], bad);
    probe.fleet.setLabels(keyOf(1), { tier: "edge" });
    const failed = { lastRemoteConfigHash: bad.hashBytes, status: 3, errorMessage: "no" };
    await probe.report(link, 1, { remoteConfigStatus: failed });
    await probe.clock.advance(1_000);
    store.close();

    const again = OpampStore.open(path);
    const after = new FleetProbe({}, { store: again, findConfig });
    after.fleet.start();
    deepStrictEqual(after.fleet.counts, { known: 2, connected: 0 });
    const view = after.fleet.get(keyOf(1));
    deepStrictEqual({ ...view?.attributes().other }, { "host.name": "gw-1" });
    deepStrictEqual(view?.labels, { tier: "edge" });
    strictEqual(view.failedConfig, bad.hash);
    const later = after.link();
    const one = await after.report(later, 1, { sequenceNum: 9 });
    deepStrictEqual([one.flags, one.remoteConfig], [1, undefined]);
    ok((await after.report(later, 2, { sequenceNum: 9 })).remoteConfig);
    deepStrictEqual(again.readEvents(0, 10, uidOf(1)).map(({ kind }) => kind), ["connected", "config_failed"]);
    after.fleet.shutdown();
    again.close();
  });
});

Deno.test("a heartbeat writes nothing", async () => {
  const store = OpampStore.open(":memory:");
  const probe = new FleetProbe({}, { store });
  const link = probe.link();
  await probe.hello(link, 1);
  await probe.clock.advance(1_000);
  const before = store.database.prepare("SELECT total_changes() AS n").get()?.n;
  for (let i = 0; i < 10; i++) {
    await probe.clock.advance(30_000);
    link.heardAtMs = probe.clock.monotonicMs();
    await probe.report(link, 1);
  }
  strictEqual(store.database.prepare("SELECT total_changes() AS n").get()?.n, before);
  store.close();
});

Deno.test("many changes are written some at a time; an agent's own rollback is an event", async () => {
  const store = OpampStore.open(":memory:");
  const sizes: number[] = [];
  const probe = new FleetProbe({ maxRowsPerWrite: 10 }, {
    store: {
      readAgents: () => [],
      readConnectionOffer: () => undefined,
      saveConnectionOffer: () => {},
      write: (batch) => {
        sizes.push(batch.agents.length);
        store.write(batch);
      },
    },
  });
  const link = probe.link();
  for (let n = 1; n <= 25; n++) await probe.hello(link, n);
  await probe.clock.advance(1_000);
  deepStrictEqual(sizes, [10]);
  await probe.clock.advance(1_000);
  deepStrictEqual(sizes, [10, 10, 5]);
  const [good, bad] = [configOf("good"), configOf("bad")];
  probe.fleet.setDesired([keyOf(1)], bad);
  const report = (hash: Uint8Array, status: number) =>
    probe.report(link, 1, { remoteConfigStatus: { lastRemoteConfigHash: hash, status } });
  await report(bad.hashBytes, 2);
  await report(bad.hashBytes, 3);
  await report(good.hashBytes, 1);
  await report(good.hashBytes, 1);
  probe.fleet.shutdown();
  const kinds = store.readEvents(0, 10, uidOf(1)).map(({ kind }) => kind);
  deepStrictEqual(kinds, ["connected", "config_failed", "config_rolled_back"]);
  strictEqual([...store.readAgents()].length, 25);
  store.close();
});

Deno.test("an agent that is forgotten is gone from the store, one that comes back is there", async () => {
  const store = OpampStore.open(":memory:");
  const probe = new FleetProbe({}, { store });
  const stored = () => [...store.readAgents()].length;
  const link = probe.link();
  await probe.hello(link, 1);
  strictEqual(probe.fleet.forget(keyOf(1)), false);
  probe.fleet.detach(link);
  probe.fleet.persist();
  strictEqual(stored(), 1);
  strictEqual(probe.fleet.forget(keyOf(1)), true);
  await probe.clock.advance(1_000);
  strictEqual(stored(), 0);
  await probe.hello(link, 1);
  probe.fleet.persist();
  probe.fleet.detach(link);
  probe.fleet.forget(keyOf(1));
  await probe.hello(probe.link(), 1);
  probe.fleet.persist();
  strictEqual(stored(), 1);
  probe.fleet.shutdown();
  store.close();
});

Deno.test("events that cannot be written wait, up to a bound", async () => {
  let isFull = true;
  const written: string[] = [];
  const probe = new FleetProbe({ maxPendingEvents: 3 }, {
    store: {
      readAgents: () => [],
      readConnectionOffer: () => undefined,
      saveConnectionOffer: () => {},
      write: ({ events }) => {
        if (isFull) throw new UnavailableError("Cannot keep: full");
        written.push(...events.map(({ kind }) => kind));
      },
    },
  });
  for (let n = 1; n <= 4; n++) await probe.hello(probe.link(), n);
  await probe.clock.advance(5_000);
  isFull = false;
  await probe.clock.advance(1_000);
  deepStrictEqual(written, ["connected", "connected", "connected"]);
  await probe.hello(probe.link(), 5);
  await probe.clock.advance(1_000);
  strictEqual(written.length, 4);
});

Deno.test("events and audit are bounded", () => {
  const store = OpampStore.open(":memory:", {
    ...DEFAULT_STORE_SETTINGS,
    maxEvents: 3,
    maxEventAgeMs: 100,
    maxAuditEntries: 2,
  });
  const event = (atMs: number) => ({ atMs, uid: uidOf(1), kind: "k", text: "" });
  store.write({ ...NOTHING, events: [1, 2, 3, 4, 5].map(event), nowMs: 5 });
  deepStrictEqual(store.readEvents(0, 10).map(({ atMs }) => atMs), [3, 4, 5]);
  store.write({ ...NOTHING, events: [event(104)], nowMs: 105 });
  deepStrictEqual(store.readEvents(0, 10).map(({ atMs }) => atMs), [5, 104]);
  const [first] = store.readEvents(0, 1);
  deepStrictEqual(store.readEvents(first?.id ?? 0, 10).map(({ atMs }) => atMs), [104]);
  for (let atMs = 1; atMs < 5; atMs++) store.addAudit({ atMs, actor: "a", action: "b", subject: "c", detail: "d" });
  deepStrictEqual(store.readAudit(10).map(({ atMs }) => atMs), [4, 3]);
  store.close();
});

Deno.test("S40: connection settings are stored before they are offered, old ones go with the last user", () => {
  const store = OpampStore.open(":memory:");
  store.write({ ...NOTHING, agents: [rowOf(1), rowOf(2)] });
  const offers = ["a", "b"].map((host) => new ConnectionOffer({ opamp: { destinationEndpoint: `wss://${host}` } }));
  const [a, b] = offers;
  ok(a && b);
  store.saveConnectionOffer(a.hash, a.encoded, [uidOf(1), uidOf(2)]);
  deepStrictEqual([...store.readAgents()].map(({ desiredConnection }) => desiredConnection), [a.hash, a.hash]);
  deepStrictEqual(store.readConnectionOffer(a.hash)?.encoded, a.encoded);
  store.saveConnectionOffer(b.hash, b.encoded, [uidOf(1)]);
  store.write({ ...NOTHING, agents: [rowOf(1, { desiredConnection: b.hash })] });
  ok(store.readConnectionOffer(a.hash));
  store.write({ ...NOTHING, agents: [rowOf(2, { desiredConnection: b.hash })] });
  strictEqual(store.readConnectionOffer(a.hash), undefined);
  const back = decodeServerToAgent(
    encodeServerToAgent({}, { connectionSettings: store.readConnectionOffer(b.hash)?.encoded }),
  );
  strictEqual(back.connectionSettings?.opamp?.destinationEndpoint, "wss://b");
  strictEqual(back.connectionSettings.opamp.heartbeatIntervalSeconds, 30);
  store.close();
});

Deno.test("tokens: only hashes are kept", async () => {
  await withFile((path) => {
    const store = OpampStore.open(path);
    const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
    const tokens = new AgentTokens(store, randomBytes);
    const { id, token } = tokens.issue("edge", 5);
    strictEqual(tokens.identify(`Bearer ${token}`), id);
    strictEqual(tokens.identify(`bearer  ${token} `), id);
    strictEqual(tokens.identify(undefined), undefined);
    deepStrictEqual(tokens.list(), [{ id, label: "edge", createdMs: 5 }]);
    ok(!new TextDecoder("latin1").decode(Deno.readFileSync(path)).includes(token));
    strictEqual(new AgentTokens(store, randomBytes).identify(`Bearer ${token}`), id);
    strictEqual(tokens.revoke("other"), false);
    strictEqual(tokens.revoke(id), true);
    strictEqual(tokens.identify(`Bearer ${token}`), undefined);
    strictEqual(new AgentTokens(store, randomBytes).identify(`Bearer ${token}`), undefined);
    store.close();
  });
});

Deno.test("what can be wrong with the file", async (t) => {
  await t.step("no database", () =>
    withFile((path) => {
      Deno.writeTextFileSync(path, "not a database, but long enough to be taken for one".repeat(40));
      throws(() => OpampStore.open(path), (error) => error instanceof RejectedError && /damaged/.test(error.message));
    }));
  await t.step("a damaged page", () =>
    withFile((path) => {
      const store = OpampStore.open(path);
      store.write({ ...NOTHING, agents: Array.from({ length: 2_000 }, (_, n) => rowOf(n)) });
      store.close();
      const file = Deno.openSync(path, { write: true });
      file.seekSync(4_096, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(200_000).fill(0xa5));
      file.close();
      throws(() => {
        const damaged = OpampStore.open(path);
        try {
          damaged.write({ ...NOTHING, agents: Array.from({ length: 2_000 }, (_, n) => rowOf(n)) });
        } finally {
          damaged.close();
        }
      }, RejectedError);
    }));
  await t.step("of a newer version", () =>
    withFile((path) => {
      OpampStore.open(path).close();
      const database = new DatabaseSync(path);
      database.exec("PRAGMA user_version = 99");
      database.close();
      throws(() => OpampStore.open(path), /version 99/);
    }));
  await t.step("in a folder that is not there", () => {
    throws(() => OpampStore.open("/nonexistent/fleet.db"), RejectedError);
  });
  await t.step("another process has it: nothing is kept, and it is tried again", () =>
    withFile(async (path) => {
      const store = OpampStore.open(path, { ...DEFAULT_STORE_SETTINGS, busyTimeoutMs: 10 });
      const probe = new FleetProbe({}, { store });
      const other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      throws(() => store.write({ ...NOTHING, agents: [rowOf(1)] }), UnavailableError);
      await probe.hello(probe.link(), 1);
      await probe.clock.advance(1_000);
      deepStrictEqual([...store.readAgents()], []);
      other.exec("ROLLBACK");
      await probe.clock.advance(1_000);
      strictEqual([...store.readAgents()].length, 1);
      other.close();
      store.close();
    }));
  await t.step("full: nothing of the batch is kept", () =>
    withFile((path) => {
      const store = OpampStore.open(path);
      store.write({ ...NOTHING, agents: [rowOf(1)] });
      const pages = Number(store.database.prepare("PRAGMA page_count").get()?.page_count);
      store.database.exec(`PRAGMA max_page_count = ${pages + 1}`);
      const many = Array.from({ length: 1_000 }, (_, n) => rowOf(n + 2));
      throws(
        () => store.write({ ...NOTHING, agents: many }),
        (error) => error instanceof UnavailableError && /full/.test(error.message),
      );
      strictEqual([...store.readAgents()].length, 1);
      store.close();
    }));
});

Deno.test("kill -9 at any point: every batch is there whole, in order", async () => {
  await withFile(async (path) => {
    const AGENTS = 50;
    for (const delayMs of [5, 20, 60]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          new URL("../../../support/store_writer.ts", import.meta.url).pathname,
          path,
          String(AGENTS),
        ],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read(); // it writes
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill("SIGKILL");
      let told = "";
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        told += new TextDecoder().decode(chunk.value);
      }
      await child.status;
      const store = OpampStore.open(path);
      const rounds = new Set([...store.readAgents()].map(({ lastSeenMs }) => lastSeenMs));
      strictEqual(rounds.size, 1, "a batch is torn");
      const [round = 0] = rounds;
      ok(round >= Number(told.trim().split("\n").at(-1) ?? 0), "a batch that was confirmed is lost");
      strictEqual([...store.readAgents()].length, AGENTS);
      store.close();
    }
  });
});
