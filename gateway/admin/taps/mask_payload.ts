/**
 * Samples of payloads without secrets: attributes whose names say that they hold one, those that were chosen, and in
 * every text what looks like a credential.
 *
 * @module
 */

import { maskUrls, REDACTED, SECRET_NAME } from "../../../pipeline/core/log/mask.ts";
import { payloadToJson } from "../../../pipeline/otlp/json_encode.ts";
import type { Payload } from "../../../pipeline/otlp/payload.ts";
import { SIGNALS } from "../../../pipeline/otlp/signals.ts";
import { splitByItems } from "../../../pipeline/otlp/split.ts";

/** A larger payload is not looked into, bytes. */
export const MAX_SAMPLED_BYTES = 1024 * 1024;
/** JSON of one sample, characters; a larger one is left out. */
const MAX_SAMPLE_CHARS = 64 * 1024;

/** `Bearer …` and `Basic …`, and JSON Web Tokens anywhere. */
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/gi;

/**
 * OTLP/JSON of the first items, masked; null when it is too large to show, or a profile, whose attributes stand in a
 * dictionary that all of it shares.
 *
 * @param masked Tells the attributes that were chosen.
 */
export function sampleOf(payload: Payload, maxItems: number, masked: ReadonlySet<string>): unknown {
  if (payload.byteLength > MAX_SAMPLED_BYTES || !SIGNALS[payload.signal].mergeable) return null;
  const [first] = splitByItems(payload, maxItems);
  if (first === undefined) return null;
  const text = new TextDecoder().decode(payloadToJson(first));
  return text.length > MAX_SAMPLE_CHARS ? null : maskJson(JSON.parse(text), masked);
}

/** OTLP/JSON without its secrets. */
export function maskJson(json: unknown, masked: ReadonlySet<string>): unknown {
  if (typeof json === "string") return maskText(json);
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => maskJson(item, masked));
  const key: unknown = Reflect.get(json, "key");
  const isSecret = typeof key === "string" && (masked.has(key) || SECRET_NAME.test(key));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      isSecret && name === "value" ? { stringValue: REDACTED } : name === "key" ? value : maskJson(value, masked),
    ]),
  );
}

function maskText(text: string): string {
  return maskUrls(text).replaceAll(CREDENTIALS, REDACTED);
}
