/**
 * Tenants at the door, over real sockets and on the platform's server: who is asked when, what the sender is told, and
 * that every request leaves once.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import zlib from "node:zlib";
import type { TenantGate, Visit } from "../../pipeline/contract/tenants.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { decodeResponse } from "../../pipeline/otlp/partial_success.ts";
import { decodeStatus } from "../../pipeline/otlp/status.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { openEdge, type Serve } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { OTLP_SERVERS } from "../support/otlp_servers.ts";
import { type RawAnswer, RawConnection, type RawRequest, rawRequest, sendRaw } from "../support/raw_http.ts";
import { type SomeRow, testGate } from "../pipeline/tenants/support.ts";

const PROTOBUF = "Content-Type: application/x-protobuf";
const ACME = "Tenant: acme";
const SPANS = traceRequestBytes({ spans: 10 });

/** An edge whose only tenant is acme, and what its requests left with. */
async function open(serve: Serve, row: SomeRow, isLate = false) {
  const made = testGate({ acme: row }, new FakeClock());
  const left: [status: number, rejectedItems: number][] = [];
  const watched = (visit: Visit) => {
    const leave = visit.leave.bind(visit);
    visit.leave = (status, rejectedItems) => {
      left.push([status, rejectedItems]);
      leave(status, rejectedItems);
    };
    return visit;
  };
  const gate: TenantGate = {
    pipelinesOf: (tenant) => made.gate.pipelinesOf(tenant),
    enter(signal, sender, bytes) {
      const visit = made.gate.enter(signal, sender, bytes);
      if (visit instanceof Promise) throw new TypeError("who sends is known without a promise");
      return isLate ? Promise.resolve(watched(visit)) : watched(visit);
    },
  };
  const edge = await openEdge(serve, {}, ["traces"], { tenants: gate });
  return { ...made, edge, left };
}

async function send(port: number, request: RawRequest): Promise<RawAnswer> {
  const answer = await sendRaw(port, request);
  ok(answer !== undefined, "no answer");
  return answer;
}

for (const { name, serve } of OTLP_SERVERS) {
  Deno.test(`tenants on ${name}`, async (t) => {
    const held = { all: { concurrentRequests: 5, bytesInFlight: 1_000_000 } };
    for (const isLate of [false, true]) {
      await t.step(`a payload has its tenant${isLate ? ", also when that takes a while" : ""}`, async () => {
        const { edge, left, cells } = await open(serve, { limits: held }, isLate);
        const answer = await send(edge.port, { headers: [PROTOBUF, ACME], body: SPANS });
        strictEqual(answer.status, 200);
        strictEqual(edge.payloads[0]?.origin.tenant?.id, "acme");
        deepStrictEqual(edge.payloads[0]?.origin.metadata.get("tenant.id"), ["acme"]);
        deepStrictEqual(left, [[200, 0]]);
        strictEqual(cells.concurrency(0, 0), 0);
        strictEqual(cells.bytesInFlight(0, 0), 0);
        await edge.close();
      });
    }
    await t.step("nobody that is known: 401, and nothing to leave", async () => {
      const { edge, left } = await open(serve, {});
      const answer = await send(edge.port, { headers: [PROTOBUF], body: SPANS });
      strictEqual(answer.status, 401);
      deepStrictEqual(left, []);
      await edge.close();
    });
    await t.step("over a limit: 429 with a time in the header and in the status", async () => {
      const { edge, left } = await open(serve, { limits: { all: { requestsPerSecond: 0.4, burstMs: 1_000 } } });
      const statuses: number[] = [];
      for (let i = 0; i < 2; i++) {
        const answer = await send(edge.port, { headers: [PROTOBUF, ACME], body: SPANS });
        statuses.push(answer.status);
        if (i === 0) continue;
        strictEqual(answer.headers.get("retry-after"), "3");
        match(decodeStatus(answer.body)?.message ?? "", /0.4 requests_per_second of tenant acme .* 2500 ms/);
      }
      deepStrictEqual(statuses, [200, 429]);
      deepStrictEqual(left, [[200, 0]]);
      await edge.close();
    });
    await t.step("a part that fits: partial success, with what is rejected behind", async () => {
      const { edge, left, cells } = await open(serve, { limits: { all: { itemsPerSecond: 4, burstMs: 1_000 } } });
      edge.pipeline = () => Promise.resolve({ rejectedItems: 1, message: "one is too old" });
      const answer = await send(edge.port, { headers: [PROTOBUF, ACME], body: SPANS });
      const partial = decodeResponse(answer.body);
      strictEqual(partial?.rejectedItems, 7);
      match(partial?.message ?? "", /^6 of 10 spans are not taken: .* 1000 ms; one is too old$/);
      strictEqual(edge.payloads[0]?.itemCount, 4);
      deepStrictEqual(left, [[200, 7]]);
      strictEqual(cells.refusals(0, "items_per_second"), 1);
      await edge.close();
    });
    await t.step("a body larger than the tenant's, whatever way it comes", async () => {
      const { edge, left } = await open(serve, { limits: { all: { maxRequestBodySize: 200, ...held.all } } });
      const gzipped = zlib.gzipSync(SPANS);
      const chunked = new TextEncoder().encode(`${SPANS.length.toString(16)}\r\n`);
      const chunks = new Uint8Array([...chunked, ...SPANS, ...new TextEncoder().encode("\r\n0\r\n\r\n")]);
      ok(gzipped.length < SPANS.length);
      const requests = [
        { headers: [PROTOBUF, ACME], body: SPANS },
        { headers: [PROTOBUF, ACME, "Transfer-Encoding: chunked"], body: chunks },
        { headers: [PROTOBUF, ACME, "Content-Encoding: gzip"], body: gzipped },
      ];
      for (const request of requests) strictEqual((await send(edge.port, request)).status, 413);
      ok(left.every(([status]) => status === 413));
      strictEqual(edge.payloads.length, 0);
      await edge.close();
    });
    await t.step("broken, empty and failing requests leave once", async () => {
      const { edge, left, cells } = await open(serve, { limits: held });
      const sendBody = (body: Uint8Array) => send(edge.port, { headers: [PROTOBUF, ACME], body });
      await sendBody(Uint8Array.of(10, 200, 1));
      await sendBody(new Uint8Array(0));
      edge.pipeline = () => Promise.reject(new UnavailableError("Cannot keep it: nobody is there"));
      await sendBody(SPANS);
      deepStrictEqual(left, [[400, 0], [200, 0], [503, 0]]);
      strictEqual(cells.concurrency(0, 0), 0);
      await edge.close();
    });
  });
}

/** What a connection takes of a body that nobody wants. */
const DROPPED_BYTES = 2 * 1024 * 1024;

Deno.test("tenants: a refused body is not asked for, and a sender that is cut off leaves", async (t) => {
  const { serve } = OTLP_SERVERS[0]!;
  await t.step("one that waits for a word before it sends", async () => {
    const { edge } = await open(serve, { limits: { all: { maxRequestBodySize: 200 } } });
    using connection = await RawConnection.open(edge.port);
    const head = `POST /v1/traces HTTP/1.1\r\nHost: a\r\n${PROTOBUF}\r\n${ACME}\r\nExpect: 100-continue\r\n` +
      `Content-Length: 5000000\r\n\r\n`;
    await connection.send(head);
    strictEqual((await connection.answer())?.status, 413);
    await edge.close();
  });
  await t.step("up to 2 MiB are thrown away, and the connection takes the next request", async () => {
    const { edge } = await open(serve, { limits: { all: { maxRequestBodySize: 200 } } });
    using connection = await RawConnection.open(edge.port);
    for (let i = 0; i < 2; i++) {
      await connection.send(rawRequest({ headers: [PROTOBUF, ACME], body: new Uint8Array(DROPPED_BYTES) }));
      const answer = await connection.answer();
      deepStrictEqual([answer?.status, answer?.headers.get("connection")], [413, null]);
    }
    await connection.send(rawRequest({ headers: [PROTOBUF, ACME], body: new Uint8Array(0) }));
    strictEqual((await connection.answer())?.status, 200);
    await edge.close();
  });
  await t.step("of a larger one the connection goes", async () => {
    const { edge } = await open(serve, { limits: { all: { maxRequestBodySize: 200 } } });
    using connection = await RawConnection.open(edge.port);
    const head = `POST /v1/traces HTTP/1.1\r\nHost: a\r\n${PROTOBUF}\r\n${ACME}\r\n`;
    await connection.send(`${head}Content-Length: ${DROPPED_BYTES + 1}\r\n\r\n`);
    const answer = await connection.answer();
    deepStrictEqual([answer?.status, answer?.headers.get("connection")], [413, "close"]);
    ok(await connection.isClosedByPeer());
    await edge.close();
  });
  await t.step("one that goes away in the middle of its body holds nothing", async () => {
    const { edge, left, cells } = await open(serve, { limits: { all: { concurrentRequests: 1 } } });
    const connection = await RawConnection.open(edge.port);
    await connection.send(rawRequest({ headers: [PROTOBUF, ACME], body: SPANS }).subarray(0, -100));
    while (cells.concurrency(0, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    connection[Symbol.dispose]();
    while (left.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    deepStrictEqual(left, [[503, 0]]);
    strictEqual(cells.concurrency(0, 0), 0);
    await edge.close();
  });
});
