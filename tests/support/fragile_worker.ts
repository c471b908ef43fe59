/**
 * A data worker that answers the control thread's protocol and dies when its name says so, for the tests of the pool.
 *
 * The setup's `thread` is its script, set by the test: words of "fail-build", "fail-start", "die", "leaky" (what is before
 * a flip is not drained), "stay" (an answer to shutdown that says: not drained). A configuration's file name is told as
 * what it adds; "fails for NAME" fails in the worker whose script has that name, "dies for NAME" kills it.
 *
 * @module
 */

import type { FromWorker, ToWorker } from "../../gateway/threads/messages.ts";
import { NO_CHANGE } from "../../pipeline/graph/live_graph.ts";

let script = "";

function answer(message: FromWorker): void {
  self.postMessage(message);
}

function problemOf(config: string): string | undefined {
  if (script.includes("fail-build")) return `problem of ${script}`;
  if (script.includes("fail-start")) return "the port is taken";
  const [, name] = /^fails for (.*)$/.exec(config) ?? [];
  return name !== undefined && script.includes(name) ? `problem of ${config}` : undefined;
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "setup":
      script = data.setup.thread;
      return answer({ type: "done" });
    case "prepare": {
      const added = data.config.tree.place.file;
      const [, victim] = /^dies for (.*)$/.exec(added) ?? [];
      if (victim !== undefined && script.includes(victim)) {
        return void setTimeout(() => reportError(new Error("the worker was told to die")), 0);
      }
      const problem = problemOf(added);
      return answer(
        problem === undefined
          ? { type: "prepared", change: { ...NO_CHANGE, added: [added] } }
          : { type: "failed", problems: [problem] },
      );
    }
    case "flip":
      answer({ type: "done" });
      answer({ type: "drained", flip: data.number, drained: !script.includes("leaky") });
      if (script.includes("die")) setTimeout(() => reportError(new Error("the worker was told to die")), 0);
      return;
    case "discard":
      return answer({ type: "done" });
    case "shutdown":
      return answer({ type: "stopped", drained: !script.includes("stay") });
  }
};

answer({ type: "loaded" });
