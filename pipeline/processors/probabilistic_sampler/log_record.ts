/**
 * A log record's part in sampling: trace id and attributes, read and written as wire bytes.
 *
 * Sources: opentelemetry-proto 1.11.0, logs.proto (LogRecord); the collector's names `sampling.threshold` and
 * `sampling.randomness`.
 *
 * @module
 */

import { FieldReader } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { type AttributeValue, placeOfKey, valueOf } from "./attributes.ts";
import type { Decision, SamplingState } from "./sampler.ts";
import { formatThreshold, parseRandomness, parseThreshold, type Threshold, thresholdOf } from "./threshold.ts";

const ATTRIBUTES_FIELD = 6;
const ATTRIBUTES = ATTRIBUTES_FIELD << 3 | 2;
const TRACE_ID = 9 << 3 | 2;

const KEY_FIELD = 1;
const VALUE_FIELD = 2;
const STRING_FIELD = 1;

const encoder = new TextEncoder();
const THRESHOLD = "sampling.threshold";
const RANDOMNESS = "sampling.randomness";
const MARKS = [THRESHOLD, RANDOMNESS].map((key) => encoder.encode(key));

/** The attributes that are looked for: those of sampling itself, then those that a config names. */
export class LogAttributes {
  /** UTF-8. */
  readonly keys: readonly Uint8Array[];
  /** Place in `keys` of `from_attribute`, and of `sampling_priority`; -1 for none. */
  readonly source: number;
  readonly priority: number;

  constructor(source: string, priority: string, readonly precision: number) {
    const names = [...new Set([THRESHOLD, RANDOMNESS, source, priority])].filter((name) => name !== "");
    this.keys = names.map((name) => encoder.encode(name));
    this.source = names.indexOf(source);
    this.priority = names.indexOf(priority);
  }
}

/** What a sampler asks of a log record. */
export class LogRecordCarrier {
  readonly traceId: Uint8Array;
  readonly state: SamplingState;
  /** The threshold for the percentage in the attribute that `sampling_priority` names. */
  readonly priority: Threshold | undefined;
  /** What there is to hash in the attribute that `from_attribute` names. */
  readonly source: Uint8Array | undefined;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** Whether there is an attribute of sampling's own. */
  readonly #isMarked: boolean;

  constructor(bytes: Uint8Array, start: number, end: number, attributes: LogAttributes) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    let traceId = bytes.subarray(start, start);
    const found: (AttributeValue | undefined)[] = [];
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (fields.tag === ATTRIBUTES) {
        const place = placeOfKey(bytes, fields.start, fields.valueEnd, attributes.keys);
        if (place !== -1) found[place] ??= valueOf(bytes, fields.start, fields.valueEnd);
      } else if (fields.tag === TRACE_ID) traceId = fields.view();
    }
    this.traceId = traceId;
    this.#isMarked = found[0] !== undefined || found[1] !== undefined;
    this.state = stateOf(textOf(found[0]), textOf(found[1]));
    this.source = bytesOf(found[attributes.source]);
    this.priority = priorityOf(found[attributes.priority], attributes.precision);
  }

  /** The record with what it is to say now; "keep" when there is nothing to say. */
  marked({ randomness, threshold }: Decision): Uint8Array | "keep" {
    if (randomness === undefined && threshold === undefined) return "keep";
    const th = threshold === undefined ? undefined : formatThreshold(threshold);
    const writer = new ProtoWriter(this.#end - this.#start + 128);
    if (this.#isMarked) this.#copyWithout(writer, [th !== undefined, randomness !== undefined]);
    else writer.copy(this.#bytes, this.#start, this.#end);
    writeAttribute(writer, RANDOMNESS, randomness);
    writeAttribute(writer, THRESHOLD, th);
    return writer.finish();
  }

  /** @param gone Which of MARKS to leave out. */
  #copyWithout(writer: ProtoWriter, gone: readonly boolean[]): void {
    const fields = new FieldReader(this.#bytes, this.#start, this.#end);
    while (fields.next()) {
      const place = fields.tag === ATTRIBUTES ? placeOfKey(this.#bytes, fields.start, fields.valueEnd, MARKS) : -1;
      if (place === -1 || gone[place] !== true) writer.copy(this.#bytes, fields.fieldStart, fields.valueEnd);
    }
  }
}

/** Another kind than text, and an empty one, says nothing. */
function textOf(value: AttributeValue | undefined): string | undefined {
  return value?.kind === "string" && value.text !== "" ? value.text : undefined;
}

function stateOf(th: string | undefined, rv: string | undefined): SamplingState {
  const threshold = th === undefined ? undefined : parseThreshold(th);
  const randomness = rv === undefined ? undefined : parseRandomness(rv);
  const valid = (th === undefined) === (threshold === undefined) && (rv === undefined) === (randomness === undefined);
  return { valid, threshold, randomness };
}

function bytesOf(value: AttributeValue | undefined): Uint8Array | undefined {
  if (value === undefined || value.kind === "other") return undefined;
  const bytes = "bytes" in value ? value.bytes : encoder.encode(value.text);
  return bytes.length === 0 ? undefined : bytes;
}

function priorityOf(value: AttributeValue | undefined, precision: number): Threshold | undefined {
  return value?.kind === "number" ? thresholdOf(value.number / 100, precision) : undefined;
}

function writeAttribute(writer: ProtoWriter, key: string, text: string | undefined): void {
  if (text === undefined) return;
  const attribute = writer.open(ATTRIBUTES_FIELD);
  writer.stringField(KEY_FIELD, key);
  const value = writer.open(VALUE_FIELD);
  writer.stringField(STRING_FIELD, text);
  writer.close(value);
  writer.close(attribute);
}
