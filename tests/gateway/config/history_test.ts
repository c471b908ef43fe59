import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ConfigHistory, type HistoryStore, MAX_HISTORY_CHARS } from "../../../gateway/config/history.ts";
import { HISTORY_FILE, openHistoryFile } from "../../../gateway/config/history_file.ts";
import { type ConfigEntry, type ConfigOutcome, MAX_HISTORY } from "../../../gateway/config/config_manager.ts";
import type { Sources } from "../../../gateway/config/sources.ts";
import { withFullDisk } from "../../support/full_disk.ts";

const DRAFT: Omit<ConfigEntry, "id"> = {
  atMs: 1_000,
  who: "me",
  origin: "admin",
  outcome: "good",
  reasons: [],
  version: "0123456789abcdef",
  diff: "",
  tookMs: 5,
};

const draft = (outcome: ConfigOutcome) => ({ ...DRAFT, outcome });

function textOf(text: string): Sources {
  return { configs: [{ kind: "text", name: "a.yaml", text }], sets: [{ kind: "set", path: ["a", "b"], text: "1" }] };
}

/** Keeps what is written. */
class MemoryStore implements HistoryStore {
  text: string | undefined;
  writes = 0;

  read(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }

  write(text: string): Promise<void> {
    this.text = text;
    this.writes++;
    return Promise.resolve();
  }
}

function open(store?: HistoryStore) {
  const troubles: string[] = [];
  const history = new ConfigHistory(store, (what, thrown) => troubles.push(`${what}: ${String(thrown)}`));
  return { history, troubles };
}

const ids = (history: ConfigHistory) => history.entries.map(({ id }) => id);

Deno.test("ConfigHistory is bounded", async (t) => {
  await t.step("at the limit all are kept, one past it the oldest goes", () => {
    const { history } = open();
    for (let i = 0; i < MAX_HISTORY; i++) history.add(draft("good"), textOf(`${i}`));
    deepStrictEqual([history.entries.length, ids(history).at(-1)], [MAX_HISTORY, 1]);
    history.add(draft("good"), textOf("more"));
    deepStrictEqual([history.entries.length, ids(history).at(-1), ids(history)[0]], [MAX_HISTORY, 2, MAX_HISTORY + 1]);
  });

  await t.step("the last good and the running one stay", () => {
    const { history } = open();
    history.add(draft("good"), textOf("good"));
    history.add(draft("watching"), textOf("running"));
    for (let i = 0; i < 2 * MAX_HISTORY; i++) history.add(draft("failed"), textOf(`${i}`));
    deepStrictEqual([history.entries.length, ids(history).slice(-2)], [MAX_HISTORY, [2, 1]]);
  });

  await t.step("the same failure again takes the place of the one before", () => {
    const { history } = open();
    for (let i = 0; i < 3; i++) history.add(draft("failed"), textOf("broken"));
    deepStrictEqual(ids(history), [3]);
  });

  await t.step("in characters, too", () => {
    const { history } = open();
    for (let i = 0; i < 4; i++) history.add(draft("good"), textOf("x".repeat(MAX_HISTORY_CHARS / 2 - 2)));
    deepStrictEqual(ids(history), [4, 3]);
  });
});

Deno.test("ConfigHistory outlives its process", async (t) => {
  await t.step("with all of it; what was being watched has an unknown end", async () => {
    const store = new MemoryStore();
    const { history } = open(store);
    const first = history.add(draft("watching"), textOf("one"));
    history.settle(first, "good");
    history.add(draft("watching"), textOf("two"));
    await history.saved();
    const { history: later, troubles } = open(store);
    await later.load();
    deepStrictEqual(later.entries.map(({ id, outcome }) => [id, outcome]), [[2, "interrupted"], [1, "good"]]);
    deepStrictEqual([later.sourcesOf(2), later.lastGood()?.entry.id, troubles], [textOf("two"), 1, []]);
    strictEqual(later.add(draft("good"), textOf("three")).id, 3);
  });

  await t.step("changes that come close together are one write", async () => {
    const store = new MemoryStore();
    const { history } = open(store);
    for (let i = 0; i < 10; i++) history.add(draft("good"), textOf(`${i}`));
    await history.saved();
    strictEqual(store.writes, 2);
    match(store.text ?? "", /"9"/);
  });

  await t.step("one that cannot be understood is told, and begins anew", async () => {
    for (const text of ["", "{", '{"format":2,"configs":[]}', '{"format":1,"configs":[{"entry":{}}]}']) {
      const store = new MemoryStore();
      store.text = text;
      const { history, troubles } = open(store);
      await history.load();
      deepStrictEqual([history.entries, troubles.length], [[], 1]);
    }
  });

  await t.step("any history reads back as it was", async () => {
    const step = fc.record({
      text: fc.string(),
      outcome: fc.constantFrom<ConfigOutcome>("good", "failed", "superseded"),
    });
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const store = new MemoryStore();
      const { history } = open(store);
      for (const { text, outcome } of steps) history.add(draft(outcome), textOf(text));
      await history.saved();
      const { history: later } = open(store);
      await later.load();
      deepStrictEqual(later.entries, history.entries);
      for (const { id } of history.entries) deepStrictEqual(later.sourcesOf(id), history.sourcesOf(id));
    }));
  });
});

Deno.test("openHistoryFile()", async (t) => {
  const directory = `${await Deno.makeTempDir()}/state`;
  const path = `${directory}/${HISTORY_FILE}`;
  const store = await openHistoryFile(directory);

  await t.step("there is none at first", async () => strictEqual(await store.read(), undefined));

  await t.step("only its owner reads it, and no draft is left", async () => {
    await store.write("one");
    strictEqual(await store.read(), "one");
    strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
    deepStrictEqual(Array.from(Deno.readDirSync(directory), ({ name }) => name), [HISTORY_FILE]);
  });

  await t.step("a disk without room leaves what was there, and is told", async () => {
    const { history, troubles } = open(store);
    await withFullDisk(async () => {
      history.add(draft("good"), textOf("two"));
      await history.saved();
    });
    deepStrictEqual([await store.read(), troubles.length], ["one", 1]);
    match(troubles[0] ?? "", /could not be written: .*No space left/);
    history.add(draft("good"), textOf("three"));
    await history.saved();
    const { history: later } = open(store);
    await later.load();
    deepStrictEqual(ids(later), [2, 1]);
  });

  await t.step("a directory that cannot be made fails", async () => {
    let failed = false;
    await openHistoryFile(`${path}/below`).catch(() => failed = true);
    strictEqual(failed, true);
  });
  await Deno.remove(directory, { recursive: true });
});
