/**
 * A KeyValue of one key and one short text, written compactly: most of what senders send, in one step.
 *
 * Measured: 100 spans of ten attributes take a third less than by the walk alone.
 *
 * @module
 */

import type { JsonField } from "./field_table.ts";
import { isAt, phraseOf } from "../phrase.ts";
import { copyText } from "./text.ts";
import type { Transcoding } from "./transcoding.ts";

const KEY = phraseOf('{"key":"');
const VALUE = phraseOf(',"value":{"stringValue":"');
const BRACE = 0x7d;

/** Tags of KeyValue.key and AnyValue.string_value, and of KeyValue.value. */
const TEXT_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** Tags and lengths around the key and the text. */
const KEY_HEADER = 2;
const VALUE_HEADER = 4;
/** What a length of one byte can say. */
const MAX_SHORT = 0x7f;

/**
 * Writes the KeyValue at `at` as an element of `field`.
 *
 * @returns false when it is written or made in any other way; then nothing has happened.
 */
export function copyPlainAttribute(t: Transcoding, field: JsonField): boolean {
  const { at, to, out } = t;
  if (!isAt(KEY, t.sourceView, at)) return false;
  t.at = at + KEY.length;
  t.tag(field);
  const start = t.to + 1;
  t.to = start + KEY_HEADER;
  copyText(t);
  const keyEnd = t.to;
  if (isAt(VALUE, t.sourceView, t.at)) {
    t.at += VALUE.length;
    t.to = keyEnd + VALUE_HEADER;
    copyText(t);
    const { source, at: end } = t;
    const keyLength = keyEnd - start - KEY_HEADER;
    const size = t.to - start;
    if (source[end] === BRACE && source[end + 1] === BRACE && keyLength > 0 && size <= MAX_SHORT) {
      out[start - 1] = size;
      out[start] = TEXT_TAG;
      out[start + 1] = keyLength;
      out[keyEnd] = VALUE_TAG;
      out[keyEnd + 1] = t.to - keyEnd - 2;
      out[keyEnd + 2] = TEXT_TAG;
      out[keyEnd + 3] = t.to - keyEnd - VALUE_HEADER;
      t.at = end + 2;
      return true;
    }
  }
  t.at = at;
  t.to = to;
  return false;
}
