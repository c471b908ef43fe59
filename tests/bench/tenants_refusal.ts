/**
 * What it costs to refuse a request of 1 MB that is over its tenant's limit, against accepting it: CPU time of a real
 * gateway with a real destination, by real sockets. By turns, since the machine's speed moves.
 *
 *   deno run -A --config deno.json tests/bench/tenants_refusal.ts [ROUNDS]
 *
 * @module
 */

import { startSink } from "../support/peers.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { type BenchTenant, cpuMs, median, report, startTenants, tenant } from "./tenants_support.ts";

const [rounds = "12"] = Deno.args;
const REQUESTS = 100;
const BODY = traceRequestBytes({ spans: 2_200 });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a sender goes about it. */
interface Manner {
  readonly body: Uint8Array;
  /** Sends `Expect: 100-continue`, and the body when it is wanted. */
  readonly waits?: boolean;
  /** Asks for the connection to be closed behind the answer. */
  readonly closes?: boolean;
}

/** A sender as they are: a connection that is kept as long as the gateway keeps it, the body right behind the head. */
class Sender {
  readonly #port: number;
  readonly #head: Uint8Array;
  readonly #manner: Manner;
  #connection: Deno.TcpConn | undefined;

  constructor(url: string, { key }: BenchTenant, manner: Manner) {
    const { body, waits = false, closes = false } = this.#manner = manner;
    this.#port = Number(new URL(url).port);
    const lines = [
      ...["POST /v1/traces HTTP/1.1", "Host: gateway", "Content-Type: application/x-protobuf"],
      ...[`Authorization: Bearer ${key.key}`, `Content-Length: ${body.length}`],
      ...(waits ? ["Expect: 100-continue"] : []),
      ...(closes ? ["Connection: close"] : []),
    ];
    this.#head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  }

  /** @returns The status. */
  async send(): Promise<number> {
    const connection = this.#connection ??= await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    const { body, waits = false } = this.#manner;
    await writeAll(connection, this.#head);
    if (waits) {
      const asked = await answerOf(connection);
      if (asked.status !== 100) return this.#end(asked);
    }
    const written = writeAll(connection, body).catch(() => {}); // the gateway may close before it is all there
    const answer = await answerOf(connection);
    if (!answer.isLast) await written;
    return this.#end(answer);
  }

  #end({ status, isLast }: Answer): number {
    if (isLast) this.close();
    return status;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

const buffer = new Uint8Array(65_536);

interface Answer {
  readonly status: number;
  /** Whether the gateway closes the connection behind it. */
  readonly isLast: boolean;
}

async function answerOf(connection: Deno.TcpConn): Promise<Answer> {
  const count = await connection.read(buffer) ?? 0;
  const text = decoder.decode(buffer.subarray(0, count));
  return { status: Number(text.split(" ", 2)[1] ?? 0), isLast: text.toLowerCase().includes("connection: close") };
}

const free = tenant("requests_per_second: 1000000");
const held = tenant("requests_per_second: 0.000001, burst: 1ms");
await using sink = await startSink();
await using gateway = await startTenants({ free, held }, { exporter: `otlp_http: {endpoint: "${sink.url}"}` });
const ACCEPTED = "1 MB, accepted";
const NOTHING = new Uint8Array(0);
const senders: readonly (readonly [string, Sender])[] = [
  [ACCEPTED, new Sender(gateway.url, free, { body: BODY })],
  ["1 MB, refused, the body sent at once", new Sender(gateway.url, held, { body: BODY })],
  ["1 MB, refused, Expect: 100-continue", new Sender(gateway.url, held, { body: BODY, waits: true })],
  ["no body, refused, a connection each", new Sender(gateway.url, held, { body: NOTHING, closes: true })],
  ["no body, refused, the connection is kept", new Sender(gateway.url, held, { body: NOTHING })],
];
for (const [, sender] of senders) for (let i = 0; i < 50; i++) await sender.send();

const costs = new Map<string, number[]>();
const statuses = new Map<string, Set<number>>();
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, sender] of senders) {
    const before = cpuMs(gateway.process.pid);
    // Ten times as many of what is cheap: a tick of the CPU time is long.
    const requests = name === ACCEPTED ? REQUESTS : 10 * REQUESTS;
    for (let i = 0; i < requests; i++) {
      statuses.set(name, (statuses.get(name) ?? new Set()).add(await sender.send()));
    }
    costs.set(name, [...costs.get(name) ?? [], 1_000 * (cpuMs(gateway.process.pid) - before) / requests]);
  }
}
const accepted = median(costs.get(ACCEPTED) ?? []);
for (const [name, values] of costs) {
  const us = median(values);
  const share = name === ACCEPTED ? "" : `${(100 * us / accepted).toFixed(1)} % of accepting`;
  report(name, `${us.toFixed(0)} us CPU`, share, `statuses ${[...statuses.get(name) ?? []]}`);
}
for (const [, sender] of senders) sender.close();
