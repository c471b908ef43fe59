/**
 * What was read out of the table lately: bounded, and without bookkeeping where it finds something.
 *
 * @module
 */

/**
 * Two generations: what is asked for comes into the young one; when that is full the old one is forgotten. So it holds
 * at least the last `size` that were asked for, and twice as many at the most.
 */
export class RowCache<Row> {
  readonly #size: number;
  #young = new Map<number, Row>();
  #old = new Map<number, Row>();

  /** @param size 1 or more. */
  constructor(size: number) {
    this.#size = size;
  }

  get(offset: number): Row | undefined {
    const young = this.#young.get(offset);
    if (young !== undefined) return young;
    const old = this.#old.get(offset);
    if (old !== undefined) this.put(offset, old);
    return old;
  }

  put(offset: number, row: Row): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(offset, row);
  }
}
