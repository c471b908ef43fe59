/**
 * Bad senders at the listener: slow, lying, malformed, too many. Each is refused or cut off, nothing stays held, and
 * the next good request is served.
 *
 * Sources: RFC 9112; collector reference 1.7 and 1.10.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { KEPT } from "../../pipeline/contract/consumer.ts";
import { decodeStatusJson } from "../../pipeline/otlp/status.ts";
import { serveHttp } from "../../routes/listener.ts";
import { type Edge, type HttpSettings, openEdge } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { RawConnection, rawRequest, sendRaw } from "../support/raw_http.ts";

const PROTOBUF = "Content-Type: application/x-protobuf";
const SPANS = traceRequestBytes({ spans: 3 });
const GOOD = rawRequest({ headers: [PROTOBUF], body: SPANS });
const SHORT = { read_header_timeout: "150ms", read_timeout: "300ms", idle_timeout: "100ms" };

const open = (settings: HttpSettings = {}) => openEdge((config, otlp) => serveHttp(config, { otlp }), settings);

async function withEdge(settings: HttpSettings, test: (edge: Edge) => Promise<void>): Promise<void> {
  const edge = await open(settings);
  try {
    await test(edge);
    strictEqual((await sendRaw(edge.port, { headers: [PROTOBUF], body: SPANS }))?.status, 200, "the next good request");
    for (let turn = 0; turn < 500 && edge.memory.heldBytes() !== 0; turn++) await nextTurn();
    strictEqual(edge.memory.heldBytes(), 0, "bytes that stay held");
  } finally {
    await edge.close();
  }
}

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 2));

Deno.test("malformed requests are refused", async (t) => {
  const cases: { name: string; bytes: string; status: number }[] = [
    { name: "no Host", bytes: "POST /v1/traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n", status: 400 },
    {
      name: "Content-Length and Transfer-Encoding",
      bytes: head("Content-Length: 3\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
      status: 400,
    },
    { name: "two Content-Lengths", bytes: head("Content-Length: 3\r\nContent-Length: 4", "abcd"), status: 400 },
    { name: "a negative Content-Length", bytes: head("Content-Length: -3", "abc"), status: 400 },
    { name: "a Content-Length that is no number", bytes: head("Content-Length: 3x", "abc"), status: 400 },
    {
      name: "a chunk size that is no number",
      bytes: head("Transfer-Encoding: chunked\r\nContent-Type: application/json", "zz\r\nabc\r\n"),
      status: 400,
    },
    { name: "bare line feeds", bytes: "POST /v1/traces HTTP/1.1\nHost: a\nContent-Length: 0\n\n", status: 400 },
    { name: "a TLS hello", bytes: "\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n", status: 400 },
    { name: "headers above 64 KiB", bytes: head(`X-Large: ${"a".repeat(70_000)}`, ""), status: 431 },
    {
      name: "a Transfer-Encoding that is not just chunked",
      bytes: head("Transfer-Encoding: gzip, chunked\r\nContent-Type: application/json", "0\r\n\r\n"),
      status: 501,
    },
    {
      name: "an expectation that nobody can meet",
      bytes: head("Expect: a-cake\r\nContent-Length: 0", ""),
      status: 417,
    },
  ];
  for (const { name, bytes, status } of cases) {
    await t.step(name, () =>
      withEdge({}, async (edge) => {
        using connection = await RawConnection.open(edge.port);
        await connection.send(bytes);
        strictEqual((await connection.answer())?.status, status);
        strictEqual(edge.payloads.length, 0);
      }));
  }
});

Deno.test("headers of 60 KiB are taken", () =>
  withEdge({}, async ({ port }) => {
    const headers = [PROTOBUF, `X-Large: ${"a".repeat(60_000)}`];
    strictEqual((await sendRaw(port, { headers, body: SPANS }))?.status, 200);
  }));

Deno.test("slow senders are cut off", async (t) => {
  const cases: { name: string; bytes: string; status: number | undefined }[] = [
    { name: "nothing at all", bytes: "", status: 408 },
    { name: "half a head", bytes: "POST /v1/traces HTTP/1.1\r\nHost: a", status: 408 },
    { name: "half a body", bytes: head("Content-Type: application/json\r\nContent-Length: 30", "{"), status: 503 },
    {
      name: "half a chunked body",
      bytes: head("Content-Type: application/json\r\nTransfer-Encoding: chunked", "1\r\n{\r\n"),
      status: 503,
    },
    {
      name: "100-continue and then nothing",
      bytes: head("Content-Type: application/json\r\nContent-Length: 30\r\nExpect: 100-continue", ""),
      status: 503,
    },
  ];
  for (const { name, bytes, status } of cases) {
    await t.step(name, () =>
      withEdge(SHORT, async (edge) => {
        using connection = await RawConnection.open(edge.port);
        await connection.send(bytes);
        let answer = await connection.answer();
        if (answer?.status === 100) answer = await connection.answer();
        strictEqual(answer?.status, status);
        if (status === 503) strictEqual(decodeStatusJson(answer?.body ?? new Uint8Array(0))?.code, 4);
        ok(await connection.isClosedByPeer());
      }));
  }
  await t.step("a connection that idles between requests", () =>
    withEdge(SHORT, async ({ port }) => {
      using connection = await RawConnection.open(port);
      await connection.send(GOOD);
      strictEqual((await connection.answer())?.status, 200);
      ok(await connection.isClosedByPeer());
    }));
  await t.step(
    "a pipeline that is slow is no slow sender",
    () =>
      withEdge({ ...SHORT, read_timeout: "150ms" }, async (edge) => {
        edge.pipeline = () => new Promise((resolve) => setTimeout(() => resolve(KEPT), 500));
        strictEqual((await sendRaw(edge.port, { headers: [PROTOBUF], body: SPANS }))?.status, 200);
      }),
  );
  await t.step(
    "an answer that takes longer than write_timeout",
    () =>
      withEdge({ write_timeout: "100ms" }, async (edge) => {
        const { promise, resolve } = Promise.withResolvers<typeof KEPT>();
        edge.pipeline = () => promise;
        strictEqual(await sendRaw(edge.port, { headers: [PROTOBUF], body: SPANS }), undefined);
        resolve(KEPT);
      }),
  );
  await t.step("200 of them do not disturb others", () =>
    withEdge({}, async ({ port }) => {
      const slow = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(port)));
      try {
        await Promise.all(
          slow.map((connection) => connection.send("POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Le")),
        );
        strictEqual((await sendRaw(port, { headers: [PROTOBUF], body: SPANS }))?.status, 200);
      } finally {
        for (const connection of slow) connection[Symbol.dispose]();
      }
    }));
});

Deno.test("a body that is refused is not waited for", async (t) => {
  const TOO_LARGE = "Content-Length: 100000000000";
  await t.step("100 GB announced, nothing sent", () =>
    withEdge({}, async ({ port }) => {
      using connection = await RawConnection.open(port);
      await connection.send(rawRequest({ headers: [PROTOBUF, TOO_LARGE] }));
      const answer = await connection.answer();
      strictEqual(answer?.status, 413);
      strictEqual(answer.headers.get("connection"), "close");
      ok(await connection.isClosedByPeer());
    }));
  await t.step(
    "100 GB announced and sent as fast as it is taken: the answer still arrives, then it ends",
    () =>
      withEdge({}, async ({ port }) => {
        using connection = await RawConnection.open(port);
        await connection.send(rawRequest({ headers: [PROTOBUF, TOO_LARGE] }));
        const flood = connection.send(new Uint8Array(64 * 1024 * 1024));
        strictEqual((await connection.answer())?.status, 413);
        ok(await connection.isClosedByPeer());
        await flood;
      }),
  );
  await t.step("Expect: 100-continue of too large a body is not continued", () =>
    withEdge({}, async ({ port }) => {
      using connection = await RawConnection.open(port);
      await connection.send(rawRequest({ headers: [PROTOBUF, TOO_LARGE, "Expect: 100-continue"] }));
      strictEqual((await connection.answer())?.status, 413);
      ok(await connection.isClosedByPeer());
    }));
  await t.step("Expect: 100-continue of a good body is", () =>
    withEdge({}, async ({ port }) => {
      using connection = await RawConnection.open(port);
      const expects = [PROTOBUF, `Content-Length: ${SPANS.length}`, "Expect: 100-continue"];
      await connection.send(rawRequest({ headers: expects }));
      strictEqual((await connection.answer())?.status, 100);
      await connection.send(SPANS);
      strictEqual((await connection.answer())?.status, 200);
    }));
});

Deno.test("a sender that closes its half has left: a connection that closes looks the same from here", () =>
  withEdge({}, async (edge) => {
    const entered = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    edge.pipeline = (_payload, abort) => {
      abort.addEventListener("abort", () => aborted.resolve());
      entered.resolve();
      return aborted.promise.then(() => KEPT);
    };
    using connection = await RawConnection.open(edge.port);
    await connection.send(GOOD);
    await entered.promise;
    await connection.closeWrite();
    await aborted.promise;
    edge.pipeline = () => Promise.resolve(KEPT);
  }));

Deno.test("a large length that is announced and not sent costs no memory of its size", () =>
  withEdge({}, async (edge) => {
    const liars = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(edge.port)));
    const liar = rawRequest({ headers: [PROTOBUF, "Content-Length: 60000000"], body: new Uint8Array(1) });
    await Promise.all(liars.map((connection) => connection.send(liar)));
    for (let turn = 0; turn < 500 && edge.memory.heldBytes() < 20 * 1024 * 1024; turn++) await nextTurn();
    strictEqual(edge.memory.heldBytes(), 20 * 1024 * 1024);
    for (const connection of liars) connection[Symbol.dispose]();
  }));

Deno.test("pipelined requests are answered in their order", () =>
  withEdge({}, async (edge) => {
    let calls = 0;
    edge.pipeline = async () => {
      const rejectedItems = ++calls;
      if (rejectedItems === 1) await nextTurn();
      return { rejectedItems, message: "" };
    };
    using connection = await RawConnection.open(edge.port);
    const two = new Uint8Array(GOOD.length * 2);
    two.set(GOOD);
    two.set(GOOD, GOOD.length);
    await connection.send(two);
    const [first, second] = [await connection.answer(), await connection.answer()];
    deepStrictEqual([first?.body.at(-1), second?.body.at(-1)], [1, 2]);
  }));

Deno.test("connections past max_connections are closed, and room is found again", () =>
  withEdge({ max_connections: 2 }, async ({ port }) => {
    const kept = [await RawConnection.open(port), await RawConnection.open(port)];
    for (const connection of kept) {
      await connection.send(GOOD);
      strictEqual((await connection.answer())?.status, 200);
    }
    using third = await RawConnection.open(port);
    await third.send(GOOD);
    strictEqual(await third.answer(), undefined);
    for (const connection of kept) connection[Symbol.dispose]();
    for (let turn = 0; turn < 500; turn++) {
      if ((await sendRaw(port, { headers: [PROTOBUF], body: SPANS }))?.status === 200) return;
      await nextTurn();
    }
    throw new Error("no room was found again");
  }));

function head(headers: string, body: string): string {
  return `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`;
}
