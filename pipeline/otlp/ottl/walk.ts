/**
 * One pass over a payload: visitors look at resources, scopes, items and what is in items, edit them or drop them.
 *
 * What nobody changed is not written: the same payload comes back when nothing was, else one in which only changed
 * messages and the lengths of what they lie in are new; all other bytes are copied, and whole resources in a row are
 * slices. A resource or scope is written behind what lies in it, so that an edit made from an item is in time.
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import type { PlainMap } from "../../../ottl/values/value.ts";
import { sumOfLengths } from "../../core/bytes.ts";
import { FieldReader, WireType } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import type { Payload } from "../payload.ts";
import { type Signal, SIGNALS } from "../signals.ts";
import { type Cursor, DATA_MASK, type Frame } from "./cursor.ts";
import { CHILD_STRIDE } from "./field_index.ts";
import type { LevelName } from "./levels.ts";

/** Says of what the cursor stands at whether it stays. What it throws ends the walk, and the payload stays as it was. */
export type Visitor = (cursor: Cursor) => boolean;

export interface WalkOptions {
  /** By level. Nothing below the deepest of them is looked at. */
  readonly visit: { readonly [Level in LevelName]?: Visitor };
  /**
   * Whether what has nothing left in it goes too: resources, scopes, metrics, down to the deepest level that is visited.
   * Default false.
   */
  readonly prune?: boolean;
  /** Caches that all items of the batch share, by context; without it each item has its own. */
  readonly sharedCaches?: Map<string, PlainMap>;
  /** Called every 64 visits; what it throws ends the walk. */
  readonly checkDeadline?: () => void;
  /** Metrics that functions may add. Default 10,000. */
  readonly maxAppendedMetrics?: number;
  /** Bytes that may be written anew, and bytes of metrics that functions may add. Default 256 MiB. */
  readonly maxOutputBytes?: number;
}

const DEFAULT_MAX_APPENDED_METRICS = 10_000;
export const DEFAULT_MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

const VISITS_BETWEEN_CHECKS = 64;

/** Whole resources in a row that are shorter than this are copied: a slice and a new buffer behind it cost more. */
const MIN_SLICE_BYTES = 16_384;

/** Of a buffer to write to, at first. */
const MAX_FIRST_BYTES = 65_536;

/** How much larger than the last one the next output may be, and how much larger than its input it is taken to be. */
const EXPECTED_MARGIN = 1.125;
const MAX_GROWTH = 4;

/** The frame of metrics, and of the items of other signals. */
const METRIC = 3;

const NOTHING: Uint8Array = new Uint8Array(0);

/** What became of a message. */
const Fate = { kept: 0, written: 1, dropped: 2 } as const;
type Fate = typeof Fate[keyof typeof Fate];

/**
 * Visits what is in `payload`.
 *
 * @returns The payload itself when nothing changed.
 * @throws {OttlError} What a visitor throws; "limit" past a bound of `options`.
 * @throws {InvalidPayloadError} The payload's bytes are damaged.
 */
export function walk(payload: Payload, cursor: Cursor, options: WalkOptions): Payload {
  return new Walk(payload, cursor, options).run();
}

class Walk {
  readonly #payload: Payload;
  readonly #cursor: Cursor;
  readonly #frames: readonly Frame[];
  readonly #visitors: readonly (Visitor | undefined)[];
  readonly #prune: boolean;
  readonly #checkDeadline: (() => void) | undefined;
  readonly #maxOutputBytes: number;
  readonly #deepest: number;
  #visits = 0;
  #itemCount: number;
  /** Of the payload that comes out. */
  readonly #chunks: Uint8Array[] = [];
  /** Bytes in `#chunks` that were written. */
  #written = 0;
  #writer: ProtoWriter | undefined;

  constructor(payload: Payload, cursor: Cursor, options: WalkOptions) {
    this.#payload = payload;
    this.#cursor = cursor;
    this.#frames = cursor.frames;
    this.#visitors = cursor.frames.map(({ row }) => row === undefined ? undefined : options.visit[row.name]);
    this.#deepest = this.#visitors.findLastIndex((visitor) => visitor !== undefined);
    this.#prune = options.prune ?? false;
    this.#checkDeadline = options.checkDeadline;
    this.#maxOutputBytes = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    this.#itemCount = payload.itemCount;
    cursor.origin = payload.origin;
    cursor.appended.length = 0;
    cursor.appendsLeft = options.maxAppendedMetrics ?? DEFAULT_MAX_APPENDED_METRICS;
    cursor.appendBytesLeft = this.#maxOutputBytes;
    cursor.deepest = this.#deepest;
    cursor.sharedCaches = options.sharedCaches;
    this.#prepareFrames();
  }

  /** Says of each view which of its fields are walked into. */
  #prepareFrames(): void {
    const { item, data } = this.#cursor;
    item.childMask = data.childMask = 0;
    this.#frames.forEach((frame, depth) => {
      const goesDown = depth < this.#deepest;
      const isMetric = frame.row?.name === "metric";
      frame.holder = goesDown && isMetric ? data : frame.view;
      frame.holder.childMask = goesDown || depth === 0 ? 1 << (this.#frames[depth + 1]?.field ?? 0) & ~1 : 0;
    });
  }

  run(): Payload {
    if (this.#deepest === -1) return this.#payload;
    const { chunks, signal, origin } = this.#payload;
    let isChanged = false;
    for (const chunk of chunks) if (this.#chunk(chunk)) isChanged = true;
    if (!isChanged) return this.#payload;
    return {
      signal,
      chunks: this.#chunks,
      itemCount: this.#itemCount,
      byteLength: sumOfLengths(this.#chunks),
      origin,
    };
  }

  /** @returns Whether it changed. */
  #chunk(chunk: Uint8Array): boolean {
    const request = this.#frames[0]!;
    request.enter(chunk, 0, chunk.length);
    this.#cursor.dictionary?.reset();
    this.#children(0);
    const isDictionaryEdited = this.#cursor.dictionary?.isEdited ?? false;
    if (!request.isChanged && !isDictionaryEdited) {
      this.#chunks.push(chunk);
      return false;
    }
    this.#flush(0, Infinity);
    this.#writeRequestRest(isDictionaryEdited);
    this.#cut();
    return true;
  }

  /** What a request has besides resources. */
  #writeRequestRest(isDictionaryEdited: boolean): void {
    const { request, dictionary } = this.#cursor;
    if (this.#itemsAreGone()) return;
    const writer = this.#output();
    request.writeContent(writer, isDictionaryEdited ? 1 << 2 : 0);
    if (isDictionaryEdited) dictionary!.write(writer);
  }

  /** Whether nothing was kept of this request: then nothing of it is sent on. */
  #itemsAreGone(): boolean {
    return this.#prune && this.#writer === undefined && this.#chunks.length === 0;
  }

  #output(): ProtoWriter {
    return this.#writer ??= new ProtoWriter(Math.min(this.#expectedBytes(), MAX_FIRST_BYTES));
  }

  /** A buffer that is large enough at first need not be copied; what statements add is much the same each time. */
  #expectedBytes(): number {
    return this.#frames[0]!.view.end * this.#cursor.growth * EXPECTED_MARGIN + 256;
  }

  /** Ends what is being written, as a chunk. */
  #cut(): void {
    if (this.#writer !== undefined && this.#writer.length > 0) {
      this.#cursor.growth = Math.min(this.#writer.length / this.#frames[0]!.view.end, MAX_GROWTH);
      this.#written += this.#writer.length;
      this.#chunks.push(this.#writer.finish());
    }
    this.#writer = undefined;
  }

  /** Visits all that lies in what the frame at `depth` is at. @returns How much of it stays. */
  #children(depth: number): number {
    const { holder } = this.#frames[depth]!;
    const child = this.#frames[depth + 1]!;
    holder.ready();
    const { children, childCount } = holder;
    let kept = 0;
    for (let i = 0; i < childCount; i++) {
      child.index = i;
      const start = children[i * CHILD_STRIDE + 1]!;
      const end = children[i * CHILD_STRIDE + 2]!;
      const fate = this.#message(depth + 1, holder.bytes, start, end);
      if (fate === Fate.dropped) this.#drop(depth, i);
      else kept++;
    }
    if (depth === METRIC - 1) kept += this.#appendedMetrics(childCount);
    return kept;
  }

  /** Visits metrics that functions added to the scope, and those that they add then. */
  #appendedMetrics(childCount: number): number {
    const { appended } = this.#cursor;
    let kept = 0;
    for (let i = 0; i < appended.length; i++) {
      const metric = appended[i]!;
      appended[i] = NOTHING; // once written it is not kept twice
      const frame = this.#frames[METRIC]!;
      frame.index = childCount;
      this.#itemCount += this.#countItems(METRIC, metric, 0, metric.length);
      const fate = this.#message(METRIC, metric, 0, metric.length, true);
      if (fate !== Fate.dropped) kept++;
    }
    appended.length = 0;
    return kept;
  }

  /** Visits one message and what lies in it. */
  #message(depth: number, bytes: Uint8Array, start: number, end: number, isNew = false): Fate {
    const frame = this.#frames[depth]!;
    frame.enter(bytes, start, end);
    if (!this.#visit(depth)) {
      this.#itemCount -= this.#countItems(depth, bytes, start, end);
      return Fate.dropped;
    }
    if (depth < this.#deepest) {
      if (depth === METRIC && frame.row!.name === "metric") this.#cursor.beginPoints();
      const kept = this.#children(depth);
      if (kept === 0 && this.#isPruned(frame)) return Fate.dropped;
    } else if (this.#prune && this.#isEmptyEntry(depth)) {
      return Fate.dropped;
    }
    if (!isNew && !frame.isChanged && !frame.isReplaced && !frame.view.isEdited) return Fate.kept;
    if (depth === METRIC && depth === this.#deepest) this.#recount(bytes, start, end);
    this.#open(depth);
    if (frame.holder.childCount > 0) this.#flush(depth, Infinity);
    this.#close(frame);
    return Fate.written;
  }

  /** @returns Whether it stays. */
  #visit(depth: number): boolean {
    const visitor = this.#visitors[depth];
    if (visitor === undefined) return true;
    if (++this.#visits % VISITS_BETWEEN_CHECKS === 0) this.#checkDeadline?.();
    this.#cursor.beginItem();
    return visitor(this.#cursor);
  }

  /** Whether it goes now that nothing is in it. A metric without data never had anything to lose. */
  #isPruned(frame: Frame): boolean {
    if (!this.#prune || !frame.row!.isContainer) return false;
    return frame.row!.name !== "metric" || this.#cursor.dataPointKind() !== "none";
  }

  /** Whether the resource or scope, which is as deep as this walk goes, has nothing in it. */
  #isEmptyEntry(depth: number): boolean {
    return depth < 3 && !this.#frames[depth]!.view.has(this.#frames[depth + 1]!.field);
  }

  #drop(depth: number, index: number): void {
    const frame = this.#frames[depth]!;
    frame.isChanged = true;
    if (index > frame.nextRaw) {
      this.#open(depth);
      this.#flush(depth, index);
    }
    frame.nextRaw = index + 1;
  }

  /** Begins to write the message that the frame at `depth` is at, after all that comes before it. */
  #open(depth: number): void {
    const frame = this.#frames[depth]!;
    if (frame.isOpen || depth === 0) return;
    this.#open(depth - 1);
    const parent = this.#frames[depth - 1]!;
    if (frame.index > parent.nextRaw) this.#flush(depth - 1, frame.index);
    parent.nextRaw = frame.index + 1;
    parent.isChanged = true;
    frame.isOpen = true;
    const writer = this.#output();
    frame.expected = frame.view.end - frame.view.start;
    frame.mark = writer.open(frame.field, frame.expected);
    if (frame.holder !== frame.view && this.#cursor.data.field !== 0) {
      frame.holderMark = writer.open(this.#cursor.data.field);
    }
  }

  /** Copies the children before `until` that nothing was done with. */
  #flush(depth: number, until: number): void {
    const frame = this.#frames[depth]!;
    const { children, childCount, bytes } = frame.holder;
    const last = Math.min(until, childCount);
    for (let i = frame.nextRaw; i < last;) {
      const start = children[i * CHILD_STRIDE]!;
      let end = children[i * CHILD_STRIDE + 2]!;
      for (i++; i < last && children[i * CHILD_STRIDE] === end; i++) end = children[i * CHILD_STRIDE + 2]!;
      this.#copy(depth, bytes, start, end);
    }
    if (last > frame.nextRaw) frame.nextRaw = last;
  }

  #copy(depth: number, bytes: Uint8Array, start: number, end: number): void {
    if (depth === 0 && end - start >= MIN_SLICE_BYTES && SIGNALS[this.#payload.signal].mergeable) {
      this.#cut();
      this.#chunks.push(bytes.subarray(start, end));
    } else {
      this.#output().copy(bytes, start, end);
    }
  }

  /** Writes what the message has besides its children, and ends it. */
  #close(frame: Frame): void {
    const writer = this.#output();
    if (frame.holder === frame.view) {
      frame.view.writeContent(writer);
    } else {
      if (this.#cursor.data.field !== 0) {
        frame.holder.writeContent(writer);
        writer.close(frame.holderMark);
      }
      frame.view.writeContent(writer, DATA_MASK);
    }
    writer.close(frame.mark, frame.expected);
    if (this.#written + writer.length > this.#maxOutputBytes) {
      throw new OttlError("limit", `the batch grew past ${this.#maxOutputBytes} bytes`);
    }
  }

  /** An edit may have changed how many data points or samples there are. */
  #recount(bytes: Uint8Array, start: number, end: number): void {
    const frame = this.#frames[METRIC]!;
    if (!this.#isRefilled(frame)) return;
    const now = frame.view.current();
    this.#itemCount += this.#countItems(METRIC, now, 0, now.length) - this.#countItems(METRIC, bytes, start, end);
  }

  #isRefilled(frame: Frame): boolean {
    const { signal, item, data } = this.#cursor;
    if (signal === "metrics") return frame.isReplaced || item.isEditedIn(DATA_MASK) || data.isEditedIn(1 << 1);
    return signal === "profiles" && item.isEditedIn(1 << 2);
  }

  #countItems(depth: number, bytes: Uint8Array, start: number, end: number): number {
    return countItemsIn(this.#payload.signal, depth, bytes, start, end);
  }
}

/** Items in a message that lies `depth` levels below the request; one, if it is an item. */
export function countItemsIn(signal: Signal, depth: number, bytes: Uint8Array, start: number, end: number): number {
  const path = ITEM_PATHS[signal];
  // Data points lie two fields deep in a metric.
  const step = signal === "metrics" && depth > METRIC ? depth + 1 : depth;
  return step > path.length ? 0 : countIn(bytes, start, end, path, step);
}

/** Fields that lead from a request to what is counted, as bits. */
const ITEM_PATHS: Readonly<Record<Signal, readonly number[]>> = {
  traces: [1 << 1, 1 << 2, 1 << 2],
  metrics: [1 << 1, 1 << 2, 1 << 2, DATA_MASK, 1 << 1],
  logs: [1 << 1, 1 << 2, 1 << 2],
  profiles: [1 << 1, 1 << 2, 1 << 2, 1 << 2],
};

function countIn(bytes: Uint8Array, start: number, end: number, path: readonly number[], step: number): number {
  if (step === path.length) return 1;
  let count = 0;
  const fields = new FieldReader(bytes, start, end);
  const isLast = step === path.length - 1;
  while (fields.next()) {
    if ((fields.tag & 7) !== WireType.bytes || fields.field > 31 || (path[step]! >>> fields.field & 1) === 0) continue;
    count += isLast ? 1 : countIn(bytes, fields.start, fields.valueEnd, path, step + 1);
  }
  return count;
}
