/**
 * Both transports over real sockets: the rules of OpAMP that are theirs, by number, and what a hostile peer may try.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import type { ServerOptions } from "node:https";
import net from "node:net";
import tls from "node:tls";
import { gunzipSync, gzipSync } from "node:zlib";
import { CONTROLLER_API } from "../../../../commands/options.ts";
import { ALL_SERVER_CAPABILITIES, ServerErrorResponseType } from "../../../../opamp/protocol/capabilities.ts";
import {
  type AgentToServer,
  decodeServerToAgent,
  encodeAgentToServer,
  type ServerToAgent,
} from "../../../../opamp/protocol/messages.ts";
import { AgentTokens } from "../../../../opamp/server/store/agent_tokens.ts";
import { acceptsGzip } from "../../../../opamp/server/connections/http_exchange.ts";
import { OpampServer, type OpampServerDeps } from "../../../../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS, type OpampServerSettings } from "../../../../opamp/server/settings.ts";
import { OpampStore } from "../../../../opamp/server/store/store.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { configOf, fullReport, keyOf, uidOf, USUAL } from "../../../support/opamp_fleet.ts";
import { clientFrame, opampFrame, RawWebSocket } from "../../../support/raw_websocket.ts";

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));

/** A running server. */
class Running implements AsyncDisposable {
  readonly #clients: RawWebSocket[] = [];

  private constructor(readonly server: OpampServer, readonly port: number) {}

  static async start(
    settings: Partial<OpampServerSettings> = {},
    deps: Partial<OpampServerDeps> = {},
    tls?: ServerOptions,
  ) {
    const server = new OpampServer({
      settings: { ...DEFAULT_OPAMP_SERVER_SETTINGS, ...settings },
      face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [] },
      clock: systemClock,
      randomBytes,
      logger: silentLogger,
      meter: silentMeter,
      ...deps,
    });
    const { port } = await server.start({ hostname: "127.0.0.1", port: 0, tls });
    return new Running(server, port);
  }

  async connect(headers?: Record<string, string>, path?: string): Promise<RawWebSocket> {
    const client = await RawWebSocket.open(this.port, headers, path);
    this.#clients.push(client);
    return client;
  }

  post(body: Uint8Array | ReadableStream, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}/v1/opamp`, {
      method: "POST",
      body: body as BodyInit,
      headers: { "Content-Type": "application/x-protobuf", ...headers },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.server.shutdown(1_000);
  }
}

function reportOf(n: number, message: AgentToServer = {}): Uint8Array {
  return encodeAgentToServer({
    ...fullReport(n),
    instanceUid: uidOf(n),
    sequenceNum: 1,
    capabilities: USUAL,
    ...message,
  });
}

async function answerOf(client: RawWebSocket): Promise<ServerToAgent> {
  const message = await client.message();
  ok(message, "no message");
  return decodeServerToAgent(message);
}

async function bodyOf(response: Response): Promise<ServerToAgent> {
  return decodeServerToAgent(new Uint8Array(await response.arrayBuffer()));
}

Deno.test("S01 S02: both transports on one path", async () => {
  ok(CONTROLLER_API.address.endsWith(":4320"));
  strictEqual(DEFAULT_OPAMP_SERVER_SETTINGS.path, "/v1/opamp");
  await using running = await Running.start();
  const client = await running.connect();
  strictEqual(client.status, 101);
  ok(client.response.includes("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  client.write(opampFrame(reportOf(1)));
  strictEqual((await answerOf(client)).capabilities, ALL_SERVER_CAPABILITIES);
  const response = await running.post(reportOf(2));
  strictEqual(response.status, 200);
  strictEqual(response.headers.get("content-type"), "application/x-protobuf");
  deepStrictEqual((await bodyOf(response)).instanceUid, uidOf(2));
  deepStrictEqual(running.server.fleet.counts, { known: 2, connected: 2 });
});

Deno.test("requests that are neither", async (t) => {
  await using running = await Running.start();
  const url = `http://127.0.0.1:${running.port}`;
  const cases: { name: string; path?: string; init: RequestInit; want: number }[] = [
    { name: "another path", path: "/other", init: {}, want: 404 },
    { name: "GET without an upgrade", init: {}, want: 426 },
    { name: "another content type", init: { method: "POST", body: "{}" }, want: 415 },
    {
      name: "another encoding",
      init: {
        method: "POST",
        body: "x",
        headers: { "Content-Type": "application/x-protobuf", "Content-Encoding": "br" },
      },
      want: 415,
    },
  ];
  for (const { name, path = "/v1/opamp", init, want } of cases) {
    await t.step(name, async () => {
      const response = await fetch(url + path, init);
      await response.body?.cancel();
      strictEqual(response.status, want);
    });
  }
  const upgrades: { name: string; headers: Record<string, string>; path?: string; want: number }[] = [
    { name: "upgrade on another path", headers: {}, path: "/other", want: 404 },
    { name: "upgrade of another version", headers: { "Sec-WebSocket-Version": "8" }, want: 426 },
    { name: "upgrade with a bad key", headers: { "Sec-WebSocket-Key": "short" }, want: 400 },
    { name: "upgrade to something else", headers: { Upgrade: "h2c" }, want: 400 },
  ];
  for (const { name, headers, path, want } of upgrades) {
    await t.step(name, async () => strictEqual((await running.connect(headers, path)).status, want));
  }
});

Deno.test("S03: the limit of a WebSocket message, at it and one past it", async (t) => {
  const report = reportOf(1);
  const maxReceiveBytes = report.length + 1; // the OpAMP header counts
  await using running = await Running.start({ maxReceiveBytes });
  await t.step("at the limit", async () => {
    const client = await running.connect();
    client.write(opampFrame(report));
    strictEqual((await answerOf(client)).errorResponse, undefined);
  });
  await t.step("one past it, by its header alone", async () => {
    const client = await running.connect();
    client.write(clientFrame(new Uint8Array(0), { length: maxReceiveBytes + 1 }));
    strictEqual(await client.closeCode(), 1009);
    await client.ended();
  });
  await t.step("one past it, in fragments", async () => {
    const client = await running.connect();
    client.write(clientFrame(new Uint8Array(maxReceiveBytes - 1), { final: false }));
    client.write(clientFrame(new Uint8Array(2), { opcode: 0 }));
    strictEqual(await client.closeCode(), 1009);
  });
  await t.step("64 MiB and one, with the default", async () => {
    await using usual = await Running.start();
    const client = await usual.connect();
    client.write(clientFrame(new Uint8Array(0), { length: 64 * 1024 * 1024 + 1 }));
    strictEqual(await client.closeCode(), 1009);
  });
});

Deno.test("S05 S07: the limit of an HTTP body, before and after decompression", async (t) => {
  const report = reportOf(1, { health: { lastError: "x".repeat(100_000) } });
  await using running = await Running.start({ maxReceiveBytes: report.length });
  const long = reportOf(1, { health: { lastError: "x".repeat(100_001) } });
  const bomb = gzipSync(new Uint8Array(50_000_000));
  const stream = (bytes: Uint8Array) =>
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
    });
  const cases: { name: string; body: Uint8Array | ReadableStream; headers?: Record<string, string>; want: number }[] = [
    { name: "at the limit", body: report, want: 200 },
    { name: "past it", body: long, want: 413 },
    { name: "at the limit in chunks", body: stream(report), want: 200 },
    { name: "past it in chunks", body: stream(long), want: 413 },
    { name: "at the limit after gunzip", body: gzipSync(report), headers: { "Content-Encoding": "gzip" }, want: 200 },
    { name: "past it after gunzip", body: gzipSync(long), headers: { "Content-Encoding": "gzip" }, want: 413 },
    { name: "a bomb", body: bomb, headers: { "Content-Encoding": "gzip" }, want: 413 },
  ];
  for (const { name, body, headers, want } of cases) {
    await t.step(name, async () => {
      const response = await running.post(body, headers);
      await response.body?.cancel();
      strictEqual(response.status, want);
    });
  }
});

Deno.test("S08: the answer is compressed for those who take it", async (t) => {
  const cases = [
    { name: "gzip", header: "gzip", want: true },
    { name: "among others", header: "br, gzip;q=0.5", want: true },
    { name: "anything", header: "*", want: true },
    { name: "not gzip", header: "gzip;q=0, *", want: false },
    { name: "nothing", header: "*;q=0", want: false },
    { name: "another", header: "br", want: false },
    { name: "none", header: undefined, want: false },
  ];
  for (const { name, header, want } of cases) {
    await t.step(name, () => strictEqual(acceptsGzip(header), want));
  }
  await t.step("over the wire", async () => {
    await using running = await Running.start();
    const body = reportOf(1);
    const socket = net.connect({ port: running.port, host: "127.0.0.1" });
    socket.write(
      `POST /v1/opamp HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-protobuf\r\nAccept-Encoding: gzip\r\n` +
        `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    const chunks: Uint8Array[] = [];
    for await (const chunk of socket) chunks.push(chunk as Uint8Array);
    const whole = Buffer.concat(chunks);
    const at = whole.indexOf("\r\n\r\n") + 4;
    ok(/content-encoding: gzip/i.test(whole.subarray(0, at).toString("latin1")));
    deepStrictEqual(decodeServerToAgent(gunzipSync(whole.subarray(at))).instanceUid, uidOf(1));
  });
});

Deno.test("malformed messages", async (t) => {
  await using running = await Running.start();
  const badRequest = (answer: ServerToAgent) =>
    strictEqual(answer.errorResponse?.type, ServerErrorResponseType.BadRequest);
  const frames: { name: string; payload: Uint8Array }[] = [
    { name: "S09: a header that is not 0", payload: Uint8Array.of(1, 0x0a, 0) },
    { name: "S09: a message without header", payload: reportOf(1) },
    { name: "S09: a header without end", payload: new Uint8Array(12).fill(0x80) },
    { name: "an empty message", payload: new Uint8Array(0) },
    { name: "S16: a message without fields", payload: Uint8Array.of(0) },
    { name: "S16: garbage", payload: Uint8Array.of(0, 0xff, 0xff, 0xff) },
  ];
  for (const { name, payload } of frames) {
    await t.step(`${name}: answered, and the connection goes on`, async () => {
      const client = await running.connect();
      client.write(clientFrame(payload));
      badRequest(await answerOf(client));
      client.write(opampFrame(reportOf(2)));
      strictEqual((await answerOf(client)).errorResponse, undefined);
      client.write(clientFrame(new Uint8Array(0), { opcode: 8 }));
      await client.ended();
    });
  }
  const violations: { name: string; frame: Uint8Array; want: number }[] = [
    { name: "text", frame: clientFrame(new TextEncoder().encode("hello"), { opcode: 1 }), want: 1003 },
    { name: "not masked", frame: clientFrame(Uint8Array.of(0), { masked: false }), want: 1002 },
    { name: "compressed", frame: clientFrame(Uint8Array.of(0), { reserved: 0x40 }), want: 1002 },
    { name: "an unknown opcode", frame: clientFrame(Uint8Array.of(0), { opcode: 5 }), want: 1002 },
    { name: "a continuation of nothing", frame: clientFrame(Uint8Array.of(0), { opcode: 0 }), want: 1002 },
    { name: "a ping in parts", frame: clientFrame(Uint8Array.of(0), { opcode: 9, final: false }), want: 1002 },
    { name: "a ping too long", frame: clientFrame(new Uint8Array(126), { opcode: 9 }), want: 1002 },
  ];
  for (const { name, frame, want } of violations) {
    await t.step(`${name}: closed with ${want}`, async () => {
      const client = await running.connect();
      client.write(frame);
      strictEqual(await client.closeCode(), want);
      await client.ended();
    });
  }
  await t.step("S16: over HTTP, with status 200", async () => {
    for (const body of [Uint8Array.of(0xff), encodeAgentToServer({ instanceUid: new Uint8Array(5) })]) {
      const response = await running.post(body);
      strictEqual(response.status, 200);
      badRequest(await bodyOf(response));
    }
    badRequest(await bodyOf(await running.post(Uint8Array.of(1, 2, 3), { "Content-Encoding": "gzip" })));
  });
  strictEqual(running.server.fleet.counts.known, 1);
});

Deno.test("S19 S45: tokens", async (t) => {
  const store = OpampStore.open(":memory:");
  const tokens = new AgentTokens(store, randomBytes);
  const { id, token } = tokens.issue("edge", 1);
  await using running = await Running.start({}, {
    authenticate: ({ headers }) => tokens.identify(headers.authorization),
  });
  const good = { Authorization: `Bearer ${token}` };
  const bad = [{}, { Authorization: "Bearer x" }, { Authorization: `Basic ${token}` }, {
    Authorization: `Bearer ${token}x`,
  }];
  await t.step("a bad one is refused before the upgrade, and over HTTP", async () => {
    for (const headers of bad) {
      strictEqual((await running.connect(headers)).status, 401);
      const response = await running.post(reportOf(1), headers);
      await response.body?.cancel();
      strictEqual(response.status, 401);
    }
    strictEqual(running.server.fleet.counts.known, 0);
  });
  await t.step("one that is revoked is cut while connected, and refused later", async () => {
    const client = await running.connect(good);
    client.write(opampFrame(reportOf(1)));
    strictEqual((await answerOf(client)).errorResponse, undefined);
    strictEqual(tokens.revoke(id), true);
    running.server.listener.cut(id);
    strictEqual(await client.closeCode(), 1008);
    strictEqual((await running.connect(good)).status, 401);
    strictEqual(running.server.fleet.counts.connected, 0);
  });
  store.close();
});

Deno.test("S18 S53: of a storm so many come in, the others are told when to come", async () => {
  await using running = await Running.start({ acceptsPerSecond: 10, acceptBurst: 3, maxRetryAfterMs: 4_000 });
  const clients = await Promise.all(Array.from({ length: 40 }, () => running.connect()));
  const accepted = clients.filter(({ status }) => status === 101).length;
  ok(accepted >= 3 && accepted < 20, `${accepted} came in`);
  const refused = clients.filter(({ status }) => status === 503);
  strictEqual(accepted + refused.length, 40);
  const waits = refused.map(({ response }) => Number(/Retry-After: (\d+)/.exec(response)?.[1]));
  ok(new Set(waits).size > 1 && waits.every((seconds) => seconds >= 1 && seconds <= 4), String(waits));
  const response = await running.post(reportOf(1));
  await response.body?.cancel();
  strictEqual(response.status, 503);
  ok(Number(response.headers.get("retry-after")) >= 1);
});

Deno.test("S18: an agent that polls is no newcomer", async () => {
  await using running = await Running.start({ acceptsPerSecond: 0.001, acceptBurst: 1 });
  const headers = { "OpAMP-Instance-UID": "01906a5c-0000-7000-8000-000000000001" };
  for (let sequenceNum = 1; sequenceNum < 4; sequenceNum++) {
    const response = await running.post(reportOf(1, { sequenceNum }), headers);
    strictEqual(response.status, 200);
    await response.body?.cancel();
  }
});

Deno.test("connections past the bound are answered 503", async () => {
  await using running = await Running.start({ maxConnections: 1 });
  strictEqual((await running.connect()).status, 101);
  strictEqual((await running.connect()).status, 503);
});

Deno.test("S37 S38: closing from either side", async (t) => {
  await using running = await Running.start();
  const { fleet } = running.server;
  await t.step("the agent says it goes, then closes", async () => {
    const client = await running.connect();
    client.write(opampFrame(reportOf(1)));
    await answerOf(client);
    strictEqual(fleet.counts.connected, 1);
    client.write(opampFrame(encodeAgentToServer({ instanceUid: uidOf(1), sequenceNum: 2, agentDisconnect: {} })));
    await answerOf(client);
    strictEqual(fleet.counts.connected, 0);
    client.write(clientFrame(Uint8Array.of(0x03, 0xe8), { opcode: 8 }));
    strictEqual(await client.closeCode(), 1000);
    await client.ended();
  });
  await t.step("the server shuts down: UNAVAILABLE with a time, a close frame", async () => {
    const other = await Running.start();
    const client = await other.connect();
    client.write(opampFrame(reportOf(1)));
    await answerOf(client);
    const done = other.server.shutdown(2_000);
    const { errorResponse } = await answerOf(client);
    strictEqual(errorResponse?.type, ServerErrorResponseType.Unavailable);
    ok((errorResponse.retryInfo?.retryAfterNanoseconds ?? 0) >= 1_000_000_000);
    strictEqual(await client.closeCode(), 1001);
    await client.ended();
    client.destroy();
    await done;
  });
});

Deno.test("half-open and slow connections", async (t) => {
  await t.step("one that answers no ping is cut, one that does stays", async () => {
    await using running = await Running.start({ pingIntervalMs: 60, pongTimeoutMs: 60 });
    const [silent, alive] = [await running.connect(), await running.connect()];
    for (const client of [silent, alive]) client.write(opampFrame(reportOf(client === silent ? 1 : 2)));
    await Promise.all([answerOf(silent), answerOf(alive)]);
    const answering = (async () => {
      for (;;) {
        const frame = await alive.frame();
        if (frame === undefined) return;
        if (frame.opcode === 9) alive.write(clientFrame(frame.payload, { opcode: 10 }));
      }
    })();
    await silent.ended();
    strictEqual(running.server.fleet.get(keyOf(1))?.connected, false);
    strictEqual(running.server.fleet.get(keyOf(2))?.connected, true);
    alive.destroy();
    await answering;
  });
  await t.step("one that takes nothing is cut", async () => {
    await using running = await Running.start({
      slowReaderTimeoutMs: 100,
      pingIntervalMs: 300,
      maxSendBufferBytes: 1_024,
    });
    const client = await running.connect();
    client.write(opampFrame(reportOf(1)));
    await answerOf(client);
    client.socket.pause();
    const gone = new Promise<void>((resolve) => {
      running.server.fleet.onChanges(() => running.server.fleet.counts.connected === 0 && resolve());
    });
    running.server.fleet.setDesired([keyOf(1)], configOf("x".repeat(30_000_000)));
    await gone;
    strictEqual(running.server.listener.connections, 0);
  });
  await t.step("one that sends and does not read is cut", async () => {
    await using running = await Running.start({ maxSendBufferBytes: 4_096 });
    const client = await running.connect();
    client.write(opampFrame(reportOf(1)));
    await answerOf(client);
    client.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(new Uint8Array(125), { opcode: 9 })));
    while (running.server.fleet.counts.connected > 0) {
      client.socket.write(pings);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    strictEqual(running.server.listener.connections, 0);
  });
});

Deno.test("a head that comes with the upgrade is read", async () => {
  await using running = await Running.start();
  const socket = net.connect({ port: running.port, host: "127.0.0.1" });
  const upgrade = "GET /v1/opamp HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  socket.write(Buffer.concat([Buffer.from(upgrade), opampFrame(reportOf(1))]));
  await new Promise<void>((resolve) => {
    running.server.fleet.onChanges(() => resolve());
  });
  strictEqual(running.server.fleet.counts.connected, 1);
  socket.destroy();
});

Deno.test("S19: over TLS a client needs a certificate where one is asked for", async () => {
  const { caCert, serverCert, serverKey, clientCert, clientKey } = await makeCertificates();
  await using running = await Running.start({}, {}, {
    cert: serverCert,
    key: serverKey,
    ca: caCert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const { port } = running;
  const connect = (more: tls.ConnectionOptions) =>
    tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: caCert, ...more });
  const known = await RawWebSocket.open(port, {}, undefined, connect({ cert: clientCert, key: clientKey }));
  strictEqual(known.status, 101);
  known.write(opampFrame(reportOf(1)));
  deepStrictEqual((await answerOf(known)).instanceUid, uidOf(1));
  known.destroy();
  const unknown = await RawWebSocket.open(port, {}, undefined, connect({}));
  strictEqual(unknown.response, "");
  unknown.destroy();
});
