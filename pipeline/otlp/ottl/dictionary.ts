/**
 * The dictionary of a profiles request: strings and attributes that the rest names by number.
 *
 * What is new goes behind what is there, so that no number changes its meaning.
 * Source: opentelemetry-proto 1.11.0 (profiles v1development).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { OttlError } from "../../../ottl/values/errors.ts";
import { decodeUtf8 } from "../../../ottl/values/utf8.ts";
import type { Value } from "../../../ottl/values/value.ts";
import { FieldReader, tagOf, varintLow, WireType } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { decodeAnyValue, encodeAnyValue, type StringTable } from "./any_value.ts";
import type { MessageView } from "./message_view.ts";

const DICTIONARY_FIELD = 2;
const STRING_TAG = tagOf(5, WireType.bytes);
const ATTRIBUTE_TAG = tagOf(6, WireType.bytes);
const KEY_INDEX_TAG = tagOf(1, WireType.varint);
const VALUE_TAG = tagOf(2, WireType.bytes);
const UNIT_INDEX_TAG = tagOf(3, WireType.varint);

/** Strings and attributes that statements may add to one request. */
const MAX_ADDED = 1_000_000;

const NOTHING: Uint8Array = new Uint8Array(0);

/** One KeyValueAndUnit. */
export interface TableAttribute {
  readonly key: string;
  readonly value: Value;
}

export class Dictionary implements StringTable {
  readonly #request: MessageView;
  #isRead = false;
  #strings: Uint8Array[] = [];
  #attributes: Uint8Array[] = [];
  /** Numbers of strings by their bytes as latin1; made when the first string is looked up. */
  #numbers: Map<string, number> | undefined;
  /** Numbers of attributes without a unit by key and value; made when the first one is looked up. */
  #attributeNumbers: Map<string, number> | undefined;
  #addedStrings = 0;
  #addedAttributes = 0;

  constructor(request: MessageView) {
    this.#request = request;
  }

  /** Another request is looked at. */
  reset(): void {
    this.#isRead = false;
    this.#strings = [];
    this.#attributes = [];
    this.#numbers = undefined;
    this.#attributeNumbers = undefined;
    this.#addedStrings = 0;
    this.#addedAttributes = 0;
  }

  get isEdited(): boolean {
    return this.#addedStrings + this.#addedAttributes > 0;
  }

  #read(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    const { bytes, start, end } = this.#request.joined(DICTIONARY_FIELD);
    const fields = new FieldReader(bytes, start, end);
    while (fields.next()) {
      if (fields.tag === STRING_TAG) this.#strings.push(fields.view());
      else if (fields.tag === ATTRIBUTE_TAG) this.#attributes.push(fields.view());
    }
  }

  stringBytes(index: number): Uint8Array {
    this.#read();
    return this.#strings[index] ?? NOTHING;
  }

  text(index: number): string {
    return decodeUtf8(this.stringBytes(index));
  }

  indexOf(text: Uint8Array): number {
    const numbers = this.#numbers ??= this.#index();
    const key = latin1(text);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    this.#countAdded();
    this.#addedStrings++;
    numbers.set(key, this.#strings.length);
    return this.#strings.push(text) - 1;
  }

  #index(): Map<string, number> {
    this.#read();
    const numbers = new Map<string, number>();
    this.#strings.forEach((text, i) => {
      const key = latin1(text);
      if (!numbers.has(key)) numbers.set(key, i);
    });
    return numbers;
  }

  /** Attribute `index`; undefined when there is none. */
  attribute(index: number): TableAttribute | undefined {
    this.#read();
    const message = this.#attributes[index];
    if (message === undefined) return undefined;
    const { keyIndex, value } = readAttribute(message);
    return { key: this.text(keyIndex), value: decodeAnyValue(value, 0, value.length, this) };
  }

  /** The number of an attribute without a unit, which is added when it is new. */
  attributeIndex(key: Uint8Array, value: Value): number {
    const numbers = this.#attributeNumbers ??= this.#indexAttributes();
    const name = this.#nameOf(this.indexOf(key), value);
    const known = numbers.get(name);
    if (known !== undefined) return known;
    this.#countAdded();
    this.#addedAttributes++;
    const writer = new ProtoWriter();
    writer.varintField(1, this.indexOf(key));
    writer.bytesField(2, encodeAnyValue(value, this));
    numbers.set(name, this.#attributes.length);
    return this.#attributes.push(writer.finish()) - 1;
  }

  #indexAttributes(): Map<string, number> {
    this.#read();
    const numbers = new Map<string, number>();
    this.#attributes.forEach((message, i) => {
      const { keyIndex, unitIndex, value } = readAttribute(message);
      if (unitIndex !== 0) return;
      const name = this.#nameOf(keyIndex, decodeAnyValue(value, 0, value.length, this));
      if (!numbers.has(name)) numbers.set(name, i);
    });
    return numbers;
  }

  /** The same for the same key and value, however they were written. */
  #nameOf(keyIndex: number, value: Value): string {
    return `${keyIndex} ${latin1(encodeAnyValue(value))}`;
  }

  #countAdded(): void {
    if (this.#addedStrings + this.#addedAttributes >= MAX_ADDED) {
      throw new OttlError("limit", `cannot add more than ${MAX_ADDED} entries to a dictionary`);
    }
  }

  /** Writes the request's dictionary field with what was added. */
  write(writer: ProtoWriter): void {
    const { bytes, start, end } = this.#request.joined(DICTIONARY_FIELD);
    const mark = writer.open(DICTIONARY_FIELD);
    writer.copy(bytes, start, end);
    for (const text of this.#strings.slice(this.#strings.length - this.#addedStrings)) writer.bytesField(5, text);
    const firstAdded = this.#attributes.length - this.#addedAttributes;
    for (const attribute of this.#attributes.slice(firstAdded)) writer.bytesField(6, attribute);
    writer.close(mark);
  }
}

/** The fields of a KeyValueAndUnit. */
function readAttribute(message: Uint8Array) {
  const found = { keyIndex: 0, unitIndex: 0, value: NOTHING };
  const fields = new FieldReader(message);
  while (fields.next()) {
    if (fields.tag === KEY_INDEX_TAG) found.keyIndex = varintLow(message, fields.start);
    else if (fields.tag === UNIT_INDEX_TAG) found.unitIndex = varintLow(message, fields.start);
    else if (fields.tag === VALUE_TAG) found.value = fields.view();
  }
  return found;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}
