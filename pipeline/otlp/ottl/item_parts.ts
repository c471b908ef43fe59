/**
 * Parts of a payload by a key of each span, log record or metric, written side by side in one pass.
 *
 * A resource or scope whose items all have one key is copied as it is; one that is divided is framed anew in each part,
 * its items first and then what else it has, as `walk` writes it. What has no items is in no part.
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import { FieldReader, WireType } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import type { Payload } from "../payload.ts";
import { countItemsIn } from "./walk.ts";

/** Fields of a ResourceXxx in the request, of a ScopeXxx in it, and of an item in that. */
const RESOURCE = 1;
const SCOPE = 2;
const ITEM = 2;

/** How many levels an item lies below the request. */
const ITEM_DEPTH = 3;

/** A part is begun with room for its items and for this share of them for what is around. */
const HEADER_SHARE = 0.125;

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

  constructor(itemBytes: number) {
    this.writer = new ProtoWriter(Math.ceil(itemBytes * (1 + HEADER_SHARE)));
  }
}

/**
 * @param keys One for each item, in their order.
 * @returns undefined for requests that have something besides resources, which every part needs.
 * @throws {OttlError} "limit": a part is longer than `maxOutputBytes`.
 */
export function partsOfItems(
  payload: Payload,
  keys: readonly number[],
  maxOutputBytes: number,
): Map<number, Payload> | undefined {
  const index = new Index();
  for (const chunk of payload.chunks) if (!index.addRequest(chunk)) return undefined;
  const parts = new Map<number, Part>();
  for (const [key, bytes] of bytesByKey(index, keys)) parts.set(key, new Part(bytes));
  const { signal, origin } = payload;
  for (const resource of index.resources) {
    for (const key of keysIn(resource, keys)) {
      const part = parts.get(key)!;
      new Writing(index, keys, key, part.writer).resource(resource);
      if (part.writer.length > maxOutputBytes) {
        throw new OttlError("limit", `the batch grew past ${maxOutputBytes} bytes`);
      }
    }
  }
  index.ends.forEach((end, i) => {
    parts.get(keys[i]!)!.itemCount += countItemsIn(signal, ITEM_DEPTH, index.bytes[i]!, index.starts[i]!, end);
  });
  return new Map([...parts].map(([key, { writer, itemCount }]) => {
    const bytes = writer.finish();
    return [key, { signal, chunks: [bytes], itemCount, byteLength: bytes.length, origin }];
  }));
}

/** Where all lies. */
class Index {
  readonly resources: Envelope[] = [];
  /** Of each item: the bytes that it is in, where its field and its message begin, and where both end. */
  readonly bytes: Uint8Array[] = [];
  readonly fieldStarts: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  /** @returns Whether there is nothing but resources in it. */
  addRequest(bytes: Uint8Array): boolean {
    const fields = new FieldReader(bytes);
    while (fields.next()) {
      if (!isMessage(fields, RESOURCE)) return false;
      this.resources.push(this.#envelope(bytes, fields, true));
    }
    return true;
  }

  #envelope(bytes: Uint8Array, { fieldStart, start, valueEnd: end }: FieldReader, isResource: boolean): Envelope {
    const firstItem = this.ends.length;
    const rest: number[] = [];
    const scopes: Envelope[] = [];
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (isResource && isMessage(fields, SCOPE)) scopes.push(this.#envelope(bytes, fields, false));
      else if (!isResource && isMessage(fields, ITEM)) this.#addItem(bytes, fields);
      else rest.push(fields.fieldStart, fields.valueEnd);
    }
    const isFull = scopes.every((scope) => scope.itemEnd > scope.firstItem);
    return { bytes, fieldStart, start, end, rest, scopes, firstItem, itemEnd: this.ends.length, isFull };
  }

  #addItem(bytes: Uint8Array, { fieldStart, start, valueEnd }: FieldReader): void {
    this.bytes.push(bytes);
    this.fieldStarts.push(fieldStart);
    this.starts.push(start);
    this.ends.push(valueEnd);
  }
}

function isMessage(fields: FieldReader, field: number): boolean {
  return fields.field === field && (fields.tag & 7) === WireType.bytes;
}

/** Bytes of the items of each key; in the order in which keys first come. */
function bytesByKey({ fieldStarts, ends }: Index, keys: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < keys.length; i++) found.set(keys[i]!, (found.get(keys[i]!) ?? 0) + ends[i]! - fieldStarts[i]!);
  return found;
}

function keysIn({ firstItem, itemEnd }: Envelope, keys: readonly number[]): Set<number> {
  const found = new Set<number>();
  for (let i = firstItem; i < itemEnd; i++) found.add(keys[i]!);
  return found;
}

/** Writes what has items of one key. */
class Writing {
  readonly #index: Index;
  readonly #keys: readonly number[];
  readonly #key: number;
  readonly #writer: ProtoWriter;

  constructor(index: Index, keys: readonly number[], key: number, writer: ProtoWriter) {
    this.#index = index;
    this.#keys = keys;
    this.#key = key;
    this.#writer = writer;
  }

  resource(resource: Envelope): void {
    if (resource.isFull && this.#count(resource) === resource.itemEnd - resource.firstItem) return this.#copy(resource);
    this.#frame(RESOURCE, resource, () => {
      for (const scope of resource.scopes) this.#scope(scope);
    });
  }

  #scope(scope: Envelope): void {
    const count = this.#count(scope);
    if (count === 0) return;
    if (count === scope.itemEnd - scope.firstItem) return this.#copy(scope);
    this.#frame(SCOPE, scope, () => this.#items(scope));
  }

  /** Items that follow one another are copied together. */
  #items({ bytes, firstItem, itemEnd }: Envelope): void {
    const { fieldStarts, ends } = this.#index;
    for (let i = firstItem; i < itemEnd; i++) {
      if (this.#keys[i] !== this.#key) continue;
      const from = i;
      while (i + 1 < itemEnd && this.#keys[i + 1] === this.#key && fieldStarts[i + 1] === ends[i]) i++;
      this.#writer.copy(bytes, fieldStarts[from], ends[i]);
    }
  }

  #count({ firstItem, itemEnd }: Envelope): number {
    let count = 0;
    for (let i = firstItem; i < itemEnd; i++) if (this.#keys[i] === this.#key) count++;
    return count;
  }

  #copy({ bytes, fieldStart, end }: Envelope): void {
    this.#writer.copy(bytes, fieldStart, end);
  }

  #frame(field: number, { bytes, start, end, rest }: Envelope, writeChildren: () => void): void {
    const mark = this.#writer.open(field, end - start);
    writeChildren();
    for (let i = 0; i < rest.length; i += 2) this.#writer.copy(bytes, rest[i], rest[i + 1]);
    this.#writer.close(mark, end - start);
  }
}
