/**
 * Lays tenants out as one table. Names are unique in it: whoever comes second is refused, and who has it is told.
 *
 * @module
 */

import { hashName, HEADER, HEADER_WORDS, RECORD, type RecordKind } from "./layout.ts";

/** What there is to write, at the most. */
export interface TableSize {
  /** One past the highest slot. */
  readonly slots: number;
  /** Of all tenants together: `recordsOf`. */
  readonly records: number;
  /** Of all records together. */
  readonly bytes: number;
}

/** A name that another tenant has already, or the same tenant twice. */
export interface NameConflict {
  readonly kind: RecordKind;
  readonly name: string;
  /** Of the tenant that has it. */
  readonly slot: number;
}

const WORD = Uint32Array.BYTES_PER_ELEMENT;
/** Names for each place of the index, at the most: the less, the fewer places are looked at. */
const MAX_LOAD = 0.7;

export class TableWriter {
  readonly #table: SharedArrayBuffer;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #index: Uint32Array;
  readonly #mask: number;
  readonly #header: Uint32Array;
  #tenants = 0;
  #records = 0;
  #at: number;

  constructor({ slots, records, bytes }: TableSize) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(2, records / MAX_LOAD)));
    const rowsAt = HEADER_WORDS * WORD;
    const indexAt = rowsAt + slots * WORD;
    this.#at = indexAt + 2 * places * WORD;
    this.#table = new SharedArrayBuffer(this.#at + bytes);
    this.#view = new DataView(this.#table);
    this.#bytes = new Uint8Array(this.#table);
    this.#offsets = new Uint32Array(this.#table, rowsAt, slots);
    this.#index = new Uint32Array(this.#table, indexAt, 2 * places);
    this.#mask = places - 1;
    this.#header = new Uint32Array(this.#table, 0, HEADER_WORDS);
    this.#header[HEADER.slots] = slots;
    this.#header[HEADER.rowsAt] = rowsAt;
    this.#header[HEADER.indexAt] = indexAt;
    this.#header[HEADER.indexMask] = this.#mask;
  }

  /**
   * Adds the tenant of a slot that nobody has yet.
   *
   * @param records As `writeTenant` made them.
   * @returns Why it was not added; undefined when it was.
   */
  add(slot: number, records: Uint8Array): NameConflict | undefined {
    const start = this.#at;
    this.#bytes.set(records, start);
    const taken: number[] = [];
    for (let at = start; at < start + records.length; at += this.#view.getUint16(at + RECORD.length, true)) {
      this.#view.setUint32(at + RECORD.slot, slot, true);
      const hash = this.#hashOf(at);
      const place = this.#place(at, hash);
      const holder = this.#index[2 * place + 1] ?? 0;
      if (holder !== 0) {
        for (const each of taken.toReversed()) this.#index[2 * each + 1] = 0;
        return this.#conflict(holder);
      }
      this.#index[2 * place] = hash;
      this.#index[2 * place + 1] = at;
      taken.push(place);
    }
    this.#offsets[slot] = start;
    this.#at = start + records.length;
    this.#tenants += 1;
    this.#records += taken.length;
    return undefined;
  }

  /** The table. Nothing is added after it. */
  finish(): SharedArrayBuffer {
    this.#header[HEADER.tenants] = this.#tenants;
    this.#header[HEADER.records] = this.#records;
    return this.#table;
  }

  #conflict(offset: number): NameConflict {
    const kind = this.#view.getUint8(offset + RECORD.kind) as RecordKind;
    const name = new TextDecoder().decode(this.#nameOf(offset).slice());
    return { kind, name, slot: this.#view.getUint32(offset + RECORD.slot, true) };
  }

  /** The place of the name of the record at `offset`: its own, or an empty one. */
  #place(offset: number, hash: number): number {
    for (let place = hash & this.#mask;; place = (place + 1) & this.#mask) {
      const other = this.#index[2 * place + 1] ?? 0;
      if (other === 0) return place;
      if (this.#index[2 * place] === hash && this.#isSameName(offset, other)) return place;
    }
  }

  #hashOf(offset: number): number {
    const start = offset + RECORD.name;
    const end = start + this.#view.getUint16(offset + RECORD.nameLength, true);
    return hashName(this.#view.getUint8(offset + RECORD.kind) as RecordKind, this.#bytes, start, end);
  }

  #nameOf(offset: number): Uint8Array {
    const start = offset + RECORD.name;
    return this.#bytes.subarray(start, start + this.#view.getUint16(offset + RECORD.nameLength, true));
  }

  #isSameName(offset: number, other: number): boolean {
    if (this.#view.getUint8(offset + RECORD.kind) !== this.#view.getUint8(other + RECORD.kind)) return false;
    const name = this.#nameOf(offset);
    const otherName = this.#nameOf(other);
    return name.length === otherName.length && name.every((byte, i) => byte === otherName[i]);
  }
}

/** The table without tenants. */
export function emptyTable(): SharedArrayBuffer {
  return new TableWriter({ slots: 0, records: 0, bytes: 0 }).finish();
}
