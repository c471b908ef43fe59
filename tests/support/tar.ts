/**
 * Tar archives made by hand, good and bad ones.
 *
 * @module
 */

export interface TarEntry {
  readonly path: string;
  readonly text?: string;
  /** Default "0": a plain file. */
  readonly type?: string;
  /** What the header says in the place of the text's length. */
  readonly size?: string;
}

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, text = "", type = "0", size }) => {
    const content = new TextEncoder().encode(text);
    const header = new Uint8Array(512);
    const put = (at: number, field: string) => header.set(new TextEncoder().encode(field), at);
    put(0, path);
    put(124, size ?? content.length.toString(8).padStart(11, "0"));
    put(156, type);
    put(257, "ustar");
    put(148, "        ");
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
    const body = new Uint8Array(Math.ceil(content.length / 512) * 512);
    body.set(content);
    return [header, body];
  });
  return new Uint8Array([...blocks, new Uint8Array(1024)].flatMap((block) => [...block]));
}
