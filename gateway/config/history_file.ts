/**
 * The history of configurations as one file of a state directory: replaced as a whole, readable by its owner alone,
 * because configurations may hold secrets.
 *
 * @module
 */

import { readTextFile } from "../../pipeline/config/environment.ts";
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
        return await readTextFile(path, MAX_FILE_BYTES);
      } catch (thrown) {
        if (thrown instanceof Deno.errors.NotFound) return undefined;
        throw thrown;
      }
    },
    write: (text) => replaceFile(directory, path, text),
  };
}

/** A crash at any moment leaves the old file or the new one: the new one has its name only when all of it is on disk. */
async function replaceFile(directory: string, path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  {
    using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    await file.sync();
  }
  await Deno.rename(draft, path);
  using folder = await Deno.open(directory);
  await folder.sync();
}
