import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { createAdminApp } from "../../../routes/admin/app.ts";
import { MAX_ADMIN_BODY_BYTES } from "../../../routes/admin/limits.ts";
import { findToken, makeToken, parseTokens } from "../../../routes/api/tokens.ts";
import { MemoryAdmin } from "../../support/memory_admin.ts";
import { OpenApiClient, type OpenApiDocument } from "../../support/openapi_client.ts";

const random = (bytes: Uint8Array) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const reader = makeToken("rita", "read", random);
const writer = makeToken("will", "write", random);
const entries = parseTokens(`# who may\n${reader.line}\n\n${writer.line}\n`);
const tokens = { find: (token: string) => findToken(token, entries) };
const QUEUE = "/api/v1/queues/exporter%3Aotlp_http%2Feu%3Atraces";
const JSON_TYPE = { "content-type": "application/json" };

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

interface Setup {
  readonly withTokens?: boolean;
  readonly loopback?: boolean;
}

function open({ withTokens = false, loopback = true }: Setup = {}) {
  const control = new MemoryAdmin();
  const app = createAdminApp(control, { version: "1.0.0", loopback, tokens: withTokens ? tokens : undefined });
  const ask = ({ method = "GET", path, headers = {}, body }: Asked) =>
    app.request(`http://127.0.0.1:8887${path}`, {
      method,
      headers: { host: "127.0.0.1:8887", ...headers },
      ...body === undefined ? {} : { body },
    });
  return { control, app, ask };
}

const bearer = ({ token }: { readonly token: string }) => ({ authorization: `Bearer ${token}` });
const put = (text: string) => JSON.stringify({ sources: [{ text }] });

interface Case extends Asked, Setup {
  readonly name: string;
  readonly want: number;
  /** In the document. */
  readonly says?: RegExp;
}

const refused: readonly Case[] = [
  { name: "no such path", path: "/api/v1/nothing", want: 404 },
  { name: "a path that climbs", path: "/api/v1/components/..%2f..%2f..%2fetc%2fpasswd", want: 404 },
  { name: "a path that climbs, in dots", path: "/api/../../../etc/passwd", want: 404 },
  { name: "another method", method: "DELETE", path: "/api/v1/config", want: 405, says: /wanted GET, HEAD, PUT/ },
  { name: "no token", withTokens: true, path: "/api/v1/status", want: 401 },
  {
    name: "a wrong token",
    withTokens: true,
    path: "/api/v1/status",
    headers: { authorization: `Bearer ${reader.token}x` },
    want: 401,
  },
  {
    name: "another scheme",
    withTokens: true,
    path: "/api/v1/status",
    headers: { authorization: `Basic ${reader.token}` },
    want: 401,
  },
  { name: "a token in the query", withTokens: true, path: `/api/v1/status?token=${reader.token}`, want: 401 },
  {
    name: "a token for reading changes",
    withTokens: true,
    method: "PUT",
    path: "/api/v1/log-level",
    headers: { ...bearer(reader), ...JSON_TYPE },
    body: '{"level":"debug"}',
    want: 403,
    says: /for reading/,
  },
  {
    name: "a token for reading taps",
    withTokens: true,
    path: "/api/v1/graph/nodes/x/tap",
    headers: bearer(reader),
    want: 403,
  },
  { name: "another host", path: "/api/v1/status", headers: { host: "evil.example:8887" }, want: 403, says: /host/ },
  { name: "a host that begins as ours", path: "/", headers: { host: "127.0.0.1.evil.example" }, want: 403 },
  {
    name: "a page of another origin",
    path: "/api/v1/status",
    headers: { origin: "http://evil.example" },
    want: 403,
    says: /another origin/,
  },
  { name: "an opaque origin", path: "/api/v1/status", headers: { origin: "null" }, want: 403 },
  {
    name: "another port is another origin",
    path: "/api/v1/status",
    headers: { origin: "http://127.0.0.1:80" },
    want: 403,
  },
  { name: "a page of another site", path: "/api/v1/status", headers: { "sec-fetch-site": "cross-site" }, want: 403 },
  { name: "a page of a sibling", path: "/api/v1/status", headers: { "sec-fetch-site": "same-site" }, want: 403 },
  {
    name: "what a form can send",
    method: "POST",
    path: `${QUEUE}/drain`,
    headers: { "content-type": "text/plain" },
    body: "{}",
    want: 415,
  },
  { name: "no type", method: "POST", path: `${QUEUE}/drain`, body: new Uint8Array(2), want: 415 },
  { name: "no JSON", method: "POST", path: `${QUEUE}/drain`, headers: JSON_TYPE, body: "{", want: 400 },
  { name: "no UTF-8", method: "POST", path: `${QUEUE}/drain`, headers: JSON_TYPE, body: Uint8Array.of(255), want: 400 },
  {
    name: "an unknown key",
    method: "POST",
    path: `${QUEUE}/drain`,
    headers: JSON_TYPE,
    body: '{"timeout":1}',
    want: 400,
    says: /"file":"body"/,
  },
  { name: "an unknown parameter", path: "/api/v1/queues?limits=1", want: 400 },
  { name: "a parameter of an endpoint that has none", path: "/api/v1/status?x=1", want: 400 },
  { name: "a parameter twice", path: "/api/v1/queues?limit=1&limit=2", want: 400, says: /twice/ },
  { name: "a page of none", path: "/api/v1/queues?limit=0", want: 400 },
  { name: "a page past the bound", path: "/api/v1/queues?limit=501", want: 400 },
  {
    name: "a body past the bound",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": "*" },
    body: new Uint8Array(MAX_ADMIN_BODY_BYTES + 1),
    want: 413,
  },
  {
    name: "a body past the bound of the small ones",
    method: "POST",
    path: "/api/v1/ottl/try",
    headers: JSON_TYPE,
    body: new Uint8Array(1024 * 1024 + 1),
    want: 413,
  },
  {
    name: "a change without If-Match",
    method: "PUT",
    path: "/api/v1/config",
    headers: JSON_TYPE,
    body: put("a: 1"),
    want: 428,
  },
  {
    name: "a change of what has changed",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": '"v0"' },
    body: put("a: 1"),
    want: 412,
  },
  {
    name: "a weak ETag fits nothing",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": 'W/"v1"' },
    body: put("a: 1"),
    want: 412,
  },
  {
    name: "a configuration with problems",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": '"v1"' },
    body: put("bad"),
    want: 422,
    says: /"path":"receivers::otlp".*"line":3/,
  },
  {
    name: "a configuration that does not start",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": "*" },
    body: put("unstartable"),
    want: 422,
    says: /exporter a: port in use/,
  },
  {
    name: "a name of a source that could be a path of its own",
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...JSON_TYPE, "if-match": "*" },
    body: JSON.stringify({ sources: [{ name: "a\nb", text: "" }] }),
    want: 400,
  },
  {
    name: "a queue in another state",
    method: "PUT",
    path: `${QUEUE}/state`,
    headers: { ...JSON_TYPE, "if-match": '"paused"' },
    body: '{"state":"paused"}',
    want: 412,
  },
  { name: "too many taps", path: "/api/v1/graph/nodes/receiver:busy/tap", want: 429 },
];

Deno.test("what the admin API refuses, it refuses as problem+json", async (t) => {
  for (const { name, want, says = /./, ...asked } of refused) {
    await t.step(name, async () => {
      const response = await open(asked).ask(asked);
      const text = await response.text();
      strictEqual(response.status, want, text);
      strictEqual(response.headers.get("content-type"), "application/problem+json");
      strictEqual(JSON.parse(text).status, want);
      match(text, says);
      strictEqual(response.headers.get("access-control-allow-origin"), null);
    });
  }

  await t.step("a failure of ours says nothing of the inside", async () => {
    const response = await open().ask({
      method: "PUT",
      path: "/api/v1/config",
      headers: { ...JSON_TYPE, "if-match": "*" },
      body: put("bug"),
    });
    strictEqual(response.status, 500);
    ok(!(await response.text()).includes("secret of the inside"));
  });

  await t.step("401 says how to come in; 405 what there is; 412 what is now", async () => {
    const { ask } = open({ withTokens: true });
    match((await ask({ path: "/api/v1/status" })).headers.get("www-authenticate") ?? "", /^Bearer/);
    strictEqual((await ask({ method: "DELETE", path: "/api/v1/config" })).headers.get("allow"), "GET, HEAD, PUT");
    const changed = await ask({
      method: "PUT",
      path: "/api/v1/log-level",
      headers: { ...bearer(writer), ...JSON_TYPE, "if-match": '"warn"' },
      body: '{"level":"debug"}',
    });
    strictEqual(changed.headers.get("etag"), '"info"');
  });
});

Deno.test("who may", async (t) => {
  await t.step("probes and the API's description need no token", async () => {
    const { ask, control } = open({ withTokens: true });
    for (const path of ["/api/v1/probes/live", "/api/v1/openapi.json", "/", "/docs"]) {
      strictEqual((await ask({ path })).status, 200, path);
    }
    control.isReady = false;
    strictEqual((await ask({ path: "/api/v1/probes/ready" })).status, 503);
  });
  await t.step("a token for reading reads, one for writing does both", async () => {
    const { ask } = open({ withTokens: true, loopback: false });
    strictEqual((await ask({ path: "/api/v1/status", headers: bearer(reader) })).status, 200);
    strictEqual((await ask({ path: "/api/v1/status", headers: bearer(writer) })).status, 200);
    strictEqual((await ask({ path: "/api/v1/audit", headers: bearer(writer) })).status, 200);
  });
  await t.step("any name leads to a listener that asks for tokens", async () => {
    const { ask } = open({ withTokens: true, loopback: false });
    strictEqual(
      (await ask({ path: "/api/v1/status", headers: { host: "gw.example", ...bearer(reader) } })).status,
      200,
    );
  });
  await t.step("the own page asks by its own origin", async () => {
    const headers = { origin: "http://127.0.0.1:8887", "sec-fetch-site": "same-origin" };
    strictEqual((await open().ask({ path: "/api/v1/status", headers })).status, 200);
  });
  for (const host of ["localhost", "LOCALHOST:8887", "[::1]:8887", "127.1.2.3:1"]) {
    await t.step(`the host ${host}`, async () => {
      strictEqual((await open().ask({ path: "/", headers: { host } })).status, 200);
    });
  }
});

Deno.test("changes", async (t) => {
  const change = (etag: string): Asked => ({
    method: "PUT",
    path: "/api/v1/config",
    headers: { ...bearer(writer), ...JSON_TYPE, "if-match": etag },
    body: put("a: 1"),
  });
  await t.step("of two operators who saw the same, the second is told", async () => {
    const { ask } = open({ withTokens: true });
    const etag = (await ask({ path: "/api/v1/config", headers: bearer(writer) })).headers.get("etag") ?? "";
    const first = await ask(change(etag));
    strictEqual(first.status, 200);
    strictEqual(first.headers.get("etag"), '"v2"');
    strictEqual((await ask(change(etag))).status, 412);
    strictEqual((await ask(change('"v2"'))).status, 200);
  });
  await t.step("are told in the audit log with who and what came of it, secrets not", async () => {
    const { ask, control } = open({ withTokens: true });
    await ask(change('"v1"'));
    await ask(change('"v1"'));
    await ask({ path: "/api/v1/status" });
    deepStrictEqual(control.audits.map(({ who, operation, status, detail }) => [who, operation, status, detail]), [
      ["will", "applyConfig", 412, "Cannot change it: it is not as If-Match says, wanted its present ETag"],
      ["will", "applyConfig", 200, "entry 2, version v2"],
    ]);
    strictEqual(control.denials, 1);
    ok(!JSON.stringify(control.audits).includes(writer.token));
  });
  await t.step("of who may only read are told too; of who is not known only how many", async () => {
    const { ask, control } = open({ withTokens: true });
    const asRita = { ...change('"v1"'), headers: { ...change('"v1"').headers, ...bearer(reader) } };
    for (let count = 0; count < 20; count++) strictEqual((await ask(asRita)).status, 403); // none of them is under way
    deepStrictEqual(Object.values(control.audits[0] ?? {}).slice(0, 5), [
      ...["rita", "applyConfig", "", 403, "Cannot do that: the token is for reading, wanted one of the scope write"],
    ]);
    strictEqual((await ask(change('"v1"'))).status, 200);
  });
  await t.step("a paused queue is not drained", async () => {
    const { ask } = open();
    const headers = { ...JSON_TYPE, "if-match": '"running"' };
    strictEqual(
      (await ask({ method: "PUT", path: `${QUEUE}/state`, headers, body: '{"state":"paused"}' })).status,
      200,
    );
    strictEqual((await ask({ method: "POST", path: `${QUEUE}/drain`, headers: JSON_TYPE, body: "{}" })).status, 409);
  });
});

Deno.test("lists come in pages", async () => {
  const { ask } = open();
  const seen: string[] = [];
  let cursor: string | null = "0";
  while (cursor !== null) {
    const { items, next_cursor } = await (await ask({ path: `/api/v1/config/values?limit=2&cursor=${cursor}` })).json();
    seen.push(...items.map(({ path }: { path: string }) => path));
    cursor = next_cursor;
  }
  deepStrictEqual(seen, ["a", "b", "c", "d", "e"]);
});

Deno.test("a tap", async (t) => {
  await t.step("streams its samples and ends", async () => {
    const { ask, control } = open();
    const response = await ask({ path: "/api/v1/graph/nodes/receiver%3Aotlp/tap?max_samples=2" });
    strictEqual(response.headers.get("content-type"), "text/event-stream");
    const events = [...(await response.text()).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
    deepStrictEqual(events, ["sample", "sample", "end"]);
    strictEqual(control.audits[0]?.operation, "tapNode");
  });
  await t.step("is told when the client leaves", async () => {
    const { ask, control } = open();
    const response = await ask({ path: "/api/v1/graph/nodes/receiver%3Aotlp/tap?max_samples=1000" });
    const stream = response.body?.getReader();
    await stream?.read();
    await stream?.read();
    await stream?.cancel();
    strictEqual(control.endedTaps, 1);
  });
  await t.step("is not asked for more than the client takes", async () => {
    const { ask, control } = open();
    let asked = 0;
    control.tap = async function* () {
      for (;;) {
        asked++;
        yield { type: "end", reason: "duration", samples: 0, dropped: 0 } as const;
      }
    };
    const response = await ask({ path: "/api/v1/graph/nodes/receiver%3Aotlp/tap" });
    await new Promise((resolve) => setTimeout(resolve, 0));
    ok(asked <= 1, `${asked} were made`);
    await response.body?.cancel();
  });
});

Deno.test("pages run nothing but themselves, and fetch nothing from elsewhere", async (t) => {
  for (const path of ["/", "/docs"]) {
    await t.step(path, async () => {
      const response = await open().ask({ path });
      const html = await response.text();
      const policy = response.headers.get("content-security-policy") ?? "";
      match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'/);
      const [, script = ""] = /<script type="module">([\s\S]*?)<\/script>/.exec(html) ?? [];
      new Function(`return async () => {${script}}`); // it can be read; nothing of it runs
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script))).toBase64();
      ok(policy.includes(hash));
      ok(!/\bsrc=|https?:\/\/(?!www\.w3\.org\/2000\/svg)|\bstyle="|\bon\w+="/.test(html));
      ok(!/innerHTML|localStorage|sessionStorage/.test(html));
    });
  }
});

Deno.test("the API keeps to its OpenAPI document, whatever is asked", async (t) => {
  const { ask } = open();
  const document: OpenApiDocument = await (await ask({ path: "/api/v1/openapi.json" })).json();
  const client = new OpenApiClient(document);
  await t.step("it is 3.1, and names every operation once", () => {
    match(document.openapi, /^3\.1\./);
    const ids = client.operations.map(({ operation }) => operation.operationId);
    strictEqual(new Set(ids).size, ids.length);
    ok(ids.length >= 25);
  });
  const ids = ["exporter:otlp_http/eu:traces", "receiver:otlp", "receiver:busy", "acme", "../x", "%"];
  await t.step("answers have the statuses, types and schemas that it names", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(client.requests(ids), async (made) => {
        const { method, target, headers, body } = made;
        const response = await open().ask({ method, path: target, headers, ...body === undefined ? {} : { body } });
        seen.add(`${made.operation.operationId} ${response.status}`);
        const type = response.headers.get("content-type") ?? "";
        deepStrictEqual(client.faults(made, response.status, type, await response.text()), []);
      }),
      { numRuns: 300 },
    );
    const done = client.operations.filter(({ operation }) => seen.has(`${operation.operationId} 200`));
    ok(done.length > client.operations.length / 2, `only ${done.length} operations were done`);
  });
});
