/**
 * What an object with a key that comes twice amounts to: on the wire messages would merge and lists would append, in
 * JSON the last one holds.
 *
 * Rare, so the walk only notes where the last value of each field begins; when the object ends, what lies before that
 * goes in one pass, however many there were.
 *
 * @module
 */

import type { JsonMessage } from "./field_table.ts";
import type { Transcoding } from "./transcoding.ts";

/** For each field of one message: where in the output its last value begins. */
export class LastPlaces {
  readonly #starts: Int32Array;

  constructor(table: JsonMessage) {
    this.#starts = new Int32Array(table.fields.length);
  }

  /** The fields of `bits` begin again at `at`; what they had before is void. */
  note(bits: number, at: number): void {
    for (let index = 0; index < this.#starts.length; index++) {
      if ((bits & 1 << index) !== 0) this.#starts[index] = at;
    }
  }

  startOf(index: number): number {
    return this.#starts[index]!;
  }
}

/** Drops from the message that was written from `base` on every field before its last place. */
export function keepLast(t: Transcoding, table: JsonMessage, base: number, last: LastPlaces): void {
  const { out } = t;
  let kept = base;
  for (let at = base; at < t.to;) {
    const end = fieldEnd(t, at);
    const tag = out[at]! < 0x80 ? out[at]! : out[at]! & 0x7f | out[at + 1]! << 7;
    const index = table.indexOfNumber[tag >> 3]!;
    if (at >= last.startOf(index)) {
      if (kept !== at) out.copyWithin(kept, at, end);
      kept += end - at;
    }
    at = end;
  }
  t.to = kept;
}

/** The end of the field at `at`, which this module's callers wrote and which thus needs no check. */
function fieldEnd(t: Transcoding, at: number): number {
  const { out } = t;
  const wireType = out[at]! & 7;
  while (out[at++]! >= 0x80);
  if (wireType === 1) return at + 8;
  if (wireType === 5) return at + 4;
  let value = 0;
  let shift = 0;
  let byte = 0;
  do {
    byte = out[at++]!;
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return wireType === 2 ? at + value : at;
}
