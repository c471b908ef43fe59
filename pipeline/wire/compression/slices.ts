/**
 * Large bodies: through a stream of `node:zlib` in slices, with a turn of the event loop after each.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { GatewayError } from "../../core/errors.ts";
import { broken, tooLarge } from "./failures.ts";

/** Input between two turns of the event loop. A bomb of 1:1000 makes 16 MiB of one slice. */
export const DECOMPRESS_SLICE_BYTES = 16 * 1024;
/** Room is made beforehand for a size that a body claims up to this ratio: telemetry compresses 5 to 20 times. */
export const BELIEVED_RATIO = 32;

/** What is used of a `node:zlib` stream. */
export interface ZlibStream {
  readonly bytesWritten: number;
  write(slice: Uint8Array, done: (error?: Error | null) => void): void;
  end(): void;
  destroy(): void;
  on(event: "data", listener: (chunk: Uint8Array) => void): void;
  on(event: "end", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/**
 * Pushes slices through a stream, with a turn of the event loop after each.
 *
 * @param format For the message when the data is broken.
 */
export function drive(
  stream: ZlibStream,
  input: Iterator<Uint8Array>,
  output: Output,
  format = "",
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      stream.destroy();
      reject(error instanceof GatewayError ? error : broken(format, error));
    };
    stream.on("error", fail);
    stream.on("data", (chunk) => {
      if (!output.push(chunk)) fail(tooLarge(output.maxBytes));
    });
    stream.on("end", () => resolve(output.bytes()));
    const next = () => {
      const { value, done } = input.next();
      if (done === true) stream.end();
      else if (!output.isFull) stream.write(value, (error) => error ? fail(error) : setImmediate(next));
    };
    next();
  });
}

/** Of at most `sliceBytes` each; views of the chunks. */
export function* slices(chunks: readonly Uint8Array[], sliceBytes: number): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += sliceBytes) yield chunk.subarray(at, at + sliceBytes);
  }
}

/** Bytes that grow up to a bound. */
export class Output {
  length = 0;
  isFull = false;
  readonly maxBytes: number;
  #buffer: Uint8Array;

  constructor(hintBytes: number, maxBytes: number) {
    this.maxBytes = maxBytes;
    this.#buffer = new Uint8Array(Math.max(1, Math.min(hintBytes, maxBytes)));
  }

  /** @returns false when it would pass the bound; nothing more is taken then. */
  push(chunk: Uint8Array): boolean {
    const length = this.length + chunk.length;
    if (this.isFull || length > this.maxBytes) {
      this.isFull = true;
      return false;
    }
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.length);
    this.length = length;
    return true;
  }

  /** What came so far; a tight copy when more than half of the room is unused. */
  bytes(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.length);
    return this.length * 2 < this.#buffer.length ? bytes.slice() : bytes;
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.min(Math.max(length, this.#buffer.length * 2), Math.max(length, this.maxBytes)));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }
}
