/**
 * A data worker that does nothing but tell which tenants it has: the version of each snapshot, as the name of a series.
 * It dies when it is told to log at the level "debug".
 *
 * @module
 */

import type { FromWorker, ToWorker } from "../../gateway/threads/messages.ts";
import { NO_CHANGE } from "../../pipeline/graph/live_graph.ts";

const tell = (message: FromWorker) => self.postMessage(message);

function tellVersion(version: number): void {
  tell({ type: "series", series: { name: String(version) } as never });
}

let prepared: number | undefined;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "setup":
      return tell({ type: "done" });
    case "prepare":
      prepared = data.tenants?.version;
      return tell({ type: "prepared", change: NO_CHANGE });
    case "flip":
      if (prepared !== undefined) tellVersion(prepared);
      tell({ type: "done" });
      return tell({ type: "drained", flip: data.number, drained: true });
    case "tenants":
      tellVersion(data.snapshot.version);
      return tell({ type: "heard", number: data.number });
    case "log_level":
      throw new Error("told to die");
    case "shutdown":
      return tell({ type: "stopped", drained: true });
    default:
      return tell({ type: "done" });
  }
};

tell({ type: "loaded" });
