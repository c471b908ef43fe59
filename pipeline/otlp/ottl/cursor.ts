/**
 * Where a walk over a payload stands: the item that statements run on, and all that it lies in.
 *
 * One cursor serves all items of all payloads of a component, one walk at a time; it is the `Item` of the language.
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import { type OttlMap, PlainMap } from "../../../ottl/values/value.ts";
import { NO_ORIGIN, type Origin } from "../payload.ts";
import type { Signal } from "../signals.ts";
import { Dictionary } from "./dictionary.ts";
import type { DataPointKind, MetricItem, SpanItem } from "./item.ts";
import { type LevelName, type LevelRow, LEVELS } from "./levels.ts";
import { type MessagePart, MessageView } from "./message_view.ts";
import { WireMap } from "./wire_map.ts";

/** Where attributes (a metric's metadata) stand in an item. */
const ITEM_ATTRIBUTES: Readonly<Record<Signal, number>> = { traces: 9, metrics: 12, logs: 6, profiles: 0 };

/** Fields of Metric that hold its data, the last of them in force, as bits too. */
const DATA_FIELDS = [5, 7, 9, 10, 11];
export const DATA_MASK = DATA_FIELDS.reduce((mask, field) => mask | 1 << field, 0);

const KIND_OF_DATA: Readonly<Record<number, DataPointKind>> = {
  5: "number",
  7: "number",
  9: "histogram",
  10: "exponential",
  11: "summary",
};

/** Fields of data points, which each kind numbers in its own way; 0 for none. */
const POINT_ATTRIBUTES: Readonly<Record<DataPointKind, number>> = {
  none: 0,
  number: 7,
  histogram: 9,
  exponential: 1,
  summary: 7,
};
const POINT_EXEMPLARS: Readonly<Record<DataPointKind, number>> = {
  none: 0,
  number: 5,
  histogram: 8,
  exponential: 11,
  summary: 0,
};

const Field = {
  span: { parentSpanId: 4, name: 5, kind: 6, status: 15 },
  profile: { sampleType: 1, periodType: 5 },
  entry: 1,
  positive: 8,
  negative: 9,
} as const;

/** One level of the walk that is under way. */
export class Frame {
  /** Its field in what it lies in. */
  field: number;
  /** What its children are listed in: the view itself, or of a metric its data. */
  holder: MessageView;
  /** Its place among the children of what it lies in. */
  index = 0;
  /** Another message was put in its place. */
  isReplaced = false;
  /** A child of it was written or dropped. */
  isChanged = false;
  /** It is being written. */
  isOpen = false;
  /** The first child that is neither written nor dropped. */
  nextRaw = 0;
  /** Where it, and its holder in it, were opened in the writer. */
  mark = 0;
  holderMark = 0;
  /** Bytes that it was taken to have when it was opened. */
  expected = 0;

  constructor(readonly view: MessageView, readonly row: LevelRow | undefined) {
    this.holder = view;
    this.field = row?.field ?? 0;
  }

  /** Looks at a message. */
  enter(bytes: Uint8Array, start: number, end: number): void {
    this.view.reset(bytes, start, end);
    this.isReplaced = false;
    this.isChanged = false;
    this.isOpen = false;
    this.nextRaw = 0;
  }
}

export class Cursor implements MetricItem, SpanItem {
  readonly signal: Signal;
  readonly request = new MessageView();
  readonly resourceEntry = new MessageView();
  readonly resource: MessagePart;
  readonly scopeEntry = new MessageView();
  readonly scope: MessagePart;
  /** The span, log record, metric or profile. */
  readonly item: MessageView;
  /** Of a span. */
  readonly status: MessagePart;
  /** Of a metric: its Gauge, Sum and so on. */
  readonly data: MessagePart;
  /** The span event or data point. */
  readonly subItem: MessageView;
  /** Of an exponential histogram's point. */
  readonly positive: MessagePart;
  readonly negative: MessagePart;
  readonly exemplar = new MessageView(7);
  /** Of a profile. */
  readonly sampleType: MessagePart;
  readonly periodType: MessagePart;
  /** Of a profiles request. */
  readonly dictionary: Dictionary | undefined;
  /** From the request down. */
  readonly frames: readonly Frame[];
  /** Whom the payload is from. */
  origin: Origin = NO_ORIGIN;

  /** Metrics that were added to the scope that is being visited. */
  readonly appended: Uint8Array[] = [];
  /** How many more the batch may get, and of how many bytes all together. */
  appendsLeft = 0;
  appendBytesLeft = 0;
  /** Bytes that the last walk wrote for one that it read. */
  growth = 1;
  /** How deep the walk goes: the number of the deepest frame. */
  deepest = 0;
  /** Caches that outlive an item, by the name of their context; undefined when each item has its own. */
  sharedCaches: Map<string, PlainMap> | undefined;
  #cache: PlainMap | undefined;
  readonly #spanAttributes: WireMap;

  constructor(signal: Signal) {
    this.signal = signal;
    this.resource = this.resourceEntry.part(() => Field.entry, 1);
    this.scope = this.scopeEntry.part(() => Field.entry, 3);
    this.item = new MessageView(ITEM_ATTRIBUTES[signal]);
    this.status = this.item.part(() => signal === "traces" ? Field.span.status : 0);
    this.data = this.item.part((metric) => signal === "metrics" ? dataFieldOf(metric) : 0);
    this.sampleType = this.item.part(() => signal === "profiles" ? Field.profile.sampleType : 0);
    this.periodType = this.item.part(() => signal === "profiles" ? Field.profile.periodType : 0);
    this.subItem = new MessageView(signal === "traces" ? 3 : 0);
    this.positive = this.subItem.part(() => this.dataPointKind() === "exponential" ? Field.positive : 0);
    this.negative = this.subItem.part(() => this.dataPointKind() === "exponential" ? Field.negative : 0);
    this.#spanAttributes = new WireMap(this.item);
    const views = [this.resourceEntry, this.scopeEntry, this.item, this.subItem, this.exemplar];
    this.frames = [
      new Frame(this.request, undefined),
      ...LEVELS[signal].map((row, i) => new Frame(views[i]!, row)),
    ];
    if (signal === "profiles") this.dictionary = this.#openDictionary();
  }

  #openDictionary(): Dictionary {
    const dictionary = new Dictionary(this.request);
    this.resource.attributes.strings = dictionary;
    this.scope.attributes.strings = dictionary;
    return dictionary;
  }

  /** The frame of a level; undefined when the signal has none such. */
  frameOf(level: LevelName): Frame | undefined {
    return this.frames.find(({ row }) => row?.name === level);
  }

  /** Before each item that is visited: what belongs to the one before is gone. */
  beginItem(): void {
    this.#cache = undefined;
  }

  /** The cache of a context. */
  cache(context: string): PlainMap {
    if (this.sharedCaches === undefined) return this.#cache ??= new PlainMap();
    let cache = this.sharedCaches.get(context);
    if (cache === undefined) this.sharedCaches.set(context, cache = new PlainMap());
    return cache;
  }

  /** Before data points of the metric are visited: which fields they have. */
  beginPoints(): void {
    const kind = this.dataPointKind();
    this.subItem.attributes.field = POINT_ATTRIBUTES[kind];
    const exemplars = this.frames[5];
    if (exemplars === undefined || this.deepest < 5) return;
    exemplars.field = POINT_EXEMPLARS[kind];
    this.subItem.childMask = exemplars.field === 0 ? 0 : 1 << exemplars.field;
  }

  // ---- MetricItem ----

  dataPointKind(): DataPointKind {
    return KIND_OF_DATA[this.data.field] ?? "none";
  }

  metricBytes(): Uint8Array {
    return this.item.current();
  }

  replaceMetric(message: Uint8Array): void {
    const frame = this.frames[3]!;
    if (this.deepest > 3) {
      throw new OttlError("read_only", "a metric cannot be replaced while its data points are visited");
    }
    this.item.reset(message, 0, message.length);
    frame.isReplaced = true;
  }

  appendMetric(message: Uint8Array): void {
    if (this.appendsLeft === 0) throw new OttlError("limit", "too many metrics were added to one batch");
    if (message.length > this.appendBytesLeft) throw new OttlError("limit", "too much was added to one batch");
    this.appendsLeft--;
    this.appendBytesLeft -= message.length;
    this.appended.push(message);
  }

  dataPointBytes(): Uint8Array {
    return this.subItem.current();
  }

  replaceDataPoint(message: Uint8Array): void {
    if (this.deepest > 4) {
      throw new OttlError("read_only", "a data point cannot be replaced while its exemplars are visited");
    }
    this.subItem.reset(message, 0, message.length);
    this.frames[4]!.isReplaced = true;
  }

  // ---- SpanItem ----

  spanName(): string {
    return this.item.text(Field.span.name);
  }

  setSpanName(name: string): void {
    this.item.setText(Field.span.name, name);
  }

  spanKind(): number {
    return this.item.low(Field.span.kind) | 0;
  }

  parentSpanId(): Uint8Array {
    return this.item.raw(Field.span.parentSpanId);
  }

  spanAttributes(): OttlMap {
    return this.#spanAttributes;
  }
}

/** Of a oneof the member that was written last counts. */
function dataFieldOf(metric: MessageView): number {
  let found = 0;
  let foundAt = -1;
  for (const field of DATA_FIELDS) {
    const at = metric.fieldStart(field);
    if (at <= foundAt) continue;
    found = field;
    foundAt = at;
  }
  return found;
}
