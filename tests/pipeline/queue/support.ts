/**
 * What tests of the sender chain are made of: counters that can be read, a log, and a destination whose answers a test
 * gives.
 *
 * @module
 */

import type { ComponentDeps } from "../../../pipeline/contract/component.ts";
import type { Consumer, Outcome } from "../../../pipeline/contract/consumer.ts";
import { GatewayError, toGatewayError } from "../../../pipeline/core/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../../pipeline/core/log.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import type { Attributes, Meter } from "../../../pipeline/core/telemetry/meter.ts";
import type { TenantTag } from "../../../pipeline/core/tenant.ts";
import { type Origin, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Keeps every series in a map: name and attribute values joined by spaces. */
export class RecordingMeter implements Meter {
  readonly values = new Map<string, number>();

  counter(name: string, attributes: Attributes) {
    return this.#series(name, attributes);
  }

  gauge(name: string, attributes: Attributes) {
    return this.#series(name, attributes);
  }

  /** Keeps the sum. */
  histogram(name: string, attributes: Attributes, _bounds: readonly number[]) {
    const { add } = this.#series(name, attributes);
    return { record: add };
  }

  /** Sum of the series of that name. */
  get(name: string): number {
    let sum = 0;
    for (const [key, value] of this.values) if (key.split(" ")[0] === name) sum += value;
    return sum;
  }

  #series(name: string, attributes: Attributes) {
    const key = [name, ...Object.entries(attributes).map(([label, value]) => `${label}=${value}`)].join(" ");
    this.values.set(key, this.values.get(key) ?? 0);
    return {
      add: (amount: number) => void this.values.set(key, (this.values.get(key) ?? 0) + amount),
      set: (value: number) => void this.values.set(key, value),
    };
  }
}

export interface TestDeps extends ComponentDeps {
  readonly signal: Signal;
  readonly clock: FakeClock;
  readonly meter: RecordingMeter;
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

/** @param random Gives the middle of the jitter by default, which is none. */
export function testDeps(signal: Signal = "traces", random = () => 0.5): TestDeps {
  const lines: TestDeps["lines"] = [];
  const write = (level: string) => (message: string, fields: LogFields = {}) =>
    void lines.push({ level, message, fields });
  const logger: Logger = {
    ...silentLogger,
    enabled: () => true,
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: () => logger,
  };
  return {
    id: "otlp_http/test",
    signal,
    logger,
    lines,
    meter: new RecordingMeter(),
    clock: new FakeClock(),
    random,
    memory: createMemoryBudget(),
  };
}

/** One call of a destination. */
export interface Call {
  readonly payload: Payload;
  readonly abort: AbortSignal;
  readonly answer: (answer: Outcome | Error) => void;
}

/** Keeps calls open until the test answers them; or answers each by itself. */
export class Destination implements Consumer {
  readonly calls: Call[] = [];
  /** Answers a call when it comes; undefined leaves it open. */
  answer: (payload: Payload, call: number) => Outcome | Error | undefined = () => undefined;

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const settle = (answer: Outcome | Error) => answer instanceof Error ? reject(answer) : resolve(answer);
      this.calls.push({ payload, abort, answer: settle });
      const answer = this.answer(payload, this.calls.length);
      if (answer !== undefined) settle(answer);
    });
  }

  /** Items of each call. */
  get items(): number[] {
    return this.calls.map(({ payload }) => payload.itemCount);
  }
}

/** A payload of `items` items and ten bytes each, of a sender with `metadata`. */
export function payloadWith(
  items: number,
  metadata: Readonly<Record<string, readonly string[]>> = {},
  signal: Signal = "traces",
): Payload {
  const origin: Origin = { metadata: new Map(Object.entries(metadata)) };
  return payloadOf(signal, new Uint8Array(items * 10), items, origin);
}

/** A tenant; what is not said is as by default. */
export function tenantTag(slot: number, values: Partial<TenantTag> = {}): TenantTag {
  return { id: `tenant-${slot}`, slot, weight: 1, priority: 5, maxQueueShare: 1, ...values };
}

/** A payload of `tenant` of `items` items and ten bytes each. */
export function payloadFrom(
  tenant: TenantTag,
  items: number,
  metadata: Readonly<Record<string, readonly string[]>> = {},
): Payload {
  const payload = payloadWith(items, metadata);
  return { ...payload, origin: { ...payload.origin, tenant } };
}

/** What a promise came to, without waiting for it. */
export class Watched {
  /** undefined while it is open. */
  settled: Outcome | Error | undefined;

  constructor(result: Promise<Outcome>) {
    result.then((outcome) => this.settled = outcome, (thrown) => this.settled = toGatewayError(thrown));
  }

  /** @throws {Error} It is open, or did not fail. */
  get error(): GatewayError {
    if (this.settled instanceof GatewayError) return this.settled;
    throw new Error(`Wanted a failure, it is ${this.settled === undefined ? "open" : "kept"}`);
  }
}

export function watch(result: Promise<Outcome>): Watched {
  return new Watched(result);
}
