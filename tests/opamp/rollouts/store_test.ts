import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Changes, MemberRecord, RolloutEvent } from "../../../opamp/rollouts/records.ts";
import { MAX_ENDED } from "../../../opamp/rollouts/records.ts";
import { MAX_EVENTS, openRolloutStore } from "../../../opamp/rollouts/store.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { RolloutWorld } from "../../support/fleet.ts";

const NOTHING: Changes = {
  rollouts: [],
  members: [],
  removedMembers: [],
  ended: [],
  assignments: [],
  removedAssignments: [],
  pins: [],
  removedPins: [],
  events: [],
};

const member = (rollout: number, uid: string, phase: MemberRecord["phase"] = "applying"): MemberRecord => ({
  rollout,
  uid,
  phase,
  releasedMs: 1,
  wasHealthy: true,
  beforeItems: 2 ** 40,
  beforeErrors: 0,
  error: phase === "failed" ? "broken" : "",
});

const event = (rollout: number, text = ""): Omit<RolloutEvent, "id"> => ({
  rollout,
  atMs: 1,
  kind: "started",
  who: "ann",
  text,
  numbers: { agents: 3 },
});

Deno.test("what is written is read", () => {
  const db = new DatabaseSync(":memory:");
  const store = openRolloutStore(db);
  store.commit({ ...NOTHING, members: [member(1, "b", "failed"), member(1, "a"), member(2, "c")] });
  deepStrictEqual(store.members(1, { limit: 10 }), [member(1, "a"), member(1, "b", "failed")]);
  deepStrictEqual(store.members(1, { limit: 1 }), [member(1, "a")]);
  deepStrictEqual(store.members(1, { limit: 10, after: "a" }), [member(1, "b", "failed")]);
  deepStrictEqual(store.members(1, { limit: 10, phase: "applying" }), [member(1, "a")]);
  store.commit({ ...NOTHING, removedMembers: [{ rollout: 1, uid: "b" }], members: [member(1, "a", "applied")] });
  deepStrictEqual(openRolloutStore(db).members(1, { limit: 10 }), [member(1, "a", "applied")]);
  store.commit({ ...NOTHING, events: [event(1, "x"), event(2), event(1, "y")] });
  deepStrictEqual(store.events({ limit: 10, rollout: 1 }).map(({ id, text }) => [id, text]), [[3, "y"], [1, "x"]]);
  deepStrictEqual(store.events({ limit: 10, before: 3 }).map(({ id }) => id), [2, 1]);
  deepStrictEqual(store.events({ limit: 1, before: 2 }), [{ id: 1, ...event(1, "x") }]);
});

Deno.test("of old events and rollouts so many are kept", async (t) => {
  await t.step("events", () => {
    const store = openRolloutStore(new DatabaseSync(":memory:"));
    const all = Array.from({ length: MAX_EVENTS }, () => event(1));
    store.commit({ ...NOTHING, events: all });
    strictEqual(store.events({ limit: 1, before: 2 }).length, 1);
    store.commit({ ...NOTHING, events: [event(1)] });
    strictEqual(store.events({ limit: 1, before: 2 }).length, 0);
    strictEqual(store.events({ limit: 1, before: 3 }).length, 1);
  });

  await t.step("rollouts that have ended, with all that is of them", () => {
    const world = new RolloutWorld();
    world.addAgents(2);
    world.flush();
    for (let version = 1; version <= MAX_ENDED + 2; version++) {
      world.config("edge", `version: ${version}`);
      const { id } = world.rollouts.start({ selector: "*", config: { name: "edge" } }, "ann");
      world.rollouts.abort(id, { rollback: true, reason: "" }, "ann");
      world.settle();
    }
    const ids = world.rollouts.list().map(({ id }) => id);
    deepStrictEqual([ids.length, ids[0], ids.at(-1)], [MAX_ENDED, MAX_ENDED + 2, 3]);
    deepStrictEqual(world.eventsOf(2), []);
    ok(world.eventsOf(3).length > 0);
    world.crash();
    deepStrictEqual(world.rollouts.list().map(({ id }) => id), ids);
  });
});

Deno.test("rollouts of an older program go on as they were", () => {
  const world = new RolloutWorld();
  world.addAgents(20);
  world.flush();
  world.config("edge", "version: 1");
  world.answer = () => undefined;
  const { id } = world.rollouts.start({ selector: "*", config: { name: "edge" }, stages: [{ share: 1 }] }, "ann");
  world.db.exec("UPDATE rollouts SET record = json_remove(record, '$.spec.applyingGrowth')");
  world.db.exec("DELETE FROM rollout_migrations WHERE version = 2");
  world.crash();
  strictEqual(world.rollouts.get(id).spec.applyingGrowth, 1);
  strictEqual(world.rollouts.get(id).progress?.window, 2);
});

Deno.test("a database that cannot be used", async (t) => {
  await t.step("of a newer program", () => {
    const db = new DatabaseSync(":memory:");
    openRolloutStore(db);
    db.exec("INSERT INTO rollout_migrations VALUES (99)");
    throws(
      () => openRolloutStore(db),
      (thrown) => thrown instanceof UnavailableError && /version 99/.test(thrown.message),
    );
  });

  await t.step("read-only, and nothing is half done", () => {
    const path = Deno.makeTempFileSync({ suffix: ".db" });
    try {
      const writer = new DatabaseSync(path);
      openRolloutStore(writer).commit({ ...NOTHING, members: [member(1, "a")] });
      writer.close();
      const db = new DatabaseSync(path);
      const store = openRolloutStore(db);
      db.exec("PRAGMA query_only = 1");
      throws(() => store.commit({ ...NOTHING, members: [member(1, "b")] }), UnavailableError);
      db.exec("PRAGMA query_only = 0");
      deepStrictEqual(store.members(1, { limit: 10 }), [member(1, "a")]);
      store.commit({ ...NOTHING, members: [member(1, "c")] });
      db.close();
    } finally {
      Deno.removeSync(path);
    }
  });

  await t.step("full: the decision is taken back, and taken again when there is room", () => {
    const world = new RolloutWorld();
    world.addAgents(10);
    world.flush();
    const { hash } = world.config("edge", "a: 1");
    world.db.exec("PRAGMA max_page_count = 1");
    const fill = (chars: number) => {
      for (;;) world.store.commit({ ...NOTHING, events: [event(0, "x".repeat(chars))] });
    };
    throws(() => fill(4_000), UnavailableError);
    throws(() => fill(100), UnavailableError);
    const start = () => world.rollouts.start({ selector: "*", config: { name: "edge" } }, "ann");
    throws(start, /the database refuses/);
    deepStrictEqual([...world.fleet.agents()].filter(({ desired }) => desired !== undefined), []);
    throws(start, /the store has failed, try again/);
    world.tick();
    world.db.exec("PRAGMA max_page_count = 1000000");
    world.tick();
    start();
    world.settle();
    strictEqual(world.with(hash).length, 1);
  });

  await t.step("no database at all", () => {
    const db = new DatabaseSync(":memory:");
    const store = openRolloutStore(db);
    db.close();
    throws(() => store.load(), UnavailableError);
    throws(() => store.commit(NOTHING), UnavailableError);
  });
});

Deno.test("a controller that is killed has written whatever it has said", async (t) => {
  for (const lines of [60, 75, 111, 190, 333]) {
    await t.step(`after ${lines} offers`, async () => {
      const directory = await Deno.makeTempDir();
      try {
        await killAfter(`${directory}/rollouts.db`, lines);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    });
  }
});

/** Runs a controller, kills it in the middle, and looks whether what it said last follows from what it has written. */
async function killAfter(path: string, lines: number): Promise<void> {
  const script = fileURLToPath(new URL("../../support/rollout_process.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-ffi",
      "--allow-sys",
      script,
      path,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said.split("\n").length > lines) {
      child.kill("SIGKILL");
      break;
    }
  }
  await child.status;

  const world = new RolloutWorld(new DatabaseSync(path));
  world.addAgents(50);
  world.flush();
  const last = new Map(said.split("\n").slice(0, -1).map((line) => line.split(" ") as [string, string]));
  const written = new Map([...world.fleet.agents()].map(({ uid, desired }) => [uid, String(desired?.version ?? "")]));
  for (const [uid, version] of last) {
    // The newest lines may be lost in the pipe; what was written after them is newer, never older.
    ok(
      Number(written.get(uid)) >= Number(version) || isBack(world, Number(version)),
      `${uid}: ${version}, ${written.get(uid)}`,
    );
  }
  world.db.close();
}

/** The version was taken back, or is being taken back. */
function isBack(world: RolloutWorld, version: number): boolean {
  const rollout = world.rollouts.list().find(({ config }) => config.version === version);
  return rollout?.state === "rolled_back" || rollout?.state === "rolling_back";
}
