/**
 * The fleet in SQLite: agents, events, audit, tokens.
 *
 * One writer, in the process. Every call is a transaction: after a crash at any point each one is there whole or not at
 * all. Heartbeats write nothing; changes come in batches.
 * Source: sqlite.org, "Write-Ahead Logging", "PRAGMA synchronous" (WAL with NORMAL loses the last commits with power, and
 * never the database; with FULL, which is used here, not even those).
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { RejectedError } from "../../../pipeline/core/errors.ts";
import { decodeServerToAgent, encodeServerToAgent } from "../../protocol/messages.ts";
import type { AgentEvent, AgentRow, FleetBatch, FleetStore, OfferStatus } from "./fleet_store.ts";
import { ConnectionOffer } from "../offers.ts";
import { guarded, inTransaction, openFile, run } from "./sqlite.ts";

/** Bounds of a {@link OpampStore}. */
export interface StoreSettings {
  /** How long a call waits for another process that has the database, milliseconds. */
  readonly busyTimeoutMs: number;
  readonly maxEvents: number;
  /** How old an event may become, milliseconds. */
  readonly maxEventAgeMs: number;
  readonly maxAuditEntries: number;
}

export const DEFAULT_STORE_SETTINGS: StoreSettings = {
  busyTimeoutMs: 2_000,
  maxEvents: 200_000,
  maxEventAgeMs: 30 * 24 * 3_600_000,
  maxAuditEntries: 100_000,
};

/** Something that an operator did. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Who: the label of a token, or "system". */
  readonly actor: string;
  readonly action: string;
  /** What it was done to. */
  readonly subject: string;
  /** In words; no secrets. */
  readonly detail: string;
}

/** A token of an agent, without the token: of that only the hash is kept. */
export interface TokenRow {
  readonly id: string;
  readonly label: string;
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** An event as read back. */
export interface StoredEvent extends AgentEvent {
  /** Grows; a reader goes on after the last that it has seen. */
  readonly id: number;
}

/** Each brings the database from the version of its index to the next. Never changed, only added to. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE agents (
       uid BLOB NOT NULL UNIQUE, capabilities INTEGER NOT NULL, description BLOB, health BLOB,
       config_hash TEXT, config_status INTEGER, config_error TEXT, failed_config TEXT,
       connection_hash TEXT, connection_status INTEGER, connection_error TEXT,
       desired_config TEXT, desired_connection TEXT, labels TEXT NOT NULL, last_seen_ms INTEGER NOT NULL
     )`,
    "CREATE INDEX agents_by_connection ON agents (desired_connection) WHERE desired_connection IS NOT NULL",
    "CREATE TABLE connection_offers (hash TEXT PRIMARY KEY, offer BLOB NOT NULL) WITHOUT ROWID",
    `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, uid BLOB NOT NULL,
       kind TEXT NOT NULL, text TEXT NOT NULL)`,
    "CREATE INDEX events_of_agent ON events (uid, id)",
    `CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,
       action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL)`,
    `CREATE TABLE agent_tokens (id TEXT PRIMARY KEY, label TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
       created_ms INTEGER NOT NULL) WITHOUT ROWID`,
  ],
  [
    `CREATE TABLE packages (name TEXT NOT NULL, version TEXT NOT NULL, type INTEGER NOT NULL, url TEXT,
       content_hash BLOB NOT NULL, signature BLOB, byte_length INTEGER NOT NULL, content BLOB,
       created_ms INTEGER NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (name, version))`,
    "CREATE INDEX packages_by_hash ON packages (content_hash)",
    `CREATE TABLE package_offers (selector TEXT PRIMARY KEY, packages TEXT NOT NULL, changed_ms INTEGER NOT NULL,
       who TEXT NOT NULL) WITHOUT ROWID`,
  ],
];

/** In the order of `fromAgentRow`. */
const AGENT_COLUMNS = [
  "uid",
  "capabilities",
  "description",
  "health",
  "config_hash",
  "config_status",
  "config_error",
  "failed_config",
  "connection_hash",
  "connection_status",
  "connection_error",
  "desired_config",
  "desired_connection",
  "labels",
  "last_seen_ms",
];

const SAVE_AGENT = `INSERT INTO agents (${AGENT_COLUMNS}) VALUES (${AGENT_COLUMNS.map(() => "?")})
  ON CONFLICT (uid) DO UPDATE SET ${AGENT_COLUMNS.slice(1).map((column) => `${column} = excluded.${column}`)}`;

/** A write is on the disk when it is answered; the log is cut back after a large one. */
const PRAGMAS = ["journal_mode = WAL", "synchronous = FULL", "journal_size_limit = 16777216"];

export class OpampStore implements FleetStore {
  /** The same handle may serve other tables of this process. */
  readonly database: DatabaseSync;
  readonly #settings: StoreSettings;
  readonly #saveAgent: StatementSync;
  readonly #removeAgent: StatementSync;
  readonly #addEvent: StatementSync;

  private constructor(database: DatabaseSync, settings: StoreSettings) {
    this.database = database;
    this.#settings = settings;
    this.#saveAgent = database.prepare(SAVE_AGENT);
    this.#removeAgent = database.prepare("DELETE FROM agents WHERE uid = ?");
    this.#addEvent = database.prepare("INSERT INTO events (at_ms, uid, kind, text) VALUES (?, ?, ?, ?)");
  }

  /**
   * Opens the database, and brings it to this version's tables.
   *
   * @param path A file, which is made for its owner alone to read; ":memory:" for none.
   * @throws {UnavailableError} Another process has it, or the disk is full.
   * @throws {RejectedError} It is not such a database, is damaged, or belongs to a newer version.
   */
  static open(path: string, settings: StoreSettings = DEFAULT_STORE_SETTINGS): OpampStore {
    return guarded("open the store", () => {
      const database = openFile(path);
      try {
        for (const setting of [`busy_timeout = ${settings.busyTimeoutMs}`, ...PRAGMAS]) {
          run(database, `PRAGMA ${setting}`);
        }
        if (path !== ":memory:") Deno.chmodSync(path, 0o600);
        migrate(database);
        return new OpampStore(database, settings);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  close(): void {
    this.database.close();
  }

  *readAgents(): IterableIterator<AgentRow> {
    for (const row of this.database.prepare("SELECT * FROM agents").iterate()) yield toAgentRow(row);
  }

  write({ agents, removed, events, nowMs }: FleetBatch): void {
    this.#transact("keep the fleet's state", () => {
      for (const uid of removed) this.#removeAgent.run(uid);
      for (const agent of agents) this.#saveAgent.run(...fromAgentRow(agent));
      for (const { atMs, uid, kind, text } of events) this.#addEvent.run(atMs, uid, kind, text);
      if (events.length > 0) this.#trimEvents(nowMs);
      if (agents.length > 0) this.#dropUnusedOffers();
    });
  }

  saveConnectionOffer(hash: string, encoded: Uint8Array, uids: readonly Uint8Array[]): void {
    this.#transact("keep connection settings", () => {
      this.database.prepare("INSERT OR REPLACE INTO connection_offers VALUES (?, ?)").run(hash, encoded);
      const assign = this.database.prepare("UPDATE agents SET desired_connection = ? WHERE uid = ?");
      for (const uid of uids) assign.run(hash, uid);
    });
  }

  readConnectionOffer(hash: string): ConnectionOffer | undefined {
    const row = this.database.prepare("SELECT offer FROM connection_offers WHERE hash = ?").get(hash);
    if (!(row?.offer instanceof Uint8Array)) return undefined;
    const { connectionSettings } = decodeServerToAgent(encodeServerToAgent({}, { connectionSettings: row.offer }));
    return connectionSettings && new ConnectionOffer(connectionSettings);
  }

  /**
   * Events in their order.
   *
   * @param afterId Of the last one that is known; 0 for the first that is kept.
   */
  readEvents(afterId: number, limit: number, uid?: Uint8Array): StoredEvent[] {
    const sql = `SELECT id, at_ms, uid, kind, text FROM events WHERE id > ? ${
      uid === undefined ? "" : "AND uid = ?"
    } ORDER BY id LIMIT ?`;
    const parameters = uid === undefined ? [afterId, limit] : [afterId, uid, limit];
    return this.database.prepare(sql).all(...parameters).map(toStoredEvent);
  }

  /**
   * The newest events of an agent, newest first.
   *
   * @param beforeId Only older ones than this.
   */
  readLatestEvents(uid: Uint8Array, beforeId: number, limit: number): StoredEvent[] {
    const sql = "SELECT id, at_ms, uid, kind, text FROM events WHERE uid = ? AND id < ? ORDER BY id DESC LIMIT ?";
    return this.database.prepare(sql).all(uid, beforeId, limit).map(toStoredEvent);
  }

  /** @throws {GatewayError} It is not kept: what it tells of must not be done. */
  addAudit({ atMs, actor, action, subject, detail }: AuditEntry): void {
    this.#transact("keep an audit entry", () => {
      this.database.prepare("INSERT INTO audit (at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)")
        .run(atMs, actor, action, subject, detail);
      this.database.prepare("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?")
        .run(this.#settings.maxAuditEntries);
    });
  }

  /** The newest entries, newest first. */
  readAudit(limit: number): AuditEntry[] {
    return this.database.prepare("SELECT * FROM audit ORDER BY id DESC LIMIT ?").all(limit).map((row) => ({
      atMs: Number(row.at_ms),
      actor: String(row.actor),
      action: String(row.action),
      subject: String(row.subject),
      detail: String(row.detail),
    }));
  }

  readTokens(): TokenRow[] {
    return this.database.prepare("SELECT * FROM agent_tokens ORDER BY created_ms, id").all().map((row) => ({
      id: String(row.id),
      label: String(row.label),
      hash: String(row.hash),
      createdMs: Number(row.created_ms),
    }));
  }

  addToken({ id, label, hash, createdMs }: TokenRow): void {
    this.#transact("keep a token", () => {
      this.database.prepare("INSERT INTO agent_tokens VALUES (?, ?, ?, ?)").run(id, label, hash, createdMs);
    });
  }

  removeToken(id: string): void {
    this.#transact("remove a token", () => {
      this.database.prepare("DELETE FROM agent_tokens WHERE id = ?").run(id);
    });
  }

  #trimEvents(nowMs: number): void {
    this.database.prepare("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?")
      .run(this.#settings.maxEvents);
    // Events come in the order of their time, so that only those which go are looked at.
    const youngest = this.database.prepare("SELECT id FROM events WHERE at_ms >= ? ORDER BY id LIMIT 1")
      .get(nowMs - this.#settings.maxEventAgeMs);
    if (youngest === undefined) run(this.database, "DELETE FROM events");
    else this.database.prepare("DELETE FROM events WHERE id < ?").run(Number(youngest.id));
  }

  /** Old settings have secrets: they go when no agent is to use them any more. */
  #dropUnusedOffers(): void {
    run(
      this.database,
      `DELETE FROM connection_offers
         WHERE NOT EXISTS (SELECT 1 FROM agents WHERE desired_connection = connection_offers.hash)`,
    );
  }

  #transact(what: string, work: () => void): void {
    guarded(what, () => inTransaction(this.database, work));
  }
}

function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (version > MIGRATIONS.length) {
    throw new RejectedError(
      `Cannot open the store: it has version ${version}, this program knows ${MIGRATIONS.length}`,
      "internal",
    );
  }
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < version) continue;
    inTransaction(database, () => {
      for (const sql of [...statements, `PRAGMA user_version = ${index + 1}`]) run(database, sql);
    });
  }
}

type SqlValue = string | number | bigint | Uint8Array | null;

function fromAgentRow(row: AgentRow): SqlValue[] {
  const status = (of: OfferStatus | undefined) => [of?.hash ?? null, of?.status ?? null, of?.error ?? null];
  return [
    row.uid,
    row.capabilities,
    row.description ?? null,
    row.health ?? null,
    ...status(row.configStatus),
    row.failedConfig ?? null,
    ...status(row.connectionStatus),
    row.desiredConfig ?? null,
    row.desiredConnection ?? null,
    JSON.stringify(row.labels),
    row.lastSeenMs,
  ];
}

function toStoredEvent(row: Record<string, unknown>): StoredEvent {
  return {
    id: Number(row.id),
    atMs: Number(row.at_ms),
    uid: row.uid as Uint8Array,
    kind: String(row.kind),
    text: String(row.text),
  };
}

function toAgentRow(row: Record<string, unknown>): AgentRow {
  return {
    uid: row.uid as Uint8Array,
    capabilities: Number(row.capabilities),
    description: bytesOf(row.description),
    health: bytesOf(row.health),
    configStatus: statusOf(row.config_hash, row.config_status, row.config_error),
    failedConfig: textOf(row.failed_config),
    connectionStatus: statusOf(row.connection_hash, row.connection_status, row.connection_error),
    desiredConfig: textOf(row.desired_config),
    desiredConnection: textOf(row.desired_connection),
    labels: JSON.parse(String(row.labels)) as Record<string, string>,
    lastSeenMs: Number(row.last_seen_ms),
  };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function statusOf(hash: unknown, status: unknown, error: unknown): OfferStatus | undefined {
  return typeof hash === "string" ? { hash, status: Number(status), error: String(error) } : undefined;
}
