/**
 * What it costs to find out whose a request is: known credentials, unknown ones, and 100,000 random ones.
 *
 * @module
 */

import { section } from "../../pipeline/config/schema.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier } from "../../pipeline/tenants/identity/mod.ts";
import { identityShape } from "../../pipeline/tenants/identity/schema.ts";
import type { Sender } from "../../pipeline/contract/tenants.ts";
import { asYaml } from "../support/otlp_edge.ts";
import { tenantTable } from "../support/tenant_table.ts";

const TENANTS = 1_000;
const RANDOM_KEYS = 100_000;

const keys = Array.from({ length: TENANTS }, mintApiKey);
const table = tenantTable(Object.fromEntries(keys.map(({ id, hash }, at) => [`t${at}`, { keys: [{ id, hash }] }])));

/** The header lines of a request as `node:http` has them, looked through as the listener does. */
class RawSender implements Sender {
  readonly peerAddress = "192.0.2.1";
  readonly #lines: readonly string[];

  constructor(bytes: Uint8Array) {
    const authorization = decoder.decode(bytes); // a new string each time, as off the wire
    this.#lines = [...USUAL, "Authorization", authorization];
  }

  header(name: string): string | undefined {
    const lines = this.#lines;
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const line = lines[at];
      if (line === undefined || line.length !== name.length || line.toLowerCase() !== name) continue;
      return lines[at + 1];
    }
    return undefined;
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const USUAL = [
  ...["Host", "gateway:4318", "User-Agent", "otlp", "Content-Type", "application/x-protobuf"],
  ...["Content-Encoding", "gzip", "Accept-Encoding", "gzip", "Content-Length", "4711"],
];
const bearerBytes = (key: string) => encoder.encode(`Bearer ${key}`);

const schema = section(identityShape);
const create = (options: Record<string, unknown>) =>
  createIdentifier(schema.parse(asYaml(options)), () => table, {
    clock: systemClock,
    logger: silentLogger,
    meter: silentMeter,
  });

const known = keys.map(({ key }) => bearerBytes(key));
const unknown = Array.from({ length: RANDOM_KEYS }, () => bearerBytes(mintApiKey().key));
const usual = create({});
const proxied = create({ trusted_proxy: { peers: ["10.0.0.0/8"] } });
const refused = create({ unknown_limit: { attempts_per_second: 1_000_000, burst: 1_000_000 } });

let turn = 0;

Deno.bench("a request's head, nobody asked", { group: "known" }, () => {
  const sender = new RawSender(known[turn++ % TENANTS]!);
  sender.header("authorization");
});

Deno.bench("identify() one of 1,000 known keys", { group: "known", baseline: true }, () => {
  usual.identify(new RawSender(known[turn++ % TENANTS]!));
});

Deno.bench("identify() a known key, with trusted proxies configured", { group: "known" }, () => {
  proxied.identify(new RawSender(known[turn++ % TENANTS]!));
});

Deno.bench("identify() an unknown key: 401", { group: "unknown" }, () => attempt(refused));
Deno.bench("identify() an unknown key past the limit: 429", { group: "unknown" }, () => attempt(usual));
Deno.bench("identify() 100,000 random keys", { n: 3, warmup: 1 }, () => {
  for (let i = 0; i < RANDOM_KEYS; i++) attempt(usual);
});

function attempt(identifier: ReturnType<typeof create>): void {
  try {
    identifier.identify(new RawSender(unknown[turn++ % RANDOM_KEYS]!));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}
