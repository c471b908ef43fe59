/**
 * What every HttpTransport must do, run against real sockets.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { settle } from "../support/fake_clock.ts";
import { type HttpTransport, MAX_RESPONSE_BYTES } from "../../pipeline/exporters/otlp_http/transport.ts";

/** How the suite gets the transport under test for an upstream on `port`. */
export type OpenTransport = (port: number, limits?: { maxConnections?: number }) => Promise<HttpTransport>;

interface Seen {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly connection: string;
}

const HEADERS = { "content-type": "application/x-protobuf", "x-tenant": "a" };
const never = () => new AbortController().signal;
const utf8 = (text: string) => new TextEncoder().encode(text);

/** A server that answers with what `answer` gives and remembers what it saw. */
function upstream(answer: (seen: Seen) => Response | Promise<Response>) {
  const seen: Seen[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request, { remoteAddr }) => {
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const one = {
      path: url.pathname + url.search,
      headers: request.headers,
      body,
      connection: String((remoteAddr as Deno.NetAddr).port),
    };
    seen.push(one);
    return await answer(one);
  });
  return { port: server.addr.port, seen, close: () => server.shutdown() };
}

/** A listener that gives each connection to `serve` and counts them. */
function rawUpstream(serve: (conn: Deno.Conn, nth: number) => Promise<void>) {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open: Deno.Conn[] = [];
  const done = (async () => {
    for await (const conn of listener) {
      open.push(conn);
      serve(conn, open.length).catch(() => {});
    }
  })();
  const close = async () => {
    listener.close();
    for (const conn of open) {
      try {
        conn.close();
      } catch {
        // The test closed it.
      }
    }
    await done;
  };
  return { port: (listener.addr as Deno.NetAddr).port, connections: () => open.length, close };
}

/** Reads until the request's head and `bodyBytes` have come. */
async function readRequest(conn: Deno.Conn, bodyBytes: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("closed");
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0 && text.length >= end + 4 + bodyBytes) return;
  }
}

export function testHttpTransport(name: string, open: OpenTransport): void {
  const test = (what: string, run: () => Promise<void>) => Deno.test(`${name}: ${what}`, run);

  test("posts what it is given, over one connection", async () => {
    const server = upstream(() => new Response("yes", { status: 202, headers: { "retry-after": "7" } }));
    const transport = await open(server.port);
    for (const text of ["one", "two"]) {
      const answer = await transport.post("/v1/traces?a=b", HEADERS, [utf8(text), utf8("!")], never());
      const got = [answer.status, new TextDecoder().decode(answer.body), answer.header("retry-after")];
      deepStrictEqual(got, [202, "yes", "7"]);
      await settle(); // undici takes a connection back a turn later
    }
    deepStrictEqual(server.seen.map(({ body }) => new TextDecoder().decode(body)), ["one!", "two!"]);
    strictEqual(server.seen[0]?.path, "/v1/traces?a=b");
    strictEqual(server.seen[0]?.headers.get("x-tenant"), "a");
    strictEqual(server.seen[0]?.headers.get("host"), `127.0.0.1:${server.port}`);
    strictEqual(new Set(server.seen.map(({ connection }) => connection)).size, 1);
    await transport.close();
    await server.close();
  });

  test("sends bodies of any size whole", async () => {
    const server = upstream(() => new Response(null));
    const transport = await open(server.port);
    for (const bytes of [0, 1, 130_000, 131_072, 131_073, 3_000_000]) {
      const body = new Uint8Array(bytes).map((_, at) => at % 251);
      await transport.post("/x", HEADERS, [body.subarray(0, bytes >> 1), body.subarray(bytes >> 1)], never());
      deepStrictEqual(server.seen.at(-1)?.body, body);
    }
    await transport.close();
    await server.close();
  });

  test("keeps many exchanges apart, on no more connections than allowed", async () => {
    const server = upstream(async ({ body }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return new Response(body.slice());
    });
    const transport = await open(server.port, { maxConnections: 3 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => transport.post("/x", HEADERS, [utf8(`body ${at}`)], never())),
    );
    deepStrictEqual(answers.map(({ body }) => new TextDecoder().decode(body)), answers.map((_, at) => `body ${at}`));
    ok(new Set(server.seen.map(({ connection }) => connection)).size <= 3);
    await transport.close();
    await server.close();
  });

  test("does not follow a redirect", async () => {
    const server = upstream(() => new Response(null, { status: 307, headers: { location: "/elsewhere" } }));
    const transport = await open(server.port);
    strictEqual((await transport.post("/x", HEADERS, [utf8("x")], never())).status, 307);
    strictEqual(server.seen.length, 1);
    await transport.close();
    await server.close();
  });

  test("connection refused is retryable, and the next upstream on the port is found", async () => {
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const transport = await open(port);
    await rejects(transport.post("/x", HEADERS, [utf8("x")], never()), UnavailableError);
    const server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, () => new Response(null));
    strictEqual((await transport.post("/x", HEADERS, [utf8("x")], never())).status, 200);
    await transport.close();
    await server.shutdown();
  });

  test("a connection closed without an answer is retryable", async () => {
    const server = rawUpstream(async (conn) => {
      await readRequest(conn, 1);
      conn.close();
    });
    const transport = await open(server.port);
    await rejects(transport.post("/x", HEADERS, [utf8("x")], never()), UnavailableError);
    await transport.close();
    await server.close();
  });

  test("a kept connection that the upstream closed is replaced", async () => {
    const server = rawUpstream(async (conn) => {
      await readRequest(conn, 1);
      await conn.write(utf8("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
      conn.close();
    });
    const transport = await open(server.port);
    for (let exchange = 0; exchange < 3; exchange++) {
      strictEqual((await transport.post("/x", HEADERS, [utf8("x")], never())).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    strictEqual(server.connections(), 3);
    await transport.close();
    await server.close();
  });

  test("an answer that ends in the middle is retryable", async () => {
    const server = rawUpstream(async (conn) => {
      await readRequest(conn, 1);
      await conn.write(utf8("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
      conn.close();
    });
    const transport = await open(server.port);
    await rejects(transport.post("/x", HEADERS, [utf8("x")], never()), UnavailableError);
    await transport.close();
    await server.close();
  });

  test("an upstream that never answers is left when the caller gives up", async () => {
    const server = rawUpstream((conn) => readRequest(conn, 1));
    const transport = await open(server.port);
    const abort = new AbortController();
    const answer = transport.post("/x", HEADERS, [utf8("x")], abort.signal);
    setTimeout(() => abort.abort(), 30);
    await rejects(answer, UnavailableError);
    await transport.close();
    await server.close();
  });

  test("an answer without end is cut at the bound", async () => {
    const server = rawUpstream(async (conn) => {
      await readRequest(conn, 1);
      await conn.write(utf8("HTTP/1.1 500 Oops\r\n\r\n"));
      for (;;) await conn.write(new Uint8Array(10_000));
    });
    const transport = await open(server.port);
    const answer = await transport.post("/x", HEADERS, [utf8("x")], never());
    strictEqual(answer.status, 500);
    ok(answer.body.length <= MAX_RESPONSE_BYTES);
    await transport.close();
    await server.close();
  });

  test("what is not HTTP is retryable", async () => {
    const server = rawUpstream(async (conn) => {
      await conn.write(utf8("SSH-2.0-x\r\n"));
      await readRequest(conn, 1);
    });
    const transport = await open(server.port);
    await rejects(transport.post("/x", HEADERS, [utf8("x")], never()), UnavailableError);
    await transport.close();
    await server.close();
  });

  test("a closed transport refuses", async () => {
    const server = upstream(() => new Response(null));
    const transport = await open(server.port);
    await transport.post("/x", HEADERS, [utf8("x")], never());
    await transport.close();
    await rejects(transport.post("/x", HEADERS, [utf8("x")], never()), UnavailableError);
    await server.close();
  });
}
