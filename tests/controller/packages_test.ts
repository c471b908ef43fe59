/** Packages for agents: what is kept, who is to have what, and the door where they are downloaded. */

import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { AgentSecret } from "../../controller/agent_secret.ts";
import { packageDoor } from "../../controller/package_door.ts";
import { AgentCapabilities, PackageType } from "../../opamp/protocol/capabilities.ts";
import { bytesToHex, sha256 } from "../../opamp/protocol/hashes.ts";
import { ConflictError, InvalidRequestError, UnknownNameError } from "../../opamp/rollouts/mod.ts";
import { createFleetPort } from "../../opamp/server/fleet/fleet_port.ts";
import {
  PACKAGE_LIMITS,
  PackageCatalog,
  type PackageRequest,
  PACKAGES_PATH,
} from "../../opamp/server/fleet/package_catalog.ts";
import { PackageStore } from "../../opamp/server/store/package_store.ts";
import { OpampStore } from "../../opamp/server/store/store.ts";
import { type FakeLink, FleetProbe, USUAL } from "../support/opamp_fleet.ts";

const SECRET = new AgentSecret("token");
const SOURCE = { publicUrl: "http://controller", token: SECRET.token };
const compilePattern = (pattern: string) => (text: string) => new RegExp(pattern).test(text);
const bytes = (text: string) => new TextEncoder().encode(text);

const REQUEST: PackageRequest = {
  ...{ name: "rules", version: "1", type: PackageType.Addon, content: bytes("one"), note: "" },
  ...{ url: undefined, sha256: undefined, signature: undefined },
};

function setUp(source: typeof SOURCE | "none" = SOURCE, database = OpampStore.open(":memory:").database) {
  const probe = new FleetProbe();
  const { fleet, clock } = probe;
  const port = createFleetPort(fleet, () => {
    throw new Error("no configurations here");
  });
  const found = source === "none" ? undefined : source;
  const open = () =>
    new PackageCatalog({ store: new PackageStore(database), fleet, port, clock, compilePattern, source: found });
  const catalog = open();
  fleet.onChanges((changes) => catalog.follow(changes.map(({ uid }) => uid)));
  const hello = (link: FakeLink, n: number) =>
    probe.hello(link, n, {
      capabilities: USUAL | AgentCapabilities.AcceptsPackages | AgentCapabilities.ReportsPackageStatuses,
      packageStatuses: {},
    });
  return { probe, catalog, open, hello };
}

/** What a link was offered, by name and version. */
const offered = ({ pushes }: FakeLink) =>
  pushes.flatMap(({ packagesAvailable }) =>
    packagesAvailable === undefined
      ? []
      : [Array.from(packagesAvailable.packages ?? [], ([name, { version }]) => `${name} ${version}`).join()]
  );

Deno.test("a catalog of packages", async (t) => {
  await t.step("offers to the agents of a selector, now and later, the most specific offer first", async () => {
    const { probe, catalog, hello } = setUp();
    catalog.add(REQUEST, "me");
    catalog.add({ ...REQUEST, version: "2", content: bytes("two") }, "me");
    const [one, two] = [probe.link(), probe.link()];
    await hello(one, 1);
    catalog.offer("*", [{ name: "rules", version: "1" }], "me");
    await probe.turn();
    deepStrictEqual(offered(one), ["rules 1"]);
    catalog.offer("host.name=gw-2", [{ name: "rules", version: "2" }], "me");
    await hello(two, 2);
    await probe.clock.advance(100);
    deepStrictEqual([offered(one), offered(two)], [["rules 1"], ["rules 2"]]);
    deepStrictEqual(catalog.reach("*"), { agents: 1, connected: 1 });
    catalog.withdraw("host.name = gw-2");
    await probe.turn();
    deepStrictEqual(offered(two), ["rules 2", "rules 1"]);
  });

  await t.step("says where to download, with hash, signature and token; or the URL as it is", async () => {
    const { probe, catalog, hello } = setUp();
    const link = probe.link();
    await hello(link, 1);
    const signature = bytes("signed");
    catalog.add({ ...REQUEST, signature }, "me");
    const hash = bytesToHex(sha256(bytes("far")));
    catalog.add({ ...REQUEST, name: "far", content: undefined, url: "https://x.example/far", sha256: hash }, "me");
    catalog.offer("*", [{ name: "rules", version: "1" }, { name: "far", version: "1" }], "me");
    await probe.turn();
    const packages = link.pushes.at(-1)?.packagesAvailable?.packages;
    const file = packages?.get("rules")?.file;
    strictEqual(file?.downloadUrl, `http://controller/packages/${bytesToHex(sha256(bytes("one")))}`);
    deepStrictEqual(file.headers?.headers, [{ key: "Authorization", value: "Bearer token" }]);
    deepStrictEqual([file.signature, file.contentHash], [signature, sha256(bytes("one"))]);
    deepStrictEqual(packages?.get("far")?.file?.downloadUrl, "https://x.example/far");
    strictEqual(packages?.get("far")?.file?.headers, undefined);
  });

  await t.step("is there after a restart", () => {
    const { database } = OpampStore.open(":memory:");
    const { catalog, open } = setUp(SOURCE, database);
    catalog.add(REQUEST, "me");
    catalog.offer("region=eu", [{ name: "rules", version: "1" }], "me");
    const again = open();
    deepStrictEqual([again.list(), again.offers()], [catalog.list(), catalog.offers()]);
  });

  await t.step("refuses what cannot be", () => {
    const { catalog } = setUp();
    catalog.add(REQUEST, "me");
    const ref = { name: "rules", version: "1" };
    const other = { ...REQUEST, version: "2" };
    throws(() => catalog.add(REQUEST, "me"), ConflictError);
    throws(() => catalog.add({ ...other, content: undefined }, "me"), InvalidRequestError);
    throws(() => catalog.add({ ...other, sha256: "00".repeat(32) }, "me"), InvalidRequestError);
    throws(() => catalog.offer("*", [ref, ref], "me"), InvalidRequestError);
    throws(() => catalog.offer("*", [other], "me"), UnknownNameError);
    catalog.offer("*", [ref], "me");
    throws(() => catalog.remove(ref), ConflictError);
    throws(() => catalog.withdraw("region=eu"), UnknownNameError);
    catalog.withdraw("*");
    catalog.remove(ref);
    throws(() => catalog.remove(ref), UnknownNameError);
    const alone = setUp("none").catalog;
    alone.add(REQUEST, "me");
    throws(() => alone.offer("*", [ref], "me"), /wanted --public-url/);
  });

  await t.step("has bounds: at them, and one past them", () => {
    const { catalog } = setUp();
    const content = new Uint8Array(PACKAGE_LIMITS.contentBytes + 1);
    throws(() => catalog.add({ ...REQUEST, content }, "me"), InvalidRequestError);
    catalog.add({ ...REQUEST, content: content.subarray(1) }, "me");
    for (let n = 1; n < PACKAGE_LIMITS.versions; n++) catalog.add({ ...REQUEST, name: "n", version: `${n}` }, "me");
    throws(() => catalog.add({ ...REQUEST, name: "past" }, "me"), ConflictError);
    for (let n = 0; n < PACKAGE_LIMITS.offers; n++) catalog.offer(`n=${n}`, [{ name: "n", version: "1" }], "me");
    catalog.offer("n=0", [{ name: "n", version: "2" }], "me");
    throws(() => catalog.offer("past=1", [{ name: "n", version: "1" }], "me"), ConflictError);
  });
});

Deno.test("the door where packages are downloaded", async (t) => {
  const { catalog } = setUp();
  catalog.add({ ...REQUEST, content: bytes("0123456789") }, "me");
  const serve = packageDoor(catalog, SECRET);
  const path = PACKAGES_PATH + bytesToHex(sha256(bytes("0123456789")));
  const cases: { name: string; path?: string; method?: string; range?: string; token?: string; want: unknown[] }[] = [
    { name: "whole", want: [200, "0123456789", null] },
    { name: "from a byte on", range: "bytes=4-", want: [206, "456789", "bytes 4-9/10"] },
    { name: "from the first on", range: "bytes=0-", want: [206, "0123456789", "bytes 0-9/10"] },
    { name: "past the end", range: "bytes=10-", want: [416, "", "bytes */10"] },
    { name: "another kind of range", range: "bytes=1-2,4-5", want: [200, "0123456789", null] },
    { name: "no such content", path: `${PACKAGES_PATH}${"0".repeat(64)}`, want: [404, "", null] },
    { name: "no hash", path: `${PACKAGES_PATH}../controller.db`, want: [404, "", null] },
    { name: "without the token", token: "another", want: [401, "", null] },
    { name: "nothing to change", method: "POST", want: [405, "", null] },
  ];
  for (const { name, path: asked = path, method = "GET", range, token = SECRET.token, want } of cases) {
    await t.step(name, async () => {
      const headers = { authorization: `Bearer ${token}`, ...range === undefined ? {} : { range } };
      const answer = await serve(new Request(`http://controller${asked}`, { method, headers }));
      deepStrictEqual([answer.status, await answer.text(), answer.headers.get("content-range")], want);
    });
  }
});
