/**
 * How the table of tenants lies in its memory: what the writer and the reader agree on.
 *
 * A header of `HEADER_WORDS` numbers; the offset of each slot's row (`Uint32`, 0 for none); an index of names with open
 * addressing (`Uint32` pairs of hash and offset); the records. Whatever has a name is a record: a tenant's row, and right
 * behind it its credentials, each with the slot of the tenant.
 *
 * A record: slot u32, length u16, kind u8, length of its name u16, the name (UTF-8), and what `record.ts` says of
 * its kind. Little endian, unaligned.
 *
 * @module
 */

export const HEADER_WORDS = 6;

/** Words of the header. Offsets are bytes from the table's start. */
export const HEADER = { tenants: 0, slots: 1, rowsAt: 2, indexAt: 3, indexMask: 4, records: 5 } as const;

/** What a record is, and what namespace its name is of. */
export const KIND = { tenant: 0, key: 1, basic: 2, subject: 3, dns: 4, uri: 5, email: 6 } as const;

export type RecordKind = (typeof KIND)[keyof typeof KIND];

export const RECORD = { slot: 0, length: 4, kind: 6, nameLength: 7, name: 9 } as const;

/** One record, bytes: its length is a u16. */
export const MAX_RECORD_BYTES = 0xffff;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * FNV-1a of the kind and the name's UTF-8, then mixed so that its low bits are good for an index.
 *
 * @param name The bytes from `start` to `end`.
 */
export function hashName(kind: RecordKind, name: Uint8Array, start = 0, end = name.length): number {
  let hash = Math.imul(FNV_OFFSET ^ kind, FNV_PRIME);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (name[i] ?? 0), FNV_PRIME);
  return mix(hash);
}

/** As `hashName`, of text that is ASCII; undefined for any other. */
export function hashAscii(kind: RecordKind, name: string): number | undefined {
  let hash = Math.imul(FNV_OFFSET ^ kind, FNV_PRIME);
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f) return undefined;
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return mix(hash);
}

/** The end of MurmurHash3, as an unsigned number. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
