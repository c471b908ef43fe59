/**
 * Which pipelines behind a receiver a tenant's data enters.
 *
 * @module
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { type Consumer, KEPT } from "../../../pipeline/contract/consumer.ts";
import { PermissionDeniedError } from "../../../pipeline/core/errors.ts";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { forTenants } from "../../../pipeline/graph/tenant_pipelines.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { rowOf } from "../tenants/support.ts";

const { signal: ABORT } = new AbortController();

function payloadFor(tenant?: TenantTag): Payload {
  const origin = tenant === undefined ? NO_ORIGIN : { ...NO_ORIGIN, tenant };
  return payloadOf("traces", new Uint8Array(0), 1, origin);
}

Deno.test("forTenants()", async (t) => {
  const { tag } = rowOf("acme", 0);
  const cases: { name: string; tenant?: TenantTag; allowed?: string[]; want: string[] }[] = [
    { name: "without a tenant all", allowed: [], want: ["traces", "traces/acme"] },
    { name: "a tenant without a list all", tenant: tag, want: ["traces", "traces/acme"] },
    { name: "some", tenant: tag, allowed: ["traces/acme", "traces/elsewhere"], want: ["traces/acme"] },
    { name: "all by name", tenant: tag, allowed: ["traces", "traces/acme"], want: ["traces", "traces/acme"] },
  ];
  for (const { name, tenant, allowed, want } of cases) {
    await t.step(name, async () => {
      const entered: string[] = [];
      const head = (id: string): Consumer => ({
        consume: () => {
          entered.push(id);
          return Promise.resolve(KEPT);
        },
      });
      const heads = ["traces", "traces/acme"].map((id) => ({ id, consumer: head(id) }));
      const pipelines = allowed && new Set(allowed);
      const consumer = forTenants(heads, { pipelinesOf: () => pipelines });
      for (let i = 0; i < 2; i++) strictEqual(await consumer.consume(payloadFor(tenant), ABORT), KEPT);
      deepStrictEqual(entered, [...want, ...want]);
    });
  }
  await t.step("none of its pipelines is there", async () => {
    const heads = [{ id: "traces", consumer: { consume: () => Promise.resolve(KEPT) } }];
    const consumer = forTenants(heads, { pipelinesOf: () => new Set(["traces/acme"]) });
    await rejects(consumer.consume(payloadFor(tag), ABORT), PermissionDeniedError);
  });
  await t.step("who asks before a body is read is asked behind it", () => {
    const asked: number[] = [];
    const consumer = { consume: () => Promise.resolve(KEPT), admit: (bytes: number) => void asked.push(bytes) };
    forTenants([{ id: "traces", consumer }], { pipelinesOf: () => undefined }).admit?.(7);
    deepStrictEqual(asked, [7]);
  });
});
