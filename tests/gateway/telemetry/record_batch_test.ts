/**
 * When own spans and log records are sent, with a clock that is turned by hand.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { resourceMessage } from "../../../gateway/telemetry/otlp_messages.ts";
import { type BatchLimits, MAX_QUEUED_BYTES, RecordBatch } from "../../../gateway/telemetry/record_batch.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { ProtoWriter } from "../../../pipeline/wire/protobuf_writer.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { messageType } from "../../support/otlp_proto.ts";

const LIMITS: BatchLimits = { delayMs: 1_000, exportTimeoutMs: 30_000, maxQueued: 6, maxBatch: 3 };

/** A batch, and what it has sent: the names of spans, a list a request. */
class Rig {
  readonly clock = new FakeClock();
  readonly sent: string[][] = [];
  readonly warnings: unknown[] = [];
  /** Settles what is being sent; absent: it is sent at once. */
  hold: (() => Promise<void>) | undefined;
  readonly batch: RecordBatch;
  #count = 0;

  constructor(limits: Partial<BatchLimits> = {}) {
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: unknown) => void this.warnings.push([message, fields]),
    };
    const send = async (request: Uint8Array) => {
      const { resource_spans: [one] } = messageType("ExportTraceServiceRequest").decode(request).toJSON() as Request;
      this.sent.push(one.scope_spans[0].spans.map(({ name }) => name));
      await this.hold?.();
    };
    const deps = { clock: this.clock, random: () => 0, logger };
    this.batch = new RecordBatch(resourceMessage({}), { ...LIMITS, ...limits }, send, deps);
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) {
      const name = String(++this.#count);
      const span = new ProtoWriter();
      span.stringField(5, name);
      this.batch.add(span);
    }
  }
}

interface Request {
  readonly resource_spans: readonly [
    { readonly scope_spans: readonly [{ readonly spans: readonly { readonly name: string }[] }] },
  ];
}

Deno.test("RecordBatch", async (t) => {
  await t.step("waits for others, and no longer than it may", async () => {
    const { clock, sent, ...rig } = new Rig();
    rig.batch.add(new ProtoWriter());
    await clock.advance(999);
    strictEqual(sent.length, 0);
    await clock.advance(1);
    strictEqual(sent.length, 1);
  });

  await t.step("sends at once what fills a batch", async () => {
    const rig = new Rig();
    rig.add(3);
    await rig.clock.advance(0);
    deepStrictEqual(rig.sent, [["1", "2", "3"]]);
    rig.add(1);
    await rig.clock.advance(1_000);
    deepStrictEqual(rig.sent, [["1", "2", "3"], ["4"]]);
  });

  await t.step(
    "sends one batch after the other; what comes meanwhile waits, up to the limit, and the rest is dropped",
    async () => {
      const rig = new Rig();
      const first = Promise.withResolvers<void>();
      rig.hold = () => first.promise;
      rig.add(3);
      await rig.clock.advance(0);
      rig.add(6);
      strictEqual(rig.warnings.length, 0);
      rig.add(2);
      deepStrictEqual(rig.warnings, [["Own telemetry is dropped: its queue is full", { records: 1 }]]);
      await rig.clock.advance(5_000);
      deepStrictEqual(rig.sent, [["1", "2", "3"]]);
      rig.hold = undefined;
      first.resolve();
      await rig.clock.advance(0);
      deepStrictEqual(rig.sent, [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]);
    },
  );

  await t.step("holds no more bytes than it may", () => {
    const rig = new Rig({ maxQueued: 65_536, maxBatch: 65_536 });
    const half = new ProtoWriter();
    half.copy(new Uint8Array(MAX_QUEUED_BYTES / 2 - 16));
    rig.batch.add(half);
    rig.batch.add(half);
    strictEqual(rig.warnings.length, 0);
    rig.add(10);
    strictEqual(rig.warnings.length, 1);
  });

  await t.step("goes on after a failure", async () => {
    const rig = new Rig();
    rig.hold = () => Promise.reject(new Error("gone"));
    rig.add(3);
    await rig.clock.advance(0);
    rig.hold = undefined;
    rig.add(1);
    await rig.clock.advance(1_000);
    deepStrictEqual(rig.sent, [["1", "2", "3"], ["4"]]);
  });

  await t.step("what is too little for a batch and came while one was sent waits no longer than it may", async () => {
    const rig = new Rig();
    const first = Promise.withResolvers<void>();
    rig.hold = () => first.promise;
    rig.add(3);
    await rig.clock.advance(0);
    rig.add(1);
    first.resolve();
    await rig.clock.advance(999);
    strictEqual(rig.sent.length, 1);
    await rig.clock.advance(1);
    deepStrictEqual(rig.sent[1], ["4"]);
  });

  await t.step("a stop sends what is left, in batches", async () => {
    const rig = new Rig({ maxBatch: 2 });
    rig.add(1);
    await rig.batch.shutdown();
    deepStrictEqual(rig.sent, [["1"]]);
    strictEqual(rig.clock.pending, 0);
  });

  await t.step("a stop waits for what is being sent", async () => {
    const rig = new Rig();
    const first = Promise.withResolvers<void>();
    rig.hold = () => first.promise;
    rig.add(3);
    await rig.clock.advance(0);
    rig.add(4);
    const stopped = rig.batch.shutdown();
    rig.hold = undefined;
    first.resolve();
    await stopped;
    deepStrictEqual(rig.sent, [["1", "2", "3"], ["4", "5", "6"], ["7"]]);
  });
});
