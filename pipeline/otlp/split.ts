/**
 * Takes payloads apart without decoding them: by number, by size, by trace, by resource.
 *
 * Every part is valid OTLP. Entries that go whole into a part are slices of the payload's own bytes; an envelope that is
 * divided is framed anew in each part, with its header copied. Items keep their order; an envelope without items stays
 * with what comes before it. When there is nothing to do, the payload itself comes back.
 *
 * @module
 */

import { sumOfLengths } from "../core/bytes.ts";
import { LimitExceededError } from "../core/errors.ts";
import { FieldReader, rangeEquals, tagOf, WireType } from "../wire/protobuf.ts";
import { ProtoWriter, varintSize } from "../wire/protobuf_writer.ts";
import { countItems, type Envelope, headerMessage, indexItems, isItem, type ItemIndex } from "./envelopes.ts";
import type { Payload } from "./payload.ts";
import { skipShort } from "./short_fields.ts";
import { type Signal, SIGNALS } from "./signals.ts";

/**
 * What one call may write anew, bytes. A large resource header around many small traces would be copied into each of
 * them; past this the call fails.
 */
const MAX_REFRAMED_BYTES = 256 * 1024 * 1024;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A part of a payload, and what its items have in common. */
export interface KeyedPart<Key> {
  readonly key: Key;
  readonly payload: Payload;
}

/**
 * Parts of at most `maxItems` items. Profiles share a dictionary and are never split.
 *
 * @param maxItems At least 1.
 * @throws {LimitExceededError} More than MAX_REFRAMED_BYTES to write.
 */
export function splitByItems(payload: Payload, maxItems: number): Payload[] {
  if (!(maxItems >= 1)) throw new RangeError(`Cannot split by ${maxItems} items: wanted 1 or more`);
  if (payload.itemCount <= maxItems || !SIGNALS[payload.signal].mergeable) return [payload];
  const index = indexItems(payload);
  const cuts: number[] = [];
  let items = 0;
  for (let i = 0; i < index.starts.length; i++) {
    if (!isItem(index, i)) continue;
    if (items === maxItems) {
      cuts.push(i);
      items = 0;
    }
    items++;
  }
  return cutAt(payload, index, cuts);
}

/**
 * The first `maxItems` items; what comes after them is left out. Profiles share a dictionary and are never cut.
 *
 * @param maxItems At least 1.
 * @throws {LimitExceededError} More than MAX_REFRAMED_BYTES to write.
 */
export function firstItems(payload: Payload, maxItems: number): Payload {
  if (!(maxItems >= 1)) throw new RangeError(`Cannot take ${maxItems} items: wanted 1 or more`);
  if (payload.itemCount <= maxItems || !SIGNALS[payload.signal].mergeable) return payload;
  const index = indexItems(payload);
  let end = 0;
  for (let items = 0; items < maxItems; end++) if (isItem(index, end)) items++;
  return new Assembler(payload, index).part([0, end]);
}

/**
 * Parts of at most `maxBytes`, but for an item that is larger with its headers alone. Profiles are never split.
 *
 * @param maxBytes At least 1.
 * @throws {LimitExceededError} More than MAX_REFRAMED_BYTES to write.
 */
export function splitByBytes(payload: Payload, maxBytes: number): Payload[] {
  if (!(maxBytes >= 1)) throw new RangeError(`Cannot split by ${maxBytes} bytes: wanted 1 or more`);
  if (payload.byteLength <= maxBytes || !SIGNALS[payload.signal].mergeable) return [payload];
  const index = indexItems(payload);
  const cuts: number[] = [];
  let from = 0;
  let size = 0;
  for (let i = 0; i < index.starts.length; i++) {
    const added = addedBytes(index, i, from);
    if (i > from && size + added > maxBytes) {
      cuts.push(i);
      from = i;
      size = addedBytes(index, i, from);
    } else {
      size += added;
    }
  }
  return cutAt(payload, index, cuts);
}

/** Bytes that item `i` adds, at most, to a part that begins with item `from`: itself and envelopes not yet in it. */
function addedBytes(index: ItemIndex, i: number, from: number): number {
  let size = index.ends[i]! - index.starts[i]!;
  for (let at = index.holders[i]; at !== undefined; at = at.parent) {
    if (Math.max(at.firstItem, from) < i) break;
    size += at.contentStart - at.start + at.headerLength;
  }
  return size;
}

/** Parts that begin at item 0 and at each of `cuts`. */
function cutAt(payload: Payload, index: ItemIndex, cuts: readonly number[]): Payload[] {
  if (cuts.length === 0) return [payload];
  const assembler = new Assembler(payload, index);
  return [0, ...cuts].map((from, i) => assembler.part([from, cuts[i] ?? index.starts.length]));
}

/**
 * Parts by the key of each item, in the order in which keys first come; none when there are no items. Not for profiles.
 *
 * @throws {LimitExceededError} More than MAX_REFRAMED_BYTES to write.
 */
function partitionItems<Key>(
  payload: Payload,
  keyOf: (bytes: Uint8Array, start: number, end: number, holder: Envelope) => Key,
): KeyedPart<Key>[] {
  const index = indexItems(payload);
  const parts = new Map<Key, number[]>();
  const leading: number[] = [];
  let runs = leading;
  for (let i = 0; i < index.starts.length; i++) {
    const content = index.contentStarts[i]!;
    if (content !== -1) {
      const holder = index.holders[i]!;
      runs = runsOf(parts, keyOf(holder.bytes, content, index.ends[i]!, holder), leading);
    }
    addItem(runs, i);
  }
  return assembleAll(payload, index, parts);
}

/** The runs of `key`; the first key takes over what came before any item. */
function runsOf<Key>(parts: Map<Key, number[]>, key: Key, leading: number[]): number[] {
  let runs = parts.get(key);
  if (runs === undefined) {
    runs = parts.size === 0 ? leading : [];
    parts.set(key, runs);
  }
  return runs;
}

function assembleAll<Key>(payload: Payload, index: ItemIndex, parts: ReadonlyMap<Key, number[]>): KeyedPart<Key>[] {
  if (parts.size === 1) return [...parts.keys()].map((key) => ({ key, payload }));
  const assembler = new Assembler(payload, index);
  return [...parts].map(([key, runs]) => ({ key, payload: assembler.part(runs) }));
}

/** Adds item `i` to runs of items, which are their firsts and ends by turns. */
function addItem(runs: number[], i: number): void {
  if (runs.length > 0 && runs[runs.length - 1] === i) runs[runs.length - 1] = i + 1;
  else runs.push(i, i + 1);
}

/** The trace context specification calls an id of zeros invalid; the collector takes it for none. */
const UNSET_TRACE_ID = "0".repeat(32);

/** Field of the trace id in an item. */
const TRACE_ID_FIELDS: Readonly<Partial<Record<Signal, number>>> = { traces: 1, logs: 9 };

/**
 * Parts by trace id: 32 lower-case hex digits, or "" for items without one. For traces and logs.
 *
 * @throws {LimitExceededError} More than MAX_REFRAMED_BYTES to write.
 */
export function partitionByTraceId(
  payload: Payload,
): { readonly traceId: string; readonly payload: Payload }[] {
  const field = TRACE_ID_FIELDS[payload.signal];
  if (field === undefined) throw new TypeError(`Cannot partition ${payload.signal} by trace id: it has none`);
  const tag = tagOf(field, WireType.bytes);
  if (payload.itemCount === 0) return [{ traceId: "", payload }];
  return partitionItems(payload, traceIdReader(tag)).map(({ key, payload }) => ({ traceId: key, payload }));
}

/** Reads trace ids as hex; the spans of a trace mostly follow one another, so the last one's text is used again. */
function traceIdReader(tag: number): (bytes: Uint8Array, start: number, end: number) => string {
  let last: Uint8Array = NOTHING;
  let lastHex = "";
  return (bytes, start, end) => {
    const fields = new FieldReader(bytes, start, end);
    let idStart = 0;
    let idEnd = 0;
    while ((fields.valueEnd = skipShort(bytes, fields.valueEnd, end, tag)) < end) {
      fields.next();
      if (fields.tag !== tag) continue;
      idStart = fields.start;
      idEnd = fields.valueEnd;
    }
    if (rangeEquals(bytes, idStart, idEnd, last)) return lastHex;
    last = bytes.subarray(idStart, idEnd);
    const hex = last.toHex();
    lastHex = hex === UNSET_TRACE_ID ? "" : hex;
    return lastHex;
  };
}

const RESOURCE_FIELD = 1;

/**
 * Parts by the key of each resource, in the order in which keys first come. Profiles are never split: the first resource
 * speaks for all of them, as in the collector's kafka exporter.
 *
 * @param keyOf Given a Resource message; empty bytes when there is none.
 */
export function partitionByResource<Key>(payload: Payload, keyOf: (resource: Uint8Array) => Key): KeyedPart<Key>[] {
  const index = indexItems(payload);
  const entries = index.requests.flatMap(({ children }) => children);
  if (entries.length === 0) return [{ key: keyOf(new Uint8Array(0)), payload }];
  if (!SIGNALS[payload.signal].mergeable) return [{ key: keyOf(headerMessage(entries[0]!, RESOURCE_FIELD)), payload }];
  const parts = new Map<Key, number[]>();
  for (const entry of entries) {
    const runs = runsOf(parts, keyOf(headerMessage(entry, RESOURCE_FIELD)), []);
    if (runs[runs.length - 1] === entry.firstItem) runs[runs.length - 1] = entry.itemEnd;
    else runs.push(entry.firstItem, entry.itemEnd);
  }
  return assembleAll(payload, index, parts);
}

/** A writer makes room for the longest varint before it writes a short one; this keeps the last from growing it. */
const VARINT_ROOM = 5;

/** A range of `bytes` that is kept as it is, or an envelope to be framed anew. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
  readonly envelope: Reframed | undefined;
}

/** An envelope with a part of its content. */
interface Reframed {
  readonly tag: number;
  /** Of its content, bytes. */
  size: number;
  readonly pieces: Piece[];
}

/** Makes payloads of runs of a payload's items. */
class Assembler {
  readonly #payload: Payload;
  readonly #index: ItemIndex;
  #reframedBytes = 0;
  /** Runs of items still to be taken: the first item not taken, the end of its run, and what follows. */
  #runs: readonly number[] = [];
  #nextRun = 0;
  #from = 0;
  #until = 0;

  constructor(payload: Payload, index: ItemIndex) {
    this.#payload = payload;
    this.#index = index;
  }

  /** The payload of the items in `runs`: firsts and ends by turns, ascending. */
  part(runs: readonly number[]): Payload {
    this.#runs = runs;
    this.#nextRun = 0;
    this.#until = 0;
    this.#take(0);
    const chunks: Uint8Array[] = [];
    const { requests } = this.#index;
    for (let place = 0; this.#from < this.#index.starts.length;) {
      place = placeOf(requests, this.#from, place);
      const request = requests[place]!;
      if (this.#takesWhole(request)) {
        chunks.push(request.bytes);
        this.#take(request.itemEnd);
      } else {
        this.#addChunks(chunks, this.#reframe(request));
      }
    }
    let itemCount = 0;
    for (let i = 0; i < runs.length; i += 2) itemCount += countItems(this.#index, runs[i]!, runs[i + 1]!);
    const byteLength = sumOfLengths(chunks);
    return { signal: this.#payload.signal, chunks, itemCount, byteLength, origin: this.#payload.origin };
  }

  /** Moves on to item `to`. */
  #take(to: number): void {
    this.#from = to;
    if (to < this.#until) return;
    this.#from = this.#runs[this.#nextRun] ?? Infinity;
    this.#until = this.#runs[this.#nextRun + 1] ?? Infinity;
    this.#nextRun += 2;
  }

  #takesWhole(envelope: Envelope): boolean {
    return this.#from <= envelope.firstItem && this.#until >= envelope.itemEnd;
  }

  /** `envelope` with those of its items that are to be taken, of which there is one at least. */
  #reframe(envelope: Envelope): Reframed {
    const { bytes, header, children } = envelope;
    const reframed: Reframed = { tag: envelope.tag, size: 0, pieces: [] };
    if (header.length > 0) addSlice(reframed, header, 0, header.length);
    let place = 0;
    while (this.#from < envelope.itemEnd) {
      if (children.length === 0) {
        this.#addItems(reframed, bytes, Math.min(this.#until, envelope.itemEnd));
        continue;
      }
      place = placeOf(children, this.#from, place);
      const inner = children[place]!;
      if (this.#takesWhole(inner)) {
        addSlice(reframed, bytes, inner.start, inner.end);
        this.#take(inner.itemEnd);
      } else {
        addEnvelope(reframed, this.#reframe(inner));
      }
    }
    return reframed;
  }

  #addItems(reframed: Reframed, bytes: Uint8Array, to: number): void {
    const { starts, ends } = this.#index;
    for (let i = this.#from; i < to; i++) addSlice(reframed, bytes, starts[i]!, ends[i]!);
    this.#take(to);
  }

  /** Slices stay slices; neighbours that are framed anew share a buffer. */
  #addChunks(chunks: Uint8Array[], request: Reframed): void {
    let fresh: Piece[] = [];
    for (const piece of request.pieces) {
      if (piece.envelope !== undefined) {
        fresh.push(piece);
        continue;
      }
      if (fresh.length > 0) chunks.push(this.#written(fresh));
      fresh = [];
      chunks.push(piece.bytes.subarray(piece.start, piece.end));
    }
    if (fresh.length > 0) chunks.push(this.#written(fresh));
  }

  #written(pieces: readonly Piece[]): Uint8Array {
    const size = pieces.reduce((sum, piece) => sum + pieceSize(piece), 0);
    this.#reframedBytes += size;
    if (this.#reframedBytes > MAX_REFRAMED_BYTES) {
      throw new LimitExceededError(
        `Cannot split ${this.#payload.signal}: headers repeat to more than ${MAX_REFRAMED_BYTES} bytes`,
      );
    }
    const writer = new ProtoWriter(size + VARINT_ROOM);
    writePieces(writer, pieces);
    return writer.finish();
  }
}

/** The place in `envelopes` of the one that holds item `i`, from place `low` on. */
function placeOf(envelopes: readonly Envelope[], i: number, low: number): number {
  if (envelopes[low]!.itemEnd > i) return low;
  let high = envelopes.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (envelopes[middle]!.itemEnd > i) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A range that adjoins the last one makes it longer. */
function addSlice(reframed: Reframed, bytes: Uint8Array, start: number, end: number): void {
  reframed.size += end - start;
  const last = reframed.pieces[reframed.pieces.length - 1];
  if (last !== undefined && last.bytes === bytes && last.end === start) last.end = end;
  else reframed.pieces.push({ bytes, start, end, envelope: undefined });
}

function addEnvelope(reframed: Reframed, envelope: Reframed): void {
  const piece: Piece = { bytes: NOTHING, start: 0, end: 0, envelope };
  reframed.size += pieceSize(piece);
  reframed.pieces.push(piece);
}

function pieceSize({ start, end, envelope }: Piece): number {
  if (envelope === undefined) return end - start;
  return varintSize(envelope.tag) + varintSize(envelope.size) + envelope.size;
}

function writePieces(writer: ProtoWriter, pieces: readonly Piece[]): void {
  for (const { bytes, start, end, envelope } of pieces) {
    if (envelope === undefined) {
      writer.copy(bytes, start, end);
    } else {
      writer.varint(envelope.tag);
      writer.varint(envelope.size);
      writePieces(writer, envelope.pieces);
    }
  }
}
