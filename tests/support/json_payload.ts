/**
 * Payloads written as OTLP/JSON, for tests of what is done to them.
 *
 * @module
 */

import { type Consumer, KEPT } from "../../pipeline/contract/consumer.ts";
import { readJsonPayload } from "../../pipeline/otlp/json_decode.ts";
import { payloadToJson } from "../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Origin, type Payload } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";

/** A payload of a request in OTLP/JSON. */
export function payloadOfJson(signal: Signal, request: unknown, origin: Origin = NO_ORIGIN): Payload {
  const body = new TextEncoder().encode(JSON.stringify(request));
  return readJsonPayload(signal, body, DEFAULT_PAYLOAD_LIMITS, origin);
}

// deno-lint-ignore no-explicit-any -- plain JSON of a request, which tests reach into
export function jsonOfPayload(payload: Payload): any {
  return JSON.parse(new TextDecoder().decode(payloadToJson(payload)));
}

/** Keeps everything, and remembers it. */
export class Keeper implements Consumer {
  readonly payloads: Payload[] = [];

  consume(payload: Payload): Promise<typeof KEPT> {
    this.payloads.push(payload);
    return Promise.resolve(KEPT);
  }
}

/** A traces request: for each resource its attributes, and the names of its spans. */
export function tracesOf(
  ...resources: readonly (readonly [attributes: Readonly<Record<string, string>>, spans: readonly string[]])[]
): unknown {
  return {
    resourceSpans: resources.map(([attributes, spans]) => ({
      resource: {
        attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
      },
      scopeSpans: [{ scope: { name: "tests" }, spans: spans.map((name) => ({ name })) }],
    })),
  };
}

/** Names of the spans of a payload. */
export function spanNames(payload: Payload): string[] {
  return spansOf(payload).map(({ name }) => name);
}

// deno-lint-ignore no-explicit-any -- plain JSON of a request
export function spansOf(payload: Payload): any[] {
  // deno-lint-ignore no-explicit-any -- plain JSON of a request
  return jsonOfPayload(payload).resourceSpans.flatMap((entry: any) =>
    // deno-lint-ignore no-explicit-any -- plain JSON of a request
    entry.scopeSpans.flatMap((scope: any) => scope.spans ?? [])
  );
}
