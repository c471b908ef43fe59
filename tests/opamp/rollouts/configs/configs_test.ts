import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  CONFIG_LIMITS,
  ConfigCatalog,
  type ConfigDraft,
  hashOfFiles,
  NO_CONFIG,
} from "../../../../opamp/rollouts/configs/configs.ts";
import { diffFiles, MAX_DIFF_CHARS } from "../../../../opamp/rollouts/configs/diff.ts";
import { InvalidRequestError, UnknownNameError } from "../../../../opamp/rollouts/errors.ts";
import type { ConfigFile } from "../../../../opamp/rollouts/records.ts";
import { openRolloutStore } from "../../../../opamp/rollouts/store.ts";

const file = (name: string, text: string | Uint8Array, more: Partial<ConfigFile> = {}): ConfigFile => ({
  name,
  body: typeof text === "string" ? new TextEncoder().encode(text) : text,
  contentType: "",
  role: "",
  ...more,
});

const draft = (files: readonly ConfigFile[], more: Partial<ConfigDraft> = {}): ConfigDraft => ({
  name: "edge",
  files,
  note: "",
  ...more,
});

function catalog(db = new DatabaseSync(":memory:")) {
  return new ConfigCatalog({
    store: openRolloutStore(db),
    clock: { nowMs: () => 42 },
  });
}

Deno.test("versions of a configuration", async (t) => {
  const db = new DatabaseSync(":memory:");
  const configs = catalog(db);
  const files = [file("b", "2", { role: "main" }), file("a", "1", { contentType: "text/yaml" })];
  const first = configs.add(draft(files, { note: "first" }), "ann");

  await t.step("the first", () => {
    const { hash, ...rest } = first;
    deepStrictEqual(rest, {
      name: "edge",
      version: 1,
      files: ["a", "b"],
      byteLength: 2,
      createdMs: 42,
      who: "ann",
      note: "first",
    });
    strictEqual(hash.length, 64);
  });

  await t.step("the same content again is the same version, whatever the order", () => {
    deepStrictEqual(configs.add(draft([...files].reverse()), "bob"), first);
    strictEqual(configs.versions("edge").length, 1);
  });

  await t.step("an older content is a new version with the old hash", () => {
    configs.add(draft([file("a", "x")]), "ann");
    const third = configs.add(draft(files), "ann");
    deepStrictEqual([third.version, third.hash], [3, first.hash]);
    strictEqual(configs.byHash(first.hash), third);
    strictEqual(configs.info("edge").version, 3);
    strictEqual(configs.info("edge", 1), first);
  });

  await t.step("all of it is there after a restart, bodies too", () => {
    const again = catalog(db);
    deepStrictEqual(again.versions("edge"), configs.versions("edge"));
    deepStrictEqual(again.get("edge", 1).contents, [...files].reverse());
    deepStrictEqual(again.list().map(({ name, version }) => [name, version]), [["edge", 3]]);
  });

  await t.step("what is not there", () => {
    for (const version of [0, 4, 1.5]) throws(() => configs.info("edge", version), UnknownNameError);
    throws(() => configs.versions("core"), UnknownNameError);
    strictEqual(configs.byHash("00"), undefined);
    strictEqual(configs.byHash(NO_CONFIG.hash), NO_CONFIG);
  });
});

const refused: { name: string; draft: ConfigDraft; path: string }[] = [
  { name: "no file", draft: draft([]), path: "files" },
  {
    name: "too many files",
    draft: draft(Array.from({ length: CONFIG_LIMITS.maxFiles + 1 }, (_, index) => file(`${index}`, ""))),
    path: "files",
  },
  { name: "too large", draft: draft([file("", new Uint8Array(CONFIG_LIMITS.maxBytes + 1))]), path: "files" },
  { name: "twice the same file", draft: draft([file("a", ""), file("a", "")]), path: "files" },
  { name: "too long a file name", draft: draft([file("a".repeat(257), "")]), path: "files[0].name" },
  { name: "no name", draft: draft([file("", "")], { name: "" }), path: "name" },
  { name: "a path for a name", draft: draft([file("", "")], { name: "../x" }), path: "name" },
  { name: "too long a note", draft: draft([file("", "")], { note: "x".repeat(1_025) }), path: "note" },
];

Deno.test("what is refused", async (t) => {
  for (const { name, draft, path } of refused) {
    await t.step(name, () => {
      const configs = catalog();
      throws(() => configs.add(draft, "ann"), (thrown: unknown) => {
        ok(thrown instanceof InvalidRequestError);
        deepStrictEqual(thrown.problems.map((problem) => problem.path), [path]);
        return true;
      });
      deepStrictEqual(configs.list(), []);
    });
  }

  await t.step("at the limits all is well", () => {
    const configs = catalog();
    configs.add(draft([file("", new Uint8Array(CONFIG_LIMITS.maxBytes))]), "ann");
    configs.add(draft(Array.from({ length: CONFIG_LIMITS.maxFiles }, (_, index) => file(`${index}`, ""))), "ann");
    configs.add(draft([file("", "!")], { note: "x".repeat(1_024) }), "ann");
  });
});

Deno.test("hashes are of content alone", () => {
  const hash = hashOfFiles([file("a", "1"), file("b", "2")]);
  strictEqual(hashOfFiles([file("b", "2"), file("a", "1")]), hash);
  const others = [
    [file("a", "1"), file("b", "3")],
    [file("a", "1"), file("c", "2")],
    [file("a", "1b"), file("", "2")],
    [file("a", "1", { contentType: "x" }), file("b", "2")],
    [file("a", "1", { role: "x" }), file("b", "2")],
  ];
  strictEqual(new Set([hash, ...others.map(hashOfFiles)]).size, others.length + 1);
});

Deno.test("diffFiles()", async (t) => {
  const cases: { name: string; before: ConfigFile[]; after: ConfigFile[]; want: [string, string, string][] }[] = [
    { name: "the same", before: [file("a", "1")], after: [file("a", "1")], want: [] },
    {
      name: "changed",
      before: [file("a", "1\n2")],
      after: [file("a", "1\n3")],
      want: [["a", "changed", "@@ -1 +1 @@\n 1\n-2\n+3"]],
    },
    {
      name: "added and removed",
      before: [file("a", "1")],
      after: [file("b", "1")],
      want: [
        ["a", "removed", "@@ -1 +1 @@\n-1\n+"],
        ["b", "added", "@@ -1 +1 @@\n-\n+1"],
      ],
    },
    {
      name: "another role",
      before: [file("a", "1")],
      after: [file("a", "1", { role: "x" })],
      want: [["a", "changed", ""]],
    },
    {
      name: "no text",
      before: [file("a", new Uint8Array([255]))],
      after: [file("a", "1")],
      want: [["a", "changed", ""]],
    },
    {
      name: "the same bytes",
      before: [file("a", new Uint8Array([255]))],
      after: [file("a", new Uint8Array([255]))],
      want: [],
    },
  ];
  for (const { name, before, after, want } of cases) {
    await t.step(name, () => {
      deepStrictEqual(diffFiles(before, after).map(({ file, change, diff }) => [file, change, diff]), want);
    });
  }

  await t.step("a long one is cut", () => {
    const [{ diff, isCut } = { diff: "", isCut: false }] = diffFiles([], [file("a", "x".repeat(MAX_DIFF_CHARS))]);
    deepStrictEqual([diff.length, isCut], [MAX_DIFF_CHARS, true]);
  });
});
