/**
 * The history of configurations as one file of a state directory: replaced as a whole, readable by its owner alone,
 * because configurations may hold secrets.
 *
 * @module
 */

import { readRegularText } from "../../pipeline/core/regular_file.ts";
import { replaceFile } from "../replace_file.ts";
import { type HistoryStore, MAX_HISTORY_CHARS } from "./history.ts";

export const HISTORY_FILE = "config_history.json";

/** JSON writes a character in 6 bytes at the most (`\u0000`). */
const MAX_FILE_BYTES = 8 * MAX_HISTORY_CHARS;

/**
 * @param directory Made when it is not there.
 * @throws {Error} It cannot be made.
 */
export async function openHistoryFile(directory: string): Promise<HistoryStore> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const path = `${directory}/${HISTORY_FILE}`;
  return {
    async read() {
      try {
        return await readRegularText(path, MAX_FILE_BYTES);
      } catch (thrown) {
        if (thrown instanceof Deno.errors.NotFound) return undefined;
        throw thrown;
      }
    },
    write: (text) => replaceFile(path, text),
  };
}
