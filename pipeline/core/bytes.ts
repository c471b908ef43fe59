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

/** What is smaller is left to a collection: the call costs as much as it saves. Bytes. */
const WORTH_GIVING_BACK_BYTES = 2 * 1024;

/** A decoder's output has a little more room than comes out; whatever is longer is somebody else's too. Bytes. */
const MAX_SLACK_BYTES = 64;

/**
 * Gives the memory of an array back at once, that nobody uses any more; it is empty then. Left to V8, arrays that live
 * as long as a request waits for full collections, and those come by the objects on the heap: batches of 44 kB requests
 * took the resident set to 250 MB instead of 165.
 *
 * An array that is a part of a larger one stays as it is.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  const isPart = bytes.byteOffset > 0 || buffer.byteLength - bytes.length > MAX_SLACK_BYTES;
  if (bytes.length < WORTH_GIVING_BACK_BYTES || isPart) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** How long parts are together, bytes. */
export function sumOfLengths(parts: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
