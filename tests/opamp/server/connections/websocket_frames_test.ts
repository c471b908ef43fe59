/**
 * Frames in and out: how they are cut, what breaks the protocol, what an announced length costs.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { closePayload, frameHeader, FrameReader } from "../../../../opamp/server/connections/websocket_frames.ts";
import { clientFrame } from "../../../support/raw_websocket.ts";

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
