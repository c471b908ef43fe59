/**
 * What tenants cost a request: limits off and on in one run, and refusing as against accepting.
 *
 * The socket is left out: `listener_bench/` measures it. `answer()` is all from a request's head to its answer, so the
 * difference of two rows is what the gate costs.
 *
 * @module
 */

import type { OtlpHandler } from "../../pipeline/contract/http.ts";
import { KEPT } from "../../pipeline/contract/consumer.ts";
import type { TenantGate } from "../../pipeline/contract/tenants.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { otlpReceiverFactory } from "../../pipeline/receivers/otlp.ts";
import { bytesFor } from "../../pipeline/tenants/rates/cells.ts";
import { createTenantGate } from "../../pipeline/tenants/gate.ts";
import { createOtlpProtocol, type OtlpProtocol, type OtlpRequest } from "../../routes/otlp_protocol.ts";
import { rowOf, type SomeRow } from "../pipeline/tenants/support.ts";
import { asYaml } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";

const TENANTS = 1_000;
const LARGE = 1e12;

/** All limits that there are, none of which is ever reached. */
const EVERY = { requestsPerSecond: LARGE, itemsPerSecond: LARGE, bytesPerSecond: LARGE } as const;
const WIDE: SomeRow = { limits: { all: EVERY } };
const WIDEST: SomeRow = {
  limits: {
    all: { ...EVERY, concurrentRequests: LARGE, bytesInFlight: LARGE, maxRequestBodySize: LARGE },
    traces: { ...EVERY, concurrentRequests: LARGE, bytesInFlight: LARGE, maxRequestBodySize: LARGE },
  },
};

/** A gate for a thousand tenants, who come by turns. */
function gateOf(row: SomeRow): TenantGate {
  const rows = Array.from({ length: TENANTS }, (_, slot) => rowOf(`tenant-${slot}`, slot, row));
  const identities = rows.map(({ tag: tenant }) => ({ tenant, credential: "bench", attributes: new Map() }));
  const memory = new SharedArrayBuffer(bytesFor(TENANTS));
  const table = { at: (slot: number) => rows[slot] };
  let next = 0;
  return createTenantGate({
    clock: systemClock,
    logger: silentLogger,
    meter: silentMeter,
    memory: createMemoryBudget(),
    random: () => 0.5,
    identifier: { identify: () => identities[next = (next + 1) % TENANTS]! },
    table: () => table,
    cells: () => memory,
    config: { shedding: [] },
  });
}

async function protocolOf(tenants?: TenantGate): Promise<OtlpProtocol> {
  let handler: OtlpHandler | undefined;
  const config = otlpReceiverFactory.schema.parse(asYaml({ protocols: { http: { endpoint: "127.0.0.1:0" } } }));
  const receiver = otlpReceiverFactory.create(config, {
    id: "otlp",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: () => 0.5,
    memory: createMemoryBudget(),
    serveHttp(_, app) {
      if ("otlp" in app) handler = app.otlp;
      return Promise.resolve({ address: { hostname: "", port: 0 }, shutdown: () => Promise.resolve() });
    },
    ...(tenants === undefined ? {} : { tenants }),
  }, new Map([["traces", { consume: () => Promise.resolve(KEPT) }]]));
  await receiver.start?.();
  if (handler === undefined || config.protocols.http === undefined) throw new TypeError("the receiver serves no OTLP");
  return createOtlpProtocol(handler, config.protocols.http);
}

function requestOf(body: Uint8Array<ArrayBuffer>): OtlpRequest {
  const headers = new Map([["content-type", "application/x-protobuf"], ["content-length", String(body.length)]]);
  const { signal: abort } = new AbortController();
  return {
    method: "POST",
    path: "/v1/traces",
    origin: NO_ORIGIN,
    peerAddress: "10.0.0.1",
    signal: undefined,
    abort,
    header: (name) => headers.get(name),
    headers: () => headers,
    readBody(buffer) {
      buffer.push(body);
      return Promise.resolve();
    },
  };
}

const bytesOf = (spans: number) => traceRequestBytes({ spans }) as Uint8Array<ArrayBuffer>;
const off = await protocolOf();
const on = await protocolOf(gateOf(WIDE));
const all = await protocolOf(gateOf(WIDEST));

for (const spans of [1, 100]) {
  const request = requestOf(bytesOf(spans));
  const group = `answer() of ${spans} spans`;
  Deno.bench(`${group}: no tenants`, { group, baseline: true }, async () => void await off(request));
  Deno.bench(`${group}: requests, items and bytes limited`, { group }, async () => void await on(request));
  Deno.bench(`${group}: every limit twice`, { group }, async () => void await all(request));
}

for (const [name, row] of [["three limits", WIDE], ["every limit twice", WIDEST]] as const) {
  const gate = gateOf(row);
  const payload = readPayload("traces", bytesOf(1), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  const sender = requestOf(bytesOf(1));
  Deno.bench(`enter(), take(), leave(): ${name}`, { group: "the gate" }, () => {
    const visit = gate.enter("traces", sender, payload.byteLength);
    if (visit instanceof Promise) throw new TypeError("who sends is known without a promise");
    visit.take(payload);
    visit.leave(200, 0);
  });
}

{
  const group = "a request of 1 MB";
  const request = requestOf(bytesOf(2_200));
  const tooLarge = await protocolOf(gateOf({ limits: { all: { maxRequestBodySize: 1_000 } } }));
  Deno.bench(`${group}: accepted`, { group, baseline: true }, async () => void await on(request));
  Deno.bench(`${group}: refused with 413`, { group }, async () => void await tooLarge(request));
  const never = await protocolOf(gateOf({ limits: { all: { requestsPerSecond: 1e-6, burstMs: 1 } } }));
  for (let i = 0; i < TENANTS; i++) await never(request);
  Deno.bench(`${group}: refused with 429`, { group }, async () => void await never(request));
}
