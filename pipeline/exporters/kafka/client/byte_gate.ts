/**
 * Lets so many bytes in at a time; who comes later waits in line.
 *
 * @module
 */

export class ByteGate {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];
  #inside = 0;

  /** @param limit Bytes inside at once; more than that enters only alone. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes inside now. */
  get inside(): number {
    return this.#inside;
  }

  /** Settles when `bytes` are inside; first come, first in. */
  enter(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#admit();
    });
  }

  /** Undoes one `enter` of as many bytes. */
  leave(bytes: number): void {
    this.#inside -= bytes;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0) {
      const { bytes, resolve } = this.#waiting[0]!;
      if (this.#inside > 0 && this.#inside + bytes > this.#limit) return;
      this.#waiting.shift();
      this.#inside += bytes;
      resolve();
    }
  }
}
