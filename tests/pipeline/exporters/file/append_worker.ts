/**
 * A thread that appends numbered lines to a file, for the test of several writers.
 *
 * @module
 */

import { AppendFile } from "../../../../pipeline/exporters/file/append_file.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";

/** What the thread is told to do. */
export interface AppendTask {
  readonly path: string;
  readonly name: string;
  readonly lines: number;
  readonly lineBytes: number;
  readonly maxBytes: number;
}

/** Opens the file when it gets its task, says "ready", and writes when it is told to go on. */
function start(task: AppendTask): void {
  const file = new AppendFile({
    path: task.path,
    truncate: true,
    rotation: { maxBytes: task.maxBytes, maxDays: 0, maxBackups: 0, localtime: false },
    fsync: false,
    flushIntervalMs: 0,
    clock: systemClock,
  });
  self.onmessage = async () => {
    for (let line = 0; line < task.lines; line++) {
      const text = `${task.name} ${line} `;
      await file.append(new TextEncoder().encode(`${text.padEnd(task.lineBytes - 1, task.name)}\n`));
    }
    await file.close();
    self.postMessage("done");
  };
  self.postMessage("ready");
}

self.onmessage = ({ data }: MessageEvent<AppendTask>) => start(data);
