/**
 * What the control thread and a data worker say to each other. Bodies are never among it.
 *
 * @module
 */

import type { ResolvedConfig } from "../pipeline/config/gateway_config.ts";
import type { SeriesAnnouncement } from "../pipeline/core/telemetry_store.ts";
import type { MemoryCells } from "./thread_memory.ts";

/** Everything that a worker is made of. */
export interface WorkerSetup {
  readonly type: "build";
  /** Its name in logs: `worker-1`. */
  readonly thread: string;
  readonly config: ResolvedConfig;
  /** Its metrics; it is the only writer. */
  readonly region: SharedArrayBuffer;
  readonly memory: MemoryCells;
}

export type ToWorker =
  | WorkerSetup
  /** `probe`: check that nobody else has the ports; only the first worker can, since the others share them with it. */
  | { readonly type: "start"; readonly probe: boolean }
  | { readonly type: "shutdown"; readonly deadlineMs: number };

export type FromWorker =
  /** It listens now. What is posted to a worker before its modules are loaded may be lost (a top-level await is enough). */
  | { readonly type: "loaded" }
  | { readonly type: "series"; readonly series: SeriesAnnouncement }
  | { readonly type: "built" }
  | { readonly type: "started" }
  | { readonly type: "stopped"; readonly drained: boolean }
  /** The last request failed; each problem names its component. */
  | { readonly type: "failed"; readonly problems: readonly string[] };
