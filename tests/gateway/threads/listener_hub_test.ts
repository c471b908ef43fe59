import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ListenerHub } from "../../../gateway/threads/listener_hub.ts";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import type { FetchHandler } from "../../../pipeline/contract/http.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { freePort } from "../../support/gateway_process.ts";

const NEVER = new AbortController().signal;

async function textAt(port: number, path = "/"): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

const saying = (text: string): FetchHandler => () => new Response(text);

Deno.test("ListenerHub hands a listener on", async (t) => {
  const port = freePort();
  const config = section(httpServerShape(`127.0.0.1:${port}`)).parse({});
  const hub = new ListenerHub(serveHttp);
  const first = await hub.serveHttp(config, { fetch: saying("first") });
  hub.flip();

  await t.step("what waits gets nothing before the flip, all after it, on the same socket", async () => {
    const second = await hub.serveHttp({ ...config, max_connections: 7 }, { fetch: saying("second") });
    strictEqual(await textAt(port), "first");
    hub.flip();
    strictEqual(await textAt(port), "second");
    await first.shutdown(NEVER);
    strictEqual(await textAt(port), "second");
    await second.shutdown(NEVER);
  });

  await t.step("what waits and is given up changes nothing", async () => {
    const running = await hub.serveHttp(config, { fetch: saying("running") });
    hub.flip();
    const waiting = await hub.serveHttp(config, { fetch: saying("waiting") });
    await waiting.shutdown(NEVER);
    hub.flip();
    strictEqual(await textAt(port), "running");
    await running.shutdown(NEVER);
  });

  await t.step(
    "a request that began before the flip is answered by the app it began with, and waited for",
    async () => {
      const gate = Promise.withResolvers<void>();
      const entered = Promise.withResolvers<void>();
      const slow = await hub.serveHttp(config, {
        fetch: async () => {
          entered.resolve();
          await gate.promise;
          return new Response("slow");
        },
      });
      hub.flip();
      const asked = textAt(port);
      await entered.promise;
      const next = await hub.serveHttp(config, { fetch: saying("next") });
      hub.flip();
      strictEqual(await textAt(port), "next");
      let ended = false;
      const ending = slow.shutdown(NEVER).then(() => ended = true);
      strictEqual(await textAt(port), "next");
      strictEqual(ended, false);
      gate.resolve();
      deepStrictEqual([await asked, await ending], ["slow", true]);
      await next.shutdown(NEVER);
    },
  );

  await t.step("past its deadline a replaced one is not waited for", async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<Response>();
    const stuck = await hub.serveHttp(config, {
      fetch: () => {
        entered.resolve();
        return gate.promise;
      },
    });
    hub.flip();
    const asked = textAt(port);
    await entered.promise;
    const next = await hub.serveHttp(config, { fetch: saying("next") });
    hub.flip();
    await stuck.shutdown(AbortSignal.abort());
    gate.resolve(new Response("late"));
    strictEqual(await asked, "late");
    await next.shutdown(NEVER);
  });
});

Deno.test("ListenerHub lets requests of a new address wait for the flip", async (t) => {
  const configAt = (port: number) => section(httpServerShape(`127.0.0.1:${port}`)).parse({});
  const open = async () => {
    const hub = new ListenerHub(serveHttp);
    const running = await hub.serveHttp(configAt(freePort()), { fetch: saying("running") });
    hub.flip();
    const port = freePort();
    const asked: string[] = [];
    const fetch: FetchHandler = () => {
      asked.push("asked");
      return new Response("new");
    };
    const added = await hub.serveHttp(configAt(port), { fetch });
    const close = () => Promise.all([running.shutdown(NEVER), added.shutdown(NEVER)]);
    return { hub, port, asked, added, close };
  };

  await t.step("they are answered after it", async () => {
    const { hub, port, asked, close } = await open();
    const answers = [textAt(port, "/a"), textAt(port, "/b")];
    await textOfAnother(port);
    deepStrictEqual(asked, []);
    hub.flip();
    deepStrictEqual(await Promise.all(answers), ["new", "new"]);
    strictEqual(await textAt(port), "new");
    await close();
  });

  await t.step("when there is none they are told so", async () => {
    const { port, asked, added, close } = await open();
    const response = fetch(`http://127.0.0.1:${port}/`).then(async (each) => {
      await each.body?.cancel();
      return each.status;
    });
    await textOfAnother(port);
    await added.shutdown(NEVER);
    deepStrictEqual([await response, asked], [503, []]);
    await close();
  });
});

/** Settles when the listener has taken a connection, and so those before it. */
async function textOfAnother(port: number): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("nonsense\r\n\r\n"));
  await connection.read(new Uint8Array(1));
  connection.close();
}
