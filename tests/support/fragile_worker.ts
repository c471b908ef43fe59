/**
 * A data worker that answers the control thread's protocol and dies when its name says so, for the tests of the pool.
 *
 * The setup's `thread` is its script, set by the test: words of "fail-build", "fail-start", "die-now", "die-later",
 * "stay" (an answer to shutdown that says: not drained).
 *
 * @module
 */

import type { FromWorker, ToWorker } from "../../gateway/messages.ts";

let script = "";

function answer(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "build") {
    script = data.thread;
    if (script.includes("fail-build")) return answer({ type: "failed", problems: [`problem of ${script}`] });
    return answer({ type: "built" });
  }
  if (data.type === "start") {
    if (script.includes("fail-start")) return answer({ type: "failed", problems: ["the port is taken"] });
    answer({ type: "started" });
    if (script.includes("die")) setTimeout(() => reportError(new Error("the worker was told to die")), 0);
    return;
  }
  answer({ type: "stopped", drained: !script.includes("stay") });
};

answer({ type: "loaded" });
