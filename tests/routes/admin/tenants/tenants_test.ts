import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createAdminApp } from "../../../../routes/admin/app.ts";
import { findToken, makeToken, parseTokens } from "../../../../routes/api/tokens.ts";
import { MemoryAdmin } from "../../../support/memory_admin.ts";

const random = (bytes: Uint8Array) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const [reader, writer] = [makeToken("rita", "read", random), makeToken("will", "write", random)];
const entries = parseTokens(`${reader.line}\n${writer.line}\n`);

/** @param body JSON where it is no text. */
function open() {
  const control = new MemoryAdmin();
  const tokens = { find: (token: string) => findToken(token, entries) };
  const app = createAdminApp(control, { version: "1.0.0", loopback: false, tokens });
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.request(`http://gw.example${path}`, {
      method,
      headers: { authorization: `Bearer ${writer.token}`, "content-type": "application/json", ...headers },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
  return { control, ask };
}

const ANY = { "if-match": "*" };

Deno.test("tenants of the admin API", async (t) => {
  await t.step("are listed in pages, and searched", async () => {
    const { ask } = open();
    const first = await (await ask("GET", "/api/v1/tenants?limit=2")).json();
    deepStrictEqual(first.items.map(({ id }: { id: string }) => id), ["acme", "globex"]);
    const second = await (await ask("GET", `/api/v1/tenants?limit=2&cursor=${first.next_cursor}`)).json();
    deepStrictEqual([second.items.map(({ id }: { id: string }) => id), second.next_cursor], [["initech"], null]);
    const found = await (await ask("GET", "/api/v1/tenants?search=glo")).json();
    deepStrictEqual([found.items.length, found.next_cursor], [1, null]);
    const past = await (await ask("GET", "/api/v1/tenants?cursor=9")).json();
    deepStrictEqual(past, { items: [], next_cursor: null });
  });

  await t.step("are changed with the ETag that was seen", async () => {
    const { ask } = open();
    const etag = (await ask("GET", "/api/v1/tenants/acme")).headers.get("etag") ?? "";
    strictEqual(etag, '"t1"');
    const set = (weight: number) => ask("PUT", "/api/v1/tenants/acme", { settings: { weight } }, { "if-match": etag });
    const first = await set(5);
    deepStrictEqual([first.status, first.headers.get("etag")], [200, '"t2"']);
    deepStrictEqual((await first.json()).settings, { weight: 5 });
    const second = await set(6);
    deepStrictEqual([second.status, second.headers.get("etag")], [412, '"t2"']);
  });

  await t.step("a key is in the answer, and nowhere else", async () => {
    const { ask, control } = open();
    const made = await (await ask("POST", "/api/v1/tenants", { id: "umbrella", settings: { weight: 3 } })).json();
    deepStrictEqual([made.key, made.tenant.settings], ["slk_a_b", { weight: 3 }]);
    const without = await (await ask("POST", "/api/v1/tenants", { id: "wayne", with_key: false })).json();
    strictEqual(without.key, null);
    const rotated = await ask("POST", "/api/v1/tenants/acme/keys", {}, { "if-match": '"t1"' });
    deepStrictEqual([rotated.headers.get("etag"), (await rotated.json()).others_expire_ms], ['"t2"', 86_400_000]);
    strictEqual(JSON.stringify(control.audits).includes("slk_"), false);
    deepStrictEqual(control.audits.map(({ who, operation, target, detail }) => [who, operation, target, detail]), [
      ["will", "rotateTenantKey", "acme", "key c, the others end in 86400000 ms"],
      ["will", "createTenant", "wayne", "without a key"],
      ["will", "createTenant", "umbrella", "with a key, weight=3"],
    ]);
  });

  await t.step(
    "what was changed is told with the words that were given, and what was not with the problem",
    async () => {
      const { ask, control } = open();
      const set = (settings: unknown) => ask("PUT", "/api/v1/tenants/acme", { settings }, ANY);
      await set({ weight: 2, limits: { all: { requests_per_second: 50 } } });
      await set({ limits: { all: { requests_per_second: 50 } } });
      await set({ limits: { all: { requests_per_second: 50 } } });
      strictEqual((await ask("POST", "/api/v1/tenants", { id: "acme" })).status, 409);
      strictEqual((await set({ bad: 1 })).status, 422);
      deepStrictEqual(control.audits.toReversed().map(({ target, status, detail }) => [target, status, detail]), [
        ["acme", 200, "limits.all.requests_per_second=50"],
        ["acme", 200, "without weight"],
        ["acme", 200, "no change"],
        ["acme", 409, "Cannot make it: there is one"],
        ["acme", 422, "Cannot use the settings"],
      ]);
    },
  );

  await t.step("are removed", async () => {
    const { ask, control } = open();
    strictEqual((await ask("DELETE", "/api/v1/tenants/acme", undefined, ANY)).status, 200);
    strictEqual(control.tenants.tenants.has("acme"), false);
    strictEqual((await ask("DELETE", "/api/v1/tenants/acme", undefined, ANY)).status, 404);
  });

  await t.step("usage is JSON, or CSV", async () => {
    const { ask } = open();
    const json = await ask("GET", "/api/v1/usage?tenant=acme&step=day&from_ms=1&until_ms=2");
    deepStrictEqual([json.headers.get("content-type"), (await json.json())[0].items], ["application/json", 2]);
    const csv = await ask("GET", "/api/v1/usage.csv");
    strictEqual(csv.headers.get("content-type"), "text/csv");
    match(await csv.text(), /^time,tenant\r\n/);
  });
});

const refused: { name: string; ask: [string, string, unknown?, Record<string, string>?]; want: number }[] = [
  { name: "no such tenant", ask: ["GET", "/api/v1/tenants/nobody"], want: 404 },
  { name: "limits of none", ask: ["GET", "/api/v1/tenants/nobody/limits"], want: 404 },
  { name: "refusals of none", ask: ["GET", "/api/v1/tenants/nobody/refusals"], want: 404 },
  { name: "a change of none", ask: ["PUT", "/api/v1/tenants/nobody", { settings: {} }, ANY], want: 404 },
  { name: "a change without If-Match", ask: ["PUT", "/api/v1/tenants/acme", { settings: {} }], want: 428 },
  { name: "a removal without If-Match", ask: ["DELETE", "/api/v1/tenants/acme"], want: 428 },
  { name: "a rotation without If-Match", ask: ["POST", "/api/v1/tenants/acme/keys", {}], want: 428 },
  {
    name: "a rotation of another version",
    ask: ["POST", "/api/v1/tenants/acme/keys", {}, { "if-match": '"x"' }],
    want: 412,
  },
  { name: "an overlap below 0", ask: ["POST", "/api/v1/tenants/acme/keys", { overlap_ms: -1 }, ANY], want: 400 },
  {
    name: "an overlap past 90 days",
    ask: ["POST", "/api/v1/tenants/acme/keys", { overlap_ms: 7_776_000_001 }, ANY],
    want: 400,
  },
  { name: "one that is there", ask: ["POST", "/api/v1/tenants", { id: "acme" }], want: 409 },
  { name: "an id that is a path", ask: ["POST", "/api/v1/tenants", { id: "../acme" }], want: 400 },
  { name: "settings that are wrong", ask: ["POST", "/api/v1/tenants", { id: "a", settings: { bad: 1 } }], want: 422 },
  { name: "settings that are no map", ask: ["PUT", "/api/v1/tenants/acme", { settings: 7 }, ANY], want: 400 },
  { name: "usage by another step", ask: ["GET", "/api/v1/usage?step=year"], want: 400 },
  { name: "usage of another signal", ask: ["GET", "/api/v1/usage?signal=smoke"], want: 400 },
  { name: "usage before the beginning", ask: ["GET", "/api/v1/usage?from_ms=-1"], want: 400 },
];

Deno.test("what the routes of tenants refuse, as problem+json", async (t) => {
  for (const { name, ask, want } of refused) {
    await t.step(name, async () => {
      const answer = await open().ask(...ask);
      deepStrictEqual([answer.status, answer.headers.get("content-type")], [want, "application/problem+json"]);
    });
  }
  await t.step("usage that is kept nowhere", async () => {
    const { ask, control } = open();
    control.tenants.hasUsage = false;
    for (const path of ["/api/v1/usage", "/api/v1/usage.csv"]) strictEqual((await ask("GET", path)).status, 409);
  });
  await t.step("a token for reading reads, and changes nothing", async () => {
    const { ask } = open();
    const headers = { authorization: `Bearer ${reader.token}`, ...ANY };
    for (
      const path of [
        "tenants",
        "tenants/acme",
        "tenants/acme/limits",
        "tenants/acme/refusals",
        "unknown-refusals",
        "tenant-fleet",
        "usage",
      ]
    ) {
      strictEqual((await ask("GET", `/api/v1/${path}`, undefined, headers)).status, 200, path);
    }
    const changes: [string, string, unknown?][] = [
      ["POST", "/api/v1/tenants", { id: "x" }],
      ["PUT", "/api/v1/tenants/acme", { settings: {} }],
      ["DELETE", "/api/v1/tenants/acme"],
      ["POST", "/api/v1/tenants/acme/keys", {}],
    ];
    for (const [method, path, body] of changes) strictEqual((await ask(method, path, body, headers)).status, 403, path);
  });
});
