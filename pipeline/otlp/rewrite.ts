/**
 * Replaces and drops items of a payload; what is around them and what is kept stays as it was, byte for byte.
 *
 * @module
 */

import { ProtoWriter } from "../wire/protobuf_writer.ts";
import { type Envelope, indexItems, isItem, type ItemIndex } from "./envelopes.ts";
import type { Payload } from "./payload.ts";

/** What becomes of an item: as it is, gone, or a message in its place. */
export type ItemFate = "keep" | "drop" | Uint8Array;

/**
 * The payload with the fate of each item done. Envelopes that lose all their items go too. When nothing changes the
 * payload itself comes back.
 *
 * @param fateOf Given an item's message, from `start` to `end` of `bytes`.
 */
export function rewriteItems(
  payload: Payload,
  fateOf: (bytes: Uint8Array, start: number, end: number) => ItemFate,
): Payload {
  const index = indexItems(payload);
  const rewriter = new Rewriter(index, fateOf);
  return rewriter.changed ? rewriter.write(payload) : payload;
}

class Rewriter {
  readonly changed: boolean;
  readonly #index: ItemIndex;
  readonly #fates: readonly ItemFate[];
  #kept = 0;

  constructor(index: ItemIndex, fateOf: (bytes: Uint8Array, start: number, end: number) => ItemFate) {
    this.#index = index;
    const { contentStarts, ends, holders } = index;
    // An envelope without items has a place too, which stays.
    this.#fates = contentStarts.map((start, i) => start === -1 ? "keep" : fateOf(holders[i]!.bytes, start, ends[i]!));
    this.changed = this.#fates.some((fate) => fate !== "keep");
  }

  write({ signal, origin }: Payload): Payload {
    const chunks: Uint8Array[] = [];
    for (const request of this.#index.requests) {
      const writer = new ProtoWriter(request.end);
      this.#content(writer, request);
      if (writer.length > 0) chunks.push(writer.finish());
    }
    const byteLength = chunks.reduce((sum, { length }) => sum + length, 0);
    return { signal, chunks, itemCount: this.#kept, byteLength, origin };
  }

  #content(writer: ProtoWriter, envelope: Envelope): void {
    writer.copy(envelope.header);
    if (envelope.children.length === 0) return this.#items(writer, envelope);
    for (const child of envelope.children) this.#envelope(writer, child);
  }

  #envelope(writer: ProtoWriter, envelope: Envelope): void {
    const fates = this.#fates.slice(envelope.firstItem, envelope.itemEnd);
    if (fates.every((fate) => fate === "drop")) return;
    if (fates.every((fate) => fate === "keep")) {
      writer.copy(envelope.bytes, envelope.start, envelope.end);
      for (let i = envelope.firstItem; i < envelope.itemEnd; i++) if (isItem(this.#index, i)) this.#kept++;
      return;
    }
    const mark = writer.open(envelope.tag >>> 3);
    this.#content(writer, envelope);
    writer.close(mark);
  }

  #items(writer: ProtoWriter, { bytes, firstItem, itemEnd }: Envelope): void {
    const { starts, contentStarts, ends } = this.#index;
    for (let i = firstItem; i < itemEnd; i++) {
      const fate = this.#fates[i]!;
      if (fate === "drop" || contentStarts[i] === -1) continue;
      this.#kept++;
      if (fate === "keep") writer.copy(bytes, starts[i]!, ends[i]!);
      else writer.bytesField(bytes[starts[i]!]! >>> 3, fate);
    }
  }
}
