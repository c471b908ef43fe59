/**
 * What tenants cost a request, from its head as bytes to the end of its visit: without them, finding out whose it is, all
 * limits of requests, items and bytes besides, and counting what is used. A thousand tenants come at random. All by turns,
 * in slices of 2,000 requests, of which the median difference counts: CPU time of the process.
 *
 *   deno run -A --config deno.json --v8-flags=--no-incremental-marking,--min-semi-space-size=4,--max-semi-space-size=4,--max-inlined-bytecode-size-cumulative=2000 \
 *     tests/bench/tenants_cost.ts [SLICES]
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { cpuUsage } from "node:process";
import { section } from "../../pipeline/config/schema.ts";
import type { Sender, TenantGate } from "../../pipeline/contract/tenants.ts";
import type { UsageMeter } from "../../pipeline/contract/usage.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { bytesFor } from "../../pipeline/tenants/rates/cells.ts";
import { createTenantGate } from "../../pipeline/tenants/gate.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier } from "../../pipeline/tenants/identity/mod.ts";
import { identityShape } from "../../pipeline/tenants/identity/schema.ts";
import { ThreadUsage } from "../../pipeline/tenants/usage/usage.ts";
import { parseHead } from "../../routes/http1/head.ts";
import { asYaml } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { tenantTable } from "../support/tenant_table.ts";
import { median, report } from "./tenants_support.ts";

const [slices = "400"] = Deno.args;
const TENANTS = 1_000;
const SLICE = 2_000;
const WARM_UP = 30_000;

const keys = Array.from({ length: TENANTS }, mintApiKey);
/** A few times what each of them sends here, so that nothing is refused, and buckets are no larger than real ones. */
const all = { requests_per_second: 2_000, items_per_second: 200_000, bytes_per_second: 10_000_000 };
const table = tenantTable(
  Object.fromEntries(keys.map(({ id, hash }, at) => [`t${at}`, { keys: [{ id, hash }], limits: { all } }])),
);
const heads = keys.map(({ key }) =>
  Buffer.from(
    [
      ...["POST /v1/traces HTTP/1.1", "Host: gateway:4318", "User-Agent: OTel-OTLP-Exporter-JavaScript/0.57.0"],
      ...["Content-Type: application/x-protobuf", `Authorization: Bearer ${key}`, "Content-Encoding: gzip"],
      ...["Accept-Encoding: gzip", "Content-Length: 4711", "", ""],
    ].join("\r\n"),
    "latin1",
  )
);

/** A request's head, as the listener reads it. */
class HeadSender implements Sender {
  readonly peerAddress = "192.0.2.1";
  readonly #fields: readonly string[];

  constructor(bytes: Buffer) {
    const head = parseHead(bytes.toString("latin1"));
    if ("refusal" in head) throw new TypeError(JSON.stringify(head.refusal));
    this.#fields = head.fields;
  }

  header(name: string): string | undefined {
    const fields = this.#fields;
    for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
    return undefined;
  }
}

const deps = { clock: systemClock, logger: silentLogger, meter: silentMeter };
const identifier = createIdentifier(section(identityShape).parse(asYaml({})), () => table, deps);
const memory = new SharedArrayBuffer(bytesFor(TENANTS));

function gateWith(usage?: UsageMeter): TenantGate {
  return createTenantGate({
    ...deps,
    memory: createMemoryBudget(),
    random: () => 0.5,
    identifier,
    table: () => table,
    cells: () => memory,
    config: { shedding: [] },
    ...(usage === undefined ? {} : { usage }),
  });
}

const bytes = traceRequestBytes({ spans: 1 }) as Uint8Array<ArrayBuffer>;
const payload = readPayload("traces", bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
let read = 0;

/** What is read of a head anyway. */
function headOf(at: number): HeadSender {
  const sender = new HeadSender(heads[at % TENANTS]!);
  for (const name of ["content-type", "content-length", "content-encoding", "transfer-encoding"]) {
    read += sender.header(name)?.length ?? 0;
  }
  return sender;
}

function visit(gate: TenantGate, sender: Sender): void {
  const entered = gate.enter("traces", sender, 4_711);
  if (entered instanceof Promise) throw new TypeError("who sends is known without a promise");
  entered.read(4_711);
  entered.originOf(NO_ORIGIN);
  entered.take(payload);
  entered.leave(200, 0);
}

const limited = gateWith();
const counted = gateWith(new ThreadUsage({ clock: systemClock, report: () => {} }));
const cases: readonly (readonly [string, (at: number) => unknown])[] = [
  ["without tenants", headOf],
  ["whose it is", (at) => identifier.identify(headOf(at))],
  ["and three limits", (at) => visit(limited, headOf(at))],
  ["and what is used", (at) => visit(counted, headOf(at))],
];

const order = Array.from({ length: 50 * SLICE }, () => Math.floor(Math.random() * TENANTS));
for (let i = 0; i < WARM_UP; i++) for (const [, run] of cases) run(order[i % order.length]!);
const cpuNs = () => {
  const { user, system } = cpuUsage();
  return 1_000 * (user + system);
};
const times = cases.map((): number[] => []);
for (let slice = 0; slice < Number(slices); slice++) {
  const from = slice * SLICE % order.length;
  for (const [at, [, run]] of cases.entries()) {
    const before = cpuNs();
    for (let i = from; i < from + SLICE; i++) run(order[i]!);
    times[at]?.push((cpuNs() - before) / SLICE);
  }
}
const [base = []] = times;
for (const [at, [name]] of cases.entries()) {
  const own = times[at] ?? [];
  const more = at === 0 ? "" : `${median(own.map((ns, slice) => ns - (base[slice] ?? 0))).toFixed(0)} ns more`;
  report(`a request's head, ${name}`, `${median(own).toFixed(0)} ns`, more);
}
report("characters of headers that were read", String(read));
