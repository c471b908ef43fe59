/**
 * Parts of a payload by a key of each span, log record or metric, written side by side in one pass.
 *
 * A resource or scope whose items all have one key is copied as it is; one that is divided is framed anew in each part,
 * its items first and then what else it has, as `walk` writes it. What has no items is in no part.
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import { FieldReader, tagOf, WireType } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import type { Payload } from "../payload.ts";
import type { Signal } from "../signals.ts";
import { countItemsIn } from "./walk.ts";

/** Fields of a ResourceXxx in the request, of a ScopeXxx in it, and of an item in that. */
const RESOURCE = 1;
const SCOPE = 2;
const ITEM = 2;

const RESOURCE_TAG = tagOf(RESOURCE, WireType.bytes);
const SCOPE_TAG = tagOf(SCOPE, WireType.bytes);
const ITEM_TAG = tagOf(ITEM, WireType.bytes);

/** How many levels an item lies below the request. */
const ITEM_DEPTH = 3;

/** A part is begun with room for its items and for this share of them for what is around. */
const HEADER_SHARE = 0.125;

/** Numbers that are kept of each item: where its field and its message begin, and where both end. */
const STRIDE = 3;

/** A resource or scope. */
interface Envelope {
  readonly bytes: Uint8Array;
  /** Of its field, tag first. */
  readonly fieldStart: number;
  readonly start: number;
  readonly end: number;
  /** What it has besides children: firsts and ends by turns. */
  readonly rest: readonly number[];
  /** Of a resource. */
  readonly scopes: readonly Envelope[];
  /** Its items are those with these numbers. */
  readonly firstItem: number;
  readonly itemEnd: number;
  /** Whether each scope in it has items. */
  readonly isFull: boolean;
}

/** One part while it is written. */
class Part {
  readonly writer: ProtoWriter;
  itemCount = 0;
  /** Whether the resource, and the scope, that is being divided was begun in it. */
  isInResource = false;
  isInScope = false;
  resourceMark = 0;
  scopeMark = 0;

  constructor(readonly key: number, itemBytes: number) {
    this.writer = new ProtoWriter(Math.ceil(itemBytes * (1 + HEADER_SHARE)));
  }
}

/**
 * @param keys One for each item, in their order: -1 or more.
 * @returns By key, in the order in which they first come; undefined for requests that have something besides resources,
 *   which every part needs.
 * @throws {OttlError} "limit": a part is longer than `maxOutputBytes`.
 */
export function partsOfItems(
  payload: Payload,
  keys: readonly number[],
  maxOutputBytes: number,
): Map<number, Payload> | undefined {
  const index = new Index(keys.length);
  for (const chunk of payload.chunks) if (!index.addRequest(chunk)) return undefined;
  const division = new Division(payload.signal, index, keys, maxOutputBytes);
  for (const resource of index.resources) division.resource(resource);
  const { signal, origin } = payload;
  return new Map(division.parts.map(({ key, writer, itemCount }) => {
    const bytes = writer.finish();
    return [key, { signal, chunks: [bytes], itemCount, byteLength: bytes.length, origin }];
  }));
}

/** Where all lies. */
class Index {
  readonly resources: Envelope[] = [];
  /** Of each item the numbers that `STRIDE` tells of; the bytes are those of the scope that it is in. */
  readonly items: Int32Array;
  #count = 0;

  constructor(itemCount: number) {
    this.items = new Int32Array(itemCount * STRIDE);
  }

  /** @returns Whether there is nothing but resources in it. */
  addRequest(bytes: Uint8Array): boolean {
    const fields = new FieldReader(bytes);
    while (fields.next()) {
      if (fields.tag !== RESOURCE_TAG) return false;
      this.resources.push(this.#resource(bytes, fields));
    }
    return true;
  }

  #resource(bytes: Uint8Array, { fieldStart, start, valueEnd: end }: FieldReader): Envelope {
    const firstItem = this.#count;
    const rest: number[] = [];
    const scopes: Envelope[] = [];
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (fields.tag === SCOPE_TAG) scopes.push(this.#scope(bytes, fields));
      else rest.push(fields.fieldStart, fields.valueEnd);
    }
    const isFull = scopes.every((scope) => scope.itemEnd > scope.firstItem);
    return { bytes, fieldStart, start, end, rest, scopes, firstItem, itemEnd: this.#count, isFull };
  }

  #scope(bytes: Uint8Array, { fieldStart, start, valueEnd: end }: FieldReader): Envelope {
    const firstItem = this.#count;
    const rest: number[] = [];
    const { items } = this;
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (fields.tag !== ITEM_TAG) {
        rest.push(fields.fieldStart, fields.valueEnd);
        continue;
      }
      const at = this.#count++ * STRIDE;
      items[at] = fields.fieldStart;
      items[at + 1] = fields.start;
      items[at + 2] = fields.valueEnd;
    }
    return { bytes, fieldStart, start, end, rest, scopes: [], firstItem, itemEnd: this.#count, isFull: true };
  }
}

/** Writes all parts at once: what is divided is begun in each part when its first item comes. */
class Division {
  /** In the order in which their keys first come. */
  readonly parts: readonly Part[];
  readonly #signal: Signal;
  readonly #items: Int32Array;
  readonly #keys: readonly number[];
  readonly #maxOutputBytes: number;
  /** By key, which begin at -1. */
  readonly #byKey: Part[] = [];
  readonly #inResource: Part[] = [];
  readonly #inScope: Part[] = [];

  constructor(signal: Signal, { items }: Index, keys: readonly number[], maxOutputBytes: number) {
    this.#signal = signal;
    this.#items = items;
    this.#keys = keys;
    this.#maxOutputBytes = maxOutputBytes;
    const bytes: (number | undefined)[] = [];
    const order: number[] = [];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const known = bytes[key + 1];
      if (known === undefined) order.push(key);
      bytes[key + 1] = (known ?? 0) + items[i * STRIDE + 2]! - items[i * STRIDE]!;
    }
    this.parts = order.map((key) => this.#byKey[key + 1] = new Part(key, bytes[key + 1]!));
  }

  /** @throws {OttlError} "limit". */
  resource(resource: Envelope): void {
    if (resource.firstItem === resource.itemEnd) return;
    const only = resource.isFull ? this.#onlyPart(resource) : undefined;
    if (only !== undefined) {
      copyField(only, resource);
      this.#count(only, resource.firstItem, resource.itemEnd, resource);
      return this.#check(only);
    }
    for (const scope of resource.scopes) this.#scope(resource, scope);
    for (const part of this.#inResource) {
      copyRest(part, resource);
      part.writer.close(part.resourceMark, resource.end - resource.start);
      part.isInResource = false;
      this.#check(part);
    }
    this.#inResource.length = 0;
  }

  #scope(resource: Envelope, scope: Envelope): void {
    if (scope.firstItem === scope.itemEnd) return;
    const only = this.#onlyPart(scope);
    if (only !== undefined) {
      this.#enterResource(only, resource);
      copyField(only, scope);
      return this.#count(only, scope.firstItem, scope.itemEnd, scope);
    }
    this.#divide(resource, scope);
    for (const part of this.#inScope) {
      copyRest(part, scope);
      part.writer.close(part.scopeMark, scope.end - scope.start);
      part.isInScope = false;
    }
    this.#inScope.length = 0;
  }

  /** Items that follow one another and go together are copied together. */
  #divide(resource: Envelope, scope: Envelope): void {
    const keys = this.#keys;
    const items = this.#items;
    for (let i = scope.firstItem; i < scope.itemEnd;) {
      const first = i;
      const key = keys[i]!;
      let end = items[i * STRIDE + 2]!;
      for (i++; i < scope.itemEnd && keys[i] === key && items[i * STRIDE] === end; i++) end = items[i * STRIDE + 2]!;
      const part = this.#byKey[key + 1]!;
      this.#enterResource(part, resource);
      this.#enterScope(part, scope);
      part.writer.copy(scope.bytes, items[first * STRIDE], end);
      this.#count(part, first, i, scope);
    }
  }

  /** The part that all items of it are in; undefined when they are in several. */
  #onlyPart({ firstItem, itemEnd }: Envelope): Part | undefined {
    const keys = this.#keys;
    const key = keys[firstItem]!;
    for (let i = firstItem + 1; i < itemEnd; i++) if (keys[i] !== key) return undefined;
    return this.#byKey[key + 1];
  }

  #enterResource(part: Part, { start, end }: Envelope): void {
    if (part.isInResource) return;
    part.isInResource = true;
    part.resourceMark = part.writer.open(RESOURCE, end - start);
    this.#inResource.push(part);
  }

  #enterScope(part: Part, { start, end }: Envelope): void {
    if (part.isInScope) return;
    part.isInScope = true;
    part.scopeMark = part.writer.open(SCOPE, end - start);
    this.#inScope.push(part);
  }

  /** Counts the items from number `first` to `end`: of metrics, the data points in them. */
  #count(part: Part, first: number, end: number, { bytes }: Envelope): void {
    if (this.#signal !== "metrics") {
      part.itemCount += end - first;
      return;
    }
    for (let at = first * STRIDE; at < end * STRIDE; at += STRIDE) {
      part.itemCount += countItemsIn("metrics", ITEM_DEPTH, bytes, this.#items[at + 1]!, this.#items[at + 2]!);
    }
  }

  #check({ writer }: Part): void {
    if (writer.length <= this.#maxOutputBytes) return;
    throw new OttlError("limit", `the batch grew past ${this.#maxOutputBytes} bytes`);
  }
}

/** The whole of a resource or scope. */
function copyField({ writer }: Part, { bytes, fieldStart, end }: Envelope): void {
  writer.copy(bytes, fieldStart, end);
}

/** What a resource or scope has besides children. */
function copyRest({ writer }: Part, { bytes, rest }: Envelope): void {
  for (let i = 0; i < rest.length; i += 2) writer.copy(bytes, rest[i], rest[i + 1]);
}
