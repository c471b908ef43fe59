import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { packagePolicy } from "../../../../gateway/opamp/packages/policy.ts";
import { DiskPackageStore, isPackageName } from "../../../../gateway/opamp/packages/store.ts";
import { fetchDownloader } from "../../../../opamp/client/offers/fetch_downloader.ts";
import { PackageSync } from "../../../../opamp/client/offers/package_sync.ts";
import { nameOf, PackageStatusEnum, PackageType } from "../../../../opamp/protocol/capabilities.ts";
import { bytesToHex, sha256 } from "../../../../opamp/protocol/hashes.ts";
import type { PackageStatuses } from "../../../../opamp/protocol/messages.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { tarOf } from "../../../support/tar.ts";
import { ed25519 } from "../support.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function infoOf(content: Uint8Array, version: string) {
  return { type: PackageType.Addon, version, hash: utf8(version), contentHash: sha256(content) };
}

Deno.test("DiskPackageStore", async (t) => {
  const directory = await Deno.makeTempDir();
  const store = () => new DiskPackageStore(directory); // each step as after a restart
  const [one, two] = ["1", "2"].map((text) => tarOf([{ path: "rules.yaml", text }])) as [Uint8Array, Uint8Array];
  const current = () => Deno.readTextFile(`${directory}/rules/current/rules.yaml`);

  await t.step("has nothing at first", async () => {
    const { packages, allPackagesHash } = await store().installed();
    deepStrictEqual([packages.size, allPackagesHash], [0, undefined]);
  });
  await t.step("installs, and remembers", async () => {
    strictEqual(await store().install("rules", infoOf(one, "1"), one), undefined);
    await store().complete(utf8("all"));
    strictEqual(await current(), "1");
    const { packages, allPackagesHash } = await store().installed();
    deepStrictEqual([packages.get("rules"), allPackagesHash], [infoOf(one, "1"), utf8("all")]);
    deepStrictEqual(await store().content("rules"), one);
  });
  await t.step("a newer one takes its place; of the old one nothing is left", async () => {
    strictEqual(await store().install("rules", infoOf(two, "2"), two), undefined);
    strictEqual(await current(), "2");
    const names = (await Array.fromAsync(Deno.readDir(`${directory}/rules`))).map(({ name }) => name);
    const hash = bytesToHex(sha256(two));
    deepStrictEqual(names.sort(), [`${hash}.bundle`, "current"].sort());
  });
  await t.step("a file in the place of a directory, and the other way round", async () => {
    const paths = async () =>
      (await Array.fromAsync(Deno.readDir(`${directory}/mixed/current`))).map(({ name }) => name);
    for (const [version, path, name] of [["1", "a/b", "a"], ["2", "a", "a"], ["3", "a/c/d", "a"]] as const) {
      const bundle = tarOf([{ path, text: version }]);
      strictEqual(await store().install("mixed", infoOf(bundle, version), bundle), undefined);
      deepStrictEqual(await paths(), [name]);
      strictEqual(await Deno.readTextFile(`${directory}/mixed/current/${path}`), version);
    }
    await store().remove("mixed");
  });
  await t.step("what is refused changes nothing", async () => {
    const bad = tarOf([{ path: "../rules.yaml", text: "3" }]);
    match(String(await store().install("rules", infoOf(bad, "3"), bad)), /no path below/);
    strictEqual(await current(), "2");
  });
  await t.step("a download goes on in another process", async () => {
    await store().append("abc", utf8("first "));
    await store().append("abc", utf8("second"));
    deepStrictEqual(await store().partial("abc"), utf8("first second"));
    await store().discard("abc");
    deepStrictEqual(await store().partial("abc"), new Uint8Array());
  });
  await t.step("removes", async () => {
    await store().remove("rules");
    strictEqual((await store().installed()).packages.size, 0);
    ok(!await Deno.stat(`${directory}/rules`).catch(() => undefined));
  });
  await Deno.remove(directory, { recursive: true });
});

Deno.test("isPackageName()", () => {
  const cases = {
    rules: true,
    "a.b-c_1": true,
    "": false,
    ".": false,
    "..": false,
    "a/b": false,
    partial: false,
    "x\0": false,
  };
  for (const [name, wanted] of Object.entries(cases)) strictEqual(isPackageName(name), wanted, JSON.stringify(name));
});

Deno.test("a package is taken only as the policy says", async (t) => {
  const content = tarOf([{ path: "a.yaml", text: "a" }]);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(content as Uint8Array<ArrayBuffer>),
  );
  const url = `http://127.0.0.1:${server.addr.port}/x`;
  const keys = ed25519();
  const cases = [
    { name: "signed", offer: { signature: keys.sign(content) }, want: "Installed" },
    { name: "not signed", offer: {}, want: "InstallFailed" },
    { name: "signed with another key", offer: { signature: ed25519().sign(content) }, want: "InstallFailed" },
    {
      name: "from another host",
      offer: { downloadUrl: "http://other.example/x", signature: keys.sign(content) },
      want: "InstallFailed",
    },
    { name: "by another scheme", offer: { downloadUrl: "file:///etc/passwd" }, want: "InstallFailed" },
    {
      name: "the program itself",
      offer: { signature: keys.sign(content) },
      type: PackageType.TopLevel,
      want: "InstallFailed",
    },
    {
      name: "larger than it may be",
      offer: { signature: keys.sign(content) },
      maxBytes: content.length - 1,
      want: "InstallFailed",
    },
    {
      name: "as large as it may be",
      offer: { signature: keys.sign(content) },
      maxBytes: content.length,
      want: "Installed",
    },
  ];
  for (const { name, offer, type = PackageType.Addon, maxBytes = 1_000_000, want } of cases) {
    await t.step(name, async () => {
      const directory = await Deno.makeTempDir();
      const reports: PackageStatuses[] = [];
      const config = { max_bytes: maxBytes, allowed_hosts: [], public_key: "", public_key_file: "" };
      const sync = new PackageSync({
        store: new DiskPackageStore(directory),
        downloader: fetchDownloader,
        clock: systemClock,
        policy: packagePolicy(config, "ws://127.0.0.1:1/v1/opamp", keys.publicKey),
        report: (statuses) => void reports.push(statuses),
      });
      const file = { downloadUrl: url, contentHash: sha256(content), ...offer };
      const packages = new Map([["rules", { type, version: "1", hash: utf8("h"), file }]]);
      await sync.sync({ packages, allPackagesHash: utf8("all") }, new AbortController().signal);
      strictEqual(nameOf(PackageStatusEnum, reports.at(-1)?.packages?.get("rules")?.status), want);
      await Deno.remove(directory, { recursive: true });
    });
  }
  await server.shutdown();
});
