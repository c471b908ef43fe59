/**
 * Sends large requests to a gateway over some connections at once, and says what its resident set came to.
 *
 *   deno run -A tests/bench/large_bodies.ts URL PID MEGABYTES CONNECTIONS SECONDS
 *
 * @module
 */

import { traceRequestBytes } from "../support/otlp_samples.ts";

const SPAN_BYTES = 445;

const [url = "", pid = "", megabytes = "1", connections = "16", seconds = "10"] = Deno.args;
const body = traceRequestBytes({ spans: Math.round(Number(megabytes) * 1e6 / SPAN_BYTES) }) as Uint8Array<ArrayBuffer>;
const until = Date.now() + 1_000 * Number(seconds);
const statuses = new Map<number, number>();

async function send(): Promise<void> {
  while (Date.now() < until) {
    const response = await fetch(`${url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body,
    });
    await response.body?.cancel();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  }
}

await Promise.all(Array.from({ length: Number(connections) }, send));
const [, peakKb = "0"] = /VmHWM:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${pid}/status`)) ?? [];
// deno-lint-ignore no-console
console.log(JSON.stringify({
  bodyBytes: body.length,
  connections: Number(connections),
  statuses: Object.fromEntries(statuses),
  rssPeakMb: Math.round(Number(peakKb) / 1024),
}));
