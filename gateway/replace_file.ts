/**
 * Files that are replaced as a whole.
 *
 * @module
 */

import { dirname } from "node:path";

/** Of a file that was not there before: for its owner alone. */
const NEW_FILE_MODE = 0o600;

/**
 * Writes a file. A crash at any moment leaves the old one or the new one: the new one has its name only when all of it is
 * on disk. Who may read the old one may read the new one.
 *
 * @throws {Error} It cannot be written: the old one is as it was.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await replaceBy(path, (write) => write(text));
}

/** As `replaceFile`, with a text that comes in parts. */
export async function replaceBy(
  path: string,
  fill: (write: (text: string) => void) => void | Promise<void>,
): Promise<void> {
  const draft = `${path}.new`;
  const encoder = new TextEncoder();
  try {
    {
      await removeIfThere(draft); // of a crash; or a link that somebody has laid, which would be written through
      using file = await Deno.open(draft, { write: true, createNew: true, mode: await modeOf(path) });
      await fill((text) => {
        const bytes = encoder.encode(text);
        for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      });
      await file.sync();
    }
    await Deno.rename(draft, path);
  } catch (thrown) {
    await Deno.remove(draft).catch(() => {});
    throw thrown;
  }
  using folder = await Deno.open(dirname(path));
  await folder.sync();
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    const { mode } = await Deno.stat(path);
    return mode === null ? NEW_FILE_MODE : mode & 0o777;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return NEW_FILE_MODE;
    throw thrown;
  }
}
