/**
 * A request body while it is read: bounded, in one array, and counted in the memory budget as room is made.
 *
 * @module
 */

import { giveBack } from "../pipeline/core/bytes.ts";
import { InvalidPayloadError, LimitExceededError } from "../pipeline/core/errors.ts";
import type { MemoryBudget } from "../pipeline/core/memory.ts";
import type { LargeBodies, Place } from "./large_bodies.ts";

/**
 * Room that is made on the word of a Content-Length. Who has sent this much is trusted with the rest, in one piece:
 * growing by doubling left 30 MB of garbage behind a body of 20. (Pages that nothing is written to cost no memory.)
 */
const TRUSTED_BYTES = 1024 * 1024;
/** When a body that may be longer than that asks for a place among the large ones. */
const ASKING_BYTES = TRUSTED_BYTES / 2;
/** Room at first, when no length was announced. */
const FIRST_BYTES = 16 * 1024;

const SMALL_BYTES = 2 * 1024;
const SHARED_BYTES = 16 * 1024;

/**
 * Room for small bodies, cut from one array after the other: an array of its own costs 400-700 ns, a part of another 30,
 * and V8 has less memory outside of its heap to keep account of. The last body that is kept keeps its whole array.
 */
export class SmallRooms {
  #shared = new ArrayBuffer(0);
  #taken = 0;

  /** @returns Room that nobody else writes to; undefined when `bytes` is not small. */
  take(bytes: number): Uint8Array<ArrayBuffer> | undefined {
    if (bytes > SMALL_BYTES) return undefined;
    if (this.#taken + bytes > this.#shared.byteLength) {
      this.#shared = new ArrayBuffer(SHARED_BYTES);
      this.#taken = 0;
    }
    const room = new Uint8Array(this.#shared, this.#taken, bytes);
    this.#taken += bytes;
    return room;
  }
}

const NO_ROOM: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** What the bodies of one receiver share. */
export interface SharedRooms {
  readonly small: SmallRooms;
  readonly large: LargeBodies;
}

/** Takes the chunks of one body. */
export class BodyBuffer {
  readonly #announcedBytes: number | undefined;
  #maxBytes: number;
  #owner = "";
  readonly #memory: MemoryBudget | undefined;
  readonly #shared: SharedRooms | undefined;
  #place: Place | undefined;
  #room = NO_ROOM;
  #length = 0;
  #heldBytes = 0;

  /**
   * @param announcedBytes The Content-Length; undefined when there is none.
   * @param maxBytes What may come at the most, bytes.
   * @throws {LimitExceededError} More is announced.
   */
  constructor(
    announcedBytes: number | undefined,
    maxBytes: number,
    memory: MemoryBudget | undefined,
    shared?: SharedRooms,
  ) {
    if (announcedBytes !== undefined && announcedBytes > maxBytes) throw tooLarge(maxBytes);
    this.#announcedBytes = announcedBytes;
    this.#maxBytes = maxBytes;
    this.#memory = memory;
    this.#shared = shared;
  }

  /** The Content-Length; undefined when there is none. */
  get announcedBytes(): number | undefined {
    return this.#announcedBytes;
  }

  /** What may come at the most, bytes; also after decompression. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** No more than `maxBytes` may come, if it was more before. Called before anything has. @param owner The tenant. */
  narrow(maxBytes: number, owner = ""): void {
    this.#maxBytes = Math.min(this.#maxBytes, maxBytes);
    this.#owner = owner;
  }

  /**
   * Appends a copy of `chunk`.
   *
   * @returns When there is something to wait for before the next one; it may come to nothing, as any reading may.
   * @throws {LimitExceededError} It would be more than the limit.
   * @throws {UnavailableError} There is no room for a large body, nor for one more to wait for it.
   */
  push(chunk: Uint8Array): Promise<void> | undefined {
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    if (length > this.#room.length) this.#grow(length);
    this.#room.set(chunk, this.#length);
    this.#length = length;
    return length > ASKING_BYTES && this.#place === undefined ? this.#askForRoom() : undefined;
  }

  /**
   * Room for what comes next, to be read into; then `advance` tells how much it was. Where `push` would copy.
   *
   * @param wanted Bytes; there may be room for fewer.
   * @throws {LimitExceededError} There may come no more.
   */
  space(wanted: number): Uint8Array<ArrayBuffer> {
    const most = Math.min(wanted, this.#maxBytes - this.#length);
    if (most <= 0) throw tooLarge(this.#maxBytes);
    if (this.#length === this.#room.length) this.#grow(this.#length + 1);
    return this.#room.subarray(this.#length, this.#length + most);
  }

  /** @returns As `push`. */
  advance(bytes: number): Promise<void> | undefined {
    this.#length += bytes;
    return this.#length > ASKING_BYTES && this.#place === undefined ? this.#askForRoom() : undefined;
  }

  #askForRoom(): Promise<void> | undefined {
    const bytes = this.#announcedBytes ?? this.#maxBytes;
    if (bytes <= TRUSTED_BYTES) return undefined;
    this.#place = this.#shared?.large.enter(bytes, this.#owner);
    return this.#place?.isIn === false ? this.#place.ready : undefined;
  }

  /** So much more is announced. @throws {LimitExceededError} It would be more than the limit. */
  expect(bytes: number): void {
    if (this.#length + bytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
  }

  /** Takes a whole body as it is, without copying. The caller does not use it any more. */
  adopt(whole: Uint8Array<ArrayBuffer>): void {
    if (whole.length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#hold(whole.length);
    this.#room = whole;
    this.#length = whole.length;
  }

  /**
   * What came.
   *
   * @throws {InvalidPayloadError} Not as much as was announced.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    const wanted = this.#announcedBytes ?? this.#length;
    if (this.#length !== wanted) {
      throw new InvalidPayloadError(
        `Cannot read the body: ${this.#length} bytes, wanted ${wanted} by its Content-Length`,
      );
    }
    return this.#length === this.#room.length ? this.#room : this.#room.subarray(0, this.#length);
  }

  /** Counts `bytes` more that stand for this body: what it was decompressed to. */
  holdMore(bytes: number): void {
    this.#hold(bytes);
  }

  /** Gives the memory back at once: nobody uses what `bytes` returned any more. */
  giveBack(): void {
    giveBack(this.#room);
  }

  /** Takes everything back from the budget, and leaves its place. Called once, when the body is not used any more. */
  release(): void {
    this.#memory?.release(this.#heldBytes);
    this.#heldBytes = 0;
    this.#room = NO_ROOM; // a connection knows its last request until the next one
    if (this.#place !== undefined) this.#shared?.large.leave(this.#place);
  }

  #grow(wanted: number): void {
    const size = this.#announcedBytes === undefined ? this.#doubled(wanted) : this.#announced(wanted);
    this.#hold(size - this.#room.length);
    const grown = this.#room.length === 0
      ? this.#shared?.small.take(size) ?? new Uint8Array(size)
      : new Uint8Array(size);
    grown.set(this.#room.subarray(0, this.#length));
    this.#room = grown;
  }

  #announced(wanted: number): number {
    const announced = this.#announcedBytes ?? 0;
    return Math.max(wanted, this.#room.length === 0 ? Math.min(announced, TRUSTED_BYTES) : announced);
  }

  #doubled(wanted: number): number {
    return Math.max(wanted, Math.min(this.#maxBytes, Math.max(FIRST_BYTES, this.#room.length * 2)));
  }

  #hold(bytes: number): void {
    this.#memory?.hold(bytes);
    this.#heldBytes += bytes;
  }
}

function tooLarge(maxBytes: number): LimitExceededError {
  return new LimitExceededError(`Cannot take the request: a body of more than ${maxBytes} bytes, the limit`);
}
