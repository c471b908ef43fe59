/**
 * The small parts of the server: frames, shared bytes, fields of a report, the budget of accepts.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeAgentToServer, encodeAgentToServer } from "../../../opamp/protocol/messages.ts";
import { AcceptBudget } from "../../../opamp/server/accept_budget.ts";
import { fieldBytes, REPORT_FIELDS, type ReportField } from "../../../opamp/server/report_fields.ts";
import { SharedBytes } from "../../../opamp/server/shared_bytes.ts";
import { closePayload, frameHeader, FrameReader } from "../../../opamp/server/websocket_frames.ts";
import { fullReport, uidOf } from "../../support/opamp_fleet.ts";
import { clientFrame } from "../../support/raw_websocket.ts";

/** Reads frames and writes down what came. */
function recorder(maxBytes = 1_000_000) {
  const seen: string[] = [];
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const reader = new FrameReader({
    onBinary: (payload) => void seen.push(`binary ${hex(payload)}`),
    onPing: (payload) => void seen.push(`ping ${hex(payload)}`),
    onPong: () => void seen.push("pong"),
    onClose: (code) => void seen.push(`close ${code}`),
    onViolation: (code) => void seen.push(`violation ${code}`),
  }, maxBytes);
  return { reader, seen, hex };
}

Deno.test("FrameReader: the same whatever way the bytes are cut", () => {
  const payload = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 65_530, maxLength: 65_540 }));
  const message = fc.record({ payload, cuts: fc.array(fc.nat(70_000), { maxLength: 3 }), ping: fc.boolean() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 }), (
      messages,
      steps,
    ) => {
      const { reader, seen, hex } = recorder();
      const want: string[] = [];
      const frames: Uint8Array[] = [];
      for (const { payload, cuts, ping } of messages) {
        const edges = [...new Set([0, ...cuts.filter((at) => at > 0 && at < payload.length), payload.length])]
          .sort((a, b) => a - b);
        if (payload.length === 0) edges.push(0);
        for (let i = 0; i + 1 < edges.length; i++) {
          const piece = payload.slice(edges[i], edges[i + 1]);
          frames.push(clientFrame(piece, { opcode: i === 0 ? 2 : 0, final: i + 2 === edges.length }));
          if (!ping) continue;
          frames.push(clientFrame(Uint8Array.of(7), { opcode: 9 }));
          if (i + 2 < edges.length) want.push("ping 07");
        }
        want.push(`binary ${hex(payload)}`);
        if (ping) want.push("ping 07");
      }
      const bytes = new Uint8Array(Buffer.concat(frames));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const step = steps[i % steps.length] ?? 1;
        reader.read(bytes.slice(at, at + step));
        at += step;
      }
      deepStrictEqual(seen, want);
    }),
    { numRuns: 60 },
  );
});

Deno.test("FrameReader: after a close or a violation nothing is read", () => {
  for (
    const first of [clientFrame(Uint8Array.of(3, 0xe8), { opcode: 8 }), clientFrame(new Uint8Array(1), { opcode: 1 })]
  ) {
    const { reader, seen } = recorder();
    reader.read(new Uint8Array(Buffer.concat([first, clientFrame(Uint8Array.of(1))])));
    reader.read(clientFrame(Uint8Array.of(2)));
    strictEqual(seen.length, 1);
  }
});

Deno.test("FrameReader: an announced length alone takes no memory", () => {
  const { reader, seen } = recorder(1 << 30);
  const before = Deno.memoryUsage().external;
  const readers = Array.from({ length: 50 }, () => recorder(1 << 30).reader);
  for (const each of [reader, ...readers]) each.read(clientFrame(new Uint8Array(8), { length: 1 << 29 }));
  ok(Deno.memoryUsage().external - before < 1 << 24);
  deepStrictEqual(seen, []);
});

Deno.test("frameHeader() and closePayload()", () => {
  deepStrictEqual(frameHeader(2, 125), Uint8Array.of(0x82, 125));
  deepStrictEqual(frameHeader(2, 126), Uint8Array.of(0x82, 126, 0, 126));
  deepStrictEqual(frameHeader(2, 65_535), Uint8Array.of(0x82, 126, 0xff, 0xff));
  deepStrictEqual(frameHeader(2, 65_536), Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0));
  strictEqual(closePayload(1008, "x".repeat(500)).length, 125);
  deepStrictEqual(closePayload(1005, "any"), Uint8Array.of(0x03, 0xe8));
});

Deno.test("SharedBytes: equal bytes are one copy, gone with the last holder", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3 })), (all) => {
      const shared = new SharedBytes();
      const held = all.map((bytes) => shared.acquire(bytes));
      const distinct = new Map(all.map((bytes) => [bytes.join(), bytes]));
      strictEqual(shared.size, distinct.size);
      for (const [at, bytes] of held.entries()) deepStrictEqual(bytes, all[at]);
      strictEqual(new Set(held).size, distinct.size);
      for (const bytes of held) shared.release(bytes);
      strictEqual(shared.size, 0);
    }),
  );
  const shared = new SharedBytes();
  const large = new Uint8Array(10_000);
  const other = large.slice();
  other[9_999] = 1; // not among the bytes that are sampled
  ok(shared.acquire(large) !== shared.acquire(other));
  strictEqual(shared.size, 2);
});

Deno.test("fieldBytes(): each part on its own, in a report with everything", () => {
  const report = {
    ...fullReport(1),
    instanceUid: uidOf(1),
    sequenceNum: 300,
    capabilities: 0x1fff,
    packageStatuses: { errorMessage: "x".repeat(200) },
    availableComponents: { hash: Uint8Array.of(1) },
    customMessage: { data: new Uint8Array(70_000) },
  };
  const bytes = encodeAgentToServer(report);
  const whole = decodeAgentToServer(bytes);
  for (const field of Object.keys(REPORT_FIELDS) as ReportField[]) {
    const slice = fieldBytes(bytes, field);
    ok(slice);
    deepStrictEqual(decodeAgentToServer(slice)[field], whole[field]);
    deepStrictEqual(Object.entries(decodeAgentToServer(slice)).filter(([, value]) => value !== undefined).length, 1);
  }
  strictEqual(fieldBytes(encodeAgentToServer({ instanceUid: uidOf(1) }), "health"), undefined);
  const twice = Buffer.concat([
    encodeAgentToServer({ health: { healthy: true } }),
    encodeAgentToServer({ health: { lastError: "e" } }),
  ]);
  deepStrictEqual(decodeAgentToServer(fieldBytes(twice, "health") ?? twice).health, decodeAgentToServer(twice).health);
});

Deno.test("AcceptBudget: a storm of 18,000 is spread evenly, and is in when it comes back", () => {
  const budget = new AcceptBudget({ acceptsPerSecond: 1_000, acceptBurst: 2_000, maxRetryAfterMs: 60_000 }, 0);
  const waits = Array.from({ length: 18_000 }, () => budget.take(0));
  strictEqual(waits.filter((waitMs) => waitMs === 0).length, 2_000);
  const perSecond = new Map<number, number>();
  for (const waitMs of waits) {
    perSecond.set(Math.ceil(waitMs / 1_000), (perSecond.get(Math.ceil(waitMs / 1_000)) ?? 0) + 1);
  }
  perSecond.delete(0);
  ok([...perSecond.values()].every((agents) => agents <= 1_001), String([...perSecond]));
  ok(Math.max(...waits) <= 17_000);
  const back = waits.filter((waitMs) => waitMs > 0).sort((a, b) => a - b);
  strictEqual(back.filter((waitMs) => budget.take(waitMs) > 0).length, 0);
});

Deno.test("AcceptBudget: the longest wait is bounded", () => {
  const budget = new AcceptBudget({ acceptsPerSecond: 1, acceptBurst: 1, maxRetryAfterMs: 5_000 }, 0);
  deepStrictEqual(Array.from({ length: 7 }, () => budget.take(0)), [0, 2_000, 3_000, 4_000, 5_000, 5_000, 5_000]);
  strictEqual(budget.take(1_000), 0);
});
