import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { TenantDirectory } from "../../../gateway/tenants/directory.ts";
import { createTenantControl, MAX_PAGE, TenantChangeError } from "../../../gateway/tenants/tenant_control.ts";
import { diskTenantFiles } from "../../../gateway/tenants/tenant_files.ts";
import { ConfigError } from "../../../pipeline/config/problem.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { hashSecret, isSecret, mintApiKey, parseApiKey } from "../../../pipeline/tenants/identity/api_key.ts";
import { MAX_KEYS_PER_TENANT } from "../../../pipeline/tenants/limits.ts";
import type { TenantSnapshot } from "../../../pipeline/tenants/table/table.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { withFullDisk } from "../../support/full_disk.ts";

const NOW_MS = Date.parse("2030-01-01T00:00:00Z");
const HASH = hashSecret("secret", new Uint8Array(16));

async function open(files: Record<string, string>) {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${path}/${name}`, text);
  const clock = new FakeClock(NOW_MS);
  const published: TenantSnapshot[] = [];
  const directory = new TenantDirectory({
    ...{ clock, logger: silentLogger, files: diskTenantFiles, capacity: 100 },
    publish: (snapshot) => void published.push(snapshot),
  });
  (await directory.prepare({
    ...{ defaults: { weight: 3 }, defaultsFingerprint: "", tenants: [], directory: path, pipelines: new Set() },
  })).commit();
  return {
    ...{ path, clock, published, directory },
    control: createTenantControl({ directory, files: diskTenantFiles, clock }),
    read: (name: string) => Deno.readTextFile(`${path}/${name}`),
    names: async () => (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

const statusOf = (status: number) => (thrown: unknown) =>
  thrown instanceof TenantChangeError && thrown.httpStatus === status;

Deno.test("a tenant is made, changed and removed", async (t) => {
  await using bench = await open({});
  const { control } = bench;
  await t.step("made", async () => {
    const made = await control.put("acme", { keys: [{ id: "aaaaaaaaaaaa", hash: HASH }], priority: 2 }, "");
    deepStrictEqual(made.settings, { keys: [{ id: "aaaaaaaaaaaa" }], priority: 2 });
    deepStrictEqual([made.effective["weight"], made.effective["priority"], bench.published.length], [3, 2, 1]);
    match(await bench.read("acme.yaml"), /priority: 2/);
  });
  await t.step("not again where none is to be", () => rejects(control.put("acme", {}, ""), statusOf(412)));
  await t.step("what get() gives is taken back, hashes stay", async () => {
    const { settings, version } = await control.get("acme");
    const changed = await control.put("acme", { ...settings, weight: 9 }, version);
    ok(changed.version !== version);
    match(await bench.read("acme.yaml"), new RegExp(HASH));
    await rejects(control.put("acme", settings, version), statusOf(412));
  });
  await t.step("what is wrong is told, and not written", async () => {
    const before = await bench.read("acme.yaml");
    await rejects(control.put("acme", { weigth: 1, priority: 11 }), (thrown: unknown) => {
      const paths = thrown instanceof ConfigError ? thrown.problems.map(({ path }) => path) : [];
      deepStrictEqual(paths.toSorted(), ["tenants::acme::priority", "tenants::acme::weigth"]);
      return true;
    });
    strictEqual(await bench.read("acme.yaml"), before);
  });
  await t.step("another's key is refused before anything is written", async () => {
    await rejects(control.put("globex", { keys: [{ id: "aaaaaaaaaaaa", hash: HASH }] }), ConfigError);
    deepStrictEqual(await bench.names(), ["acme.yaml"]);
  });
  await t.step("an id that is another's but for capital letters is refused: it may be the same file", async () => {
    const before = await bench.names();
    await rejects(control.put("Acme", {}), statusOf(409));
    await rejects(control.put("ACME", {}, ""), statusOf(409));
    deepStrictEqual(await bench.names(), before);
  });
  await t.step("no file is written outside of the directory", () => rejects(control.put("../acme", {}), statusOf(400)));
  await t.step("removed", async () => {
    await control.remove("acme");
    deepStrictEqual([await bench.names(), control.list({ offset: 0, limit: 10 }).total], [[], 0]);
    await rejects(control.get("acme"), statusOf(404));
    await rejects(control.remove("acme"), statusOf(404));
  });
});

Deno.test("a file keeps its comments, its id and its mode", async () => {
  await using bench = await open({ "a file.yaml": "# by hand\nid: acme\nweight: 2 # why\n" });
  await Deno.chmod(`${bench.path}/a file.yaml`, 0o640);
  await bench.control.put("acme", { weight: 4 });
  strictEqual(await bench.read("a file.yaml"), "# by hand\nid: acme\nweight: 4 # why\n");
  strictEqual((await Deno.stat(`${bench.path}/a file.yaml`)).mode! & 0o777, 0o640);
});

Deno.test("a line of a file is changed and removed by itself", async () => {
  await using bench = await open({ "fleet.jsonl": '{"id":"one","weight":1}\n{"id":"two"}\n{"id":"three"}\n' });
  await bench.control.put("two", { weight: 7 });
  await bench.control.remove("three");
  strictEqual(await bench.read("fleet.jsonl"), '{"id":"one","weight":1}\n{"id":"two","weight":7}\n');
  strictEqual(bench.directory.table?.find("two")?.tag.weight, 7);
  deepStrictEqual((await bench.control.get("two")).settings, { weight: 7 });
});

Deno.test("a disk without room changes nothing", async (t) => {
  await using bench = await open({ "acme.yaml": "weight: 2\n", "fleet.jsonl": '{"id":"one"}\n' });
  const changes: { name: string; change: () => Promise<unknown> }[] = [
    { name: "a tenant", change: () => bench.control.put("acme", { weight: 5 }) },
    { name: "a new one", change: () => bench.control.put("globex", { weight: 5 }) },
    { name: "a line", change: () => bench.control.put("one", { weight: 5 }) },
    { name: "a key", change: () => bench.control.rotateKey("acme", 0) },
  ];
  for (const { name, change } of changes) {
    await t.step(name, async () => {
      await withFullDisk(() => rejects(change(), statusOf(507)));
      deepStrictEqual(await bench.names(), ["acme.yaml", "fleet.jsonl"]);
      deepStrictEqual([await bench.read("acme.yaml"), await bench.read("fleet.jsonl")], [
        "weight: 2\n",
        '{"id":"one"}\n',
      ]);
      strictEqual(bench.published.length, 0);
    });
  }
  await t.step("and the next change is made", async () => {
    await bench.control.put("acme", { weight: 5 });
    strictEqual(bench.directory.table?.find("acme")?.tag.weight, 5);
  });
});

Deno.test("rotateKey()", async (t) => {
  const first = mintApiKey();
  await using bench = await open({ "acme.yaml": `keys:\n  - id: ${first.id} # Ann's\n    hash: "${first.hash}"\n` });
  const { control, directory, clock } = bench;
  const expiryOf = (id: string) => directory.table?.findKey(id)?.expiresMs;

  await t.step("gives a key that is good, and ends the others after the overlap", async () => {
    const made = await control.rotateKey("acme", 60_000);
    const { id = "", secret = "" } = parseApiKey(made.key) ?? {};
    ok(isSecret(secret, directory.table?.findKey(id)));
    deepStrictEqual([expiryOf(id), expiryOf(first.id)], [Infinity, NOW_MS + 60_000]);
    deepStrictEqual([made.keyId, made.othersExpireMs], [id, NOW_MS + 60_000]);
    match(await bench.read("acme.yaml"), /# Ann's/);
  });
  await t.step("an end that is nearer stays, one that is past is dropped", async () => {
    await control.rotateKey("acme", 3_600_000);
    strictEqual(expiryOf(first.id), NOW_MS + 60_000);
    await clock.advance(60_000);
    await control.rotateKey("acme", 3_600_000);
    strictEqual(expiryOf(first.id), undefined);
  });
  await t.step("as many as there may be, and none more", async () => {
    const count = () => control.list({ offset: 0, limit: 1 }).tenants[0]?.keys ?? 0;
    while (count() < MAX_KEYS_PER_TENANT) await control.rotateKey("acme", 3_600_000);
    await rejects(control.rotateKey("acme", 3_600_000), statusOf(409));
    strictEqual(count(), MAX_KEYS_PER_TENANT);
  });
});

Deno.test("list() gives a page in the order of ids", async () => {
  const ids = Array.from({ length: 50 }, (_, i) => `t${String(i).padStart(2, "0")}`);
  await using bench = await open({ "fleet.jsonl": ids.toReversed().map((id) => JSON.stringify({ id })).join("\n") });
  const page = (offset: number, limit: number, search?: string) => {
    const { total, tenants } = bench.control.list({ offset, limit, ...(search === undefined ? {} : { search }) });
    return [total, tenants.map(({ id }) => id)];
  };
  deepStrictEqual(page(48, 10), [50, ["t48", "t49"]]);
  deepStrictEqual(page(1, 2, "t3"), [10, ["t31", "t32"]]);
  deepStrictEqual(page(50, 10), [50, []]);
  strictEqual(MAX_PAGE, 1_000);
});
