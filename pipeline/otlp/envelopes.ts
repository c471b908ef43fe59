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

/** A message around items. Offsets are into `bytes`. */
export interface Envelope {
  /** The chunk that it lies in. */
  readonly bytes: Uint8Array;
  /** What it lies in; undefined for a request. */
  readonly parent: Envelope | undefined;
  /** 0 a request, 1 ResourceXxx, 2 ScopeXxx, 3 Metric or Profile, 4 Gauge, Sum and so on. */
  readonly level: number;
  /** Of its field in `parent`. */
  readonly tag: number;
  /** Where its field begins, tag first; its own first field; its end. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  /** The fields that are its header, one behind the other: a view when they are so in `bytes`, else a copy. */
  readonly header: Uint8Array;
  /** Envelopes in it; none when it holds items. */
  readonly children: readonly Envelope[];
  /** Numbers of the items in it, of all levels, first and behind the last: items are numbered through the payload. */
  readonly firstItem: number;
  readonly itemEnd: number;
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
  /** What each item lies in. */
  readonly holders: readonly Envelope[];
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
  const requests = payload.chunks.map((chunk) => walk.envelope(chunk, undefined, 0, 0, 0, chunk.length));
  return { requests, starts: walk.starts, contentStarts: walk.contentStarts, ends: walk.ends, holders: walk.holders };
}

type Building = { -readonly [Key in keyof Envelope]: Envelope[Key] };

class IndexWalk {
  readonly starts: number[] = [];
  readonly contentStarts: number[] = [];
  readonly ends: number[] = [];
  readonly holders: Envelope[] = [];
  readonly #path: readonly (readonly number[])[];

  constructor(path: readonly (readonly number[])[]) {
    this.#path = path;
  }

  envelope(
    bytes: Uint8Array,
    parent: Envelope | undefined,
    tag: number,
    start: number,
    contentStart: number,
    end: number,
  ): Envelope {
    const level = parent === undefined ? 0 : parent.level + 1;
    const header: number[] = [];
    const children: Envelope[] = [];
    const firstItem = this.starts.length;
    const envelope: Building = {
      bytes,
      parent,
      level,
      tag,
      start,
      contentStart,
      end,
      header: NOTHING,
      children,
      firstItem,
      itemEnd: firstItem,
    };
    const down = this.#path[level]!;
    const holdsItems = level === this.#path.length - 1;
    const fields = new FieldReader(bytes, contentStart, end);
    while (fields.next()) {
      if (!down.includes(fields.tag)) addRange(header, fields.fieldStart, fields.valueEnd);
      else if (holdsItems) this.#item(fields.fieldStart, fields.start, fields.valueEnd, envelope);
      else children.push(this.envelope(bytes, envelope, fields.tag, fields.fieldStart, fields.start, fields.valueEnd));
    }
    if (this.starts.length === firstItem) this.#item(start, -1, end, parent ?? envelope);
    envelope.header = gathered(bytes, header);
    envelope.itemEnd = this.starts.length;
    return envelope;
  }

  #item(start: number, contentStart: number, end: number, holder: Envelope): void {
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
