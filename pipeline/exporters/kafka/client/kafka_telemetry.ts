/**
 * Counts what goes to the brokers, by partition and outcome, once a produce request.
 *
 * Source: collector reference 9; `metadata.yaml` of the collector's kafkaexporter 0.155. A partition has a series of each
 * counter; the histogram has none, since a series of it is twenty.
 *
 * @module
 */

import type { Clock } from "../../../core/clock.ts";
import type { Counter, Histogram, Meter } from "../../../core/telemetry/meter.ts";
import { NO_ERROR } from "./error_codes.ts";

/** What one produce request carries. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** Of the request as sent. */
  readonly bytes: number;
  readonly bytesUncompressed: number;
}

interface PartitionSeries {
  readonly records: Counter;
  readonly bytes: Counter;
  readonly bytesUncompressed: Counter;
  readonly latency: Histogram;
}

/** Upper bounds, seconds, as the collector's. */
const LATENCY_BOUNDS: readonly number[] = [
  ...[0, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75, 100],
];
/** Partitions whose series are at hand; past it they are looked up again. */
const MAX_PARTITIONS = 1_000;

export class KafkaTelemetry {
  readonly #meter: Meter;
  readonly #clock: Clock;
  readonly #series = new Map<string, PartitionSeries>();

  constructor(meter: Meter, clock: Clock) {
    this.#meter = meter;
    this.#clock = clock;
  }

  /** Counts what becomes of one request. @param send Gives the broker's error code. */
  async watch(broker: string, batch: Batch, send: () => Promise<number>): Promise<number> {
    const startedMs = this.#clock.monotonicMs();
    let outcome = "failure";
    try {
      const code = await send();
      if (code === NO_ERROR) outcome = "success";
      return code;
    } finally {
      const { records, bytes, bytesUncompressed, latency } = this.#seriesOf(broker, batch, outcome);
      records.add(batch.records);
      bytes.add(batch.bytes);
      bytesUncompressed.add(batch.bytesUncompressed);
      latency.record((this.#clock.monotonicMs() - startedMs) / 1_000);
    }
  }

  throttled(broker: string, ms: number): void {
    const name = "otelcol_kafka_broker_throttling_latency";
    this.#meter.histogram(name, { "server.address": broker }, LATENCY_BOUNDS).record(ms / 1_000);
  }

  #seriesOf(broker: string, { topic, partition }: Batch, outcome: string): PartitionSeries {
    const key = `${broker} ${topic} ${partition} ${outcome}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const attributes = { "server.address": broker, topic, partition: String(partition), outcome };
    const counter = (what: string) => this.#meter.counter(`otelcol_kafka_exporter_${what}`, attributes);
    const ofBroker = { "server.address": broker, outcome };
    const made = {
      records: counter("records"),
      bytes: counter("bytes"),
      bytesUncompressed: counter("bytes_uncompressed"),
      latency: this.#meter.histogram("otelcol_kafka_exporter_write_latency", ofBroker, LATENCY_BOUNDS),
    };
    if (this.#series.size >= MAX_PARTITIONS) this.#series.clear();
    this.#series.set(key, made);
    return made;
  }
}
