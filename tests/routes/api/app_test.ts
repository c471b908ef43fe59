import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { createApi, MAX_CHANGES } from "../../../routes/api/app.ts";
import { endpoint } from "../../../routes/api/endpoint.ts";

const endpoints = {
  hang: endpoint({
    method: "POST",
    path: "/api/v1/hang",
    summary: "Does not end by itself.",
    tag: "test",
    scope: "write",
    answer: z.strictObject({}),
    errors: [],
  }),
};

/** An API whose one operation ends when `end` is called. */
function hangingApi() {
  const { promise, resolve } = Promise.withResolvers<{ body: Record<string, never> }>();
  let begun = 0;
  const app = createApi({
    endpoints,
    handlers: { hang: () => (begun++, promise) },
    audit: { record: () => {}, denied: () => {} },
    document: {},
    tokens: undefined,
    loopback: false,
  });
  const ask = (signal?: AbortSignal) =>
    Promise.resolve(app.fetch(new Request("http://a/api/v1/hang", { method: "POST", ...(signal && { signal }) })));
  return { ask, end: () => resolve({ body: {} }), begun: () => begun };
}

Deno.test("changes at one time", async (t) => {
  await t.step("as many as there may be, and one more, which is told when to come back", async () => {
    const { ask, end } = hangingApi();
    const all = Array.from({ length: MAX_CHANGES }, () => ask());
    const refused = await ask();
    strictEqual(refused.status, 429);
    strictEqual(refused.headers.get("retry-after"), "1");
    match(await refused.text(), /16 others are under way, wanted no more at once/);
    end();
    strictEqual((await all[0])?.status, 200);
    await Promise.all(all);
    strictEqual((await ask()).status, 200);
  });

  await t.step("whose sender leaves gives its place up, once", async () => {
    const { ask, end, begun } = hangingApi();
    const leaving = new AbortController();
    const all = Array.from({ length: MAX_CHANGES }, (_, i) => ask(i === 0 ? leaving.signal : undefined));
    leaving.abort();
    const next = ask();
    strictEqual((await ask()).status, 429);
    strictEqual(begun(), MAX_CHANGES + 1);
    end();
    await Promise.all([...all, next]);
    const again = hangingApi();
    again.end();
    strictEqual((await again.ask()).status, 200);
  });

  await t.step("that takes too long gives its place up", async () => {
    const waiting: (() => void)[] = [];
    const { setTimeout } = globalThis;
    globalThis.setTimeout = ((run: () => void, ms: number) => (strictEqual(ms, 30_000), waiting.push(run))) as never;
    try {
      const { ask, end } = hangingApi();
      const all = Array.from({ length: MAX_CHANGES }, () => ask());
      strictEqual((await ask()).status, 429);
      waiting[0]?.();
      const next = ask();
      strictEqual((await ask()).status, 429);
      end();
      strictEqual((await next).status, 200);
      await Promise.all(all);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });
});

Deno.test("who has no valid token is told with the address that it came from", async () => {
  const denied: string[] = [];
  const app = createApi({
    endpoints,
    handlers: { hang: () => ({ body: {} }) },
    audit: { record: () => {}, denied: (address) => void denied.push(address) },
    document: {},
    tokens: { find: () => undefined },
    loopback: false,
  });
  const server = await serveHttp(section(httpServerShape("127.0.0.1:0")).parse({}), { fetch: app.fetch });
  try {
    const headers = { authorization: "Bearer sluice_unknown" };
    const { port } = server.address;
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/hang`, { method: "POST", headers });
    await answer.body?.cancel();
    deepStrictEqual([answer.status, denied], [401, ["127.0.0.1"]]);
  } finally {
    await server.shutdown(AbortSignal.timeout(2_000));
  }
});
