/**
 * How exactly a limit is kept, over real gateways: in each ten seconds, what was let in against what the limit says, at
 * 30 % over it. One gateway with two workers; and three gateways over a real Redis, which are asked 80, 10 and 10 of a
 * hundred.
 *
 *   deno run -A --config deno.json tests/bench/tenants_windows.ts [SECONDS]
 *
 * @module
 */

import { LOGS_JSON } from "../support/otlp_requests.ts";
import { startRedis } from "../support/redis.ts";
import { report, startTenants, tenant } from "./tenants_support.ts";

const [seconds = "30"] = Deno.args;
const LIMIT = 200;
const LOAD = 1.3;
/** A window, seconds. The burst of 1 s is gone after 1 / 0.3 s, and shares have settled. */
const WINDOW = 10;
const SETTLING = 8;
const STEP_MS = 50;
const CONNECTIONS = 8;

const acme = tenant(`requests_per_second: ${LIMIT}, burst: 1s`);
const body = JSON.stringify(LOGS_JSON);
const headers = { "content-type": "application/json", authorization: `Bearer ${acme.key.key}` };

/** Sends at a rate for the time, to each its share. @returns When each request that was let in was sent, milliseconds. */
async function send(targets: readonly { readonly url: string; readonly share: number }[]): Promise<number[]> {
  const admitted: number[] = [];
  const pending = new Set<Promise<void>>();
  const startMs = performance.now();
  const sent = targets.map(() => 0);
  const clients = targets.map(() =>
    Array.from({ length: CONNECTIONS }, () => Deno.createHttpClient({ poolMaxIdlePerHost: 1 }))
  );
  const one = async (url: string, client: Deno.HttpClient) => {
    const response = await fetch(`${url}/v1/logs`, { method: "POST", headers, body, client });
    await response.body?.cancel();
    if (response.status === 200) admitted.push(performance.now() - startMs);
  };
  for (let nowMs = 0; nowMs < 1_000 * (SETTLING + Number(seconds)); nowMs = performance.now() - startMs) {
    for (const [at, { url, share }] of targets.entries()) {
      const due = LIMIT * LOAD * share * nowMs / 1_000;
      for (; sent[at]! < due; sent[at]!++) {
        const client = clients[at]?.[sent[at]! % CONNECTIONS];
        if (client === undefined) continue;
        const run: Promise<void> = one(url, client).finally(() => pending.delete(run));
        pending.add(run);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(pending);
  for (const client of clients.flat()) client.close();
  return admitted;
}

function tell(what: string, admitted: readonly number[]): void {
  let [over, under] = [0, 0];
  for (let from = SETTLING; from + WINDOW <= SETTLING + Number(seconds); from++) {
    const count = admitted.filter((ms) => ms >= 1_000 * from && ms < 1_000 * (from + WINDOW)).length;
    const error = count / (LIMIT * WINDOW) - 1;
    over = Math.max(over, error);
    under = Math.max(under, -error);
  }
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`;
  report(what, `over ${percent(over)}`, `under ${percent(under)}`, `${admitted.length} let in`);
}

{
  await using gateway = await startTenants({ acme }, { workers: 2 });
  tell("one gateway, 2 workers", await send([{ url: gateway.url, share: 1 }]));
}
{
  await using redis = await startRedis();
  const more = `tenancy: {fleet: {mode: redis, replicas: 3, redis: {endpoint: "${redis.endpoint}"}}}`;
  await using one = await startTenants({ acme }, { more });
  await using two = await startTenants({ acme }, { more });
  await using three = await startTenants({ acme }, { more });
  const shares = [0.8, 0.1, 0.1];
  const targets = [one, two, three].map(({ url }, at) => ({ url, share: shares[at] ?? 0 }));
  tell("three gateways over Redis, 80/10/10", await send(targets));
}
