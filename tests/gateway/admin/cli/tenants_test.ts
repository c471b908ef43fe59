/** What `sluice admin tenants` asks for, and how it shows what it is told. */

import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import {
  assigned,
  createTenant,
  listTenants,
  removeTenant,
  rotateKey,
  setTenant,
  showFleet,
  showLimits,
  showRefusals,
  showTenant,
  showUnknownRefusals,
  showUsage,
} from "../../../../gateway/admin/cli/tenants.ts";
import { ApiFailure } from "../../../../routes/api/client.ts";
import { serveAdmin } from "../../../support/served_admin.ts";

Deno.test("sluice admin tenants", async (t) => {
  await using bench = serveAdmin();
  const { show, control } = bench;
  const settings = (id: string) => control.tenants.tenants.get(id)?.settings;

  await t.step("list: a table, and beside it what is wrong", async () => {
    const { text, note } = await show(listTenants(""));
    deepStrictEqual(text.split("\n").map((line) => line.split(/ +/)), [
      ["TENANT", "ENABLED", "KEYS", "REFUSALS", "PLACE"],
      ...["acme", "globex", "initech"].map((id) => [id, "yes", "1", "0", "a.yaml:1:1"]),
    ]);
    strictEqual(note, "tenants/a.yaml:1:2: tenants::a: is broken");
    strictEqual((await show(listTenants("glo"))).text.split("\n").length, 2);
  });
  await t.step("get", async () => {
    match((await show(showTenant("acme"))).text, /^acme, a\.yaml:1:1, version t1\nenabled: true\nweight: 2$/);
    await rejects(show(showTenant("nobody")), ApiFailure);
  });
  await t.step("create: the key alone, fit for a variable", async () => {
    const { text, note } = await show(createTenant("umbrella", ["limits.all.items_per_second=5"], true));
    deepStrictEqual([text, note], ["slk_a_b", "umbrella is made; its key is shown this once:"]);
    deepStrictEqual(settings("umbrella"), { limits: { all: { items_per_second: 5 } } });
    strictEqual((await show(createTenant("wayne", [], false))).text, "wayne is made, without a key");
  });
  await t.step("set: what is not named stays", async () => {
    await show(setTenant("umbrella", ["limits.all.burst=3s", "signals=[traces, logs]", "priority=9"], undefined));
    deepStrictEqual(settings("umbrella"), {
      limits: { all: { items_per_second: 5, burst: "3s" } },
      ...{ signals: ["traces", "logs"], priority: 9 },
    });
    await show(setTenant("umbrella", ["priority=", "limits="], undefined));
    deepStrictEqual(settings("umbrella"), { signals: ["traces", "logs"] });
  });
  await t.step("a change of another version is refused", async () => {
    for (
      const view of [setTenant("acme", ["weight=3"], "t0"), removeTenant("acme", "t0"), rotateKey("acme", 0, "t0")]
    ) {
      await rejects(show(view), /not as If-Match says/);
    }
    deepStrictEqual(settings("acme"), { weight: 2 });
  });
  await t.step("rotate-key", async () => {
    const { text, note = "" } = await show(rotateKey("acme", 3_000, "t1"));
    strictEqual(text, "slk_c_d");
    match(note, /those before it end at 1970-01-01T00:00:03Z/);
  });
  await t.step("delete", async () => {
    await show(removeTenant("wayne", undefined));
    strictEqual(settings("wayne"), undefined);
  });
  await t.step("limits", async () => {
    match((await show(showLimits("acme"))).text, /^all +requests_per_second +1 +100% +2 +1 +500ms\n/m);
  });
  await t.step("fleet", async () => {
    const want = "redis: NOT CONNECTED, the last shares count since 1970-01-01T00:00:01Z; 3 gateways, 2 rates";
    strictEqual((await show(showFleet)).text, `${want} with a share of their own here`);
  });
  await t.step("refusals", async () => {
    match(
      (await show(showRefusals("acme"))).text,
      /^1970-01-01T00:00:00Z +1970-01-01T00:00:00Z +3 +logs +shed +4 +m$/m,
    );
  });
  await t.step("refusals of unknown senders", async () => {
    match(
      (await show(showUnknownRefusals(undefined))).text,
      /^192\.0\.2\.7 +1970-01-01T00:00:00Z +1970-01-01T00:00:00Z +3 +- +expired +m$/m,
    );
  });
  await t.step("refusals of nobody, and of two", async () => {
    await rejects(show(showRefusals(undefined)), /wanted a tenant's id, or --unknown/);
    await rejects(show(showUnknownRefusals("acme")), /wanted one of the two/);
  });
  await t.step("usage, as a table and as CSV", async () => {
    const flags = { step: "hour", since: 3_600_000, csv: false };
    match((await show(showUsage("acme", flags))).text, /^2026-01-01T00:00:00Z +acme +logs +- +accepted +- +1 +2 +3$/m);
    strictEqual((await show(showUsage(undefined, { ...flags, csv: true }))).text.split("\n").length, 2);
  });
});

Deno.test("assigned()", async (t) => {
  const cases: { name: string; given: string[]; want: unknown }[] = [
    { name: "a number", given: ["a.b=1"], want: { a: { b: 1 }, c: [1] } },
    { name: "a text with a sign of its own", given: ["a=x=y"], want: { a: "x=y", c: [1] } },
    {
      name: "a map with dots in its keys",
      given: ["a={tenant.id: acme}"],
      want: { a: { "tenant.id": "acme" }, c: [1] },
    },
    { name: "what stood there was no map", given: ["c.d=true"], want: { c: { d: true } } },
    { name: "the later one wins", given: ["c=1", "c=2"], want: { c: 2 } },
    { name: "nothing takes it away", given: ["c="], want: {} },
    { name: "a duration stays text", given: ["a=24h"], want: { a: "24h", c: [1] } },
  ];
  for (const { name, given, want } of cases) {
    await t.step(name, () => {
      const before = { c: [1] };
      deepStrictEqual(assigned(before, given), want);
      deepStrictEqual(before, { c: [1] });
    });
  }
  for (const wrong of ["a", "=1", "a..b=1", "__proto__.x=1", "a=[1"]) {
    await t.step(`refused: ${wrong}`, () => throws(() => assigned({}, [wrong]), ApiFailure));
  }
});
