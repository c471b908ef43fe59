/**
 * The names in a client certificate, read from its DER bytes.
 *
 * Not from the text that the runtime makes of them: it joins subjectAltName entries by ", " without escaping, so that a
 * URI with a comma in it reads as a further name (in Node.js that was CVE-2021-44532).
 * Sources: RFC 5280 4.1, 4.1.2.4 and 4.2.1.6; RFC 4514 2; X.690.
 *
 * @module
 */

import type { ClientCertificate } from "../../pipeline/contract/tenants.ts";

/** Names beyond these are not looked at: no real certificate has as many. */
const MAX_NAMES = 256;

const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const BOOLEAN = 0x01;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** Of a GeneralName: context tags of primitive values. */
const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;
const SUBJECT_ALT_NAME = "2.5.29.17";

/** Tags of strings, and how their bytes are text; of others the bytes are shown, as RFC 4514 wants. */
const STRINGS: Readonly<Record<number, string>> = {
  0x0c: "utf-8",
  0x12: "latin1", // NumericString
  0x13: "latin1", // PrintableString
  0x14: "latin1", // TeletexString
  0x16: "latin1", // IA5String
  0x1e: "utf-16be", // BMPString
};

/** Attribute types that have a name. Source: RFC 4514 3. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.6": "C",
  "2.5.4.9": "STREET",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
};

/**
 * Reads the subject and the alternative names.
 *
 * @param der One certificate; the handshake has verified it.
 * @returns undefined when the bytes are no certificate, or a name has bytes that no name may have.
 */
export function readClientCertificate(der: Uint8Array): ClientCertificate | undefined {
  try {
    return readNames(der);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined; // cut off, or not the text it says
    throw error;
  }
}

function readNames(der: Uint8Array): ClientCertificate {
  const fields = new Fields(open(new Fields(open(new Fields(der), SEQUENCE)), SEQUENCE)); // Certificate, TBSCertificate
  let field = fields.next();
  if (field.tag === VERSION) field = fields.next(); // then it is the serial number
  fields.skip(3); // signature, issuer, validity
  const subject = distinguishedName(fields.next());
  const names = { dnsNames: [] as string[], uris: [] as string[], emails: [] as string[] };
  while (fields.more) {
    field = fields.next();
    if (field.tag === EXTENSIONS) readExtensions(field.value, names);
  }
  return { subject, ...names };
}

type AltNames = Record<"dnsNames" | "uris" | "emails", string[]>;

function readExtensions(bytes: Uint8Array, names: AltNames): void {
  const extensions = new Fields(open(new Fields(bytes), SEQUENCE));
  while (extensions.more) {
    const extension = new Fields(open(extensions, SEQUENCE));
    const id = objectId(open(extension, OBJECT_ID));
    let value = extension.next();
    if (value.tag === BOOLEAN) value = extension.next(); // critical
    if (id === SUBJECT_ALT_NAME) readAltNames(value.value, names);
  }
}

function readAltNames(bytes: Uint8Array, { dnsNames, uris, emails }: AltNames): void {
  const general = new Fields(open(new Fields(bytes), SEQUENCE));
  for (let count = 0; general.more && count < MAX_NAMES; count++) {
    const { tag, value } = general.next();
    if (tag === EMAIL) emails.push(ascii(value));
    else if (tag === DNS) dnsNames.push(ascii(value));
    else if (tag === URI) uris.push(ascii(value));
  }
}

/** IA5String without control characters: a name that ends at a NUL for one reader and not for another is none. */
function ascii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw new TypeError("Cannot read a name: it is not ASCII");
  return String.fromCharCode(...bytes);
}

/** RFC 4514: the last RDN first, those of one RDN joined by "+". */
function distinguishedName({ tag, value }: Field): string {
  if (tag !== SEQUENCE) throw new TypeError("Cannot read a certificate: it has no subject");
  const rdns: string[] = [];
  const sequence = new Fields(value);
  while (sequence.more && rdns.length < MAX_NAMES) {
    const pairs: string[] = [];
    const set = new Fields(sequence.next().value);
    while (set.more) pairs.push(attribute(new Fields(open(set, SEQUENCE))));
    rdns.push(pairs.reverse().join("+")); // of no meaning; as openssl prints them
  }
  return rdns.reverse().join(",");
}

function attribute(pair: Fields): string {
  const id = objectId(open(pair, OBJECT_ID));
  const { tag, value, whole } = pair.next();
  const name = ATTRIBUTES[id];
  const encoding = STRINGS[tag];
  if (name === undefined || encoding === undefined) return `${name ?? id}=#${hex(whole)}`;
  return `${name}=${escapeValue(new TextDecoder(encoding, { fatal: true }).decode(value))}`;
}

/** RFC 4514 2.4. */
function escapeValue(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, "\\$&")
    .replaceAll("\0", "\\00")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, "\\ ");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Dotted. */
function objectId(bytes: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new RangeError("Cannot read an object id: an arc is too large");
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40)); // the first two arcs are one number
  return [root, first - 40 * root, ...rest].join(".");
}

interface Field {
  readonly tag: number;
  readonly value: Uint8Array;
  /** With its tag and length. */
  readonly whole: Uint8Array;
}

/** The value of the next field, which must have this tag. */
function open(fields: Fields, tag: number): Uint8Array {
  const field = fields.next();
  if (field.tag !== tag) throw new TypeError("Cannot read a certificate: a field has another tag than wanted");
  return field.value;
}

/** DER fields one after the other. Source: X.690 8.1.2 and 10.1; tags above 30 are in no certificate. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  skip(count: number): void {
    for (let i = 0; i < count; i++) this.next();
  }

  /** @throws {RangeError} There is none, or it is cut off. */
  next(): Field {
    const from = this.#at;
    const tag = this.#byte();
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError("Cannot read a certificate: a field is cut off");
    return { tag, value: this.#bytes.subarray(start, this.#at), whole: this.#bytes.subarray(from, this.#at) };
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new RangeError("Cannot read a certificate: a length is none of DER");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("Cannot read a certificate: it is cut off");
    return byte;
  }
}
