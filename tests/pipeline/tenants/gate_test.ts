/**
 * The gate: what is let in, what is refused and with which words, what is given back.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { Taken, TenantGate, Visit } from "../../../pipeline/contract/tenants.ts";
import { GatewayError } from "../../../pipeline/core/errors.ts";
import { NO_ORIGIN, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import { resourceAttribute } from "../../../pipeline/otlp/resource.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { type Refusal, REFUSALS } from "../../../pipeline/tenants/rates/cells.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { logRequestBytes, traceRequestBytes } from "../../support/otlp_samples.ts";
import { resourcesOf } from "../../support/resources.ts";
import { rowOf, senderOf, type SomeRow, testGate } from "./support.ts";

function enter(gate: TenantGate, signal: Signal = "traces", bytes: number | undefined = 100, tenant = "acme"): Visit {
  const visit = gate.enter(signal, senderOf(tenant), bytes);
  ok(!(visit instanceof Promise), "no promise where the answer is known");
  return visit;
}

/** What `work` is refused with. */
function refusalOf(work: () => unknown): { status: number; retryAfterMs: number | undefined; message: string } {
  try {
    work();
  } catch (error) {
    ok(error instanceof GatewayError, String(error));
    strictEqual(error.retryable, error.httpStatus === 429);
    return { status: error.httpStatus, retryAfterMs: error.retryAfterMs, message: error.message };
  }
  throw new Error("it was not refused");
}

function spans(count: number): Payload {
  return readPayload("traces", traceRequestBytes({ spans: count }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

/** One request from its beginning to its end. */
function pass(gate: TenantGate, items: number, status = 200): Taken {
  const visit = enter(gate);
  try {
    const taken = visit.take(spans(items));
    visit.leave(status, taken.rejectedItems);
    return taken;
  } catch (error) {
    visit.leave(429, 0);
    throw error;
  }
}

Deno.test("gate: refused before the body is read", async (t) => {
  const cases: {
    name: string;
    tenant: SomeRow;
    signal?: Signal;
    bytes?: number;
    before?: number;
    status: number;
    reason: Refusal;
    retryAfterMs?: number;
    message: RegExp;
  }[] = [
    { name: "disabled", tenant: { enabled: false }, status: 403, reason: "disabled", message: /disabled/ },
    {
      name: "a signal that is not allowed",
      tenant: { signals: new Set(["logs"]) },
      status: 403,
      reason: "signal",
      message: /may not send traces/,
    },
    {
      name: "no pipeline of the signal",
      tenant: { pipelines: new Set(["logs", "traces2"]) },
      status: 403,
      reason: "signal",
      message: /may not send traces/,
    },
    {
      name: "a body larger than any may be",
      tenant: { limits: { all: { maxRequestBodySize: 99 } } },
      status: 413,
      reason: "body_size",
      message: /more than 99 bytes/,
    },
    {
      name: "a body larger than one of the signal may be",
      tenant: { limits: { all: { maxRequestBodySize: 1_000 }, traces: { maxRequestBodySize: 99 } } },
      status: 413,
      reason: "body_size",
      message: /more than 99 bytes/,
    },
    {
      name: "requests a second",
      tenant: { limits: { all: { requestsPerSecond: 2, burstMs: 1_000 } } },
      before: 2,
      status: 429,
      reason: "requests_per_second",
      retryAfterMs: 500,
      message: /limit of 2 requests_per_second of tenant acme is reached, there is room in 500 ms/,
    },
    {
      name: "requests a second of the signal",
      tenant: { limits: { all: { requestsPerSecond: 100 }, traces: { requestsPerSecond: 1, burstMs: 1_000 } } },
      before: 1,
      status: 429,
      reason: "requests_per_second",
      retryAfterMs: 1_000,
      message: /requests_per_second for traces/,
    },
    {
      name: "a rate below one a burst lets one in",
      tenant: { limits: { all: { requestsPerSecond: 0.1, burstMs: 1 } } },
      before: 1,
      status: 429,
      reason: "requests_per_second",
      retryAfterMs: 10_000,
      message: /limit of 0.1 requests_per_second/,
    },
    {
      name: "bytes a second",
      tenant: { limits: { all: { bytesPerSecond: 200, burstMs: 1_000 } } },
      before: 2,
      status: 429,
      reason: "bytes_per_second",
      retryAfterMs: 500,
      message: /200 bytes_per_second/,
    },
    {
      name: "more bytes than ever fit",
      tenant: { limits: { all: { bytesPerSecond: 99, burstMs: 1_000 } } },
      status: 413,
      reason: "bytes_per_second",
      message: /100 bytes at once: .* has room for 99 at the most/,
    },
    {
      name: "concurrent requests",
      tenant: { limits: { all: { concurrentRequests: 3 } } },
      before: 3,
      status: 429,
      reason: "concurrent_requests",
      retryAfterMs: 1_000,
      message: /3 concurrent_requests/,
    },
    {
      name: "bytes in flight",
      tenant: { limits: { all: { bytesInFlight: 299 } } },
      before: 2,
      status: 429,
      reason: "bytes_in_flight",
      retryAfterMs: 1_000,
      message: /299 bytes_in_flight/,
    },
    {
      name: "more bytes than may ever be in flight",
      tenant: { limits: { traces: { bytesInFlight: 99 } } },
      status: 413,
      reason: "bytes_in_flight",
      message: /more by itself/,
    },
  ];
  for (const { name, tenant, signal, bytes, before = 0, status, reason, retryAfterMs, message } of cases) {
    await t.step(name, () => {
      const { gate, cells, meter } = testGate({ acme: tenant }, new FakeClock());
      for (let i = 0; i < before; i++) enter(gate, signal, bytes);
      const refusal = refusalOf(() => enter(gate, signal, bytes));
      deepStrictEqual([refusal.status, refusal.retryAfterMs], [status, retryAfterMs]);
      match(refusal.message, message);
      deepStrictEqual(REFUSALS.filter((each) => cells.refusals(0, each) > 0), [reason]);
      strictEqual(meter.values.get(`sluice_tenant_refused_requests reason=${reason}`), 1);
    });
  }
});

Deno.test("gate: whoever waits as long as was said is let in, and not a millisecond before", async () => {
  const limits = { all: { requestsPerSecond: 3, bytesPerSecond: 150, burstMs: 2_000 } };
  const clock = new FakeClock();
  const { gate } = testGate({ acme: { limits } }, clock);
  let refused = 0;
  for (let i = 0; i < 30; i++) {
    try {
      enter(gate).leave(200, 0);
    } catch (error) {
      ok(error instanceof GatewayError);
      refused++;
      await clock.advance((error.retryAfterMs ?? NaN) - 1);
      strictEqual(refusalOf(() => enter(gate)).status, 429);
      await clock.advance(1);
      enter(gate).leave(200, 0);
    }
  }
  ok(refused > 10);
});

Deno.test("gate: what a later limit refuses is given back to the earlier ones", async () => {
  const clock = new FakeClock();
  const limits = {
    all: { requestsPerSecond: 10, bytesPerSecond: 1_000, burstMs: 1_000, concurrentRequests: 5, bytesInFlight: 10_000 },
    traces: { bytesPerSecond: 100, burstMs: 1_000 },
  };
  const { gate, cells } = testGate({ acme: { limits } }, clock);
  enter(gate).leave(200, 0);
  for (let i = 0; i < 50; i++) strictEqual(refusalOf(() => enter(gate)).retryAfterMs, 1_000);
  strictEqual(cells.concurrency(0, 0), 0);
  strictEqual(cells.bytesInFlight(0, 0), 0);
  for (let i = 0; i < 9; i++) enter(gate, "logs").leave(200, 0); // requests and bytes of all are as they were
  strictEqual(refusalOf(() => enter(gate, "logs")).status, 429);
  await clock.advance(1_000);
  enter(gate).leave(200, 0);
});

Deno.test("gate: an unknown length is charged when the body is there", () => {
  const { gate, cells } = testGate(
    { acme: { limits: { all: { bytesPerSecond: 250, burstMs: 1_000, bytesInFlight: 150 } } } },
    new FakeClock(),
  );
  const visits = [0, 1].map(() => gate.enter("traces", senderOf("acme"), undefined) as Visit);
  visits[0]!.read(100);
  strictEqual(cells.bytesInFlight(0, 0), 100);
  match(refusalOf(() => visits[1]!.read(100)).message, /150 bytes_in_flight/);
  for (const visit of visits) visit.leave(200, 0);
  strictEqual(cells.bytesInFlight(0, 0), 0);
  const third = gate.enter("traces", senderOf("acme"), undefined) as Visit;
  third.read(150);
  third.leave(200, 0);
  const fourth = gate.enter("traces", senderOf("acme"), undefined) as Visit;
  strictEqual(refusalOf(() => fourth.read(1)).retryAfterMs, 4);
  fourth.leave(429, 0);
});

Deno.test("gate: items", async (t) => {
  const limits = { all: { itemsPerSecond: 10, burstMs: 1_000 } };
  await t.step("a part that fits goes on, and the rest is told", () => {
    const { gate, meter } = testGate({ acme: { limits } }, new FakeClock());
    const { payload, rejectedItems, message } = pass(gate, 25);
    deepStrictEqual([payload.itemCount, rejectedItems], [10, 15]);
    const text = "15 of 25 spans are not taken: the limit of 10 items_per_second of tenant acme is reached, " +
      "there is room for 10 in 1000 ms";
    strictEqual(message, text);
    strictEqual(meter.values.get("sluice_tenant_rejected_items reason=items_per_second"), 15);
    const read = readPayload("traces", payloadBytes(payload), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    strictEqual(read.itemCount, 10);
  });
  await t.step("when nothing fits it is to come again, and then it does", async () => {
    const clock = new FakeClock();
    const { gate } = testGate({ acme: { limits } }, clock);
    pass(gate, 10);
    const refusal = refusalOf(() => pass(gate, 25));
    deepStrictEqual([refusal.status, refusal.retryAfterMs], [429, 1_000]);
    await clock.advance(1_000);
    strictEqual(pass(gate, 25).rejectedItems, 15);
  });
  await t.step("refused whole", async () => {
    const clock = new FakeClock();
    const { gate } = testGate({ acme: { limits, overLimit: "refuse" } }, clock);
    strictEqual(pass(gate, 6).rejectedItems, 0);
    const refusal = refusalOf(() => pass(gate, 6));
    deepStrictEqual([refusal.status, refusal.retryAfterMs], [429, 200]);
    await clock.advance(200);
    strictEqual(pass(gate, 6).rejectedItems, 0);
  });
  await t.step("refused whole: more than ever fit", () => {
    const { gate } = testGate({ acme: { limits, overLimit: "refuse" } }, new FakeClock());
    strictEqual(pass(gate, 10).rejectedItems, 0);
    const refusal = refusalOf(() => pass(gate, 11));
    strictEqual(refusal.status, 413);
    match(refusal.message, /11 spans at once: .* room for 10 at the most/);
  });
  await t.step("of two limits the tighter one decides, and the other is charged no more", () => {
    const both = { all: { itemsPerSecond: 10, burstMs: 1_000 }, traces: { itemsPerSecond: 4, burstMs: 1_000 } };
    const { gate } = testGate({ acme: { limits: both } }, new FakeClock());
    strictEqual(pass(gate, 9).payload.itemCount, 4);
    const visit = enter(gate, "logs");
    const records = readPayload("logs", logRequestBytes({ records: 9 }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    strictEqual(visit.take(records).payload.itemCount, 6);
  });
});

Deno.test("gate: what fails behind it and is to be retried is not charged; what is kept or refused for good is", async (t) => {
  const limits = { all: { itemsPerSecond: 10, bytesPerSecond: 100, burstMs: 1_000 } };
  for (const [status, free] of [[200, 0], [400, 0], [500, 0], [429, 10], [502, 10], [503, 10], [504, 10]] as const) {
    await t.step(`status ${status}`, () => {
      const { gate } = testGate({ acme: { limits } }, new FakeClock());
      pass(gate, 10, status);
      if (free > 0) strictEqual(pass(gate, 10).payload.itemCount, free);
      else strictEqual(refusalOf(() => pass(gate, 10)).status, 429);
    });
  }
  await t.step("a body that was read in vain has used its bytes", () => {
    const { gate } = testGate({ acme: { limits } }, new FakeClock());
    enter(gate).leave(503, 0);
    match(refusalOf(() => enter(gate)).message, /bytes_per_second/);
  });
});

Deno.test("gate: whose it is goes with the payload", async (t) => {
  await t.step("the tenant, and its id in place of a header of that name", () => {
    const { gate, rows } = testGate({ acme: {} }, new FakeClock());
    const visit = enter(gate);
    const metadata = new Map([["x-team", ["core"]], ["tenant.id", ["someone else"]]]);
    const origin = visit.originOf({ metadata, client: { address: "10.0.0.1:9" } });
    strictEqual(origin.tenant, rows[0]!.tag);
    deepStrictEqual([...origin.metadata], [["x-team", ["core"]], ["tenant.id", ["acme"]]]);
    strictEqual(origin.client?.address, "10.0.0.1:9");
  });
  await t.step("one object where nobody asked for headers", () => {
    const { gate } = testGate({ acme: {} }, new FakeClock());
    const [a, b] = [enter(gate).originOf(NO_ORIGIN), enter(gate).originOf(NO_ORIGIN)];
    strictEqual(a.metadata, b.metadata);
    deepStrictEqual([...a.metadata], [["tenant.id", ["acme"]]]);
  });
  await t.step("its attributes are on every resource, in place of the sender's", () => {
    const { gate } = testGate(
      { acme: { resourceAttributes: [["tenant.id", "acme"], ["service.name", "theirs"]] } }, //
      new FakeClock(),
    );
    const { payload } = pass(gate, 3);
    const read = readPayload("traces", payloadBytes(payload), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    strictEqual(read.itemCount, 3);
    for (const { resource } of resourcesOf(read)) {
      strictEqual(resourceAttribute(resource, "tenant.id"), "acme");
      strictEqual(resourceAttribute(resource, "service.name"), "theirs");
    }
  });
  await t.step("nothing is changed where nothing is to be", () => {
    const { gate } = testGate({ acme: {} }, new FakeClock());
    const payload = spans(3);
    strictEqual(enter(gate).take(payload).payload, payload);
  });
});

Deno.test("gate: a change of tenants counts from the next request on", async (t) => {
  const limits = { all: { concurrentRequests: 1 } };
  await t.step("other limits; what is in flight leaves as it came", () => {
    const { gate, rows, cells } = testGate({ acme: { limits } }, new FakeClock());
    const visit = enter(gate);
    rows[0] = rowOf("acme", 0, {});
    enter(gate).leave(200, 0);
    visit.leave(200, 0);
    strictEqual(cells.concurrency(0, 0), 0);
  });
  await t.step("a slot that is another tenant's now", () => {
    const { gate, rows } = testGate({ acme: {} }, new FakeClock());
    const { tag } = rows[0]!;
    const slow = testGate({ acme: {} }, new FakeClock());
    slow.rows[0] = rowOf("other", 0, {});
    strictEqual(gate.pipelinesOf(tag), undefined);
    deepStrictEqual([...slow.gate.pipelinesOf(tag) ?? ["all"]], []);
  });
});

Deno.test("gate: a share of the fleet", async () => {
  const clock = new FakeClock();
  const { gate, cells } = testGate({ acme: { limits: { all: { requestsPerSecond: 10, burstMs: 1_000 } } } }, clock);
  cells.setShare(0, 0, 0, 500_000);
  for (let i = 0; i < 5; i++) enter(gate).leave(200, 0);
  strictEqual(refusalOf(() => enter(gate)).retryAfterMs, 200);
  cells.setShare(0, 0, 0, 0);
  strictEqual(refusalOf(() => enter(gate)).retryAfterMs, 1_000);
  cells.setShare(0, 0, 0, 1_000_000);
  await clock.advance(100);
  enter(gate).leave(200, 0);
});

const OUTCOMES = [200, 400, 429, 503] as const;

Deno.test("gate: whatever comes and goes, what is held adds up", () => {
  const limits = {
    all: { concurrentRequests: 6, bytesInFlight: 900, itemsPerSecond: 50, requestsPerSecond: 30, burstMs: 500 },
    traces: { concurrentRequests: 4, bytesInFlight: 700, bytesPerSecond: 3_000, burstMs: 500 },
  };
  const action = fc.record({
    signal: fc.constantFrom<Signal>("traces", "logs"),
    bytes: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
    items: fc.integer({ min: 1, max: 5 }),
    status: fc.constantFrom(...OUTCOMES),
    leaves: fc.integer({ min: 0, max: 3 }),
    passMs: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      let nowMs = 0;
      const clock = Object.assign(new FakeClock(), { monotonicMs: () => nowMs });
      const { gate, cells } = testGate({ acme: { limits } }, clock);
      const inside: { visit: Visit; signal: Signal; bytes: number; status: number }[] = [];
      const check = () => {
        for (
          const [group, ofGroup] of [[0, inside], [
            1,
            inside.filter(({ signal }) => signal === "traces"),
          ]] as const
        ) {
          strictEqual(cells.concurrency(0, group), ofGroup.length);
          strictEqual(cells.bytesInFlight(0, group), ofGroup.reduce((sum, { bytes }) => sum + bytes, 0));
        }
      };
      for (const { signal, bytes, items, status, leaves, passMs } of actions) {
        nowMs += passMs;
        let visit: Visit | undefined;
        try {
          visit = gate.enter(signal, senderOf("acme"), bytes) as Visit;
          visit.read(bytes ?? 50);
          if (signal === "traces") visit.take(spans(items));
          inside.push({ visit, signal, bytes: bytes ?? 50, status });
        } catch (error) {
          ok(error instanceof GatewayError);
          visit?.leave(error.httpStatus, 0);
        }
        for (const { visit, status } of inside.splice(0, leaves)) visit.leave(status, 0);
        check();
      }
      for (const { visit, status } of inside.splice(0)) visit.leave(status, 0);
      check();
      strictEqual(cells.recover(), 0);
    }),
    { numRuns: 50 },
  );
});
