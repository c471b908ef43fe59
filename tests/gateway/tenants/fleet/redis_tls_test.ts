/**
 * Leases over TLS with an authority of one's own, by Redis and by Valkey.
 *
 * @module
 */

import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { openLeaseRounds } from "../../../../gateway/tenants/fleet/open_rounds.ts";
import { RedisLeaseStore } from "../../../../gateway/tenants/fleet/redis_store.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { type LogFields, silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { fleetSchema } from "../../../../pipeline/tenants/fleet/schema.ts";
import { bytesFor, TenantCells, WHOLE_SHARE } from "../../../../pipeline/tenants/rates/cells.ts";
import { RecordingMeter } from "../../../support/component_deps.ts";
import { makeCertificates, type TestCertificates } from "../../../support/certificates.ts";
import { until } from "../../../support/eventually.ts";
import { freePort } from "../../../support/gateway_process.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { missingProgram, skipWithout } from "../../../support/real_parts.ts";
import { missingForRedis, type RedisProgram, type RedisServer, startStore } from "../../../support/redis.ts";

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
  use: (
    port: number,
    caFile: string,
    server: RedisServer,
    prove: (by: TestCertificates) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const [ca, cert, key] = [`${folder}/ca.pem`, `${folder}/server.pem`, `${folder}/server.key`];
  await Deno.writeTextFile(ca, own.caCert);
  /** What the server proves itself by from its next start on. */
  const prove = async (by: TestCertificates) => {
    await Deno.writeTextFile(cert, by.serverCert);
    await Deno.writeTextFile(key, by.serverKey);
  };
  await prove(own);
  const port = freePort();
  const files = ["--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key];
  try {
    await using server = await startStore(program, "--tls-port", String(port), "--tls-auth-clients", "yes", ...files);
    await use(port, ca, server, prove);
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

/** What shares limits in a gateway; its share is a quarter until the store has told how many there are. */
function openFleet(endpoint: string, tls: Readonly<Record<string, unknown>>) {
  const redis = { endpoint, tls, timeout: "3s", interval: "50ms" };
  const config = fleetSchema.parse(asYaml({ mode: "redis", replicas: 4, redis }));
  const told: { readonly message: string; readonly fields: LogFields }[] = [];
  const note = (message: string, fields: LogFields = {}) => void told.push({ message, fields });
  const cells = new TenantCells(new SharedArrayBuffer(bytesFor(1)));
  cells.defaultShare = WHOLE_SHARE / 4;
  const meter = new RecordingMeter();
  const logger = { ...silentLogger, info: note, error: note };
  const deps = { clock: systemClock, random: () => 0.5, logger, meter, cells: () => cells, table: () => undefined };
  const rounds = openLeaseRounds(config, config.redis!, deps);
  const failures = () => meter.values.get("sluice_fleet_rounds outcome=failure") ?? 0;
  return { rounds, cells, told, failures };
}

Deno.test({
  name:
    "a fleet over TLS: a Redis that another authority vouches for is refused, told once, and shares stay as they were",
  ignore: ignore["redis-server"],
  async fn(t) {
    const [own, other] = await Promise.all([makeCertificates(), makeCertificates()]);
    const client = { cert_pem: own.clientCert, key_pem: own.clientKey };
    await withServer("redis-server", own, async (port, caFile, server, prove) => {
      const { rounds, cells, told, failures } = openFleet(`localhost:${port}`, { ca_file: caFile, ...client });
      await t.step("with an authority in a file: the only replica has everything", async () => {
        await rounds.start();
        strictEqual(rounds.status.connected, true);
        strictEqual(cells.defaultShare, WHOLE_SHARE);
      });
      await t.step("the server comes back as somebody else", async () => {
        await server.kill();
        await prove(other);
        await server.start();
        const before = failures();
        await until(failures, (now) => now >= before + 2);
        strictEqual(rounds.status.connected, false);
        strictEqual(cells.defaultShare, WHOLE_SHARE);
        deepStrictEqual(told.map(({ message }) => message), [
          "The limits of the fleet cannot be shared: each rate goes on with its last share",
        ]);
      });
      await t.step("one that begins now is told why, and goes on with what it is configured to have", async () => {
        const fresh = openFleet(`localhost:${port}`, { ca_file: caFile, ...client });
        await fresh.rounds.start();
        strictEqual(fresh.rounds.status.connected, false);
        strictEqual(fresh.cells.defaultShare, WHOLE_SHARE / 4);
        match(String(fresh.told[0]?.fields["error"]), /certificate/);
        await fresh.rounds.stop();
      });
      await t.step("and is itself again", async () => {
        await server.kill();
        await prove(own);
        await server.start();
        await until(() => rounds.status.connected, (is) => is);
        strictEqual(cells.defaultShare, WHOLE_SHARE);
        strictEqual(told.at(-1)?.message, "The limits of the fleet are shared again");
      });
      await rounds.stop();
    });
  },
});
