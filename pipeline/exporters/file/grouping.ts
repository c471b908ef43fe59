/**
 * Splits a payload by the value of one resource attribute, and gives each value its path below the configured one.
 *
 * Slices of the same bytes: a group is the fields `resource_…` of the request that belong to it, as they are.
 *
 * @module
 */

import { join, normalize } from "node:path/posix";
import { FieldReader, tagOf, WireType } from "../../wire/protobuf.ts";
import type { Payload } from "../../otlp/payload.ts";

const BYTES_1 = tagOf(1, WireType.bytes);
const BYTES_2 = tagOf(2, WireType.bytes);
/** A path below the prefix; the system's own bound on one name is 255 bytes. */
const MAX_SEGMENT_CHARS = 1_024;

/** A payload's resources by the attribute's value. */
export interface Groups {
  /** Chunks of each group: whole fields of the request. */
  readonly bySegment: ReadonlyMap<string, readonly Uint8Array[]>;
  /** Those without the attribute, or with one that is no string or no path. */
  readonly rest: readonly Uint8Array[];
}

/** Groups the resources of `payload` by their string attribute `attribute`. */
export function groupByResource(payload: Payload, attribute: string): Groups {
  const key = new TextEncoder().encode(attribute);
  const bySegment = new Map<string, Uint8Array[]>();
  const rest: Uint8Array[] = [];
  const shared: Uint8Array[] = [];
  for (const chunk of payload.chunks) {
    for (const fields = new FieldReader(chunk); fields.next();) {
      const field = chunk.subarray(fields.fieldStart, fields.valueEnd);
      if (fields.tag !== BYTES_1) {
        shared.push(field); // The dictionary of profiles, or something newer than this code: it goes with every group.
        continue;
      }
      const segment = readAttribute(fields.view(), key);
      const group = segment === undefined || !isSegment(segment) ? rest : bySegment.get(segment) ?? [];
      if (group !== rest && segment !== undefined) bySegment.set(segment, group);
      group.push(field);
    }
  }
  for (const group of [...bySegment.values(), rest]) if (group.length > 0) group.push(...shared);
  return { bySegment, rest };
}

/**
 * The file for `segment`: `prefix + segment + suffix`, never outside of the directory that the prefix names.
 *
 * @param pattern The configured path, with one `*`.
 */
export function groupPath(pattern: string, segment: string): string {
  const [rawPrefix = "", suffix = ""] = pattern.split("*");
  const prefix = normalize(rawPrefix);
  const path = normalize(prefix + segment.replace(/^\.{1,2}(?=\/)/, "") + suffix);
  return path.startsWith(prefix) ? path : join(prefix, join("/", segment + suffix));
}

function isSegment(segment: string): boolean {
  return segment.length <= MAX_SEGMENT_CHARS && !segment.includes("\0");
}

/** The first attribute of that key, when it is a string; the message is a ResourceSpans or one of its kin. */
function readAttribute(resourceItems: Uint8Array, key: Uint8Array): string | undefined {
  for (const envelope = new FieldReader(resourceItems); envelope.next();) {
    if (envelope.tag !== BYTES_1) continue;
    for (const resource = new FieldReader(envelope.view()); resource.next();) {
      if (resource.tag !== BYTES_1) continue;
      const { matches, text } = readKeyValue(resource.view(), key);
      if (matches) return text;
    }
  }
  return undefined;
}

function readKeyValue(keyValue: Uint8Array, key: Uint8Array): { matches: boolean; text: string | undefined } {
  let matches = key.length === 0;
  let text: string | undefined;
  for (const fields = new FieldReader(keyValue); fields.next();) {
    if (fields.tag === BYTES_1) matches = equal(fields.view(), key);
    else if (fields.tag === BYTES_2) text = readString(fields.view());
  }
  return { matches, text };
}

/** AnyValue is a oneof: the last member counts. */
function readString(anyValue: Uint8Array): string | undefined {
  let text: string | undefined;
  for (const fields = new FieldReader(anyValue); fields.next();) {
    text = fields.tag === BYTES_1 ? new TextDecoder().decode(fields.view()) : undefined;
  }
  return text;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
