/**
 * IP addresses and networks in CIDR notation, as Go's net package reads and compares them.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";

/** 128 bits; an IPv4 address is the IPv6 address ::ffff:a.b.c.d. */
type Address = bigint;

export interface Network {
  readonly first: Address;
  /** Bits of a 128-bit address that are free in it. */
  readonly freeBits: bigint;
  readonly isV4: boolean;
}

const V4_PREFIX = 0xffffn;

/** @returns undefined for anything else than an address; one with a zone (`fe80::1%eth0`) is none. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) return parseV6(text);
  const v4 = parseV4(text);
  return v4 === undefined ? undefined : (V4_PREFIX << 32n) | v4;
}

/** @throws {OttlError} Of category "arg_value": it is no network. */
export function parseNetwork(text: string): Network {
  const slash = text.lastIndexOf("/");
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const length = /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : NaN;
  const bits = text.includes(":") ? 128 : 32;
  if (address === undefined || !(length <= bits)) throw new OttlError("arg_value", "invalid CIDR address");
  const freeBits = BigInt(bits - length);
  const first = (address >> freeBits) << freeBits;
  return { first, freeBits, isV4: isV4(first) };
}

export function isWithin(address: Address, { first, freeBits, isV4: isV4Network }: Network): boolean {
  return isV4(address) === isV4Network && address >> freeBits === first >> freeBits;
}

function isV4(address: Address): boolean {
  return address >> 32n === V4_PREFIX;
}

const V4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function parseV4(text: string): bigint | undefined {
  const parts = V4.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = groupsOf(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail]
    .reduce((address, group) => (address << 16n) | group, 0n);
}

/** Groups of 16 bits. The last of an address may be an IPv4 address, for two. */
function groupsOf(text: string, isLast: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":", 9);
  for (const [i, part] of parts.entries()) {
    const v4 = isLast && i === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
