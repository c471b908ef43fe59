/**
 * Bytes as lower-case hexadecimal.
 *
 * @module
 */

import { Buffer } from "node:buffer";

export function toHex(bytes: Uint8Array): string {
  return Buffer.prototype.hexSlice.call(bytes, 0, bytes.length);
}
