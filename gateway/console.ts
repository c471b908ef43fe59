/**
 * What a command says to the person who ran it.
 *
 * @module
 */

import { ConfigError } from "../pipeline/config/problem.ts";
import { describeError } from "../pipeline/core/log/logger.ts";
import { GraphError } from "../pipeline/graph/graph.ts";

/** What went wrong at a start, one line a problem. */
export function explainFailure(thrown: unknown): string {
  if (thrown instanceof ConfigError) return thrown.explanation;
  if (thrown instanceof GraphError) return ["Cannot start the gateway:", ...thrown.failures].join("\n  ");
  return `Cannot start the gateway: ${describeError(thrown)}`;
}

/** Writes text and a line break to a stream of the process. */
export function writeLine(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}
