/**
 * `tenancy.fleet` of a gateway that runs: the parts that it begins, a change of them, and two gateways over a real Redis.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startGateway } from "../../../../gateway/control_thread.ts";
import type { Gateway } from "../../../../gateway/gateway.ts";
import { resolveSources } from "../../../../gateway/config/sources.ts";
import { mintApiKey } from "../../../../pipeline/tenants/identity/api_key.ts";
import { serveHttp } from "../../../../routes/listener.ts";
import { freePort } from "../../../support/gateway_process.ts";
import { LOGS_JSON } from "../../../support/otlp_requests.ts";
import { skipWithout } from "../../../support/real_parts.ts";
import { missingForRedis, startRedis } from "../../../support/redis.ts";

const ignore = skipWithout("Redis", await missingForRedis());
const key = mintApiKey();

function resolve(port: number, fleet: string) {
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: {}}
tenancy: {fleet: ${fleet}}
tenants: {acme: {keys: [{id: ${key.id}, hash: "${key.hash}"}], limits: {all: {requests_per_second: 1000}}}}
service:
  telemetry: {logs: {level: error}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`;
  return resolveSources({ configs: [{ kind: "text", name: "test.yaml", text }], sets: [] });
}

async function start(port: number, fleet: string, workers = 0): Promise<Gateway> {
  return await startGateway({ resolved: await resolve(port, fleet), workers, version: "0", serveHttp });
}

async function send(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}` },
    body: JSON.stringify(LOGS_JSON),
  });
  await response.body?.cancel();
  strictEqual(response.status, 200);
}

/** Waits for what other processes do: the real time is the only one that they have. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (isSo()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`It never came to this: ${what}`);
}

Deno.test("a gateway alone divides nothing, so its threads take rates ahead", async (t) => {
  for (const fleet of ["{mode: local}", "{mode: divided, replicas: 1}"]) {
    await t.step(fleet, async () => {
      const gateway = await start(freePort(), fleet);
      strictEqual(gateway.tenants.cells.isDivided, false);
      await gateway.shutdown(5_000);
    });
  }
});

Deno.test("a gateway's part of the limits: the whole, or one of as many as are configured", async (t) => {
  const port = freePort();
  const gateway = await start(port, "{mode: divided, replicas: 4}");
  await t.step("divided", () => {
    strictEqual(gateway.tenants.cells.defaultShare, 250_000);
    deepStrictEqual(gateway.fleet.status, {
      ...{ mode: "divided", connected: true, sinceMs: undefined, replicas: 4, leases: 0 },
    });
  });
  await t.step("a change of the configuration", async () => {
    const { drained } = await gateway.apply(await resolve(port, "{mode: local}"));
    await drained;
    strictEqual(gateway.tenants.cells.defaultShare, 1_000_000);
  });
  await gateway.shutdown(5_000);
});

for (const workers of [0, 2]) {
  Deno.test({
    name: `two gateways with ${workers} workers share limits over Redis`,
    ignore,
    async fn(t) {
      await using redis = await startRedis();
      const fleet =
        `{mode: redis, replicas: 2, redis: {endpoint: "${redis.endpoint}", interval: 50ms, timeout: 500ms}}`;
      const ports = [freePort(), freePort()] as const;
      const gateways = [await start(ports[0], fleet, workers), await start(ports[1], fleet, workers)] as const;
      const shares = () =>
        gateways.map(({ tenants }) => tenants.cells.share(tenants.table!.find("acme")!.tag.slot, 0, 0));
      await t.step("without traffic each has a half", async () => {
        await until(() => shares().every((share) => share === 500_000), "two replicas");
      });
      await t.step("the one that is asked has the limit", async () => {
        await until(() => (void send(ports[0]).catch(() => {}), shares()[0] === 1_000_000), "all shares of one");
        strictEqual(gateways[0].fleet.status?.leases, 1);
      });
      await t.step("without Redis each goes on with its last share, and says so", async () => {
        await redis.kill();
        await until(() => gateways.every(({ fleet }) => fleet.status?.connected === false), "lost");
        const before = shares();
        await send(ports[0]);
        deepStrictEqual(shares(), before);
      });
      await t.step("it comes back by itself", async () => {
        await redis.start();
        await until(() => gateways.every(({ fleet }) => fleet.status?.connected === true), "back");
      });
      await t.step("a gateway that stops leaves its part to the other", async () => {
        ok(await gateways[0].shutdown(5_000));
        await until(() => gateways[1].fleet.status?.replicas === 1, "one replica");
        await until(() => shares()[1] === 1_000_000, "the whole limit");
      });
      await gateways[1].shutdown(5_000);
    },
  });
}
