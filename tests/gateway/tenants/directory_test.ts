import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { WATCH_INTERVAL_MS } from "../../../gateway/config/file_watch.ts";
import { TenantDirectory } from "../../../gateway/tenants/directory.ts";
import { watchDirectory } from "../../../gateway/tenants/directory_watch.ts";
import {
  diskTenantFiles,
  MAX_LINES_FILE_BYTES,
  MAX_TENANT_FILE_BYTES,
  type TenantFiles,
} from "../../../gateway/tenants/tenant_files.ts";
import { formatProblem } from "../../../pipeline/config/problem.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { hashSecret } from "../../../pipeline/tenants/identity/api_key.ts";
import type { TenantSources } from "../../../pipeline/tenants/sources.ts";
import type { TenantSnapshot } from "../../../pipeline/tenants/table/table.ts";
import { RecordingMeter } from "../../support/component_deps.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const HASH = hashSecret("secret", new Uint8Array(16));
const keyLine = (id: string) => `keys: [{id: ${id}, hash: "${HASH}"}]\n`;

/** A directory on this disk, and what reads it. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly published: TenantSnapshot[] = [];
  readonly logged: string[] = [];
  readonly meter = new RecordingMeter();
  readonly tenants: TenantDirectory;
  readonly sources: TenantSources;

  constructor(readonly path: string, files: TenantFiles = diskTenantFiles, capacity = 100) {
    const note = (message: string, fields = {}) => void this.logged.push(`${message} ${JSON.stringify(fields)}`);
    this.tenants = new TenantDirectory({
      clock: this.clock,
      logger: { ...silentLogger, info: note, warn: note, error: note },
      meter: this.meter,
      files,
      publish: (snapshot) => void this.published.push(snapshot),
      capacity,
    });
    this.sources = {
      defaults: {},
      defaultsFingerprint: "",
      tenants: [],
      directory: path,
      pipelines: new Set(["traces"]),
    };
  }

  static async open(files: Record<string, string>): Promise<Bench> {
    const bench = new Bench(await Deno.makeTempDir());
    for (const [name, text] of Object.entries(files)) await bench.write(name, text);
    (await bench.tenants.prepare(bench.sources)).commit();
    return bench;
  }

  /** As by a new inode: a file of the same length in the same millisecond is another one too. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/.draft`, text);
    await Deno.rename(`${this.path}/.draft`, `${this.path}/${name}`);
  }

  get ids(): readonly string[] {
    return [...this.tenants.table?.ids() ?? []].sort();
  }

  weightOf(id: string): number | undefined {
    return this.tenants.table?.find(id)?.tag.weight;
  }

  /** One line each, without the directory. */
  get problems(): readonly string[] {
    return this.tenants.problems.map((problem) => formatProblem(problem).replaceAll(this.path, "DIR"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("files of a directory", async (t) => {
  const cases: { name: string; files: Record<string, string>; ids: readonly string[]; problems: readonly string[] }[] =
    [
      { name: "none", files: {}, ids: [], problems: [] },
      {
        name: "YAML by its name, by its id, and lines",
        files: {
          "acme.yaml": "",
          "b.yml": "id: globex\n",
          "fleet.jsonl": '{"id":"one"}\n\n{"id":"two","weight":3}',
          "README.md": "nothing of ours",
          ".hidden.yaml": "a: b: c",
        },
        ids: ["globex", "one", "two"],
        problems: ["DIR/acme.yaml:1:1: is no map, wanted the keys of one tenant"],
      },
      {
        name: "what is broken keeps nothing else out",
        files: {
          "acme.yaml": "weight: 2\n",
          "bad.yaml": "weight: {\n",
          "typo.yaml": "# first line\nwieght: 2\n",
          "lines.jsonl": '{"id":"one"}\n{"id":"two","weight":0}\n{"id":"three"\n{"weight":1}\n{"id":"four"}\n',
        },
        ids: ["acme", "four", "one"],
        problems: [
          "DIR/bad.yaml:2:1: is not YAML: flow map in block collection must be sufficiently indented and end with a }",
          "DIR/lines.jsonl:2:22: tenants::two::weight: is 0, wanted a whole number from 1 to 1000",
          "DIR/lines.jsonl:3:14: is not YAML: flow map must end with a }",
          "DIR/lines.jsonl:4:1: id: is missing, wanted letters, digits, _ . @ or -, up to 128 of them, the first a letter or digit",
          'DIR/typo.yaml:2:1: tenants::typo::wieght: is an unknown key, did you mean "weight"?',
        ],
      },
      {
        name: "two of one id, and two of one key",
        files: {
          "a.yaml": keyLine("aaaaaaaaaaaa"),
          "b.yaml": `id: a\nweight: 2\n`,
          "c.yaml": keyLine("aaaaaaaaaaaa"),
          "d.jsonl": '{"id":"d"}\n{"id":"d","weight":2}\n',
        },
        ids: ["a", "d"],
        problems: [
          "DIR/b.yaml:1:1: tenants::a: is in DIR/a.yaml:1:1 already, which is used",
          'DIR/c.yaml:1:1: tenants::c: has the key "aaaaaaaaaaaa", which the tenant a in DIR/a.yaml:1:1 has: it is not used',
          "DIR/d.jsonl:2:1: tenants::d: is in line 1 already, which is used",
        ],
      },
      {
        name: "a pipeline that does not exist is told, and the tenant used",
        files: { "a.yaml": "pipelines: [trases]\n" },
        ids: ["a"],
        problems: [
          'DIR/a.yaml:1:13: warning: tenants::a::pipelines: names "trases", which is no pipeline, did you mean "traces"?',
        ],
      },
    ];
  for (const { name, files, ids, problems } of cases) {
    await t.step(name, async () => {
      await using bench = await Bench.open(files);
      deepStrictEqual([bench.ids, bench.problems.toSorted()], [ids, problems]);
    });
  }
});

Deno.test("a file that changes", async (t) => {
  await using bench = await Bench.open({
    "acme.yaml": `weight: 2\n${keyLine("aaaaaaaaaaaa")}`,
    "fleet.jsonl": '{"id":"one","weight":2}\n{"id":"two","weight":2}\n',
  });
  const { tenants } = bench;
  const slots = new Map(bench.ids.map((id) => [id, tenants.table?.find(id)?.tag.slot]));

  await t.step("is another table at once, with the same slots", async () => {
    await bench.write("acme.yaml", `weight: 3\n${keyLine("aaaaaaaaaaaa")}`);
    await bench.write("new.yaml", "weight: 4\n");
    await tenants.refresh();
    deepStrictEqual([bench.weightOf("acme"), bench.weightOf("new"), bench.published.length], [3, 4, 1]);
    for (const [id, slot] of slots) strictEqual(tenants.table?.find(id)?.tag.slot, slot);
  });

  await t.step("that is the same is no other table", async () => {
    await bench.write("new.yaml", "weight: 4 # as before\n");
    await tenants.refresh();
    strictEqual(bench.published.length, 1);
  });

  await t.step("that is broken leaves its tenant as it was, and says so once", async () => {
    await bench.write("acme.yaml", "weight: [\n");
    await tenants.refresh();
    await tenants.refresh();
    strictEqual(bench.weightOf("acme"), 3);
    strictEqual(bench.problems.length, 1);
    strictEqual(bench.logged.filter((line) => line.includes("acme.yaml")).length, 1);
  });

  await t.step("of lines, with one that is broken: that one stays, others go and come", async () => {
    await bench.write("fleet.jsonl", '{"id":"one","weight":0}\n{"id":"three"}\n');
    await tenants.refresh();
    deepStrictEqual([bench.ids, bench.weightOf("one")], [["acme", "new", "one", "three"], 2]);
  });

  await t.step("of lines, cut in the middle of one: nobody goes", async () => {
    await bench.write("fleet.jsonl", '{"id":"one","weight":5}\n{"id":"thr');
    await tenants.refresh();
    deepStrictEqual([bench.ids, bench.weightOf("one")], [["acme", "new", "one", "three"], 5]);
  });

  await t.step("that takes another's key stays as it was", async () => {
    await bench.write("acme.yaml", `weight: 3\n${keyLine("aaaaaaaaaaaa")}`);
    await bench.write("new.yaml", `weight: 9\n${keyLine("aaaaaaaaaaaa")}`);
    await tenants.refresh();
    deepStrictEqual([bench.weightOf("new"), tenants.table?.findKey("aaaaaaaaaaaa")?.slot], [4, slots.get("acme")]);
  });

  await t.step("that is removed takes its tenant with it", async () => {
    await Deno.remove(`${bench.path}/acme.yaml`);
    await tenants.refresh();
    ok(!bench.ids.includes("acme"));
    match(bench.logged.at(-2) ?? "", /Tenants are gone .*"tenants":"acme"/);
  });

  await t.step("of a directory that is gone: all stay, and it is told", async () => {
    const before = bench.ids;
    await Deno.rename(bench.path, `${bench.path}.away`);
    await tenants.refresh();
    await Deno.rename(`${bench.path}.away`, bench.path);
    deepStrictEqual(bench.ids, before);
    match(bench.problems.join(), /tenants_dir: cannot be read, so that its tenants stay as they are/);
  });
});

Deno.test("the links of a Kubernetes ConfigMap, when they are swapped", async () => {
  await using bench = new Bench(await Deno.makeTempDir());
  for (const turn of [1, 2]) {
    await Deno.mkdir(`${bench.path}/..${turn}`);
    await Deno.writeTextFile(`${bench.path}/..${turn}/acme.yaml`, `weight: ${turn}\n`);
  }
  await Deno.symlink("..1", `${bench.path}/..data`);
  await Deno.symlink("..data/acme.yaml", `${bench.path}/acme.yaml`);
  (await bench.tenants.prepare(bench.sources)).commit();
  strictEqual(bench.weightOf("acme"), 1);
  await Deno.symlink("..2", `${bench.path}/..data_tmp`);
  await Deno.rename(`${bench.path}/..data_tmp`, `${bench.path}/..data`);
  await bench.tenants.refresh();
  deepStrictEqual([bench.ids, bench.weightOf("acme"), bench.problems], [["acme"], 2, []]);
});

Deno.test("a file has a bound", async (t) => {
  const text = (length: number) => `weight: 2 #`.padEnd(length, "x");
  await using bench = await Bench.open({
    "fits.yaml": text(MAX_TENANT_FILE_BYTES),
    "large.yaml": text(MAX_TENANT_FILE_BYTES + 1),
  });
  await t.step("of one tenant", () => {
    deepStrictEqual(bench.ids, ["fits"]);
    deepStrictEqual(bench.problems, [`DIR/large.yaml: cannot be read: larger than ${MAX_TENANT_FILE_BYTES} bytes`]);
  });
  await t.step("of lines", async () => {
    const path = `${bench.path}/lines.jsonl`;
    for (const [bytes, want] of [[MAX_LINES_FILE_BYTES, ""], [MAX_LINES_FILE_BYTES + 1, "larger than"]] as const) {
      await Deno.writeFile(path, new Uint8Array());
      await Deno.truncate(path, bytes);
      let failure = "";
      try {
        for await (const piece of diskTenantFiles.readPieces(path)) ok(piece.length > 0);
      } catch (thrown) {
        failure = String(thrown);
      }
      ok(failure.includes(want) && (want !== "" || failure === ""), failure);
    }
  });
});

Deno.test({
  name: "a pipe and a device among the files are told, and the others go on",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using bench = await Bench.open({ "acme.yaml": "weight: 1\n", "gone.yaml": "weight: 1\n" });
    await new Deno.Command("mkfifo", { args: [`${bench.path}/pipe.yaml`, `${bench.path}/pipe.jsonl`] }).output();
    await Deno.symlink("/dev/zero", `${bench.path}/zero.yaml`);
    await Deno.remove(`${bench.path}/gone.yaml`);
    await bench.write("acme.yaml", "weight: 2\n");
    await bench.tenants.refresh();
    deepStrictEqual([bench.ids, bench.weightOf("acme")], [["acme"], 2]);
    const unfit = (name: string, kind: string) => `DIR/${name}: cannot be read: it is ${kind}, wanted a regular file`;
    deepStrictEqual(bench.problems, [
      unfit("pipe.jsonl", "a pipe"),
      unfit("pipe.yaml", "a pipe"),
      unfit("zero.yaml", "a device"),
    ]);
  },
});

Deno.test("there are as many tenants as slots, and one more is told", async () => {
  const path = await Deno.makeTempDir();
  await using bench = new Bench(path, diskTenantFiles, 2);
  await bench.write("lines.jsonl", '{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n');
  (await bench.tenants.prepare(bench.sources)).commit();
  deepStrictEqual(bench.ids, ["a", "b"]);
  match(bench.problems.join(), /lines\.jsonl:3:1: tenants::c: is one too many/);
});

Deno.test("what is prepared and discarded changes nothing, and holds nobody up", async () => {
  await using bench = await Bench.open({ "a.yaml": "weight: 2\n" });
  const next = await bench.tenants.prepare({ ...bench.sources, defaults: { weight: 9 }, defaultsFingerprint: "other" });
  next.discard();
  await bench.write("b.yaml", "priority: 1\n");
  await bench.tenants.refresh();
  deepStrictEqual([bench.ids, bench.weightOf("b")], [["a", "b"], 1]);
});

Deno.test("other defaults are those of the directory's tenants too", async () => {
  await using bench = await Bench.open({ "a.yaml": "priority: 2\n" });
  const next = await bench.tenants.prepare({ ...bench.sources, defaults: { weight: 9 }, defaultsFingerprint: "other" });
  strictEqual(bench.weightOf("a"), 1);
  next.commit();
  strictEqual(bench.weightOf("a"), 9);
});

Deno.test("the watch", async (t) => {
  const marks = new Map([["DIR/a.yaml", "1"], ["DIR/b.yaml", "1"]]);
  const clock = new FakeClock();
  const settled: string[][] = [];
  const watch = watchDirectory({
    directory: "DIR",
    clock,
    files: {
      ...diskTenantFiles,
      list: () => Promise.resolve([...marks.keys()].map((path) => path.slice(4))),
      mark: (path) => marks.get(path),
    },
    onChange: (isSettled) => {
      settled.push([...marks].flatMap(([path, mark]) => isSettled(path, mark) ? [path] : []));
      return Promise.resolve();
    },
  });
  const looks = async (count: number, between = () => {}) => {
    for (let i = 0; i < count; i++) {
      between();
      await clock.advance(WATCH_INTERVAL_MS);
    }
    return settled.splice(0);
  };
  await t.step("tells the first look that is whole", async () => {
    deepStrictEqual((await looks(4)).at(-1), ["DIR/a.yaml", "DIR/b.yaml"]);
    deepStrictEqual(await looks(5), []);
  });
  await t.step("tells a change when it has settled", async () => {
    marks.set("DIR/a.yaml", "2");
    deepStrictEqual(await looks(4), [["DIR/a.yaml", "DIR/b.yaml"]]);
  });
  await t.step("a file that never rests keeps no other from being told", async () => {
    let turn = 10;
    const told = await looks(6, () => {
      marks.set("DIR/b.yaml", String(turn++));
      if (turn === 12) marks.set("DIR/a.yaml", "3");
    });
    deepStrictEqual(told, [["DIR/a.yaml"]]);
  });
  await t.step("tells one that is gone", async () => {
    await looks(4);
    marks.delete("DIR/a.yaml");
    deepStrictEqual(await looks(3), [["DIR/b.yaml"]]);
  });
  watch.stop();
});

Deno.test("a default tenant that is not there keeps a configuration from starting, and not one that runs", async () => {
  await using bench = await Bench.open({ "acme.yaml": "weight: 1\n" });
  const naming = (id: string) => ({
    ...bench.sources,
    defaultTenant: { id, place: { file: "gateway.yaml", line: 3, column: 5 } },
  });
  const missing = await bench.tenants.prepare(naming("nobody"));
  match(
    formatProblem(missing.obstacle!),
    /gateway\.yaml:3:5: tenancy::default_tenant: names "nobody", which is no tenant/,
  );
  missing.discard();
  const there = await bench.tenants.prepare(naming("acme"));
  strictEqual(there.obstacle, undefined);
  there.commit();
  await Deno.remove(`${bench.path}/acme.yaml`);
  await bench.tenants.refresh();
  deepStrictEqual(bench.tenants.problems.map(({ path }) => path), ["tenancy::default_tenant"]);
  deepStrictEqual(bench.ids, []);
});

Deno.test("tenants, and what is wrong with them, are counted where there are any", async () => {
  await using bench = await Bench.open({ "acme.yaml": "weight: 1\n", "globex.yaml": "wait: 1\n" });
  deepStrictEqual([bench.meter.get("sluice_tenants"), bench.meter.get("sluice_tenant_problems")], [1, 1]);
  await bench.write("globex.yaml", "weight: 1\n");
  await bench.tenants.refresh();
  deepStrictEqual([bench.meter.get("sluice_tenants"), bench.meter.get("sluice_tenant_problems")], [2, 0]);
});
