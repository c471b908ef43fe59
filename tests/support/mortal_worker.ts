/**
 * The gateway's data worker, with one message more: `{ type: "die" }`.
 *
 * @module
 */

import "../../gateway/threads/data_worker.ts";

const handle = self.onmessage as ((event: MessageEvent) => void) | null;

self.onmessage = (event: MessageEvent<{ readonly type: string }>) => {
  if (event.data.type === "die") reportError(new Error("the worker was told to die"));
  else handle?.(event);
};
