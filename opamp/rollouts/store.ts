/**
 * Decisions in SQLite, beside the tables of the server on the same database.
 *
 * Every method is one transaction. A busy, full or broken database is an UnavailableError, and nothing of the
 * transaction is there.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import type {
  Assignment,
  Changes,
  ConfigFile,
  ConfigInfo,
  EventQuery,
  MemberQuery,
  MemberRecord,
  RolloutEvent,
  RolloutRecord,
  RolloutStore,
  StoredState,
} from "./records.ts";
import { ENDED, MAX_ENDED } from "./records.ts";

/** Events of all rollouts that are kept; the oldest are forgotten above it. */
export const MAX_EVENTS = 100_000;

/** Each brings the tables one step on; what is here is never changed, only added to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE rollout_configs (
     name TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL, byte_length INTEGER NOT NULL,
     created_ms INTEGER NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (name, version)
   ) WITHOUT ROWID;
   CREATE TABLE rollout_config_files (
     name TEXT NOT NULL, version INTEGER NOT NULL, file TEXT NOT NULL, body BLOB NOT NULL,
     content_type TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (name, version, file)
   );
   CREATE TABLE rollouts (id INTEGER PRIMARY KEY, state TEXT NOT NULL, record TEXT NOT NULL);
   CREATE TABLE rollout_members (
     rollout INTEGER NOT NULL, uid TEXT NOT NULL, phase TEXT NOT NULL, released_ms INTEGER NOT NULL,
     was_healthy INTEGER NOT NULL, before_items REAL NOT NULL, before_errors REAL NOT NULL, error TEXT NOT NULL,
     PRIMARY KEY (rollout, uid)
   ) WITHOUT ROWID;
   CREATE TABLE rollout_assignments (
     selector TEXT NOT NULL, priority INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (selector, priority)
   ) WITHOUT ROWID;
   CREATE TABLE rollout_pins (uid TEXT PRIMARY KEY, rollout INTEGER NOT NULL, config TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE rollout_events (
     id INTEGER PRIMARY KEY AUTOINCREMENT, rollout INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
     who TEXT NOT NULL, text TEXT NOT NULL, numbers TEXT NOT NULL
   );
   CREATE INDEX rollout_events_of ON rollout_events (rollout, id);`,
  // Until then each APPLIED allowed one more.
  `UPDATE rollouts SET record = json_set(record, '$.spec.applyingGrowth', 1);`,
];

type Row = Record<string, SQLInputValue>;

/**
 * Brings the tables up to date and opens them.
 *
 * @param db Stays the caller's: it is not closed here.
 * @throws {UnavailableError} The tables are of a newer program, or cannot be read or written.
 */
export function openRolloutStore(db: DatabaseSync): RolloutStore {
  migrate(db);
  return guarded("open the tables of rollouts", () => new SqliteRolloutStore(db));
}

function migrate(db: DatabaseSync): void {
  inTransaction(db, "bring the tables of rollouts up to date", () => {
    db.exec("CREATE TABLE IF NOT EXISTS rollout_migrations (version INTEGER PRIMARY KEY)");
    const row = db.prepare("SELECT max(version) AS version FROM rollout_migrations").get();
    const done = Number(row?.version ?? 0);
    if (done > MIGRATIONS.length) {
      throw new UnavailableError(
        `Cannot open the tables of rollouts: they are of version ${done}, wanted at most ${MIGRATIONS.length}`,
      );
    }
    MIGRATIONS.slice(done).forEach((statements, index) => {
      db.exec(statements);
      db.prepare("INSERT INTO rollout_migrations (version) VALUES (?)").run(done + index + 1);
    });
  });
}

/** All of it or nothing. */
function inTransaction<Result>(db: DatabaseSync, what: string, act: () => Result): Result {
  return guarded(what, () => {
    db.exec("BEGIN IMMEDIATE");
    try {
      const result = act();
      db.exec("COMMIT");
      return result;
    } catch (thrown) {
      rollBack(db);
      throw thrown;
    }
  });
}

function rollBack(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // A full disk ends the transaction by itself: there is nothing left to roll back.
  }
}

function guarded<Result>(what: string, act: () => Result): Result {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof UnavailableError) throw thrown;
    throw new UnavailableError(`Cannot ${what}: the database refuses`, { cause: thrown });
  }
}

class SqliteRolloutStore implements RolloutStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  load(): StoredState {
    return guarded("read the rollouts", () => {
      const rollouts = this.#all("SELECT record FROM rollouts ORDER BY id").map(recordOf<RolloutRecord>);
      return {
        rollouts,
        members: rollouts.filter(({ state }) => !ENDED.has(state)).flatMap(({ id }) =>
          this.#all("SELECT * FROM rollout_members WHERE rollout = ?", id).map(memberOf)
        ),
        assignments: this.#all("SELECT record FROM rollout_assignments").map(recordOf<Assignment>),
        pins: this.#all("SELECT * FROM rollout_pins").map(({ uid, rollout, config }) => ({
          uid: String(uid),
          rollout: Number(rollout),
          config: JSON.parse(String(config)),
        })),
      };
    });
  }

  commit(changes: Changes): void {
    inTransaction(this.#db, "write a decision about rollouts", () => {
      this.#writeMembers(changes);
      this.#writeRules(changes);
      this.#writeRollouts(changes);
      for (const { rollout, atMs, kind, who, text, numbers } of changes.events) {
        this.#run(
          "INSERT INTO rollout_events (rollout, at_ms, kind, who, text, numbers) VALUES (?, ?, ?, ?, ?, ?)",
          rollout,
          atMs,
          kind,
          who,
          text,
          JSON.stringify(numbers),
        );
      }
      if (changes.events.length > 0) this.#forgetEvents();
    });
  }

  events({ rollout, before, limit }: EventQuery): RolloutEvent[] {
    return guarded("read the events of rollouts", () => {
      const [of, values] = rollout === undefined ? ["", []] : [" AND rollout = ?", [rollout]];
      const rows = this.#all(
        `SELECT * FROM rollout_events WHERE id < ?${of} ORDER BY id DESC LIMIT ?`,
        before ?? Number.MAX_SAFE_INTEGER,
        ...values,
        limit,
      );
      return rows.map((row) => ({
        id: Number(row.id),
        rollout: Number(row.rollout),
        atMs: Number(row.at_ms),
        kind: String(row.kind) as RolloutEvent["kind"],
        who: String(row.who),
        text: String(row.text),
        numbers: JSON.parse(String(row.numbers)),
      }));
    });
  }

  members(rollout: number, { phase, after = "", limit }: MemberQuery): MemberRecord[] {
    return guarded("read the agents of a rollout", () => {
      const [of, values] = phase === undefined ? ["", []] : [" AND phase = ?", [phase]];
      return this.#all(
        `SELECT * FROM rollout_members WHERE rollout = ? AND uid > ?${of} ORDER BY uid LIMIT ?`,
        rollout,
        after,
        ...values,
        limit,
      ).map(memberOf);
    });
  }

  addConfig(info: ConfigInfo, files: readonly ConfigFile[]): void {
    inTransaction(this.#db, "write a configuration", () => {
      const { name, version, hash, byteLength, createdMs, who, note } = info;
      this.#run(
        "INSERT INTO rollout_configs VALUES (?, ?, ?, ?, ?, ?, ?)",
        name,
        version,
        hash,
        byteLength,
        createdMs,
        who,
        note,
      );
      for (const { name: file, body, contentType, role } of files) {
        const insert = "INSERT INTO rollout_config_files VALUES (?, ?, ?, ?, ?, ?)";
        this.#run(insert, name, version, file, body, contentType, role);
      }
    });
  }

  configs(): ConfigInfo[] {
    return guarded("read the configurations", () => {
      const names = new Map<string, string[]>();
      for (const { name, version, file } of this.#all("SELECT name, version, file FROM rollout_config_files")) {
        const key = `${name} ${version}`;
        names.set(key, [...names.get(key) ?? [], String(file)]);
      }
      return this.#all("SELECT * FROM rollout_configs ORDER BY name, version").map((row) => ({
        name: String(row.name),
        version: Number(row.version),
        hash: String(row.hash),
        files: (names.get(`${row.name} ${row.version}`) ?? []).sort(),
        byteLength: Number(row.byte_length),
        createdMs: Number(row.created_ms),
        who: String(row.who),
        note: String(row.note),
      }));
    });
  }

  configFiles(name: string, version: number): ConfigFile[] {
    return guarded("read a configuration", () => {
      const select = "SELECT * FROM rollout_config_files WHERE name = ? AND version = ? ORDER BY file";
      return this.#all(select, name, version).map((row) => ({
        name: String(row.file),
        body: row.body as Uint8Array,
        contentType: String(row.content_type),
        role: String(row.role),
      }));
    });
  }

  #writeMembers({ members, removedMembers }: Changes): void {
    for (const { rollout, uid } of removedMembers) {
      this.#run("DELETE FROM rollout_members WHERE rollout = ? AND uid = ?", rollout, uid);
    }
    for (const { rollout, uid, phase, releasedMs, wasHealthy, beforeItems, beforeErrors, error } of members) {
      this.#run(
        "INSERT OR REPLACE INTO rollout_members VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rollout,
        uid,
        phase,
        releasedMs,
        wasHealthy ? 1 : 0,
        beforeItems,
        beforeErrors,
        error,
      );
    }
  }

  #writeRules({ assignments, removedAssignments, pins, removedPins }: Changes): void {
    for (const { selector, priority } of removedAssignments) {
      this.#run("DELETE FROM rollout_assignments WHERE selector = ? AND priority = ?", selector, priority);
    }
    for (const assignment of assignments) {
      const insert = "INSERT OR REPLACE INTO rollout_assignments VALUES (?, ?, ?)";
      this.#run(insert, assignment.selector, assignment.priority, JSON.stringify(assignment));
    }
    for (const uid of removedPins) this.#run("DELETE FROM rollout_pins WHERE uid = ?", uid);
    for (const { uid, rollout, config } of pins) {
      this.#run("INSERT OR REPLACE INTO rollout_pins VALUES (?, ?, ?)", uid, rollout, JSON.stringify(config));
    }
  }

  #writeRollouts({ rollouts, ended }: Changes): void {
    for (const record of rollouts) {
      const insert = "INSERT OR REPLACE INTO rollouts VALUES (?, ?, ?)";
      this.#run(insert, record.id, record.state, JSON.stringify(record));
    }
    for (const id of ended) this.#run("DELETE FROM rollout_members WHERE rollout = ? AND phase = 'applied'", id);
    if (ended.length > 0) this.#forgetRollouts();
  }

  #forgetRollouts(): void {
    const states = [...ENDED].map((state) => `'${state}'`).join(", ");
    const select = `SELECT id FROM rollouts WHERE state IN (${states}) ORDER BY id DESC LIMIT -1 OFFSET ?`;
    for (const { id } of this.#all(select, MAX_ENDED)) {
      for (const table of ["rollout_members", "rollout_events"]) {
        this.#run(`DELETE FROM ${table} WHERE rollout = ?`, id ?? 0);
      }
      this.#run("DELETE FROM rollouts WHERE id = ?", id ?? 0);
    }
  }

  #forgetEvents(): void {
    this.#run(
      "DELETE FROM rollout_events WHERE id <= (SELECT max(id) FROM rollout_events) - ?",
      MAX_EVENTS,
    );
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function recordOf<Shape>({ record }: Row): Shape {
  return JSON.parse(String(record)) as Shape;
}

function memberOf(row: Row): MemberRecord {
  return {
    rollout: Number(row.rollout),
    uid: String(row.uid),
    phase: String(row.phase) as MemberRecord["phase"],
    releasedMs: Number(row.released_ms),
    wasHealthy: row.was_healthy === 1,
    beforeItems: Number(row.before_items),
    beforeErrors: Number(row.before_errors),
    error: String(row.error),
  };
}
