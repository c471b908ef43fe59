import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { DeadlineExceededError, OwnCredentialsError, UnavailableError } from "../../../../../pipeline/core/errors.ts";
import {
  BrokerConnection,
  type ConnectionSettings,
} from "../../../../../pipeline/exporters/kafka/client/connection.ts";
import type { SaslCredentials } from "../../../../../pipeline/exporters/kafka/client/sasl.ts";
import { API, MalformedReplyError, RequestWriter } from "../../../../../pipeline/exporters/kafka/client/wire.ts";
import { makeCertificates } from "../../../../support/certificates.ts";
import { FakeClock, settle } from "../../../../support/fake_clock.ts";

const CLIENT_ID = new TextEncoder().encode("test");
const PLAIN: SaslCredentials = { mechanism: "PLAIN", username: "me", password: "hunter2" };

/** Answers each request, given its number, with these bytes; undefined: with nothing. */
type Script = (request: number, correlationId: number) => Uint8Array | undefined;

/** Runs `use` against a server that plays `script`. */
async function withServer(
  script: Script,
  use: (port: number, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      void serve(connection, script).catch(() => {});
    }
  })().catch(() => {});
  try {
    await use(listener.addr.port, new FakeClock());
  } finally {
    listener.close();
    for (const connection of open) {
      try {
        connection.close();
      } catch {
        // The client closed it first.
      }
    }
    await accepting;
  }
}

async function serve(connection: Deno.Conn, script: Script): Promise<void> {
  const buffer = new Uint8Array(65_536);
  let unread = Buffer.alloc(0);
  let requests = 0;
  for (let length = await connection.read(buffer); length !== null; length = await connection.read(buffer)) {
    unread = Buffer.concat([unread, buffer.subarray(0, length)]);
    while (unread.length >= 4 && unread.length >= 4 + unread.readInt32BE(0)) {
      const answer = script(requests++, unread.readInt32BE(8));
      unread = unread.subarray(4 + unread.readInt32BE(0));
      if (answer !== undefined) await connection.write(answer);
    }
  }
}

function reply(correlationId: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + body.length);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, body]);
}

/** Fields of a reply: numbers are [bits, value], strings have an int16 before them. */
function fields(...parts: (readonly [16 | 32 | 64, number] | string)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => {
    if (typeof part === "string") return Buffer.concat([fields([16, part.length]), Buffer.from(part)]);
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(part[1]));
    return bytes.subarray(8 - part[0] / 8);
  }));
}

function settings(clock: FakeClock, more: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return {
    clientId: CLIENT_ID,
    tls: undefined,
    sasl: undefined,
    connectTimeoutMs: 10_000,
    requestTimeoutMs: 4_000,
    idleTimeoutMs: 60_000,
    clock,
    ...more,
  };
}

/** A request without a body. */
function request(): Uint8Array {
  return new RequestWriter(API.metadata, CLIENT_ID, 0).bytes;
}

Deno.test("BrokerConnection: requests in a pipeline get their own replies", () =>
  withServer((_, id) => reply(id, fields([32, id * 10])), async (port, clock) => {
    const connection = await BrokerConnection.open("127.0.0.1", port, settings(clock));
    const replies = await Promise.all([1, 2, 3].map(() => connection.request(request())));
    deepStrictEqual(replies.map((reader) => reader.int32()), [10, 20, 30]);
    connection.close();
  }));

Deno.test("BrokerConnection: the size of a reply", async (t) => {
  const cases: { bytes: number; lost: boolean }[] = [
    { bytes: -1, lost: true },
    { bytes: 3, lost: true },
    { bytes: 16 * 1024 * 1024, lost: false },
    { bytes: 16 * 1024 * 1024 + 1, lost: true },
  ];
  for (const { bytes, lost } of cases) {
    await t.step(`${bytes} bytes`, () =>
      withServer(() => fields([32, bytes]), async (port, clock) => {
        const connection = await BrokerConnection.open("127.0.0.1", port, settings(clock));
        const failed = rejects(connection.request(request()), (error) => {
          strictEqual((error as Error).cause instanceof MalformedReplyError, lost);
          return error instanceof UnavailableError;
        });
        if (!lost) setTimeout(() => connection.close(), 50); // it waits for the rest
        await failed;
      }));
  }
});

Deno.test("BrokerConnection: time runs for the oldest request, and ends all of them", () =>
  withServer((number, id) => number === 0 ? reply(id) : undefined, async (port, clock) => {
    const connection = await BrokerConnection.open("127.0.0.1", port, settings(clock));
    let lost: unknown;
    connection.onLost = (error) => lost = error;
    await connection.request(request());
    await clock.advance(3_000);
    const failures = [1, 2].map(() => rejects(connection.request(request()), DeadlineExceededError));
    await clock.advance(3_999);
    strictEqual(connection.usable, true);
    await clock.advance(1);
    await Promise.all(failures);
    strictEqual(connection.usable, false);
    ok(lost instanceof DeadlineExceededError);
    strictEqual(clock.pending, 0);
  }));

Deno.test("BrokerConnection: one that was quiet too long is not used again", () =>
  withServer(() => undefined, async (port, clock) => {
    const connection = await BrokerConnection.open("127.0.0.1", port, settings(clock));
    await clock.advance(60_000);
    strictEqual(connection.usable, true);
    await clock.advance(1);
    strictEqual(connection.usable, false);
    connection.close();
  }));

Deno.test("BrokerConnection: a handshake that never ends is given up", () =>
  withServer(() => undefined, async (port, clock) => {
    const failed = rejects(BrokerConnection.open("127.0.0.1", port, settings(clock, { tls: {} })), UnavailableError);
    await settle();
    await clock.advance(10_000);
    await failed;
  }));

Deno.test("BrokerConnection: SASL", async (t) => {
  await t.step("a session is left before it ends", () =>
    withServer(
      (number, id) =>
        reply(id, number === 0 ? fields([16, 0], [32, 0]) : fields([16, 0], [16, -1], [32, 0], [64, 10_000])),
      async (port, clock) => {
        const connection = await BrokerConnection.open("127.0.0.1", port, settings(clock, { sasl: PLAIN }));
        await clock.advance(7_999);
        strictEqual(connection.usable, true);
        await clock.advance(1);
        strictEqual(connection.usable, false);
        connection.close();
      },
    ));
  const refused: { name: string; answers: readonly Uint8Array[]; message: RegExp }[] = [
    {
      name: "a mechanism that the broker lacks",
      answers: [fields([16, 33], [32, 1], "SCRAM-SHA-256")],
      message: /it offers SCRAM-SHA-256, wanted PLAIN/,
    },
    {
      name: "a wrong password",
      answers: [fields([16, 0], [32, 0]), fields([16, 58], "no", [32, 0], [64, 0])],
      message: /as "me": the broker says SASL_AUTHENTICATION_FAILED/,
    },
  ];
  for (const { name, answers, message } of refused) {
    await t.step(name, () =>
      withServer((number, id) => reply(id, answers[number]), async (port, clock) => {
        await rejects(BrokerConnection.open("127.0.0.1", port, settings(clock, { sasl: PLAIN })), (error) => {
          ok(error instanceof OwnCredentialsError && message.test(error.message), `${error}`);
          return error.retryable && !error.message.includes("hunter2");
        });
      }));
  }
});

Deno.test("BrokerConnection: a client's certificate that is refused after the handshake is a lost connection", async () => {
  const { caCert: ca, serverCert, serverKey } = await makeCertificates();
  const server = createServer({ ca, cert: serverCert, key: serverKey, requestCert: true, rejectUnauthorized: true });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (let attempt = 0; attempt < 20; attempt++) {
    // TLS 1.3 tells it at any moment after `secureConnect`: an error without a listener would end the process.
    const exchange = BrokerConnection.open("127.0.0.1", port, settings(new FakeClock(), { tls: { ca } }))
      .then((connection) => connection.request(request()));
    await rejects(exchange, UnavailableError);
  }
  await settle();
  server.close();
});
