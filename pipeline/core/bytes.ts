/**
 * Byte arrays as wholes.
 *
 * @module
 */

/**
 * All parts in one array; the part itself, not a copy, when it is alone.
 *
 * @param totalBytes The sum of their lengths, for a caller that knows it.
 */
export function concatBytes(parts: readonly Uint8Array[], totalBytes = sumOfLengths(parts)): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(totalBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** How long parts are together, bytes. */
export function sumOfLengths(parts: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
