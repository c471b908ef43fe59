/**
 * FNV-1a and MurmurHash3 of strings: of their UTF-8 bytes. They are our own, since no kept package has them over bytes; every
 * other hash is in `hash_digest.ts`.
 *
 * @module
 */

import { toHex } from "../values/hex.ts";
import { encodeUtf8 } from "../values/utf8.ts";

const FNV_LOW = 0x84222325;
const FNV_HIGH = 0xcbf29ce4;
/** The FNV prime is 2 ** 40 + this. */
const FNV_PRIME_LOW = 0x1b3;

const MURMUR_C1 = 0x87c37b91114253d5n;
const MURMUR_C2 = 0x4cf5ad432745937fn;

/** 64-bit FNV-1a as a signed int. Source: the FNV reference, draft-eastlake-fnv. */
export function fnv1a(text: string): bigint {
  let low = FNV_LOW;
  let high = FNV_HIGH;
  for (const byte of encodeUtf8(text)) {
    low = (low ^ byte) >>> 0;
    const product = low * FNV_PRIME_LOW;
    high = (high * FNV_PRIME_LOW + Math.floor(product / 0x1_0000_0000) + low * 0x100) % 0x1_0000_0000;
    low = product % 0x1_0000_0000;
  }
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

/** MurmurHash3_x86_32, seed 0, in hexadecimal, little-endian. */
export function murmur3(text: string): string {
  const bytes = encodeUtf8(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tail = bytes.length & ~3;
  let h = 0;
  for (let at = 0; at < tail; at += 4) {
    h = rotate32(h ^ mixBlock32(view.getUint32(at, true)), 13);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= mixBlock32(Number(readTail(bytes, tail, bytes.length)));
  const out = new DataView(new ArrayBuffer(4));
  out.setInt32(0, finish32(h ^ bytes.length), true);
  return toHex(new Uint8Array(out.buffer));
}

/** MurmurHash3_x64_128, seed 0, in hexadecimal, both halves little-endian. */
export function murmur3x128(text: string): string {
  const bytes = encodeUtf8(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tail = bytes.length & ~15;
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < tail; at += 16) {
    h1 = rotate64(h1 ^ mixLow64(view.getBigUint64(at, true)), 27n);
    h1 = u64((h1 + h2) * 5n + 0x52dce729n);
    h2 = rotate64(h2 ^ mixHigh64(view.getBigUint64(at + 8, true)), 31n);
    h2 = u64((h2 + h1) * 5n + 0x38495ab5n);
  }
  h1 ^= mixLow64(readTail(bytes, tail, Math.min(tail + 8, bytes.length))) ^ BigInt(bytes.length);
  h2 ^= mixHigh64(readTail(bytes, tail + 8, bytes.length)) ^ BigInt(bytes.length);
  return finish128(h1, h2);
}

/** The bytes from `start` to `end`, little-endian; 0 when there are none. */
function readTail(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 8n) | BigInt(bytes[at]!);
  return value;
}

function mixBlock32(block: number): number {
  return Math.imul(rotate32(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotate32(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish32(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mixLow64(block: bigint): bigint {
  return u64(rotate64(u64(block * MURMUR_C1), 31n) * MURMUR_C2);
}

function mixHigh64(block: bigint): bigint {
  return u64(rotate64(u64(block * MURMUR_C2), 33n) * MURMUR_C1);
}

function finish128(h1: bigint, h2: bigint): string {
  const first = finish64(u64(h1 + h2));
  const second = finish64(u64(h1 + h2 + h2));
  const out = new DataView(new ArrayBuffer(16));
  out.setBigUint64(0, u64(first + second), true);
  out.setBigUint64(8, u64(first + second + second), true);
  return toHex(new Uint8Array(out.buffer));
}

function finish64(hash: bigint): bigint {
  let h = u64((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  h = u64((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return h ^ (h >> 33n);
}

function rotate64(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
