/**
 * Steps over the fields that messages are mostly made of, faster than one by one.
 *
 * @module
 */

import { WireType } from "../wire/protobuf.ts";

/**
 * Behind the fields of one byte of tag and at the most one of length: nearly all. A loop that does nothing else, with
 * its place as an int.
 *
 * @param until The tag of a field to stop at.
 */
export function skipShort(bytes: Uint8Array, at: number, end: number, until: number): number {
  at |= 0;
  while (at + 1 < end) {
    const tag = bytes[at]!;
    if (tag === until || tag < 8 || tag >= 0x80) break;
    const second = bytes[at + 1]!;
    const type = tag & 7;
    let next = at;
    if (type === WireType.bytes) {
      if (second < 0x80) next = at + 2 + second;
    } else if (type === WireType.fixed64) next = at + 9;
    else if (type === WireType.varint) {
      if (second < 0x80) next = at + 2;
    } else if (type === WireType.fixed32) next = at + 5;
    if (next === at || next > end) break;
    at = next;
  }
  return at;
}
