/**
 * Bounds what large bodies take together: one that finds no room waits for it, no further read, and not for long.
 *
 * One tenant has no more than what it leaves free, but for a single body, and half of the places to wait: whoever sends large
 * bodies slowly finds others let in before it, and never keeps them out.
 *
 * Without it 16 senders of bodies of 20 MB at once took 1.5 GB (docs/decisions.md).
 *
 * @module
 */

import { UnavailableError } from "../pipeline/core/errors.ts";
import { collectGarbage } from "./collect_garbage.ts";

/** What large bodies take together, unless one alone may be larger, bytes. */
const CAPACITY_BYTES = 64 * 1024 * 1024;
/** Bodies that wait; each holds the 1 MiB that was read of it at the most. */
const MAX_WAITING = 64;
/** Of those, of one tenant. */
const MAX_WAITING_OF_ONE = MAX_WAITING / 2;
/** How long a body waits: with the time that its sender is held then, near the 10 s after which SDKs give up. */
const MAX_WAIT_MS = 4_000;
const RETRY_AFTER_MS = 1_000;

/** The place of one body, from when it asks until it leaves. */
export class Place {
  isIn = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Settles when it is in, or with why it will not be. */
  readonly ready: Promise<void>;
  #resolve = () => {};
  #reject: (error: UnavailableError) => void = () => {};

  constructor(readonly bytes: number, readonly owner: string) {
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
  /** In the order of their coming. */
  readonly #waiting = new Set<Place>();
  /** By owner, of those that are told. */
  readonly #used = new Map<string, number>();
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
   * @param owner The tenant; "" is nobody's.
   * @returns To be handed to `leave` once, whatever becomes of it.
   * @throws {UnavailableError} Too many wait.
   */
  enter(bytes: number, owner = ""): Place {
    if (this.#waiting.size >= MAX_WAITING || this.#waitingOf(owner) >= MAX_WAITING_OF_ONE) throw noRoom();
    const place = new Place(bytes, owner);
    this.#waiting.add(place);
    this.#admitFirst();
    if (!place.isIn) place.timer = setTimeout(() => this.#giveUp(place), this.#maxWaitMs);
    return place;
  }

  leave(place: Place): void {
    clearTimeout(place.timer);
    this.#waiting.delete(place);
    if (place.isIn) {
      this.#use(place, -place.bytes);
      this.#leftBytes += place.bytes;
      if (this.#leftBytes >= CAPACITY_BYTES) {
        this.#leftBytes = 0;
        setTimeout(collectGarbage, 0); // when the answer is written nothing holds the body
      }
    }
    this.#admitFirst();
  }

  #giveUp(place: Place): void {
    this.#waiting.delete(place);
    place.refuse();
    this.#admitFirst();
  }

  #admitFirst(): void {
    for (const place of this.#waiting) {
      if (!this.#isFair(place)) continue;
      if (this.#usedBytes + place.bytes > this.#capacityBytes) return;
      this.#waiting.delete(place);
      this.#use(place, place.bytes);
      place.admit();
    }
  }

  /** Whether its owner would leave as much free as it has; one body each may always have. */
  #isFair({ owner, bytes }: Place): boolean {
    const used = this.#used.get(owner) ?? 0;
    return used === 0 || used + bytes <= this.#capacityBytes - this.#usedBytes;
  }

  #waitingOf(owner: string): number {
    if (owner === "") return 0;
    let count = 0;
    for (const place of this.#waiting) if (place.owner === owner) count++;
    return count;
  }

  #use({ owner }: Place, bytes: number): void {
    this.#usedBytes += bytes;
    if (owner === "") return;
    const used = (this.#used.get(owner) ?? 0) + bytes;
    if (used === 0) this.#used.delete(owner);
    else this.#used.set(owner, used);
  }
}

function noRoom(): UnavailableError {
  return new UnavailableError("Cannot read the body: other large ones take all the room, wanted some of it", {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
