/**
 * A span's part in sampling: trace id, `tracestate` and the attribute `sampling.priority`, read and written as wire
 * bytes.
 *
 * Sources: opentelemetry-proto 1.11.0, trace.proto (Span); OpenTracing's `sampling.priority`.
 *
 * @module
 */

import { FieldReader } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { type AttributeValue, latin1, placeOfKey, valueOf } from "./attributes.ts";
import type { Decision, SamplingState } from "./sampler.ts";
import { ALWAYS, formatThreshold, NEVER, parseRandomness, parseThreshold, type Threshold } from "./threshold.ts";
import { formatTraceState, parseTraceState, type TraceState } from "./tracestate.ts";

const TRACE_ID = 1 << 3 | 2;
const TRACE_STATE_FIELD = 3;
const TRACE_STATE = TRACE_STATE_FIELD << 3 | 2;
const ATTRIBUTES = 9 << 3 | 2;

const KEYS = [new TextEncoder().encode("sampling.priority")];
const NOTHING: Uint8Array = new Uint8Array(0);
const MALFORMED: SamplingState = { valid: false, randomness: undefined, threshold: undefined };
const SILENT: SamplingState = { valid: true, randomness: undefined, threshold: undefined };

/** What a sampler asks of a span. */
export class SpanCarrier {
  readonly traceId: Uint8Array;
  readonly state: SamplingState;
  /** What `sampling.priority` asks for: 0 none, more all. */
  readonly priority: Threshold | undefined;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** Where the field of the `tracestate` is; both the end of the span when it has none. */
  #stateStart: number;
  #stateEnd: number;
  readonly #text: string;
  readonly #traceState: TraceState | undefined;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = this.#stateStart = this.#stateEnd = end;
    let traceId = NOTHING;
    let traceState = NOTHING;
    let priority: AttributeValue | undefined;
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (fields.tag === ATTRIBUTES) {
        if (placeOfKey(bytes, fields.start, fields.valueEnd, KEYS) === -1) continue;
        priority ??= valueOf(bytes, fields.start, fields.valueEnd);
      } else if (fields.tag === TRACE_ID) traceId = fields.view();
      else if (fields.tag === TRACE_STATE) {
        traceState = fields.view();
        this.#stateStart = fields.fieldStart;
        this.#stateEnd = fields.valueEnd;
      }
    }
    this.traceId = traceId;
    this.#text = latin1(traceState);
    this.#traceState = parseTraceState(this.#text);
    this.state = stateOf(this.#traceState);
    this.priority = priorityOf(priority);
  }

  /** The span with what it is to say now; "keep" when it says so already. */
  marked({ randomness, threshold }: Decision): Uint8Array | "keep" {
    if (this.#traceState === undefined || randomness === undefined && threshold === undefined) return "keep";
    const text = formatTraceState({
      ...this.#traceState,
      rv: randomness ?? this.#traceState.rv,
      th: threshold === undefined ? this.#traceState.th : formatThreshold(threshold),
    });
    return text === this.#text ? "keep" : this.#withTraceState(text);
  }

  /** The new field comes last: of a field that is there twice the last one counts. */
  #withTraceState(text: string): Uint8Array {
    const writer = new ProtoWriter(this.#end - this.#start + text.length + 10);
    writer.copy(this.#bytes, this.#start, this.#stateStart);
    writer.copy(this.#bytes, this.#stateEnd, this.#end);
    writer.stringField(TRACE_STATE_FIELD, text);
    return writer.finish();
  }
}

function stateOf(traceState: TraceState | undefined): SamplingState {
  if (traceState === undefined) return MALFORMED;
  const { rv, th } = traceState;
  if (rv === undefined && th === undefined) return SILENT;
  return {
    valid: true,
    randomness: rv === undefined ? undefined : parseRandomness(rv),
    threshold: th === undefined ? undefined : parseThreshold(th),
  };
}

function priorityOf(value: AttributeValue | undefined): Threshold | undefined {
  const priority = value?.kind === "string" ? parseNumber(value.text) : value?.kind === "number" ? value.number : NaN;
  if (priority === 0) return NEVER;
  return priority > 0 ? ALWAYS : undefined;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function parseNumber(text: string): number {
  return NUMBER.test(text) ? Number(text) : NaN;
}
