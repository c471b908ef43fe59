/**
 * How many connections may keep a large space to read into between their requests. Past it they read larger requests in
 * more than one go: slower, and bounded.
 *
 * @module
 */

/** 72 MB of one thread. */
const MAX_LARGE_SPACES = 1_000;

export class ReadSpace {
  #taken = 0;

  get isFree(): boolean {
    return this.#taken < MAX_LARGE_SPACES;
  }

  enter(): void {
    this.#taken++;
  }

  leave(): void {
    this.#taken--;
  }
}
