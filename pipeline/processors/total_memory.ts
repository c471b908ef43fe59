/**
 * The memory that this process may use: that of its container, else of the machine.
 *
 * Source: the Linux kernel's cgroup-v2 (`memory.max`) and cgroup-v1 (`memory.limit_in_bytes`) documents.
 *
 * @module
 */

const LIMIT_FILES = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/** What is asked of the platform; a test hands in its own. */
export interface MemorySources {
  readTextFile(path: string): string;
  /** Of the machine, bytes. */
  systemTotalBytes(): number;
}

const platform: MemorySources = {
  readTextFile: (path) => Deno.readTextFileSync(path),
  systemTotalBytes: () => Deno.systemMemoryInfo().total,
};

/**
 * Total memory in bytes. A source that may not be read is passed over.
 *
 * @throws {TypeError} None can be read.
 */
export function totalMemoryBytes(sources: MemorySources = platform): number {
  const known = [...LIMIT_FILES.map((path) => containerLimit(sources, path)), machineTotal(sources)];
  const total = Math.min(...known);
  if (total === Infinity) {
    throw new TypeError("Cannot tell the total memory: neither cgroup nor system may be read, wanted limit_mib");
  }
  return total;
}

/** "max" is no limit; so is a number past the machine's memory, which cgroup v1 writes. */
function containerLimit({ readTextFile }: MemorySources, path: string): number {
  try {
    const limit = Number(readTextFile(path).trim());
    return limit > 0 ? limit : Infinity;
  } catch {
    return Infinity;
  }
}

function machineTotal({ systemTotalBytes }: MemorySources): number {
  try {
    return systemTotalBytes();
  } catch {
    return Infinity;
  }
}
