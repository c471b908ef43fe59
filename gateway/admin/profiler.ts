/**
 * Profiles of the thread that this runs in, over the runtime's inspector. No port is opened for it.
 *
 * @module
 */

import inspector from "node:inspector";
import type { CpuProfile } from "../../routes/admin/schemas.ts";

/** What the thread does for so long. */
export async function cpuProfile(durationMs: number): Promise<CpuProfile> {
  const session = new inspector.Session();
  session.connect();
  try {
    await post(session, "Profiler.enable");
    await post(session, "Profiler.start");
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    const { profile } = await post(session, "Profiler.stop") as { readonly profile: CpuProfile };
    return profile;
  } finally {
    session.disconnect();
  }
}

/**
 * Writes everything that the thread holds to a new file that only its owner can read, for Chrome DevTools.
 *
 * @returns Bytes.
 * @throws {Error} It cannot be written.
 */
export async function heapSnapshot(path: string): Promise<number> {
  using file = Deno.openSync(path, { createNew: true, write: true, mode: 0o600 });
  const session = new inspector.Session();
  session.connect();
  let bytes = 0;
  let failure: unknown;
  session.on("HeapProfiler.addHeapSnapshotChunk", ({ params: { chunk } }: { params: { chunk: string } }) => {
    if (failure !== undefined) return;
    try {
      const part = new TextEncoder().encode(chunk);
      for (let at = 0; at < part.length;) at += file.writeSync(part.subarray(at));
      bytes += part.length;
    } catch (thrown) {
      failure = thrown;
    }
  });
  try {
    await post(session, "HeapProfiler.takeHeapSnapshot");
  } finally {
    session.disconnect();
  }
  if (failure !== undefined) throw failure;
  return bytes;
}

function post(session: inspector.Session, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, (error: Error | null, result: unknown) => error === null ? resolve(result) : reject(error));
  });
}
