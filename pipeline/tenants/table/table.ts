/**
 * The tenants of one moment, read out of memory that all threads share. A table never changes: a change of tenants is
 * another table. Looking a name up makes no object but the row that is found, and that once.
 *
 * @module
 */

import type { TenantTag } from "../../core/tenant.ts";
import type { TenantLimits } from "../limits.ts";
import type { Signal } from "../../otlp/signals.ts";
import { RowCache } from "./row_cache.ts";
import { hashAscii, hashName, HEADER, HEADER_WORDS, KIND, RECORD, type RecordKind } from "./layout.ts";
import { nameAt, readBasic, readKey, readRow, RecordReader } from "./record.ts";
import type { ApiKeySpec, BasicSpec, CertificateKind, CertificateSpec, OverLimit, TenantSpec } from "../tenant_spec.ts";

/** The tenants of one moment, as they are posted to the threads. */
export interface TenantSnapshot {
  /** Counts up with every change. */
  readonly version: number;
  readonly table: SharedArrayBuffer;
  /** What changes with every request, by slot; the same memory in every version. */
  readonly cells: SharedArrayBuffer;
}

/** What a thread needs of a tenant at a request. Made once a table and thread, and again when it was long not asked for. */
export interface TenantRow {
  readonly tag: TenantTag;
  readonly enabled: boolean;
  readonly limits: TenantLimits;
  readonly overLimit: OverLimit;
  readonly signals: ReadonlySet<Signal>;
  /** Ids of pipelines; undefined: all. */
  readonly pipelines: ReadonlySet<string> | undefined;
  readonly resourceAttributes: readonly (readonly [string, string])[];
}

/** An API key. */
export interface KeyRow {
  /** Of its tenant. */
  readonly slot: number;
  readonly salt: Uint8Array;
  /** SHA-256 of the salt and the secret; `hashSecret`. */
  readonly hash: Uint8Array;
  /** -Infinity where it is not told. */
  readonly notBeforeMs: number;
  /** Infinity where it is not told. */
  readonly expiresMs: number;
}

export interface BasicRow {
  readonly slot: number;
  readonly passwordHash: string;
}

/** Rows, keys and users that a thread keeps at hand; there can be twice as many for a while. */
const DEFAULT_CACHED_ROWS = 4_096;

export class TenantTable {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #index: Uint32Array;
  readonly #indexMask: number;
  readonly #rows: RowCache<TenantRow>;
  readonly #keys: RowCache<KeyRow>;
  readonly #basic: RowCache<BasicRow>;
  /** How many tenants it has. */
  readonly size: number;
  /** One past the highest slot. */
  readonly slots: number;

  constructor(table: SharedArrayBuffer, cachedRows = DEFAULT_CACHED_ROWS) {
    const header = new Uint32Array(table, 0, HEADER_WORDS);
    const word = (name: keyof typeof HEADER) => header[HEADER[name]] ?? 0;
    this.#view = new DataView(table);
    this.#bytes = new Uint8Array(table);
    this.size = word("tenants");
    this.slots = word("slots");
    this.#offsets = new Uint32Array(table, word("rowsAt"), this.slots);
    this.#indexMask = word("indexMask");
    this.#index = new Uint32Array(table, word("indexAt"), 2 * (this.#indexMask + 1));
    this.#rows = new RowCache(cachedRows);
    this.#keys = new RowCache(cachedRows);
    this.#basic = new RowCache(cachedRows);
  }

  find(id: string): TenantRow | undefined {
    const offset = this.#find(KIND.tenant, id);
    return offset === 0 ? undefined : this.#row(offset);
  }

  at(slot: number): TenantRow | undefined {
    const offset = this.#offsets[slot] ?? 0;
    return offset === 0 ? undefined : this.#row(offset);
  }

  findKey(keyId: string): KeyRow | undefined {
    const offset = this.#find(KIND.key, keyId);
    if (offset === 0) return undefined;
    const known = this.#keys.get(offset);
    if (known !== undefined) return known;
    const row = { slot: this.#slot(offset), ...readKey(new RecordReader(this.#view, offset)) };
    this.#keys.put(offset, row);
    return row;
  }

  findBasic(username: string): BasicRow | undefined {
    const offset = this.#find(KIND.basic, username);
    if (offset === 0) return undefined;
    const known = this.#basic.get(offset);
    if (known !== undefined) return known;
    const row = { slot: this.#slot(offset), ...readBasic(new RecordReader(this.#view, offset)) };
    this.#basic.put(offset, row);
    return row;
  }

  findCertificate(kind: CertificateKind, name: string): TenantRow | undefined {
    const offset = this.#find(KIND[kind], name);
    return offset === 0 ? undefined : this.at(this.#slot(offset));
  }

  /** Everything that the table says of a tenant. For people, not for requests. */
  describe(id: string): TenantSpec | undefined {
    const offset = this.#find(KIND.tenant, id);
    if (offset === 0) return undefined;
    const { credentials, ...row } = readRow(new RecordReader(this.#view, offset));
    const keys: ApiKeySpec[] = [];
    const basic: BasicSpec[] = [];
    const certificates: CertificateSpec[] = [];
    let at = offset;
    for (let i = 0; i < credentials; i++) {
      at += this.#view.getUint16(at + RECORD.length, true);
      const name = nameAt(this.#view, at);
      const kind = this.#view.getUint8(at + RECORD.kind);
      if (kind === KIND.key) keys.push({ id: name, ...readKey(new RecordReader(this.#view, at)) });
      else if (kind === KIND.basic) basic.push({ username: name, ...readBasic(new RecordReader(this.#view, at)) });
      else certificates.push({ kind: certificateKind(kind), name });
    }
    return { id, ...row, keys, basic, certificates };
  }

  /** The ids of all, by slot. */
  *ids(): Generator<string> {
    for (const offset of this.#offsets) if (offset !== 0) yield nameAt(this.#view, offset);
  }

  #row(offset: number): TenantRow {
    const known = this.#rows.get(offset);
    if (known !== undefined) return known;
    const { weight, priority, maxQueueShare, enabled, limits, overLimit, signals, pipelines, resourceAttributes } = //
      readRow(new RecordReader(this.#view, offset));
    const tag = { id: nameAt(this.#view, offset), slot: this.#slot(offset), weight, priority, maxQueueShare };
    const row = { tag, enabled, limits, overLimit, signals, pipelines, resourceAttributes };
    this.#rows.put(offset, row);
    return row;
  }

  #slot(offset: number): number {
    return this.#view.getUint32(offset + RECORD.slot, true);
  }

  /** Where the record of that name is; 0 when there is none. */
  #find(kind: RecordKind, name: string): number {
    const hash = hashAscii(kind, name);
    return hash === undefined ? this.#findBytes(kind, encoder.encode(name)) : this.#probe(hash, kind, name);
  }

  #findBytes(kind: RecordKind, name: Uint8Array): number {
    return this.#probe(hashName(kind, name), kind, name);
  }

  /** The index has an empty place, so that it ends. */
  #probe(hash: number, kind: RecordKind, name: string | Uint8Array): number {
    for (let place = hash & this.#indexMask;; place = (place + 1) & this.#indexMask) {
      const offset = this.#index[2 * place + 1] ?? 0;
      if (offset === 0) return 0;
      if (this.#index[2 * place] === hash && this.#isNamed(offset, kind, name)) return offset;
    }
  }

  #isNamed(offset: number, kind: RecordKind, name: string | Uint8Array): boolean {
    if (this.#view.getUint8(offset + RECORD.kind) !== kind) return false;
    if (this.#view.getUint16(offset + RECORD.nameLength, true) !== name.length) return false;
    const start = offset + RECORD.name;
    for (let i = 0; i < name.length; i++) {
      const wanted = typeof name === "string" ? name.charCodeAt(i) : name[i];
      if (this.#bytes[start + i] !== wanted) return false;
    }
    return true;
  }
}

const encoder = new TextEncoder();

function certificateKind(kind: number): CertificateKind {
  for (const name of ["subject", "dns", "uri", "email"] as const) if (KIND[name] === kind) return name;
  throw new RangeError(`Cannot read the table of tenants: kind ${kind} is unknown`);
}
