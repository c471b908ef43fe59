/**
 * Packages for agents in SQLite: their versions, and which agents are to have which.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { guarded, inTransaction } from "./sqlite.ts";

/** One version of a package. */
export interface PackageRow {
  readonly name: string;
  readonly version: string;
  /** `PackageType`. */
  readonly type: number;
  /** Where agents find it; undefined: the content is kept here. */
  readonly url: string | undefined;
  /** SHA-256 of the content. */
  readonly contentHash: Uint8Array;
  /** Over the content; undefined: none. */
  readonly signature: Uint8Array | undefined;
  /** Of the content that is kept here; 0 with a URL. */
  readonly byteLength: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly who: string;
  readonly note: string;
}

/** Names a version. */
export interface PackageRef {
  readonly name: string;
  readonly version: string;
}

/** What agents of a selector are to have. */
export interface PackageOfferRow {
  /** Canonical. */
  readonly selector: string;
  readonly packages: readonly PackageRef[];
  /** Milliseconds since 1970. */
  readonly changedMs: number;
  readonly who: string;
}

const COLUMNS = "name, version, type, url, content_hash, signature, byte_length, created_ms, who, note";

/** Every call is done, or has changed nothing, when it returns. All throw a `GatewayError` when they fail. */
export class PackageStore {
  readonly #database: DatabaseSync;

  /** @param database With the tables of this version. Stays the caller's. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  readPackages(): PackageRow[] {
    const sql = `SELECT ${COLUMNS} FROM packages ORDER BY name, created_ms DESC, version`;
    return guarded("read the packages", () => this.#database.prepare(sql).all().map(toPackage));
  }

  /** @param content undefined: agents find it at its URL. */
  addPackage(row: PackageRow, content: Uint8Array | undefined): void {
    const { name, version, type, url, contentHash, signature, byteLength, createdMs, who, note } = row;
    const sql = `INSERT INTO packages (${COLUMNS}, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const values = [name, version, type, url ?? null, contentHash, signature ?? null, byteLength, createdMs, who, note];
    this.#transact("keep a package", () => this.#database.prepare(sql).run(...values, content ?? null));
  }

  removePackage({ name, version }: PackageRef): void {
    this.#transact("remove a package", () => {
      this.#database.prepare("DELETE FROM packages WHERE name = ? AND version = ?").run(name, version);
    });
  }

  /** The content of this hash; undefined when none is kept here. */
  readContent(contentHash: Uint8Array): Uint8Array | undefined {
    const sql = "SELECT content FROM packages WHERE content_hash = ? AND content IS NOT NULL LIMIT 1";
    const row = guarded("read a package", () => this.#database.prepare(sql).get(contentHash));
    return row?.content instanceof Uint8Array ? row.content : undefined;
  }

  readPackageOffers(): PackageOfferRow[] {
    const sql = "SELECT selector, packages, changed_ms, who FROM package_offers";
    return guarded("read the offers of packages", () => this.#database.prepare(sql).all().map(toOffer));
  }

  /** In the place of the one of the same selector. */
  savePackageOffer({ selector, packages, changedMs, who }: PackageOfferRow): void {
    this.#transact("keep an offer of packages", () => {
      this.#database.prepare("INSERT OR REPLACE INTO package_offers VALUES (?, ?, ?, ?)")
        .run(selector, JSON.stringify(packages), changedMs, who);
    });
  }

  removePackageOffer(selector: string): void {
    this.#transact("remove an offer of packages", () => {
      this.#database.prepare("DELETE FROM package_offers WHERE selector = ?").run(selector);
    });
  }

  #transact(what: string, work: () => void): void {
    guarded(what, () => inTransaction(this.#database, work));
  }
}

function toPackage(row: Record<string, unknown>): PackageRow {
  return {
    name: String(row.name),
    version: String(row.version),
    type: Number(row.type),
    url: row.url === null ? undefined : String(row.url),
    contentHash: row.content_hash as Uint8Array,
    signature: row.signature instanceof Uint8Array ? row.signature : undefined,
    byteLength: Number(row.byte_length),
    createdMs: Number(row.created_ms),
    who: String(row.who),
    note: String(row.note),
  };
}

function toOffer(row: Record<string, unknown>): PackageOfferRow {
  return {
    selector: String(row.selector),
    packages: JSON.parse(String(row.packages)) as PackageRef[],
    changedMs: Number(row.changed_ms),
    who: String(row.who),
  };
}
