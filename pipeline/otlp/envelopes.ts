/**
 * Where the items of a payload lie, and what wraps them: one shallow walk that looks at no item.
 *
 * An envelope is a message around items: the request, ResourceXxx, ScopeXxx, Metric, its Gauge or Sum, Profile. Fields of
 * an envelope that are not the envelopes or items in it (resource, scope, schema_url, a metric's name, unknown fields) are
 * its header, in whatever order they were written.
 *
 * @module
 */

import { FieldReader, tagOf, WireType } from "../wire/protobuf.ts";
import { ProtoWriter } from "../wire/protobuf_writer.ts";
import type { Payload } from "./payload.ts";
import type { Signal } from "./signals.ts";

/** Where a field is that was read. */
type FieldPlace = Pick<FieldReader, "tag" | "fieldStart" | "start" | "valueEnd">;

/** A message around items. Offsets are into `bytes`. */
export class Envelope {
  /** 0 a request, 1 ResourceXxx, 2 ScopeXxx, 3 Metric or Profile, 4 Gauge, Sum and so on. */
  readonly level: number;
  /** Of its field in `parent`. */
  readonly tag: number;
  /** Where that field begins, tag first. */
  readonly start: number;
  /** Where its own first field begins. */
  readonly contentStart: number;
  readonly end: number;
  /** Where its fields begin and end that are its header, by turns. */
  readonly headerRanges: number[] = [];
  /** Bytes of its header. */
  headerLength = 0;
  /** Envelopes in it; none when it holds items. */
  readonly children: Envelope[] = [];
  /** Numbers of the items in it, of all levels, first and behind the last: items are numbered through the payload. */
  readonly firstItem: number;
  itemEnd: number;
  #header: Uint8Array | undefined;

  /**
   * @param bytes The chunk that it lies in.
   * @param parent What it lies in; undefined for a request.
   * @param field Its own in `parent`, as it was read.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly parent: Envelope | undefined,
    { tag, fieldStart, start, valueEnd }: FieldPlace,
    firstItem: number,
  ) {
    this.level = parent === undefined ? 0 : parent.level + 1;
    this.tag = tag;
    this.start = fieldStart;
    this.contentStart = start;
    this.end = valueEnd;
    this.firstItem = firstItem;
    this.itemEnd = firstItem;
  }

  /** The fields that are its header, one behind the other: a view when they are so in `bytes`, else a copy. Made once. */
  get header(): Uint8Array {
    return this.#header ??= gathered(this.bytes, this.headerRanges);
  }
}

/**
 * The items of a payload in their order. An envelope without items has a number as well, so that no split loses it: a
 * place that is not counted.
 */
export interface ItemIndex {
  /** One request a chunk. */
  readonly requests: readonly Envelope[];
  /** Where item `i` begins, tag first; its content; its end. The content of a place that is not counted is at -1. */
  readonly starts: readonly number[];
  readonly contentStarts: readonly number[];
  readonly ends: readonly number[];
  /** What each item lies in, and each place that is not counted; undefined for a request without items. */
  readonly holders: readonly (Envelope | undefined)[];
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** Tags that lead down, from the request to the items. */
const PATHS: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  traces: [messages(1), messages(2), messages(2)],
  metrics: [messages(1), messages(2), messages(2), messages(5, 7, 9, 10, 11), messages(1)],
  logs: [messages(1), messages(2), messages(2)],
  profiles: [messages(1), messages(2), messages(2), messages(2)],
};

function messages(...fields: number[]): number[] {
  return fields.map((field) => tagOf(field, WireType.bytes));
}

/** Finds the items of a payload. */
export function indexItems(payload: Payload): ItemIndex {
  const walk = new IndexWalk(PATHS[payload.signal]);
  const requests = payload.chunks.map((chunk) =>
    walk.read(new Envelope(chunk, undefined, wholeOf(chunk), walk.starts.length))
  );
  return { requests, starts: walk.starts, contentStarts: walk.contentStarts, ends: walk.ends, holders: walk.holders };
}

/** Of a request, which lies in no field. */
function wholeOf({ length }: Uint8Array): FieldPlace {
  return { tag: 0, fieldStart: 0, start: 0, valueEnd: length };
}

class IndexWalk {
  readonly starts: number[] = [];
  readonly contentStarts: number[] = [];
  readonly ends: number[] = [];
  readonly holders: (Envelope | undefined)[] = [];
  readonly #path: readonly (readonly number[])[];

  constructor(path: readonly (readonly number[])[]) {
    this.#path = path;
  }

  /** Reads `envelope`'s fields, and what it holds. */
  read(envelope: Envelope): Envelope {
    const { bytes, level, start, contentStart, end } = envelope;
    const down = this.#path[level]!;
    const mostly = down[0];
    const holdsItems = level === this.#path.length - 1;
    const fields = new FieldReader(bytes, contentStart, end);
    while (fields.next()) {
      if (fields.tag !== mostly && !down.includes(fields.tag)) {
        addRange(envelope.headerRanges, fields.fieldStart, fields.valueEnd);
        envelope.headerLength += fields.valueEnd - fields.fieldStart;
      } else if (holdsItems) {
        this.#item(fields.fieldStart, fields.start, fields.valueEnd, envelope);
      } else {
        envelope.children.push(this.read(new Envelope(bytes, envelope, fields, this.starts.length)));
      }
    }
    if (this.starts.length === envelope.firstItem) this.#item(start, -1, end, envelope.parent);
    envelope.itemEnd = this.starts.length;
    return envelope;
  }

  #item(start: number, contentStart: number, end: number, holder: Envelope | undefined): void {
    this.starts.push(start);
    this.contentStarts.push(contentStart);
    this.ends.push(end);
    this.holders.push(holder);
  }
}

/** Adds a range to starts and ends by turns; one that adjoins the last makes it longer. */
function addRange(ranges: number[], start: number, end: number): void {
  if (ranges.length > 0 && ranges[ranges.length - 1] === start) ranges[ranges.length - 1] = end;
  else ranges.push(start, end);
}

/** Whether item `i` is one, and not the place of an envelope without items. */
export function isItem(index: ItemIndex, i: number): boolean {
  return index.contentStarts[i] !== -1;
}

/** How many of the items `from` to `to` are items. */
export function countItems(index: ItemIndex, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (isItem(index, i)) count++;
  return count;
}

/**
 * The message in `field` of an envelope's header: a view; empty when it is not there. Written more than once it is
 * joined, which in protobuf is the same as merged.
 */
export function headerMessage({ header }: Envelope, field: number): Uint8Array {
  const tag = tagOf(field, WireType.bytes);
  const found: number[] = [];
  const fields = new FieldReader(header);
  while (fields.next()) if (fields.tag === tag) addRange(found, fields.start, fields.valueEnd);
  return gathered(header, found);
}

/** The ranges of `bytes` in one piece: a view of one, a copy of several. */
function gathered(bytes: Uint8Array, ranges: readonly number[]): Uint8Array {
  if (ranges.length === 0) return NOTHING;
  if (ranges.length === 2) return bytes.subarray(ranges[0], ranges[1]);
  const writer = new ProtoWriter();
  for (let i = 0; i < ranges.length; i += 2) writer.copy(bytes, ranges[i], ranges[i + 1]);
  return writer.finish();
}
