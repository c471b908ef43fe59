/**
 * A disk without room, as a file sees it: a write takes a part, the next one fails with ENOSPC. (`/dev/full` needs a
 * permission that the tests do not have, and takes no part of a write.)
 *
 * @module
 */

/** Runs `action` while every file has room for three more bytes a message. */
export async function withFullDisk(action: () => void | Promise<void>): Promise<void> {
  const original = Deno.FsFile.prototype.writeSync;
  let isFirst = true;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (!isFirst) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
    isFirst = false;
    return original.call(this, bytes.subarray(0, 3));
  };
  try {
    await action();
  } finally {
    Deno.FsFile.prototype.writeSync = original;
  }
}
