import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Consumer, KEPT, type Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { createRegion, TelemetryStore, ThreadMeter } from "../../../pipeline/core/telemetry/store.ts";
import { observeProcessor } from "../../../pipeline/graph/observed_processor.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const NEVER = new AbortController().signal;
const payload = (items: number) => payloadOf("traces", new Uint8Array(1), items, NO_ORIGIN);

/** A clock that moves within a call. */
class Stopwatch extends FakeClock {
  passedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.passedMs;
  }
}

function observe(create: (next: Consumer) => Consumer & Lifecycle) {
  const store = new TelemetryStore();
  const region = createRegion();
  store.addThread("a", region);
  const meter = new ThreadMeter(region, (series) => store.announce("a", series));
  const clock = new Stopwatch();
  const deps = { id: "p", signal: "traces" as const, logger: silentLogger, meter, clock, random: () => 0 };
  const passed: Payload[] = [];
  const next: Consumer = { consume: (payload) => (passed.push(payload), Promise.resolve(KEPT)) };
  const processor = observeProcessor({ ...deps, memory: createMemoryBudget() }, next, create);
  const valuesOf = (name: string) => store.collect().find((series) => series.name === name)?.values ?? [];
  return { processor, passed, clock, valuesOf };
}

const INCOMING = "otelcol_processor_incoming_items";
const OUTGOING = "otelcol_processor_outgoing_items";
const DURATION = "otelcol_processor_internal_duration";

Deno.test("observeProcessor()", async (t) => {
  await t.step("counts what comes in and what goes out", async () => {
    const { processor, valuesOf } = observe((next) => ({ consume: (_, abort) => next.consume(payload(3), abort) }));
    strictEqual(await processor.consume(payload(5), NEVER), KEPT);
    deepStrictEqual([valuesOf(INCOMING), valuesOf(OUTGOING)], [[5], [3]]);
    const sizes = ["otelcol_processor_consumed_size", "otelcol_processor_produced_size"].map(valuesOf);
    deepStrictEqual(sizes, [[payload(5).byteLength], [payload(3).byteLength]]);
  });

  await t.step("times one call in eight, to the call of the next component", async () => {
    const { processor, clock, valuesOf } = observe((next) => ({
      consume: (payload, abort) => {
        clock.passedMs += 2_000;
        return next.consume(payload, abort);
      },
    }));
    for (let call = 0; call < 9; call++) await processor.consume(payload(1), NEVER);
    const values = valuesOf(DURATION);
    strictEqual(values.at(-1), 4);
    strictEqual(values.slice(0, -1).reduce((sum, count) => sum + count), 2);
  });

  await t.step("does not time what is passed on later", async () => {
    let later = () => {};
    const { processor, clock, valuesOf } = observe((next) => ({
      consume: (payload, abort) => new Promise((resolve) => later = () => resolve(next.consume(payload, abort))),
    }));
    const kept = processor.consume(payload(1), NEVER);
    clock.passedMs += 500;
    later();
    await kept;
    deepStrictEqual([valuesOf(OUTGOING), valuesOf(DURATION).at(-1)], [[1], 0]);
  });

  await t.step("hands over, starts and stops what is in it", async () => {
    const calls: unknown[] = [];
    const { processor } = observe((next) => ({
      consume: next.consume,
      start: () => Promise.resolve(void calls.push("start")),
      shutdown: (_, heir) => Promise.resolve(void calls.push(heir)),
      adopt: () => true,
    }));
    const heir = () => true;
    await processor.start?.();
    await processor.shutdown?.(NEVER, heir);
    deepStrictEqual([calls, processor.adopt?.(payload(1))], [["start", heir], true]);
    strictEqual(observe((next) => next).processor.adopt, undefined);
  });
});
