/** How long a connection may take to bring what is left of a body that nobody wanted. */

import { strictEqual } from "node:assert/strict";
import { InvalidPayloadError } from "../../../pipeline/core/errors.ts";
import { AnswerCache } from "../../../routes/http1/answer.ts";
import { Connection, type ConnectionHost } from "../../../routes/http1/connection.ts";
import { ReadSpace } from "../../../routes/http1/read_space.ts";
import { RawConnection } from "../../support/raw_http.ts";

const BODY_BYTES = 2_000_000;
const DEADLINES = { headMs: 10_000, requestMs: 30_000, idleMs: 60_000, answerMs: 0 };
const late = new InvalidPayloadError("Cannot read the body: it is late");

/** One connection that answers every request with `status`, its body unread, by a clock in hand. */
class Host implements ConnectionHost {
  readonly answers = new AnswerCache();
  readonly space = new ReadSpace();
  readonly isClosed = Promise.withResolvers<void>();
  nowMs = 1_000;
  connection: Connection | undefined;

  constructor(readonly status: number) {}

  get soonMs(): number {
    return this.nowMs;
  }

  async serve(exchange: Parameters<ConnectionHost["serve"]>[0]): Promise<void> {
    await exchange.send({ status: this.status, headers: [], body: new Uint8Array(0) }, true);
  }

  closed(): void {
    this.isClosed.resolve();
  }

  advance(ms: number, deadlines = DEADLINES): void {
    this.nowMs += ms;
    this.connection?.check(deadlines, late);
  }
}

async function withConnection(status: number, run: (client: RawConnection, host: Host) => Promise<void>) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, client] = await Promise.all([listener.accept(), RawConnection.open(listener.addr.port)]);
  const host = new Host(status);
  const connection = host.connection = new Connection(conn, host);
  const done = connection.run();
  try {
    await client.send(`POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
    strictEqual((await client.answer())?.status, status);
    await new Promise((resolve) => setTimeout(resolve, 0)); // the rest is waited for
    await run(client, host);
  } finally {
    client[Symbol.dispose]();
    connection.close();
    await done;
  }
}

Deno.test("the rest of a body behind an early answer has the request's deadline", async (t) => {
  for (const status of [401, 404, 405, 415]) {
    await t.step(
      `${status}, silent: at the deadline it is closed, and not before`,
      () =>
        withConnection(status, async (client, host) => {
          host.advance(DEADLINES.requestMs - 1);
          strictEqual(host.connection?.isClosed, false);
          host.advance(1);
          strictEqual(host.connection.isClosed, true);
          strictEqual(await client.isClosedByPeer(), true);
        }),
    );

    await t.step(
      `${status}, a byte each 20 s: the same deadline, from the head on`,
      () =>
        withConnection(status, async (client, host) => {
          await client.send("x");
          host.advance(20_000);
          await client.send("x");
          strictEqual(host.connection?.isClosed, false);
          host.advance(20_000);
          strictEqual(host.connection.isClosed, true);
        }),
    );
  }

  await t.step("without a deadline of requests that of idle connections holds", () =>
    withConnection(404, (_, host) => {
      const deadlines = { ...DEADLINES, requestMs: 0 };
      host.advance(DEADLINES.idleMs - 1, deadlines);
      strictEqual(host.connection?.isClosed, false);
      host.advance(1, deadlines);
      strictEqual(host.connection.isClosed, true);
      return Promise.resolve();
    }));

  await t.step(
    "a rest that comes in time keeps the connection, for a next request with a time of its own",
    () =>
      withConnection(404, async (client, host) => {
        host.advance(DEADLINES.requestMs - 1);
        await client.send(new Uint8Array(BODY_BYTES));
        await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        strictEqual((await client.answer())?.status, 404);
        host.advance(DEADLINES.requestMs);
        strictEqual(host.connection?.isClosed, false);
      }),
  );
});
