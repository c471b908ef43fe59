/**
 * The listener: its address, TLS, shutdown, and apps other than OTLP.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { Hono } from "hono";
import { httpServerShape } from "../../pipeline/config/network/http_server.ts";
import { section } from "../../pipeline/config/schema.ts";
import { KEPT, type Outcome } from "../../pipeline/contract/consumer.ts";
import type { FetchHandler } from "../../pipeline/contract/http.ts";
import { serveHttp } from "../../routes/listener.ts";
import { makeCertificates } from "../support/certificates.ts";
import { asYaml, type HttpSettings, openEdge } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { RawConnection, rawRequest, sendRaw } from "../support/raw_http.ts";

const SPANS = traceRequestBytes({ spans: 3 });
const REQUEST = { headers: ["Content-Type: application/x-protobuf"], body: SPANS };
const serverSchema = section(httpServerShape("127.0.0.1:0"));
const open = (settings: HttpSettings = {}) => openEdge((config, otlp) => serveHttp(config, { otlp }), settings);
const openFetch = (fetch: FetchHandler, settings: HttpSettings = {}) =>
  serveHttp(serverSchema.parse(asYaml(settings)), { fetch });
const soon = () => AbortSignal.timeout(2_000);

Deno.test("serveHttp() listens where it is told", async (t) => {
  const cases = [
    { endpoint: "127.0.0.1:0", transport: "tcp", hostname: "127.0.0.1" },
    { endpoint: "localhost:0", transport: "tcp", hostname: "127.0.0.1" },
    { endpoint: "localhost:0", transport: "tcp6", hostname: "::1" },
    { endpoint: "[::1]:0", transport: "tcp", hostname: "::1" },
    { endpoint: ":0", transport: "tcp4", hostname: "0.0.0.0" },
  ];
  for (const { hostname, ...settings } of cases) {
    await t.step(`${settings.endpoint} ${settings.transport}`, async () => {
      const server = await openFetch(() => new Response("here"), settings);
      strictEqual(server.address.hostname, hostname);
      const host = hostname.includes(":") ? `[${hostname}]` : "127.0.0.1";
      strictEqual(await (await fetch(`http://${host}:${server.address.port}/`)).text(), "here");
      await server.shutdown(soon());
    });
  }
  await t.step("two share a port", async () => {
    const first = await open();
    const second = await open({ endpoint: `127.0.0.1:${first.port}` });
    strictEqual(second.port, first.port);
    await first.close();
    strictEqual((await sendRaw(second.port, REQUEST))?.status, 200);
    await second.close();
  });
  await t.step(
    "an address that is not ours fails",
    () => rejects(openFetch(() => new Response(), { endpoint: "192.0.2.1:0" })),
  );
  await t.step(
    "a response header that HTTP does not allow fails",
    () => rejects(open({ response_headers: { "X-A": "a\r\nX-B: b" } }), TypeError),
  );
});

Deno.test("shutdown()", async (t) => {
  await t.step("finishes what is in flight, closes idle connections at once, takes no new ones", async () => {
    const edge = await open();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const entered = Promise.withResolvers<void>();
    edge.pipeline = () => {
      entered.resolve();
      return promise;
    };
    using idle = await RawConnection.open(edge.port);
    using busy = await RawConnection.open(edge.port);
    await busy.send(rawRequest(REQUEST));
    await entered.promise;
    const closing = edge.close();
    ok(await idle.isClosedByPeer());
    await rejects(RawConnection.open(edge.port), Deno.errors.ConnectionRefused);
    resolve(KEPT);
    const answer = await busy.answer();
    strictEqual(answer?.status, 200);
    strictEqual(answer.headers.get("connection"), "close");
    ok(await busy.isClosedByPeer());
    await closing;
  });
  await t.step("at the deadline who waits is told to come back", async () => {
    const { serverCert: cert_pem, serverKey: key_pem, caCert: ca } = await makeCertificates();
    for (const tls of [undefined, { cert_pem, key_pem }]) {
      const edge = await open(tls === undefined ? {} : { tls });
      const entered = Promise.withResolvers<void>();
      edge.pipeline = (_payload, abort) => {
        entered.resolve();
        return new Promise((_, reject) => abort.addEventListener("abort", () => reject(new Error("stopped"))));
      };
      using connection = tls === undefined
        ? await RawConnection.open(edge.port)
        : new RawConnection(await Deno.connectTls({ hostname: "localhost", port: edge.port, caCerts: [ca] }));
      await connection.send(rawRequest(REQUEST));
      await entered.promise;
      const deadline = new AbortController();
      const closing = edge.server.shutdown(deadline.signal);
      deadline.abort();
      const answer = await connection.answer();
      strictEqual(answer?.status, 503);
      strictEqual(answer.headers.get("connection"), "close");
      strictEqual(answer.headers.get("retry-after"), "1");
      await closing;
      ok(await connection.isClosedByPeer());
    }
  });
  await t.step("and who sends its body", async () => {
    const edge = await open();
    using connection = await RawConnection.open(edge.port);
    const reading = Promise.withResolvers<void>();
    edge.admit = () => reading.resolve();
    await connection.send(rawRequest(REQUEST).subarray(0, -1));
    await reading.promise;
    await edge.server.shutdown(AbortSignal.abort());
    strictEqual((await connection.answer())?.status, 503);
  });
  await t.step("who is not answered then is cut off, and the pipeline is told", async () => {
    const edge = await open();
    const entered = Promise.withResolvers<AbortSignal>();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    edge.pipeline = (_payload, abort) => {
      entered.resolve(abort);
      return promise;
    };
    using connection = await RawConnection.open(edge.port);
    await connection.send(rawRequest(REQUEST));
    const abort = await entered.promise;
    const deadline = new AbortController();
    const closing = edge.server.shutdown(deadline.signal);
    deadline.abort();
    await closing;
    strictEqual(await connection.answer(), undefined);
    ok(abort.aborted);
    resolve(KEPT);
  });
  await t.step("with a deadline that has passed", async () => {
    const edge = await open();
    using _open = await RawConnection.open(edge.port);
    await edge.server.shutdown(AbortSignal.abort());
  });
});

Deno.test("keep_alives_enabled: false closes behind every answer", async () => {
  const edge = await open({ keep_alives_enabled: false });
  using connection = await RawConnection.open(edge.port);
  await connection.send(rawRequest(REQUEST));
  strictEqual((await connection.answer())?.headers.get("connection"), "close");
  ok(await connection.isClosedByPeer());
  await edge.close();
});

Deno.test("a fetch handler is served", async (t) => {
  const app = new Hono()
    .get("/", (c) => c.text(`${c.req.query("a")} ${c.req.header("x-a")}`, 200, { "x-b": "c" }))
    .post("/echo", async (c) => c.text(await c.req.text()))
    .get("/cookies", (c) => {
      c.header("set-cookie", "a=1", { append: true });
      c.header("set-cookie", "b=2", { append: true });
      return c.body(null, 204);
    })
    .get("/stream", () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            for (let part = 0; part < 64; part++) {
              controller.enqueue(new Uint8Array(32_768));
              await Promise.resolve();
            }
            controller.close();
          },
        }),
      ))
    .get("/broken", () => {
      throw new Error("secret");
    });
  app.onError(() => {
    throw new Error("secret");
  });
  const server = await openFetch(app.fetch, { max_request_body_size: 10 });
  const base = `http://127.0.0.1:${server.address.port}`;
  await t.step("with its query and headers", async () => {
    const answer = await fetch(`${base}/?a=1`, { headers: { "x-a": "2" } });
    strictEqual(answer.headers.get("x-b"), "c");
    strictEqual(await answer.text(), "1 2");
  });
  await t.step("with its body, up to the limit", async () => {
    strictEqual(await (await fetch(`${base}/echo`, { method: "POST", body: "0123456789" })).text(), "0123456789");
    const tooLarge = await fetch(`${base}/echo`, { method: "POST", body: "01234567890" });
    strictEqual(tooLarge.status, 413);
    await tooLarge.body?.cancel();
  });
  await t.step("with several cookies", async () => {
    deepStrictEqual((await fetch(`${base}/cookies`)).headers.getSetCookie(), ["a=1", "b=2"]);
  });
  await t.step("with a body that comes in parts", async () => {
    strictEqual((await (await fetch(`${base}/stream`)).bytes()).length, 64 * 32_768);
  });
  await t.step("HEAD has no body", async () => {
    const answer = await fetch(`${base}/?a=1`, { method: "HEAD" });
    strictEqual(answer.status, 200);
    strictEqual(await answer.text(), "");
  });
  await t.step("what it throws is a bare 500", async () => {
    const answer = await fetch(`${base}/broken`);
    strictEqual(answer.status, 500);
    strictEqual(await answer.text(), "");
  });
  await server.shutdown(soon());
});

Deno.test("bodies of 3 MB arrive as they were sent, several at once", async (t) => {
  const { serverCert, serverKey } = await makeCertificates();
  const byName = {
    "plain": {},
    "TLS": { tls: { cert_pem: serverCert, key_pem: serverKey } },
  };
  for (const [name, settings] of Object.entries(byName)) {
    await t.step(name, async () => {
      const echo = async (request: Request) => new Response(await request.bytes());
      const server = await openFetch(echo, settings);
      const { port } = server.address;
      const bodies = [1, 2].map((seed) => Uint8Array.from({ length: 3_000_000 }, (_, at) => at * seed >>> 7));
      const answers = await Promise.all(bodies.map((body) => echoed(port, name === "TLS", body)));
      for (const [place, body] of bodies.entries()) strictEqual(answers[place]?.compare(body), 0);
      await server.shutdown(soon());
    });
  }
});

Deno.test("TLS", async (t) => {
  const certificates = await makeCertificates();
  const dir = await Deno.makeTempDir();
  const files = { cert_file: `${dir}/server.pem`, key_file: `${dir}/server.key`, client_ca_file: `${dir}/ca.pem` };
  await Deno.writeTextFile(files.cert_file, certificates.serverCert);
  await Deno.writeTextFile(files.key_file, certificates.serverKey);
  await Deno.writeTextFile(files.client_ca_file, certificates.caCert);
  const { client_ca_file: _, ...tls } = files;
  const client = { cert: certificates.clientCert, key: certificates.clientKey };
  const post = (port: number, options: https.RequestOptions) => postTls(port, { ca: certificates.caCert, ...options });

  await t.step("serves", async () => {
    const edge = await open({ tls });
    strictEqual(await post(edge.port, {}), 200);
    await edge.close();
  });
  await t.step("certificate and key as text", async () => {
    const edge = await open({ tls: { cert_pem: certificates.serverCert, key_pem: certificates.serverKey } });
    strictEqual(await post(edge.port, {}), 200);
    await edge.close();
  });
  await t.step("min_version 1.3 refuses 1.2", async () => {
    const edge = await open({ tls: { ...tls, min_version: "1.3" } });
    await rejects(post(edge.port, { maxVersion: "TLSv1.2" }));
    strictEqual(await post(edge.port, { minVersion: "TLSv1.3" }), 200);
    await edge.close();
  });
  await t.step("max_version 1.2 refuses 1.3", async () => {
    const edge = await open({ tls: { ...tls, max_version: "1.2" } });
    await rejects(post(edge.port, { minVersion: "TLSv1.3" }));
    strictEqual(await post(edge.port, { maxVersion: "TLSv1.2" }), 200);
    await edge.close();
  });
  await t.step("client_ca_file: no certificate, no request", async () => {
    const edge = await open({ tls: files });
    await rejects(post(edge.port, {}));
    await rejects(post(edge.port, { cert: SELF_SIGNED.cert, key: SELF_SIGNED.key }));
    strictEqual(edge.payloads.length, 0);
    strictEqual(await post(edge.port, client), 200);
    strictEqual(edge.payloads.length, 1);
    await edge.close();
  });
  await t.step("a handshake that does not come is cut off, and does not hold up a shutdown", async () => {
    const edge = await open({ tls, read_header_timeout: "100ms" });
    using silent = await RawConnection.open(edge.port);
    ok(await silent.isClosedByPeer());
    using _another = await RawConnection.open(edge.port);
    await edge.server.shutdown(AbortSignal.abort());
  });
  await t.step("plain HTTP on it is refused", async () => {
    const edge = await open({ tls });
    strictEqual(await sendRaw(edge.port, REQUEST).catch(() => undefined), undefined);
    strictEqual(await post(edge.port, {}), 200);
    await edge.close();
  });
  await t.step(
    "a file that is not there fails the start",
    () => rejects(open({ tls: { ...tls, key_file: `${dir}/none` } }), Deno.errors.NotFound),
  );
  await t.step("reload_interval takes up a new certificate", async () => {
    const edge = await open({ tls: { ...tls, reload_interval: "20ms" } });
    strictEqual(await post(edge.port, {}), 200);
    const next = await makeCertificates();
    await Deno.writeTextFile(files.cert_file, next.serverCert);
    await Deno.writeTextFile(files.key_file, next.serverKey);
    let status: number | undefined;
    for (let turn = 0; turn < 100 && status !== 200; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      status = await postTls(edge.port, { ca: next.caCert }).catch(() => undefined);
    }
    strictEqual(status, 200);
    await edge.close();
  });
  await Deno.remove(dir, { recursive: true });
});

/** Another authority's client certificate. */
const { clientCert, clientKey } = await makeCertificates();
const SELF_SIGNED = { cert: clientCert, key: clientKey };

/** What a server answers to `body`. */
function echoed(port: number, isTls: boolean, body: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method: "POST", rejectUnauthorized: false, agent: false };
    const request = (isTls ? https : http).request(options, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks)));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function postTls(port: number, options: https.RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: "localhost",
      port,
      path: "/v1/traces",
      method: "POST",
      agent: false,
      headers: { "content-type": "application/x-protobuf", "content-length": SPANS.length },
      ...options,
    }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end(SPANS);
  });
}
