/**
 * What a test hands to a component: counters that can be read, a log, a clock of its own.
 *
 * @module
 */

import type { ComponentDeps } from "../../pipeline/contract/component.ts";
import type { Outcome } from "../../pipeline/contract/consumer.ts";
import { GatewayError, toGatewayError } from "../../pipeline/core/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import type { Attributes, Meter } from "../../pipeline/core/telemetry/meter.ts";
import type { MetricRow } from "../../pipeline/core/telemetry/metric_row.ts";
import { metricRow } from "../../pipeline/core/telemetry/table.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { FakeClock } from "./fake_clock.ts";

/**
 * Keeps every series in a map: name and attribute values joined by spaces.
 *
 * A metric that `pipeline/core/telemetry/table.ts` does not list, or lists as another kind or with other attributes, is
 * a `TypeError`: no page and no reference would tell of it.
 */
export class RecordingMeter implements Meter {
  readonly values = new Map<string, number>();

  counter(name: string, attributes: Attributes) {
    return this.#series("counter", name, attributes);
  }

  gauge(name: string, attributes: Attributes) {
    return this.#series("gauge", name, attributes);
  }

  /** Keeps the sum. */
  histogram(name: string, attributes: Attributes, _bounds: readonly number[]) {
    const { add } = this.#series("histogram", name, attributes);
    return { record: add };
  }

  /** Sum of the series of that name. */
  get(name: string): number {
    let sum = 0;
    for (const [key, value] of this.values) if (key.split(" ")[0] === name) sum += value;
    return sum;
  }

  #series(kind: MetricRow["kind"], name: string, attributes: Attributes) {
    requireRow(kind, name, attributes);
    const key = [name, ...Object.entries(attributes).map(([label, value]) => `${label}=${value}`)].join(" ");
    this.values.set(key, this.values.get(key) ?? 0);
    return {
      add: (amount: number) => void this.values.set(key, (this.values.get(key) ?? 0) + amount),
      set: (value: number) => void this.values.set(key, value),
    };
  }
}

/** @throws {TypeError} The table of metrics does not say so. */
function requireRow(kind: MetricRow["kind"], name: string, attributes: Attributes): void {
  const row = metricRow(name);
  const table = "pipeline/core/telemetry/table.ts";
  if (row === undefined) {
    throw new TypeError(`Cannot count ${name}: it is not in ${table}: add a row there, and run "deno task docs"`);
  }
  if (row.kind !== kind) throw new TypeError(`Cannot make a ${kind} of ${name}: ${table} says ${row.kind}`);
  const others = Object.keys(attributes).filter((label) => !row.attributes.includes(label));
  if (others.length > 0) throw new TypeError(`Cannot count ${name} by ${others.join(", ")}: ${table} does not say so`);
}

export interface TestDeps extends ComponentDeps {
  readonly signal: Signal;
  readonly clock: FakeClock;
  readonly meter: RecordingMeter;
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

/** What a test wants to be otherwise. */
interface DepsOptions {
  /** Of the component. Default "otlp_http/test". */
  readonly id?: string;
  /** Default: the middle of the jitter, which is none. */
  readonly random?: () => number;
}

export function testDeps(
  signal: Signal = "traces",
  { id = "otlp_http/test", random = () => 0.5 }: DepsOptions = {},
): TestDeps {
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
    id,
    signal,
    logger,
    lines,
    meter: new RecordingMeter(),
    clock: new FakeClock(),
    random,
    memory: createMemoryBudget(),
  };
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
