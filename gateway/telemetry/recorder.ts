/**
 * What one thread records of its own: each span or log record is written once, and waits with every processor that sends.
 *
 * @module
 */

import type { ProcessorConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import { resourceMessage } from "./otlp_messages.ts";
import { lastWords, type OtlpPushDeps } from "./otlp_push.ts";
import { openBatches, type RecordBatch } from "./record_batch.ts";

/** Of the buffer that records are written in one after the other. */
const MAX_SCRATCH_BYTES = 64 * 1024;

export class Recorder {
  readonly clock: Clock;
  readonly #batches: readonly Pick<RecordBatch, "add" | "shutdown">[];
  readonly #writer = new ProtoWriter();

  /** @param batches Are given each record: it is written over by the next. */
  constructor(clock: Clock, batches: readonly Pick<RecordBatch, "add" | "shutdown">[]) {
    this.clock = clock;
    this.#batches = batches;
  }

  record(write: (writer: ProtoWriter) => void): void {
    this.#writer.clear(MAX_SCRATCH_BYTES);
    write(this.#writer);
    for (const batch of this.#batches) batch.add(this.#writer);
  }

  /** Sends what waits. Nothing may be recorded afterwards. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    await lastWords(Promise.all(this.#batches.map((batch) => batch.shutdown())), deadline);
  }
}

/** To where the processors of a signal send. */
export function openRecorder(
  signal: "traces" | "logs",
  processors: readonly ProcessorConfig[],
  resource: Attributes,
  deps: OtlpPushDeps,
): Recorder {
  return new Recorder(deps.clock, openBatches(signal, processors, resourceMessage(resource), deps));
}
