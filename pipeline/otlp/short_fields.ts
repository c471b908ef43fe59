/**
 * Steps over the fields that messages are mostly made of, faster than one by one.
 *
 * @module
 */

import { WireType } from "../wire/protobuf.ts";

// Of an object's properties the loop would take each anew.
const { varint: VARINT, fixed64: FIXED64, bytes: BYTES, fixed32: FIXED32 } = WireType;

/**
 * Behind the fields of one byte of tag and at the most one of length: nearly all. A loop that does nothing else, with
 * its place as an int.
 *
 * @param until The tag of a field to stop at.
 */
export function skipShort(bytes: Uint8Array, at: number, end: number, until: number): number {
  at |= 0;
  end |= 0;
  until |= 0;
  while ((at + 1 | 0) < end) {
    const tag = bytes[at]!;
    if (tag === until || tag < 8 || tag >= 0x80) break;
    const second = bytes[at + 1 | 0]!;
    const type = tag & 7;
    let next = at + 2 | 0;
    if (type === BYTES) {
      if (second >= 0x80) break;
      next = next + second | 0;
    } else if (type === FIXED64) next = at + 9 | 0;
    else if (type === VARINT) {
      if (second >= 0x80) break;
    } else if (type === FIXED32) next = at + 5 | 0;
    else break;
    if (next > end) break;
    at = next;
  }
  return at;
}
