/**
 * The name of an agent: 16 bytes, a UUID of version 7 when it is made here.
 *
 * Source: opamp-spec "instance_uid"; RFC 9562, 5.7.
 *
 * @module
 */

import { bytesToHex, hexToBytes } from "./hashes.ts";

/** Length of an instance uid, bytes. */
const INSTANCE_UID_BYTES = 16;

/** Random bytes that a new uid takes. */
export const INSTANCE_UID_RANDOM_BYTES = 10;

/**
 * A new UUIDv7.
 *
 * @param unixMs Milliseconds since 1970.
 * @param random `INSTANCE_UID_RANDOM_BYTES` from a cryptographic source.
 */
export function makeInstanceUid(unixMs: number, random: Uint8Array): Uint8Array {
  if (random.length !== INSTANCE_UID_RANDOM_BYTES) {
    throw new RangeError(
      `Cannot make an instance uid: ${random.length} random bytes, wanted ${INSTANCE_UID_RANDOM_BYTES}`,
    );
  }
  const uid = new Uint8Array(INSTANCE_UID_BYTES);
  const view = new DataView(uid.buffer);
  view.setUint16(0, Math.floor(unixMs / 4_294_967_296));
  view.setUint32(2, unixMs % 4_294_967_296);
  uid.set(random, 6);
  view.setUint8(6, 0x70 | view.getUint8(6) & 0x0f);
  view.setUint8(8, 0x80 | view.getUint8(8) & 0x3f);
  return uid;
}

/** The canonical text of a uid, as in the header `OpAMP-Instance-UID`. */
export function formatInstanceUid(uid: Uint8Array): string {
  const hex = bytesToHex(uid);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The uid in a canonical text of either case; undefined when it is none. */
export function parseInstanceUid(text: string): Uint8Array | undefined {
  const isUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
  return isUuid ? hexToBytes(text.replaceAll("-", "")) : undefined;
}

/** Whether a uid that came over the wire can be one. */
export function isInstanceUid(uid: Uint8Array | undefined): uid is Uint8Array {
  return uid?.length === INSTANCE_UID_BYTES;
}
