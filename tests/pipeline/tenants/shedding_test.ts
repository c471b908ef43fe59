/**
 * Shedding: when rules begin and end, what they take out, and what the sender is told.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { fullestQueue, type Pressure } from "../../../pipeline/contract/pressure.ts";
import type { QueueControl } from "../../../pipeline/contract/queue_control.ts";
import type { Visit } from "../../../pipeline/contract/tenants.ts";
import { NO_ORIGIN, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { READING_INTERVAL_MS, ThreadPressure } from "../../../pipeline/tenants/pressure.ts";
import { sheddingSchema } from "../../../pipeline/tenants/shedding.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { encodeMessage, REQUEST_TYPES } from "../../support/otlp_proto.ts";
import { requestBytes } from "../../support/otlp_samples.ts";
import { rulesOf, senderOf, type SomeRow, testGate } from "./support.ts";

const MIB = 1024 * 1024;
const CALM: Pressure = { memoryBytes: 0, queueFill: 0, lagMs: 0 };
const FULL: Pressure = { memoryBytes: 0, queueFill: 1, lagMs: 0 };

/** A gate with rules, and a pressure that a test sets. */
function shedding(rules: readonly unknown[], tenant: SomeRow = {}) {
  const gauge = { pressure: FULL, read: () => gauge.pressure };
  const made = testGate({ acme: tenant }, new FakeClock(), { shedding: rulesOf(rules), pressure: gauge });
  const send = (signal: Signal, bytes: Uint8Array) => {
    const visit = made.gate.enter(signal, senderOf("acme"), bytes.length) as Visit;
    const taken = visit.take(readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN));
    visit.leave(200, taken.rejectedItems);
    const { itemCount } = readPayload(signal, payloadBytes(taken.payload), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    strictEqual(taken.payload.itemCount, itemCount);
    return taken;
  };
  return { ...made, gauge, send };
}

function logs(...severities: readonly number[]): Uint8Array {
  const records = severities.map((severity) => ({ severity_number: severity, body: { string_value: "text" } }));
  const request = { resource_logs: [{ scope_logs: [{ log_records: records }] }] };
  return encodeMessage(REQUEST_TYPES.logs, request);
}

Deno.test("shedding: what a rule takes out", async (t) => {
  const rule = { queue: 0.8 };
  const cases: {
    name: string;
    rules: readonly unknown[];
    tenant?: SomeRow;
    signal?: Signal;
    body?: Uint8Array;
    left: number;
  }[] = [
    { name: "everything", rules: [rule], left: 0 },
    { name: "a signal", rules: [{ ...rule, signals: ["logs"] }], signal: "logs", left: 0 },
    { name: "not another signal", rules: [{ ...rule, signals: ["logs"] }], left: 6 },
    { name: "a low priority", rules: [{ ...rule, priority_below: 5 }], tenant: { priority: 4 }, left: 0 },
    { name: "not a high priority", rules: [{ ...rule, priority_below: 5 }], tenant: { priority: 5 }, left: 6 },
    {
      name: "a low severity, but for records that do not say theirs",
      rules: [{ ...rule, severity_below: "warn" }],
      signal: "logs",
      body: logs(1, 9, 12, 13, 24, 0),
      left: 3,
    },
    { name: "severity says nothing of other signals", rules: [{ ...rule, severity_below: "fatal" }], left: 6 },
    { name: "a condition", rules: [{ ...rule, condition: 'span.name != ""' }], left: 0 },
    { name: "a condition that does not hold", rules: [{ ...rule, condition: 'span.name == "none"' }], left: 6 },
    {
      name: "a condition and a severity together",
      rules: [{ ...rule, severity_below: "warn", condition: "log.severity_number != 9" }],
      signal: "logs",
      body: logs(1, 9, 13),
      left: 2,
    },
    { name: "profiles whole", rules: [rule], signal: "profiles", left: 0 },
    {
      name: "metrics by a condition",
      rules: [{ ...rule, condition: "metric.name != nil" }],
      signal: "metrics",
      left: 0,
    },
    {
      name: "a share of items",
      rules: [{ ...rule, severity_below: "warn", share: 0.5 }],
      signal: "logs",
      body: logs(1, 1, 1, 1, 1, 1, 17),
      left: 4,
    },
    {
      name: "what is left goes to the next rule",
      rules: [{ ...rule, severity_below: "info" }, { ...rule, severity_below: "warn", share: 0.5 }],
      signal: "logs",
      body: logs(1, 1, 9, 9, 17),
      left: 2,
    },
  ];
  for (const { name, rules, tenant, signal = "traces", body, left } of cases) {
    await t.step(name, () => {
      const { send, meter, cells } = shedding(rules, tenant);
      const bytes = body ?? requestBytes(signal, 6);
      const { itemCount } = readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
      const taken = send(signal, bytes);
      deepStrictEqual([taken.payload.itemCount, taken.rejectedItems], [left, itemCount - left]);
      const shed = itemCount - left;
      strictEqual(meter.get("sluice_tenant_rejected_items"), shed);
      strictEqual(cells.refusals(0, "shed"), shed > 0 ? 1 : 0);
      if (shed > 0) match(taken.message, new RegExp(`^${shed} items are shed: the gateway is under pressure \\(rule`));
      else strictEqual(taken.message, "");
    });
  }
});

Deno.test("shedding: a share of whole requests", () => {
  const { send } = shedding([{ queue: 0.5, share: 0.25 }]);
  const left = Array.from({ length: 8 }, () => send("traces", requestBytes("traces", 2)).payload.itemCount);
  deepStrictEqual(left, [2, 2, 2, 0, 2, 2, 2, 0]);
});

Deno.test("shedding: what is shed is not charged, and what is over the limit is told too", () => {
  const limits = { all: { itemsPerSecond: 3, burstMs: 1_000 } };
  const { send } = shedding([{ queue: 0.5, severity_below: "warn" }], { limits });
  strictEqual(send("logs", logs(1, 1, 1, 1, 17)).payload.itemCount, 1);
  const { payload, rejectedItems, message } = send("logs", logs(1, 17, 17, 17));
  deepStrictEqual([payload.itemCount, rejectedItems], [2, 2]);
  match(message, /^1 items are shed: .*; 1 of 3 log records are not taken: the limit of 3 items_per_second/);
});

Deno.test("shedding: a rule begins at a threshold, and ends below its part of all of them", async (t) => {
  const readings: { name: string; rule: object; steps: [Pressure, boolean][] }[] = [
    {
      name: "queue",
      rule: { queue: 0.8, until: 0.5 },
      steps: [
        [{ ...CALM, queueFill: 0.79 }, false],
        [{ ...CALM, queueFill: 0.8 }, true],
        [{ ...CALM, queueFill: 0.4 }, true],
        [{ ...CALM, queueFill: 0.39 }, false],
        [{ ...CALM, queueFill: 0.79 }, false],
      ],
    },
    {
      name: "memory, by default to nine tenths",
      rule: { memory_mib: 100 },
      steps: [
        [{ ...CALM, memoryBytes: 100 * MIB - 1 }, false],
        [{ ...CALM, memoryBytes: 100 * MIB }, true],
        [{ ...CALM, memoryBytes: 90 * MIB }, true],
        [{ ...CALM, memoryBytes: 90 * MIB - 1 }, false],
      ],
    },
    {
      name: "lag, and another one that has it go on",
      rule: { lag: "200ms", queue: 0.8, until: 0.5 },
      steps: [
        [{ ...CALM, lagMs: 199 }, false],
        [{ ...CALM, lagMs: 200 }, true],
        [{ ...CALM, queueFill: 0.4 }, true],
        [CALM, false],
      ],
    },
  ];
  for (const { name, rule, steps } of readings) {
    await t.step(name, () => {
      const { send, gauge } = shedding([rule]);
      for (const [pressure, acts] of steps) {
        gauge.pressure = pressure;
        strictEqual(send("traces", requestBytes("traces", 1)).rejectedItems, acts ? 1 : 0, JSON.stringify(pressure));
      }
    });
  }
});

Deno.test("shedding: rules that are refused, each with its place", async (t) => {
  const cases: { name: string; rule: object; path: string; message: RegExp }[] = [
    { name: "no threshold", rule: { signals: ["logs"] }, path: "0", message: /no pressure/ },
    { name: "an unknown signal", rule: { queue: 1, signals: ["spans"] }, path: "0.signals", message: /traces/ },
    { name: "a queue past 1", rule: { queue: 1.1 }, path: "0.queue", message: /0.01 to 1/ },
    {
      name: "a priority past the highest",
      rule: { queue: 1, priority_below: 11 },
      path: "0.priority_below",
      message: /10/,
    },
    {
      name: "a severity that is none",
      rule: { queue: 1, severity_below: "loud" },
      path: "0.severity_below",
      message: /"warn"/,
    },
    {
      name: "a broken condition",
      rule: { queue: 1, condition: "span.name ==" },
      path: "0.condition",
      message: /does not load/,
    },
    {
      name: "a condition of another signal",
      rule: { queue: 1, signals: ["logs"], condition: 'span.name == "a"' },
      path: "0.condition",
      message: /does not load/,
    },
    {
      name: "a severity of another signal",
      rule: { queue: 1, signals: ["traces"], severity_below: "warn" },
      path: "0.severity_below",
      message: /does not load/,
    },
  ];
  for (const { name, rule, path, message } of cases) {
    await t.step(name, () => {
      const [issue] = sheddingSchema.safeParse(asYaml([rule])).error?.issues ?? [];
      strictEqual(issue?.path.join("."), path);
      match(issue?.message ?? "", message);
    });
  }
  await t.step("more than 32", () => {
    const rules = (count: number) => sheddingSchema.safeParse(asYaml(Array(count).fill({ queue: 1 })));
    ok(rules(32).success);
    ok(!rules(33).success);
  });
});

Deno.test("ThreadPressure: readings are taken when somebody asks, and not too often", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const memory = { heldBytes: () => 0, hold: () => {}, release: () => {}, residentBytes: () => ++asked * MIB };
  const queues = [0.3, 0.5, 0.1].map((fill) => ({ fill }) as QueueControl);
  const pressure = new ThreadPressure({ clock, memory, queues: () => queues });
  const first = pressure.read();
  deepStrictEqual(first, { memoryBytes: MIB, queueFill: 0.5, lagMs: 0 });
  strictEqual(pressure.read(), first);
  strictEqual(clock.pending, 1);
  await clock.advance(READING_INTERVAL_MS - 1);
  strictEqual(pressure.read(), first);
  await clock.advance(1);
  strictEqual(pressure.read().memoryBytes, 2 * MIB);
});

Deno.test("ThreadPressure: the lag is how late a timer comes that is due at once", () => {
  let nowMs = 0;
  let due: (() => void) | undefined;
  const clock = Object.assign(new FakeClock(), {
    monotonicMs: () => nowMs,
    setTimer: (callback: () => void) => {
      due = callback;
      return 1;
    },
  });
  const memory = { heldBytes: () => 0, hold: () => {}, release: () => {}, residentBytes: () => 0 };
  const pressure = new ThreadPressure({ clock, memory });
  strictEqual(pressure.read().lagMs, 0);
  nowMs = 120;
  due?.();
  nowMs = READING_INTERVAL_MS;
  strictEqual(pressure.read().lagMs, 120);
});

Deno.test("fullestQueue()", () => {
  strictEqual(fullestQueue([]), 0);
});
