/**
 * Appending to one file from several places: whole messages, rotation, truncation, the bound on waiting, failures.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { AppendFile, type AppendFileOptions, FileWriteError } from "../../../../pipeline/exporters/file/append_file.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { withFullDisk } from "../../../support/full_disk.ts";
import type { AppendTask } from "./append_worker.ts";

const NOW_MS = Date.parse("2026-01-31T23:59:59.999Z");

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-file-" });
  try {
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function optionsFor(path: string, changes: Partial<AppendFileOptions> = {}): AppendFileOptions {
  return { path, truncate: false, fsync: true, flushIntervalMs: 1_000, clock: new FakeClock(NOW_MS), ...changes };
}

function rotationAt(maxBytes: number, maxBackups = 0): AppendFileOptions["rotation"] {
  return { maxBytes, maxBackups, maxDays: 0, localtime: false };
}

const bytes = (text: string) => new TextEncoder().encode(text);

function filesIn(directory: string): Record<string, string> {
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${directory}/${name}`)]));
}

Deno.test("AppendFile", async (t) => {
  await t.step("what is appended is there when the promise settles", () =>
    withDirectory(async (directory) => {
      const file = new AppendFile(optionsFor(`${directory}/a.json`));
      await Promise.all([file.append(bytes("one\n")), file.append(bytes("two\n"))]);
      deepStrictEqual(filesIn(directory), { "a.json": "one\ntwo\n" });
      await file.append(bytes("three\n"));
      await file.close();
      deepStrictEqual(filesIn(directory), { "a.json": "one\ntwo\nthree\n" });
    }));

  await t.step(
    "a second opening with `truncate` keeps what the first one wrote",
    () =>
      withDirectory(async (directory) => {
        const path = `${directory}/a.json`;
        Deno.writeTextFileSync(path, "of an earlier run\n");
        const first = new AppendFile(optionsFor(path, { truncate: true }));
        await first.append(bytes("first\n"));
        const second = new AppendFile(optionsFor(path, { truncate: true }));
        await second.append(bytes("second\n"));
        await first.close();
        const third = new AppendFile(optionsFor(path, { truncate: true }));
        await third.append(bytes("third\n"));
        deepStrictEqual(filesIn(directory), { "a.json": "first\nsecond\nthird\n" });
        await Promise.all([second.close(), third.close()]);
        await new AppendFile(optionsFor(path, { truncate: true })).close();
        deepStrictEqual(filesIn(directory), { "a.json": "" });
      }),
  );

  await t.step(
    "rotates before a message that would pass the size, not at the size",
    () =>
      withDirectory(async (directory) => {
        const file = new AppendFile(optionsFor(`${directory}/a.json`, { rotation: rotationAt(10) }));
        await file.append(bytes("12345"));
        await file.append(bytes("67890"));
        strictEqual(Object.keys(filesIn(directory)).length, 1);
        await file.append(bytes("x"));
        deepStrictEqual(filesIn(directory), {
          "a-2026-01-31T23-59-59.999-size.json": "1234567890",
          "a.json": "x",
        });
        await file.close();
      }),
  );

  await t.step("a message larger than the size has a file of its own", () =>
    withDirectory(async (directory) => {
      const file = new AppendFile(optionsFor(`${directory}/a`, { rotation: rotationAt(4) }));
      await file.append(bytes("123456789"));
      await file.append(bytes("ab"));
      deepStrictEqual(filesIn(directory), { "a": "ab", "a-2026-01-31T23-59-59.999-size": "123456789" });
      await file.close();
    }));

  await t.step(
    "rotations in one millisecond get names of their own, and the oldest above max_backups go",
    () =>
      withDirectory(async (directory) => {
        const file = new AppendFile(optionsFor(`${directory}/a`, { rotation: rotationAt(1, 2) }));
        for (const text of ["1", "2", "3", "4"]) await file.append(bytes(text));
        deepStrictEqual(filesIn(directory), {
          "a": "4",
          "a-2026-02-01T00-00-00.000-size": "2",
          "a-2026-02-01T00-00-00.001-size": "3",
        });
        await file.close();
      }),
  );

  await t.step("goes on in a new file when somebody moved or removed it", () =>
    withDirectory(async (directory) => {
      const path = `${directory}/a`;
      const file = new AppendFile(optionsFor(path));
      await file.append(bytes("1"));
      Deno.renameSync(path, `${directory}/moved`);
      await file.append(bytes("2"));
      deepStrictEqual(filesIn(directory), { "a": "2", "moved": "1" });
      Deno.removeSync(path);
      await file.append(bytes("3"));
      deepStrictEqual(filesIn(directory), { "a": "3", "moved": "1" });
      await file.close();
    }));

  await t.step("a directory that is gone fails each append, and heals", () =>
    withDirectory(async (directory) => {
      Deno.mkdirSync(`${directory}/sub`);
      const path = `${directory}/sub/a`;
      const file = new AppendFile(optionsFor(path));
      Deno.renameSync(`${directory}/sub`, `${directory}/away`);
      throws(() => file.append(bytes("1")), { code: "ENOENT" });
      throws(() => file.append(bytes("1")), { code: "ENOENT" });
      Deno.renameSync(`${directory}/away`, `${directory}/sub`);
      await file.append(bytes("2"));
      strictEqual(Deno.readTextFileSync(path), "2");
      await file.close();
    }));

  await t.step("names the system's code", () => {
    throws(() => new AppendFile(optionsFor("/no/such/directory/a")), { name: "FileWriteError", code: "ENOENT" });
  });

  await t.step(
    "a message that the disk has room for only in part is taken back",
    () =>
      withDirectory(async (directory) => {
        const file = new AppendFile(optionsFor(`${directory}/a`));
        await file.append(bytes("whole\n"));
        await withFullDisk(() =>
          throws(() => file.append(bytes("torn\n")), { name: "FileWriteError", code: "ENOSPC" })
        );
        deepStrictEqual(filesIn(directory), { "a": "whole\n" });
        await file.append(bytes("next\n"));
        deepStrictEqual(filesIn(directory), { "a": "whole\nnext\n" });
        await file.close();
      }),
  );

  await t.step("without fsync it is flushed after the interval, once", () =>
    withDirectory(async (directory) => {
      const clock = new FakeClock(NOW_MS);
      const file = new AppendFile(optionsFor(`${directory}/a`, { fsync: false, clock }));
      await file.append(bytes("1"));
      await file.append(bytes("2"));
      strictEqual(clock.pending, 1);
      await clock.advance(1_000);
      strictEqual(clock.pending, 0);
      await file.append(bytes("3"));
      strictEqual(clock.pending, 1);
      await file.close();
      strictEqual(clock.pending, 0);
    }));
});

Deno.test("AppendFile fails when another program holds the directory's lock", () =>
  withDirectory(async (directory) => {
    const file = new AppendFile(optionsFor(`${directory}/a`));
    const other = Deno.openSync(directory, { read: true });
    other.lockSync(true);
    throws(() => file.append(bytes("1")), (error) => error instanceof FileWriteError && error.code === "EWOULDBLOCK");
    other.close();
    await file.append(bytes("2"));
    strictEqual(Deno.readTextFileSync(`${directory}/a`), "2");
    await file.close();
  }));

Deno.test("two threads rotate one file together, and every line is whole and there once", () =>
  withDirectory(async (directory) => {
    const task = { path: `${directory}/a.txt`, lines: 2_000, lineBytes: 300, maxBytes: 50_000 };
    const workers = ["x", "y"].map((name) => new AppendWorker({ ...task, name }));
    await Promise.all(workers.map((worker) => worker.told("ready")));
    await Promise.all(workers.map((worker) => worker.run()));
    const files = filesIn(directory);
    ok(Object.keys(files).length >= 2 * task.lines * task.lineBytes / task.maxBytes);
    const seen = new Map<string, number>();
    for (const [name, text] of Object.entries(files)) {
      ok(text.length <= task.maxBytes, `${name} holds ${text.length} bytes`);
      for (const line of text.split("\n").slice(0, -1)) {
        strictEqual(line.length, task.lineBytes - 1);
        const [writer = "", number = ""] = line.split(" ");
        ok(line.slice(writer.length + number.length + 2).split("").every((letter) => letter === writer));
        seen.set(`${writer} ${number}`, (seen.get(`${writer} ${number}`) ?? 0) + 1);
      }
    }
    strictEqual(seen.size, 2 * task.lines);
    ok([...seen.values()].every((count) => count === 1));
  }));

/** A thread of `append_worker.ts`. */
class AppendWorker {
  readonly #worker = new Worker(new URL("./append_worker.ts", import.meta.url), { type: "module" });

  constructor(task: AppendTask) {
    this.#worker.postMessage(task);
  }

  /** Settles when the thread says `word`. */
  told(word: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => data === word ? resolve() : reject(new Error(`told ${data}`));
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  }

  async run(): Promise<void> {
    this.#worker.postMessage("go");
    await this.told("done");
    this.#worker.terminate();
  }
}

Deno.test("a sync that fails rejects those who wait for it", () =>
  withDirectory(async (directory) => {
    const file = new AppendFile(optionsFor(`${directory}/a`, { clock: systemClock }));
    const original = Deno.FsFile.prototype.syncData;
    try {
      Deno.FsFile.prototype.syncData = () => Promise.reject(Object.assign(new Error("disk"), { code: "EIO" }));
      await rejects(() => file.append(bytes("1")), { name: "FileWriteError", code: "EIO" });
    } finally {
      Deno.FsFile.prototype.syncData = original;
    }
    await file.append(bytes("2"));
    await file.close();
  }));
