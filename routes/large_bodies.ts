/**
 * Bounds what large bodies take together: one that finds no room waits for it, no further read, and not for long.
 *
 * Without it 16 senders of bodies of 20 MB at once took 1.5 GB (docs/decisions.md).
 *
 * @module
 */

import { UnavailableError } from "../pipeline/core/errors.ts";
import { LinkedList, ListNode } from "../pipeline/queue/linked_list.ts";
import { collectGarbage } from "./collect_garbage.ts";

/** What large bodies take together, unless one alone may be larger, bytes. */
const CAPACITY_BYTES = 64 * 1024 * 1024;
/** Bodies that wait; each holds the 1 MiB that was read of it at the most. */
const MAX_WAITING = 64;
/** How long a body waits: with the time that its sender is held then, near the 10 s after which SDKs give up. */
const MAX_WAIT_MS = 4_000;
const RETRY_AFTER_MS = 1_000;

/** The place of one body, from when it asks until it leaves. */
export class Place extends ListNode<Place> {
  isIn = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Settles when it is in, or with why it will not be. */
  readonly ready: Promise<void>;
  #resolve = () => {};
  #reject: (error: UnavailableError) => void = () => {};

  constructor(readonly bytes: number) {
    super();
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ready.catch(() => {}); // its sender may have left
  }

  admit(): void {
    this.isIn = true;
    clearTimeout(this.timer);
    this.#resolve();
  }

  refuse(): void {
    this.#reject(noRoom());
  }
}

/** The large bodies of one receiver. */
export class LargeBodies {
  readonly #capacityBytes: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new LinkedList<Place>();
  #usedBytes = 0;
  /** Of bodies that left since garbage was collected. */
  #leftBytes = 0;

  /** @param maxBodyBytes The largest body that there may be: it finds room when it is alone. */
  constructor(maxBodyBytes: number, maxWaitMs = MAX_WAIT_MS) {
    this.#capacityBytes = Math.max(CAPACITY_BYTES, maxBodyBytes);
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Asks for room, behind all who wait.
   *
   * @returns To be handed to `leave` once, whatever becomes of it.
   * @throws {UnavailableError} Too many wait.
   */
  enter(bytes: number): Place {
    if (this.#waiting.length >= MAX_WAITING) throw noRoom();
    const place = new Place(bytes);
    this.#waiting.append(place);
    this.#admitFirst();
    if (!place.isIn) place.timer = setTimeout(() => this.#giveUp(place), this.#maxWaitMs);
    return place;
  }

  leave(place: Place): void {
    clearTimeout(place.timer);
    this.#waiting.remove(place);
    if (place.isIn) {
      this.#usedBytes -= place.bytes;
      this.#leftBytes += place.bytes;
      if (this.#leftBytes >= CAPACITY_BYTES) {
        this.#leftBytes = 0;
        setTimeout(collectGarbage, 0); // when the answer is written nothing holds the body
      }
    }
    this.#admitFirst();
  }

  #giveUp(place: Place): void {
    this.#waiting.remove(place);
    place.refuse();
    this.#admitFirst();
  }

  #admitFirst(): void {
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      if (this.#usedBytes + first.bytes > this.#capacityBytes) return;
      this.#waiting.remove(first);
      this.#usedBytes += first.bytes;
      first.admit();
    }
  }
}

function noRoom(): UnavailableError {
  return new UnavailableError("Cannot read the body: other large ones take all the room, wanted some of it", {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
