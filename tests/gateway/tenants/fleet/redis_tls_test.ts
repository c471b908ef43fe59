/**
 * Leases over TLS with an authority of one's own, by Redis and by Valkey.
 *
 * @module
 */

import { rejects, strictEqual } from "node:assert/strict";
import { RedisLeaseStore } from "../../../../gateway/tenants/fleet/redis_store.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { fleetSchema } from "../../../../pipeline/tenants/fleet/schema.ts";
import { makeCertificates, type TestCertificates } from "../../../support/certificates.ts";
import { freePort } from "../../../support/gateway_process.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { missingProgram, skipWithout } from "../../../support/real_parts.ts";
import { missingForRedis, type RedisProgram, startStore } from "../../../support/redis.ts";

const ignore: Readonly<Record<RedisProgram, boolean>> = {
  "redis-server": skipWithout("Redis with TLS", await missingForRedis() ?? await missingProgram("openssl")),
  // Not every distribution has it; where it is there it is tested.
  "valkey-server": (await missingForRedis("valkey-server") ?? await missingProgram("openssl")) !== undefined,
};

/** How many replicas the server tells the only one that asks: 1. */
async function replicasOver(endpoint: string, tls: Readonly<Record<string, unknown>>): Promise<number> {
  const redis = { endpoint, tls, timeout: "3s" };
  const config = fleetSchema.parse(asYaml({ mode: "redis", redis })).redis!;
  const store = new RedisLeaseStore(config, systemClock, "one");
  try {
    return (await store.lease([])).replicas;
  } finally {
    store.close();
  }
}

async function withServer(
  program: RedisProgram,
  own: TestCertificates,
  use: (port: number, caFile: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const [ca, cert, key] = [`${folder}/ca.pem`, `${folder}/server.pem`, `${folder}/server.key`];
  await Deno.writeTextFile(ca, own.caCert);
  await Deno.writeTextFile(cert, own.serverCert);
  await Deno.writeTextFile(key, own.serverKey);
  const port = freePort();
  const files = ["--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key];
  try {
    await using _server = await startStore(program, "--tls-port", String(port), "--tls-auth-clients", "yes", ...files);
    await use(port, ca);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const program of ["redis-server", "valkey-server"] as const) {
  Deno.test({
    name: `leases over TLS: ${program}`,
    ignore: ignore[program],
    async fn(t) {
      const [own, other] = await Promise.all([makeCertificates(), makeCertificates()]);
      const client = { cert_pem: own.clientCert, key_pem: own.clientKey };
      await withServer(program, own, async (port, caFile) => {
        const [byName, byAddress] = [`localhost:${port}`, `127.0.0.1:${port}`];
        const good: [name: string, endpoint: string, tls: Readonly<Record<string, unknown>>][] = [
          ["an authority in a file", byName, { ca_file: caFile, ...client }],
          ["an authority as text, the server by its address", byAddress, { ca_pem: own.caCert, ...client }],
          ["TLS 1.3 alone", byName, { ca_pem: own.caCert, min_version: "1.3", ...client }],
          ["a server that is called otherwise", byAddress, {
            ...{ ca_pem: own.caCert, server_name_override: "localhost", ...client },
          }],
          ["nothing verified", byName, { insecure_skip_verify: true, ...client }],
        ];
        for (const [name, endpoint, tls] of good) {
          await t.step(name, async () => strictEqual(await replicasOver(endpoint, tls), 1));
        }
        const bad: [name: string, tls: Readonly<Record<string, unknown>>][] = [
          ["the system's authorities, which do not know it", { ...client }],
          ["another authority", { ca_pem: other.caCert, ...client }],
          ["another name than the certificate's", { ca_pem: own.caCert, server_name_override: "redis", ...client }],
          ["no client certificate", { ca_pem: own.caCert }],
          ["a client certificate of another authority", {
            ...{ ca_pem: own.caCert, cert_pem: other.clientCert, key_pem: other.clientKey },
          }],
          ["without TLS", { insecure: true }],
        ];
        for (const [name, tls] of bad) {
          await t.step(`refused: ${name}`, () => rejects(replicasOver(byName, tls), { retryable: true }));
        }
      });
    },
  });
}
