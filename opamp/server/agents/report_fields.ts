/**
 * The parts of an agent's report as the bytes that they came in.
 *
 * The last part of each kind is all that the server keeps of an agent: bytes cost a fraction of what objects do, and
 * most are never looked at. Each slice has its tag, so it is itself an AgentToServer of that field alone. Whoever keeps one
 * copies it by `new Uint8Array(part)`: messages are Buffers, of which slice() is a view, and one of 100 bytes would keep
 * the 64 KiB that the runtime has read into.
 *
 * @module
 */

import { concatBytes } from "../../../pipeline/core/bytes.ts";

/** AgentToServer's fields that are kept. All below 16: their tags are one byte. */
export const REPORT_FIELDS = {
  agentDescription: 3,
  health: 5,
  effectiveConfig: 6,
  packageStatuses: 8,
  availableComponents: 14,
} as const;

export type ReportField = keyof typeof REPORT_FIELDS;

/** Where a field lies in a message, with its tag. */
export interface FieldRange {
  readonly from: number;
  readonly to: number;
}

/** The first occurrence of a field from `at` on; undefined when there is none before what cannot be read. */
export function findField(message: Uint8Array, field: ReportField, at = 0): FieldRange | undefined {
  const wanted = REPORT_FIELDS[field];
  while (at < message.length) {
    const from = at;
    at = skipField(message, from);
    if ((message[from] ?? 0) >> 3 === wanted) return { from, to: at };
  }
  return undefined;
}

/**
 * The bytes of a field in a message that decodes: of several occurrences all of them, which is how they merge.
 *
 * @param message A valid AgentToServer.
 * @returns A view of `message` where that is possible; undefined when the field is absent.
 */
export function fieldBytes(message: Uint8Array, field: ReportField): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (let range = findField(message, field); range !== undefined; range = findField(message, field, range.to)) {
    const part = message.subarray(range.from, range.to);
    found = found === undefined ? part : concatBytes([found, part]);
  }
  return found;
}

/** A message without one of its fields. */
export function withoutField(message: Uint8Array, { from, to }: FieldRange): Uint8Array {
  return concatBytes([message.subarray(0, from), message.subarray(to)]);
}

/** Where the field that starts at `at` ends. */
function skipField(bytes: Uint8Array, at: number): number {
  const kind = (bytes[at] ?? 0) & 7;
  at = skipVarint(bytes, at);
  if (kind === 0) return skipVarint(bytes, at);
  if (kind === 1) return at + 8;
  if (kind === 5) return at + 4;
  if (kind !== 2) return bytes.length;
  let length = 0;
  let scale = 1;
  for (;;) {
    const byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return Math.min(bytes.length, at + length);
    scale *= 128;
  }
}

function skipVarint(bytes: Uint8Array, at: number): number {
  while ((bytes[at] ?? 0) >= 0x80) at++;
  return at + 1;
}
