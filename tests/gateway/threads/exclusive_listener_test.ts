import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { exclusive } from "../../../gateway/threads/exclusive_listener.ts";
import { httpServerShape } from "../../../pipeline/config/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import type { ServeHttp } from "../../../pipeline/contract/http.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";

const APP = { fetch: () => new Response() };
const configOf = (endpoint: string) => section(httpServerShape(endpoint)).parse({});

/** Opens nothing, remembers where it would have. */
function recordingListener() {
  const opened: string[] = [];
  const serveHttp: ServeHttp = ({ endpoint }) => {
    opened.push(endpoint);
    return Promise.resolve({ address: { hostname: "", port: 0 }, shutdown: () => Promise.resolve() });
  };
  return { opened, serveHttp: exclusive(serveHttp) };
}

Deno.test("exclusive()", async (t) => {
  for (const reusePort of [false, true]) {
    await t.step(`refuses a port that is listened on, ${reusePort ? "shared" : "alone"}`, async () => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort });
      const { opened, serveHttp } = recordingListener();
      await rejects(serveHttp(configOf(`127.0.0.1:${taken.addr.port}`), APP), (error: unknown) => {
        match(String(error), new RegExp(`Cannot listen on "127\\.0\\.0\\.1:${taken.addr.port}": the port is in use`));
        return error instanceof UnavailableError;
      });
      deepStrictEqual(opened, []);
    });
  }

  await t.step("opens a free one, and any when asked for any", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const { opened, serveHttp } = recordingListener();
    await serveHttp(configOf(`127.0.0.1:${port}`), APP);
    await serveHttp(configOf("localhost:0"), APP);
    deepStrictEqual(opened, [`127.0.0.1:${port}`, "localhost:0"]);
  });
});
