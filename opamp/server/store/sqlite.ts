/**
 * What every use of the database shares: opening a file, transactions, and what SQLite's failures mean.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { GatewayError, RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";

/** SQLite's result codes, sqlite.org/rescode.html. */
const RESULT_CODES = { busy: 5, locked: 6, readonly: 8, ioError: 10, corrupt: 11, full: 13, cantOpen: 14, notADb: 26 };

/** @throws {RejectedError} The file cannot be opened or made. */
export function openFile(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw new RejectedError("Cannot open the store: the file cannot be opened or made", "permission_denied", { cause });
  }
}

/** By a statement, because `exec` does not tell SQLite's code when it fails. */
export function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}

/** All of `work`, or nothing of it. */
export function inTransaction(database: DatabaseSync, work: () => void): void {
  run(database, "BEGIN IMMEDIATE");
  try {
    work();
    run(database, "COMMIT");
  } catch (error) {
    if (database.isTransaction) run(database, "ROLLBACK");
    throw error;
  }
}

/**
 * Runs `work`, and says what SQLite's failures mean.
 *
 * @param what In the words of a message: "Cannot …".
 * @throws {GatewayError}
 */
export function guarded<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw toStoreError(what, cause);
  }
}

function toStoreError(what: string, cause: unknown): GatewayError {
  // The low byte is the code, the rest says more about it.
  const code = (cause as { readonly errcode?: unknown })?.errcode;
  switch (typeof code === "number" ? code & 0xff : undefined) {
    case RESULT_CODES.busy:
    case RESULT_CODES.locked:
      return new UnavailableError(`Cannot ${what}: another process has the database`, { cause });
    case RESULT_CODES.full:
      return new UnavailableError(`Cannot ${what}: the disk is full`, { cause });
    case RESULT_CODES.ioError:
      return new UnavailableError(`Cannot ${what}: the disk does not read or write`, { cause });
    case RESULT_CODES.corrupt:
    case RESULT_CODES.notADb:
      return new RejectedError(`Cannot ${what}: the file is damaged or no database; restore a copy of it`, "internal", {
        cause,
      });
    case RESULT_CODES.readonly:
    case RESULT_CODES.cantOpen:
      return new RejectedError(`Cannot ${what}: the file cannot be opened for writing`, "permission_denied", { cause });
    default:
      return new RejectedError(`Cannot ${what}: the database refused it`, "internal", { cause });
  }
}
