/**
 * Community ID: one name for a network flow, whichever direction it was seen in.
 *
 * Source: Community ID specification 1.0 (corelight/community-id-spec). Like the reference engine it has no special case for
 * the types and codes of ICMP.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { parseAddress } from "../text/ip.ts";
import { OttlError } from "../values/errors.ts";
import { digestBytes } from "./hash_digest.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { ICMP: 1, TCP: 6, UDP: 17, RSVP: 46, ICMP6: 58, SCTP: 132 };
const MAX_UINT16 = 65_535n;

export interface Endpoint {
  /** IPv4 or IPv6, without a scope. */
  readonly ip: string;
  readonly port: bigint;
}

/**
 * Version 1: "1:" and the SHA-1 of the flow in base64.
 *
 * @throws {OttlError} Of category "value": no IP address, a port or seed past 16 bits, or an unknown protocol.
 */
export function communityId(source: Endpoint, destination: Endpoint, protocol: string, seed: bigint): string {
  const from = readEndpoint(source, "source");
  const to = readEndpoint(destination, "destination");
  const number = Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : undefined;
  if (number === undefined) throw invalid(`unsupported protocol "${protocol}"`);
  const [first, second] = isBefore(from, to) ? [from, to] : [to, from];
  const flow = [uint16(seed, "seed"), first.ip, second.ip, Buffer.from([number, 0]), first.port, second.port];
  return `1:${digestBytes("sha1", Buffer.concat(flow)).toBase64()}`;
}

interface EndpointBytes {
  readonly ip: Uint8Array;
  readonly port: Uint8Array;
}

function readEndpoint({ ip, port }: Endpoint, what: string): EndpointBytes {
  const bytes = ipBytes(ip);
  if (bytes === undefined) throw invalid(`invalid ${what} IP`);
  return { ip: bytes, port: uint16(port, `${what} port`) };
}

/** Shorter addresses first, then by bytes. */
function isBefore(a: EndpointBytes, b: EndpointBytes): boolean {
  return (a.ip.length - b.ip.length || Buffer.compare(a.ip, b.ip) || Buffer.compare(a.port, b.port)) <= 0;
}

function uint16(value: bigint, what: string): Uint8Array {
  if (value < 0n || value > MAX_UINT16) throw invalid(`${what} must be between 0 and 65535`);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(value));
  return bytes;
}

/** 4 bytes, or 16; an IPv4 address within IPv6 counts as IPv4. */
function ipBytes(ip: string): Uint8Array | undefined {
  const address = parseAddress(ip);
  if (address === undefined) return undefined;
  const bytes = Buffer.from(address.toString(16).padStart(32, "0"), "hex");
  return address >> 32n === 0xffffn ? bytes.subarray(12) : bytes;
}

function invalid(reason: string): OttlError {
  return new OttlError("value", `cannot make a Community ID: ${reason}`);
}
