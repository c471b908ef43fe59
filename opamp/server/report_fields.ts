/**
 * The parts of an agent's report as the bytes that they came in.
 *
 * The last part of each kind is all that the server keeps of an agent: bytes cost a fraction of what objects do, and
 * most are never looked at. Each slice has its tag, so it is itself an AgentToServer of that field alone.
 *
 * @module
 */

/** AgentToServer's fields that are kept. */
export const REPORT_FIELDS = {
  agentDescription: 3,
  health: 5,
  effectiveConfig: 6,
  packageStatuses: 8,
  availableComponents: 14,
} as const;

export type ReportField = keyof typeof REPORT_FIELDS;

const FIELD_COUNT = 16;

/**
 * Finds the bytes of a field in a message that decodes: of several occurrences all of them, which is how they merge.
 *
 * @param message A valid AgentToServer.
 * @returns A copy, or undefined when the field is absent.
 */
export function fieldBytes(message: Uint8Array, field: ReportField): Uint8Array | undefined {
  const wanted = REPORT_FIELDS[field];
  let found: Uint8Array | undefined;
  let at = 0;
  while (at < message.length) {
    const from = at;
    const tag = message[at] ?? 0;
    at = skipField(message, at);
    if (tag >> 3 !== wanted || wanted >= FIELD_COUNT) continue;
    found = found === undefined ? message.slice(from, at) : join(found, message.subarray(from, at));
  }
  return found;
}

/** Where the field that starts at `at` ends. The wanted fields have numbers below 16, so tags of one byte. */
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

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
