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
    let key = "";
    let value: Value = null;
    const fields = new FieldReader(message);
    while (fields.next()) {
      if (fields.tag === KEY_INDEX_TAG) key = this.text(varintLow(message, fields.start));
      else if (fields.tag === VALUE_TAG) value = decodeAnyValue(message, fields.start, fields.valueEnd, this);
    }
    return { key, value };
  }

  /** The number of an attribute without a unit, which is added when it is new. */
  attributeIndex(key: Uint8Array, value: Value): number {
    const keyIndex = this.indexOf(key);
    const encoded = encodeAnyValue(value, this);
    const known = this.#attributes.findIndex((message) => this.#isSame(message, keyIndex, encoded));
    if (known !== -1) return known;
    const writer = new ProtoWriter(encoded.length + 16);
    writer.varintField(1, keyIndex);
    writer.bytesField(2, encoded);
    this.#countAdded();
    this.#addedAttributes++;
    return this.#attributes.push(writer.finish()) - 1;
  }

  /** Whether an attribute has this key and value, and no unit. Values are compared as they are written here. */
  #isSame(message: Uint8Array, keyIndex: number, value: Uint8Array): boolean {
    let foundKey = 0;
    let found = NOTHING;
    const fields = new FieldReader(message);
    while (fields.next()) {
      if (fields.tag === KEY_INDEX_TAG) foundKey = varintLow(message, fields.start);
      else if (fields.tag === UNIT_INDEX_TAG && varintLow(message, fields.start) !== 0) return false;
      else if (fields.tag === VALUE_TAG) found = fields.view();
    }
    if (foundKey !== keyIndex) return false;
    if (Buffer.compare(found, value) === 0) return true;
    return Buffer.compare(encodeAnyValue(decodeAnyValue(found, 0, found.length, this), this), value) === 0;
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

function latin1(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}
