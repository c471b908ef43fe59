/**
 * Files that are replaced as a whole.
 *
 * @module
 */

import { dirname } from "node:path";

/**
 * Writes a file. A crash at any moment leaves the old one or the new one: the new one has its name only when all of it is
 * on disk.
 *
 * @param mode Of a file that is not there yet; one that is there keeps its own.
 * @throws {Error} It cannot be written: the old one is as it was.
 */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  await replaceBy(path, mode, (write) => write(text));
}

/** As `replaceFile`, with a text that comes in parts. */
export async function replaceBy(
  path: string,
  mode: number,
  fill: (write: (text: string) => void) => void | Promise<void>,
): Promise<void> {
  const draft = `${path}.new`;
  const encoder = new TextEncoder();
  try {
    {
      using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode });
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
