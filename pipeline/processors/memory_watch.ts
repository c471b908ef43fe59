/**
 * Whether there is memory for more data: what `memory_limiter` asks. One a limiter id and thread, whatever the number of
 * its pipelines.
 *
 * Resident memory alone cannot say. V8 and malloc give back late or never what a burst made them take, so that a limit on
 * it, once passed, refuses for ever; and V8's heap figures hold garbage that is only collected when more is allocated,
 * which a limiter that refuses prevents. So the limit is on what is known to be in use: the footprint, which is what was
 * resident before there was data, and the bytes that requests hold now in all threads (bodies live outside of V8's heap
 * and are counted exactly). Resident memory is the backstop for what is in neither: while it is above the limit and
 * still grows, data is refused; where it stays, it is memory that the next requests use again.
 *
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { UnavailableError } from "../core/errors.ts";
import type { Logger } from "../core/log/logger.ts";
import type { MemoryBudget } from "../core/memory.ts";
import { Repeated } from "../core/log/repeated.ts";

export const MIB = 1_048_576;
/** Refused senders come back no sooner: memory is not free again in less. */
const MIN_RETRY_AFTER_MS = 1_000;
/** What requests may hold in any case: a limit below the footprint cannot be kept by refusing. */
const MIN_ROOM_BYTES = 16 * MIB;
/** What the limit should leave for requests, told to who configures less than `MIN_ROOM_BYTES`. */
const GOOD_ROOM_BYTES = 64 * MIB;
/** Growth between two looks that counts, as a share of the soft limit. */
const GROWTH_SHARE = 1 / 50;

/** Bytes. */
export interface MemoryLimits {
  /** Above it a garbage collection is asked for as often as the keys for the hard limit say. */
  readonly hard: number;
  /** Above it data is refused. */
  readonly soft: number;
}

export interface MemoryWatchSettings {
  readonly limits: MemoryLimits;
  readonly checkIntervalMs: number;
  /** Least time between two collections, milliseconds. */
  readonly minGcIntervalMs: { readonly soft: number; readonly hard: number };
}

export interface MemoryWatchDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memory: MemoryBudget;
}

/** V8's, when the process was started with `--expose-gc`. */
export const exposedGc = (): (() => void) | undefined => (globalThis as { gc?: () => void }).gc;

export class MemoryWatch {
  readonly #settings: MemoryWatchSettings;
  readonly #deps: MemoryWatchDeps;
  readonly #collectGarbage: (() => void) | undefined;
  readonly #refusals = new Repeated();
  #users = 0;
  #timer: Timer | undefined;
  /** Resident at the last look before there was data. */
  #footprintBytes = 0;
  /** Resident at the last look; undefined before the first. */
  #residentBytes: number | undefined;
  #isGrowing = false;
  /** Whether there was data since the start, in this thread or another. */
  #isUsed = false;
  /** Whether data was refused since the last look. */
  #hasRefused = false;
  #lastGcMs = -Infinity;
  #saidTooLow = false;
  #saidRefusing = false;

  constructor(settings: MemoryWatchSettings, deps: MemoryWatchDeps, collectGarbage = exposedGc()) {
    this.#settings = settings;
    this.#deps = deps;
    this.#collectGarbage = collectGarbage;
  }

  /** Looks, and goes on looking until as many have stopped it as have started it. */
  start(): void {
    if (this.#users++ === 0) this.#look();
  }

  stop(): void {
    if (--this.#users > 0 || this.#timer === undefined) return;
    this.#deps.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** Why `bytes` more cannot be taken; undefined when they can. */
  refusal(bytes: number): UnavailableError | undefined {
    this.#isUsed = true;
    if (!this.#isGrowing && this.#deps.memory.heldBytes() + bytes <= this.#roomBytes()) return undefined;
    this.#noteRefusal();
    return new UnavailableError("Cannot take data: the memory limit is reached, wanted less in use", {
      retryAfterMs: Math.max(MIN_RETRY_AFTER_MS, this.#settings.checkIntervalMs),
    });
  }

  /** What requests may hold. */
  #roomBytes(): number {
    return Math.max(this.#settings.limits.soft - this.#footprintBytes, MIN_ROOM_BYTES);
  }

  #look(): void {
    const { clock, memory } = this.#deps;
    const before = this.#residentBytes;
    let resident = memory.residentBytes();
    this.#isUsed ||= memory.heldBytes() > 0;
    if (before === undefined || !this.#isUsed) this.#setFootprint(resident - memory.heldBytes());
    else if (this.#hasGrown(before, resident) && this.#mayCollect(resident)) {
      this.#collectGarbage?.();
      resident = memory.residentBytes();
    }
    this.#isGrowing = this.#isUsed && before !== undefined && this.#hasGrown(before, resident);
    this.#residentBytes = resident;
    this.#sayWhenOver();
    this.#timer = clock.setTimer(() => this.#look(), this.#settings.checkIntervalMs);
  }

  #setFootprint(bytes: number): void {
    this.#footprintBytes = bytes;
    const { hard, soft } = this.#settings.limits;
    if (this.#saidTooLow || soft - bytes >= MIN_ROOM_BYTES) return;
    this.#saidTooLow = true;
    this.#deps.logger.warn(
      "the memory limit leaves too little room for data above what the gateway needs without any",
      {
        limit_mib: toMib(hard),
        soft_limit_mib: toMib(soft),
        without_data_mib: toMib(bytes),
        wanted_limit_mib: Math.ceil((bytes + GOOD_ROOM_BYTES) * hard / soft / MIB),
      },
    );
  }

  #hasGrown(beforeBytes: number, residentBytes: number): boolean {
    const { soft } = this.#settings.limits;
    return residentBytes > soft && residentBytes - beforeBytes > soft * GROWTH_SHARE;
  }

  /** A collection stops the thread, so it is not asked for again within the configured interval. */
  #mayCollect(residentBytes: number): boolean {
    const { limits, minGcIntervalMs } = this.#settings;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#lastGcMs < minGcIntervalMs[residentBytes > limits.hard ? "hard" : "soft"]) return false;
    this.#lastGcMs = nowMs;
    return true;
  }

  #noteRefusal(): void {
    this.#hasRefused = true;
    const refusals = this.#refusals.note(this.#deps.clock.monotonicMs());
    if (refusals === undefined) return;
    this.#saidRefusing = true;
    this.#deps.logger.warn("memory is above the soft limit, data is refused", { refusals, ...this.#fields() });
  }

  /** Refusing is over when nobody was refused between two looks. */
  #sayWhenOver(): void {
    const isOver = this.#saidRefusing && !this.#hasRefused && !this.#isGrowing;
    this.#hasRefused = false;
    if (!isOver) return;
    this.#saidRefusing = false;
    this.#deps.logger.info("memory is below the soft limit again, data is taken", this.#fields());
  }

  #fields() {
    return {
      held_mib: toMib(this.#deps.memory.heldBytes()),
      room_mib: toMib(this.#roomBytes()),
      resident_mib: toMib(this.#residentBytes ?? 0),
      soft_limit_mib: toMib(this.#settings.limits.soft),
    };
  }
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
