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

/** A sender as they are: a connection that is kept as long as the gateway keeps it, the body right behind the head. */
class Sender {
  readonly #port: number;
  readonly #head: Uint8Array;
  #connection: Deno.TcpConn | undefined;

  constructor(url: string, { key }: BenchTenant, waits: boolean) {
    this.#port = Number(new URL(url).port);
    const lines = [
      ...["POST /v1/traces HTTP/1.1", "Host: gateway", "Content-Type: application/x-protobuf"],
      ...[`Authorization: Bearer ${key.key}`, `Content-Length: ${BODY.length}`],
      ...(waits ? ["Expect: 100-continue"] : []),
    ];
    this.#head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
    this.waits = waits;
  }

  readonly waits: boolean;

  /** @returns The status. */
  async send(): Promise<number> {
    const connection = this.#connection ??= await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    try {
      await writeAll(connection, this.#head);
      const first = this.waits ? await statusOf(connection) : 100;
      if (first !== 100) return this.#left(first);
      const written = writeAll(connection, BODY).catch(() => {}); // the gateway may not want it any more
      const status = await statusOf(connection);
      if (status !== 200) return this.#left(status);
      await written;
      return status;
    } catch {
      return this.#left(0);
    }
  }

  #left(status: number): number {
    this.close();
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

async function statusOf(connection: Deno.TcpConn): Promise<number> {
  const count = await connection.read(buffer) ?? 0;
  return Number(decoder.decode(buffer.subarray(0, count)).split(" ", 2)[1] ?? 0);
}

const free = tenant("requests_per_second: 1000000");
const held = tenant("requests_per_second: 0.000001, burst: 1ms");
await using sink = await startSink();
await using gateway = await startTenants({ free, held }, { exporter: `otlp_http: {endpoint: "${sink.url}"}` });
const senders: readonly (readonly [string, Sender])[] = [
  ["accepted", new Sender(gateway.url, free, false)],
  ["refused with 429, the body sent at once", new Sender(gateway.url, held, false)],
  ["refused with 429, Expect: 100-continue", new Sender(gateway.url, held, true)],
];
for (const [, sender] of senders) for (let i = 0; i < 50; i++) await sender.send();

const costs = new Map<string, number[]>();
const statuses = new Map<string, Set<number>>();
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, sender] of senders) {
    const before = cpuMs(gateway.process.pid);
    // Ten times as many of what is cheap: a tick of the CPU time is long.
    const requests = name === "accepted" ? REQUESTS : 10 * REQUESTS;
    for (let i = 0; i < requests; i++) {
      statuses.set(name, (statuses.get(name) ?? new Set()).add(await sender.send()));
    }
    costs.set(name, [...costs.get(name) ?? [], 1_000 * (cpuMs(gateway.process.pid) - before) / requests]);
  }
}
const accepted = median(costs.get("accepted") ?? []);
for (const [name, values] of costs) {
  const us = median(values);
  const share = name === "accepted" ? "" : `${(100 * us / accepted).toFixed(1)} % of accepting`;
  report(`1 MB, ${name}`, `${us.toFixed(0)} us CPU`, share, `statuses ${[...statuses.get(name) ?? []]}`);
}
for (const [, sender] of senders) sender.close();
