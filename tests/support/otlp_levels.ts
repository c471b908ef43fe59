/**
 * Where the messages of each level lie in a request, by the oracle.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";

export function read(signal: Signal, bytes: Uint8Array): Payload {
  return readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

/** Each chunk is a request; counts and lengths are those of its bytes. */
export function assertSound(payload: Payload): void {
  strictEqual(payload.byteLength, payload.chunks.reduce((sum, { length }) => sum + length, 0));
  let items = 0;
  for (const chunk of payload.chunks) items += read(payload.signal, chunk).itemCount;
  strictEqual(payload.itemCount, items);
}

/** Fields that lead from a request to the items of each level; `*` is whichever data a metric has. */
export const PATHS: Readonly<Record<Signal, readonly (readonly string[])[]>> = {
  traces: [["resource_spans"], ["scope_spans"], ["spans"], ["events"]],
  metrics: [["resource_metrics"], ["scope_metrics"], ["metrics"], ["*", "data_points"], ["exemplars"]],
  logs: [["resource_logs"], ["scope_logs"], ["log_records"]],
  profiles: [["resource_profiles"], ["scope_profiles"], ["profiles"]],
};

export const DATA = ["gauge", "sum", "histogram", "exponential_histogram", "summary"];

export type Message = Record<string, unknown>;

/** The messages of a level in a decoded request, each with the list that holds it, in the order of a walk. */
export function messagesOf(signal: Signal, depth: number, request: Message): { message: Message; list: Message[] }[] {
  let found: { message: Message; list: Message[] }[] = [{ message: request, list: [] }];
  for (const step of PATHS[signal].slice(0, depth + 1)) {
    found = found.flatMap(({ message }) => {
      const holder = step[0] === "*" ? message[DATA.find((kind) => kind in message) ?? ""] : message;
      const list = ((holder ?? {}) as Message)[step[step.length - 1]!] as Message[] | undefined;
      return (list ?? []).map((inner) => ({ message: inner, list: list! }));
    });
  }
  return found;
}
