/** Both transports against real sockets: what is on the wire, and what comes of what should not be there. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import { HttpTransport } from "../../../../opamp/client/transports/http_transport.ts";
import { DEFAULT_CLIENT_TLS, type ServerConnection } from "../../../../opamp/client/transports/server_connection.ts";
import type { Link, LinkFailure, LinkOptions, SendResult } from "../../../../opamp/client/transports/transport.ts";
import { WebSocketTransport } from "../../../../opamp/client/transports/websocket_transport.ts";
import { bytesToHex, hexToBytes } from "../../../../opamp/protocol/hashes.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { makeCertificates } from "../../../support/certificates.ts";

const UID = hexToBytes("01906a5c000070008000000000000001");
const MESSAGE = hexToBytes("1005");
const LIMIT = 1_000;

type Happening = string;

/** A link and what it told, in order. */
class Probe {
  readonly told: Happening[] = [];
  readonly link: Link;
  #more: (() => void) | undefined;

  constructor(endpoint: string, connection: Partial<ServerConnection> = {}, options: Partial<LinkOptions> = {}) {
    const isHttp = endpoint.startsWith("http");
    const transport = isHttp ? new HttpTransport(systemClock) : new WebSocketTransport(systemClock);
    const tell = (happening: Happening) => {
      this.told.push(happening);
      this.#more?.();
    };
    this.link = transport.open(
      {
        endpoint,
        headers: [],
        tls: DEFAULT_CLIENT_TLS,
        proxy: undefined,
        heartbeatIntervalMs: undefined,
        ...connection,
      },
      { maxMessageBytes: LIMIT, gzip: false, ...options },
      {
        onOpen: () => tell("open"),
        onMessage: (message) => tell(`message ${bytesToHex(message)}`),
        onUnreadable: (reason) => tell(`unreadable: ${reason}`),
        onSent: (result: SendResult) => tell(result),
        onClosed: (failure) => tell(describe(failure)),
      },
    );
  }

  /** Waits until so many things have been told. */
  async until(count: number): Promise<Happening[]> {
    while (this.told.length < count) await new Promise<void>((resolve) => this.#more = resolve);
    return this.told;
  }
}

function describe({ status, retryAfterMs, isUnsent }: LinkFailure): Happening {
  const fields = { status, retryAfterMs, isUnsent };
  return `closed ${JSON.stringify(fields)}`;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

interface Running extends AsyncDisposable {
  readonly port: number;
}

async function running(server: Server): Promise<Running> {
  const port = await listen(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A WebSocket server whose newest socket and request are at hand. */
async function webSocketServer(
  onSocket: (socket: WebSocket, request: IncomingMessage) => void,
  server = http.createServer(),
) {
  const wss = new WebSocketServer({ server, perMessageDeflate: true });
  wss.on("connection", (socket, request) => onSocket(socket, request));
  const base = await running(server);
  return {
    port: base.port,
    async [Symbol.asyncDispose]() {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await base[Symbol.asyncDispose]();
    },
  };
}

Deno.test("C01, C02, C13: path, headers and frames of a WebSocket; a Close frame at the end", async () => {
  const seen: unknown[] = [];
  const closed = Promise.withResolvers<number>();
  await using server = await webSocketServer((socket, { url, headers }) => {
    seen.push(url, headers.authorization, headers["x-twice"], headers["content-type"], socket.extensions);
    socket.on("message", (data, isBinary) => {
      seen.push(bytesToHex(data as Uint8Array), isBinary);
      socket.send(hexToBytes("003007"));
    });
    socket.on("close", (code) => closed.resolve(code));
  });
  const headers = [["Authorization", "Bearer x"], ["x-twice", "1"], ["x-twice", "2"]] as const;
  const probe = new Probe(`ws://127.0.0.1:${server.port}`, { headers });
  await probe.until(1);
  probe.link.send(MESSAGE, UID);
  deepStrictEqual(await probe.until(3), ["open", "written", "message 3007"]);
  deepStrictEqual(seen, ["/v1/opamp", "Bearer x", "1, 2", undefined, "", "001005", true]);
  await probe.link.close();
  strictEqual(await closed.promise, 1000);
  strictEqual(probe.told.length, 3, "nothing is told after close");
});

Deno.test("C03, C04, C05: what cannot be read is dropped, and the link goes on", async () => {
  await using server = await webSocketServer((socket) => {
    socket.send("a text");
    socket.send(hexToBytes("013007"));
    socket.send(hexToBytes(""));
    socket.send(hexToBytes("8080"));
    socket.send(hexToBytes("00"));
    socket.send(hexToBytes("80003001"));
  });
  const probe = new Probe(`ws://127.0.0.1:${server.port}/v1/opamp`);
  deepStrictEqual((await probe.until(7)).map((told) => told.replace(/:.*/, "")), [
    "open",
    "unreadable",
    "unreadable",
    "unreadable",
    "unreadable",
    "message ",
    "message 3001",
  ]);
  await probe.link.close();
});

Deno.test("C06, C07: a WebSocket message at the limit is read; one past it closes with 1009", async () => {
  const closed = Promise.withResolvers<number>();
  await using server = await webSocketServer((socket) => {
    socket.on("close", (code) => closed.resolve(code));
    socket.send(new Uint8Array(LIMIT));
    socket.send(new Uint8Array(LIMIT + 1));
  });
  const probe = new Probe(`ws://127.0.0.1:${server.port}/`);
  const [, message, failure] = await probe.until(3);
  strictEqual(message, `message ${"00".repeat(LIMIT - 1)}`);
  strictEqual(failure, 'closed {"isUnsent":false}');
  strictEqual(await closed.promise, 1009);
});

Deno.test("a WebSocket that ends, cannot begin, or is refused", async (t) => {
  const inTenSeconds = new Date(Date.now() + 10_000).toUTCString();
  const refusals: { name: string; answer: string; want: RegExp }[] = [
    {
      name: "503 with seconds",
      answer: "503 X\r\nRetry-After: 7",
      want: /"status":503,"retryAfterMs":7000,"isUnsent":true/,
    },
    {
      name: "429 with a date",
      answer: `429 X\r\nRetry-After: ${inTenSeconds}`,
      want: /"status":429,"retryAfterMs":\d{4,5},/,
    },
    { name: "401", answer: "401 X", want: /"status":401,"isUnsent":true/ },
    { name: "redirect", answer: "302 X\r\nLocation: /other", want: /"status":302/ },
  ];
  for (const { name, answer, want } of refusals) {
    await t.step(name, async () => {
      const server = http.createServer();
      server.on("upgrade", (_request, socket) => socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`));
      await using at = await running(server);
      const probe = new Probe(`ws://127.0.0.1:${at.port}/`);
      match((await probe.until(1))[0] ?? "", want);
      probe.link.abort();
    });
  }
  await t.step("nobody listens", async () => {
    const probe = new Probe("ws://127.0.0.1:9/");
    match((await probe.until(1))[0] ?? "", /^closed/);
  });
  await t.step("the server closes", async () => {
    await using server = await webSocketServer((socket) => socket.close(1001));
    const probe = new Probe(`ws://127.0.0.1:${server.port}/`);
    deepStrictEqual(await probe.until(2), ["open", 'closed {"isUnsent":false}']);
  });
  await t.step("abort while connecting", async () => {
    await using silent = await httpServer(() => {});
    const probe = new Probe(`ws://127.0.0.1:${silent.port}/`);
    probe.link.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    deepStrictEqual(probe.told, []);
  });
});

type Handler = (request: IncomingMessage, body: Uint8Array, response: ServerResponse) => void;

function httpServer(handle: Handler): Promise<Running> {
  return running(http.createServer(serve(handle)));
}

function serve(handle: Handler): http.RequestListener {
  return async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    handle(request, Buffer.concat(chunks), response);
  };
}

Deno.test("C18, C19, C20: method, headers and body of a request; connections are kept", async () => {
  const seen: unknown[] = [];
  const ports = new Set<unknown>();
  await using server = await httpServer(({ method, url, headers, socket }, body, response) => {
    ports.add(socket.remotePort);
    seen.push([
      `${method} ${url}`,
      headers["content-type"],
      headers["content-encoding"],
      headers["opamp-instance-uid"],
      headers.authorization,
      bytesToHex(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).slice(0, 8),
    ]);
    response.end(hexToBytes("3007"));
  });
  const probe = new Probe(`http://127.0.0.1:${server.port}`, { headers: [["Authorization", "Bearer x"]] }, {
    gzip: true,
  });
  await probe.until(1);
  probe.link.send(MESSAGE, UID);
  deepStrictEqual(await probe.until(3), ["open", "message 3007", "delivered"]);
  probe.link.send(new Uint8Array(2_000), hexToBytes("ff".repeat(16)));
  await probe.until(5);
  const common = ["POST /v1/opamp", "application/x-protobuf"];
  deepStrictEqual(seen, [
    [...common, undefined, "01906a5c-0000-7000-8000-000000000001", "Bearer x", "1005"],
    [...common, "gzip", "ffffffff-ffff-ffff-ffff-ffffffffffff", "Bearer x", "00000000"],
  ]);
  strictEqual(ports.size, 1);
  await probe.link.close();
});

Deno.test("C24, C25, C26: answers over HTTP", async (t) => {
  const gzip = { "content-encoding": "gzip" };
  const answers: {
    name: string;
    status?: number;
    headers?: Record<string, string>;
    body?: Uint8Array;
    want: (string | RegExp)[];
  }[] = [
    { name: "empty", want: ["message ", "delivered"] },
    { name: "gzip", headers: gzip, body: gzipSync(MESSAGE), want: ["message 1005", "delivered"] },
    { name: "at the limit", body: new Uint8Array(LIMIT), want: [/^message/, "delivered"] },
    {
      name: "past the limit",
      body: new Uint8Array(LIMIT + 1),
      want: [/^unreadable: the answer is larger/, "delivered"],
    },
    {
      name: "inflated to the limit",
      headers: gzip,
      body: gzipSync(new Uint8Array(LIMIT)),
      want: [/^message/, "delivered"],
    },
    {
      name: "inflated past the limit",
      headers: gzip,
      body: gzipSync(new Uint8Array(LIMIT + 1)),
      want: [/^unreadable: the answer is larger/, "delivered"],
    },
    { name: "no gzip", headers: gzip, body: MESSAGE, want: [/^unreadable/, "delivered"] },
    { name: "400", status: 400, want: ["refused"] },
    { name: "413", status: 413, want: ["refused"] },
    { name: "401", status: 401, want: ['closed {"status":401,"isUnsent":true}'] },
    { name: "500", status: 500, want: ['closed {"status":500,"isUnsent":false}'] },
    {
      name: "503 with seconds",
      status: 503,
      headers: { "retry-after": "7" },
      want: ['closed {"status":503,"retryAfterMs":7000,"isUnsent":true}'],
    },
    {
      name: "redirect",
      status: 307,
      headers: { location: "/other" },
      want: ['closed {"status":307,"isUnsent":false}'],
    },
  ];
  for (const { name, status = 200, headers = {}, body = new Uint8Array(), want } of answers) {
    await t.step(name, async () => {
      await using server = await httpServer((_request, _body, response) =>
        response.writeHead(status, headers).end(body)
      );
      const probe = new Probe(`http://127.0.0.1:${server.port}/`);
      await probe.until(1);
      probe.link.send(MESSAGE, UID);
      const told = (await probe.until(1 + want.length)).slice(1);
      told.forEach((happening, at) => {
        const wanted = want[at] ?? "";
        if (typeof wanted === "string") strictEqual(happening, wanted);
        else match(happening, wanted);
      });
      await probe.link.close();
    });
  }
  await t.step("nobody listens: it was not sent", async () => {
    const probe = new Probe("http://127.0.0.1:9/");
    await probe.until(1);
    probe.link.send(MESSAGE, UID);
    strictEqual((await probe.until(2))[1], 'closed {"isUnsent":true}');
  });
  await t.step("the connection breaks before the answer: it may have been sent", async () => {
    await using server = await httpServer((request) => request.socket.destroy());
    const probe = new Probe(`http://127.0.0.1:${server.port}/`);
    await probe.until(1);
    probe.link.send(MESSAGE, UID);
    strictEqual((await probe.until(2))[1], 'closed {"isUnsent":false}');
  });
  await t.step("abort while a request is on its way", async () => {
    await using server = await httpServer(() => {});
    const probe = new Probe(`http://127.0.0.1:${server.port}/`);
    await probe.until(1);
    probe.link.send(MESSAGE, UID);
    probe.link.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    deepStrictEqual(probe.told, ["open"]);
  });
});

Deno.test("TLS with a client certificate, also through a proxy", async (t) => {
  const { caCert, serverCert, serverKey, clientCert, clientKey } = await makeCertificates();
  const options = { cert: serverCert, key: serverKey, ca: caCert, requestCert: true, rejectUnauthorized: true };
  const handler = serve((_request, _body, response) => void response.end(hexToBytes("3007")));
  const server = https.createServer(options, handler) as unknown as Server;
  await using at = await webSocketServer(
    (socket) => socket.on("message", () => socket.send(hexToBytes("003007"))),
    server,
  );
  const asked: (string | undefined)[] = [];
  const proxyServer = http.createServer();
  const tunnels = new Set<net.Socket>();
  proxyServer.on("connect", ({ url = "", headers }, socket, head) => {
    asked.push(url, headers["proxy-authorization"], headers["x-proxy"] as string | undefined);
    if (headers["x-proxy"] === "refuse") return void socket.end("HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n");
    const [host = "", port = ""] = url.split(":");
    const upstream = net.connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    tunnels.add(upstream).add(socket as net.Socket);
    for (const end of [upstream, socket]) end.on("error", () => (upstream.destroy(), socket.destroy()));
  });
  await using proxyAt = await running(proxyServer);
  const tls = { ...DEFAULT_CLIENT_TLS, caPem: caCert, certPem: clientCert, keyPem: clientKey };
  const proxy = { url: `http://us%65r:pass@127.0.0.1:${proxyAt.port}`, headers: [["x-proxy", "1"]] as const };
  const unknownCa = { ...tls, caPem: "" };
  const noCert = { ...tls, certPem: "", keyPem: "" };
  const cases: { name: string; connection: Partial<ServerConnection>; works: boolean }[] = [
    { name: "direct", connection: { tls }, works: true },
    { name: "by a proxy", connection: { tls, proxy }, works: true },
    { name: "another name", connection: { tls: { ...tls, serverName: "localhost" } }, works: true },
    { name: "verification off", connection: { tls: { ...unknownCa, insecureSkipVerify: true } }, works: true },
    { name: "TLS 1.3 alone", connection: { tls: { ...tls, minVersion: "1.3" } }, works: true },
    { name: "no client certificate", connection: { tls: noCert }, works: false },
    { name: "an authority that is not trusted", connection: { tls: unknownCa }, works: false },
    { name: "a name that it has not", connection: { tls: { ...tls, serverName: "other" } }, works: false },
    {
      name: "a proxy that refuses",
      connection: { tls, proxy: { ...proxy, headers: [["x-proxy", "refuse"]] } },
      works: false,
    },
    {
      name: "a proxy that is not there",
      connection: { tls, proxy: { url: "http://127.0.0.1:9", headers: [] } },
      works: false,
    },
  ];
  for (const scheme of ["wss", "https"] as const) {
    for (const { name, connection, works } of cases) {
      await t.step(`${scheme}: ${name}`, async () => {
        const probe = new Probe(`${scheme}://127.0.0.1:${at.port}/v1/opamp`, connection);
        const [first] = await probe.until(1);
        if (first === "open") probe.link.send(MESSAGE, UID);
        const told = await probe.until(first === "open" ? (works ? 3 : 2) : 1);
        strictEqual(told.includes("message 3007"), works, told.join());
        if (!works) match(told.at(-1) ?? "", /^closed/);
        await probe.link.close();
      });
    }
  }
  strictEqual(asked[0], `127.0.0.1:${at.port}`);
  strictEqual(asked[1], `Basic ${btoa("user:pass")}`);
  strictEqual(asked[2], "1");
  for (const socket of tunnels) socket.destroy();
  ok(asked.length >= 9);
});

Deno.test("plain HTTP through a proxy", async () => {
  await using server = await httpServer((_request, _body, response) => void response.end(hexToBytes("3007")));
  const proxyServer = http.createServer();
  proxyServer.on("connect", ({ url = "" }, socket) => {
    const upstream = net.connect(Number(url.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on("error", () => (upstream.destroy(), socket.destroy()));
  });
  await using proxyAt = await running(proxyServer);
  const proxy = { url: `http://127.0.0.1:${proxyAt.port}`, headers: [] };
  const probe = new Probe(`http://127.0.0.1:${server.port}/`, { proxy });
  await probe.until(1);
  probe.link.send(MESSAGE, UID);
  deepStrictEqual(await probe.until(3), ["open", "message 3007", "delivered"]);
  await probe.link.close();
});
