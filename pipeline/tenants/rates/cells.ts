/**
 * The numbers of tenants that change with every request, in memory that all threads share: the theoretical arrival times
 * of rates, what is in flight, the shares of the fleet, refusals. And for each thread a journal of what its requests hold,
 * so that a thread that dies holds nothing for ever.
 *
 * Memory: a header; the journals; 256 bytes a slot. Zeros are the right beginning for all of it, and pages that no tenant
 * has touched cost nothing: memory for MAX_TENANTS may be reserved at once.
 *
 * @module
 */

import { SIGNAL_NAMES } from "../../otlp/signals.ts";
import { ArrivalTimes } from "./gcra.ts";
import { LIMIT_GROUPS, MAX_TENANTS } from "../limits.ts";

/** What a rate counts, and its place among the arrival times of a group. */
export const RATE = { requests: 0, items: 1, bytes: 2 } as const;
export type RateName = keyof typeof RATE;

/** Why a request, or items of it, were not taken: fit for a metric attribute. */
export const REFUSALS = [
  "disabled",
  "signal",
  "body_size",
  "requests_per_second",
  "items_per_second",
  "bytes_per_second",
  "concurrent_requests",
  "bytes_in_flight",
  "shed",
] as const;
export type Refusal = typeof REFUSALS[number];

/** Threads that may have a journal. */
export const MAX_THREADS = 64;
/** Requests of one thread that may hold something at one time. */
export const MAX_HELD = 16_384;

/** A whole share, in parts per million. */
export const WHOLE_SHARE = 1_000_000;

/** What was asked of a rate is counted in so many nanoseconds of the limit's time: 275 s of it until the count wraps. */
export const DEMAND_NS = 64;
/** The most that is counted at once: half of what can be told apart. */
const MAX_DEMAND = 0x7fff_ffff;

const SLOT_BYTES = 384;
const HEADER_BYTES = 4_096;
const ENTRY_BYTES = 16;
const JOURNAL_BYTES = MAX_HELD * ENTRY_BYTES;
const ASKED_AT = HEADER_BYTES + MAX_THREADS * JOURNAL_BYTES;
const ASKED_WORDS = Math.ceil(MAX_TENANTS / 32);
/** On a cache line of its own. */
const SLOTS_AT = ASKED_AT + 64 * Math.ceil(ASKED_WORDS * 4 / 64);

/** Of the header, in 64-bit words: where the three of the time are (`shared_clock.ts`). */
export const CLOCK_WORD = 0;
/** Of the header, in 32-bit words: what is withheld of rates without a lease; 1 while demand is counted; 1 once either was; the highest number of a thread. */
const DEFAULT_WITHHELD_WORD = 16;
const COUNTS_DEMAND_WORD = 17;
const DIVIDED_WORD = 18;
const LAST_THREAD_WORD = 19;

/** Of a slot, in 64-bit words: arrival times (a group's three in a row), then bytes in flight. */
const RATES = Object.keys(RATE).length;
const FLIGHT_WORD = LIMIT_GROUPS.length * RATES;
/** Of a slot, in 32-bit words: requests in flight, refusals, leased shares plus 1 (0: none), what was asked of rates. */
const CONCURRENCY_WORD = 2 * (FLIGHT_WORD + LIMIT_GROUPS.length);
const REFUSALS_WORD = CONCURRENCY_WORD + LIMIT_GROUPS.length;
const LEASES_WORD = REFUSALS_WORD + REFUSALS.length;
const DEMAND_WORD = LEASES_WORD + LIMIT_GROUPS.length * RATES;

/** Bytes of the memory for `tenants` slots. */
export function bytesFor(tenants: number): number {
  return SLOTS_AT + tenants * SLOT_BYTES;
}

/** What a request holds of its tenant's slot, as its journal has it. */
export interface Held {
  readonly slot: number;
  /** Place of its signal's group among LIMIT_GROUPS. */
  readonly group: number;
  /** Which of the four counts it is in: HOLDS. */
  readonly counts: number;
  readonly bytes: number;
}

/** Bits of `Held.counts`. */
export const HOLDS = { requestOfAll: 1, requestOfSignal: 2, bytesOfAll: 4, bytesOfSignal: 8 } as const;

const ALL_GROUP = 0;

/** A thread's view of the memory. */
export class TenantCells {
  /** Of rates, at `timeAt`. */
  readonly times: ArrivalTimes;
  /** The whole memory, in 64-bit words. */
  readonly words: BigInt64Array;
  readonly #counts: Int32Array;
  readonly #amounts: Float64Array;
  readonly #journalAt: number;
  #nextEntry = 0;

  /** @param thread Whose journal it writes, from 0: its own as long as it lives. */
  constructor(memory: SharedArrayBuffer, thread = 0) {
    if (!(thread >= 0 && thread < MAX_THREADS)) {
      throw new RangeError(`Cannot open the cells of thread ${thread}: wanted 0 to ${MAX_THREADS - 1}`);
    }
    this.times = new ArrivalTimes(memory);
    this.words = new BigInt64Array(memory);
    this.#counts = new Int32Array(memory);
    this.#amounts = new Float64Array(memory);
    this.#journalAt = HEADER_BYTES + thread * JOURNAL_BYTES;
    this.#noteThread(thread);
  }

  /** How many threads there are, as the highest number of one says: 1 or more. */
  get threads(): number {
    return 1 + (this.#counts[LAST_THREAD_WORD] ?? 0);
  }

  #noteThread(thread: number): void {
    for (let known = this.threads - 1; known < thread;) {
      const before = Atomics.compareExchange(this.#counts, LAST_THREAD_WORD, known, thread);
      if (before === known) return;
      known = before;
    }
  }

  /** Slots that there is room for. */
  get slots(): number {
    return Math.floor((this.words.byteLength - SLOTS_AT) / SLOT_BYTES);
  }

  /** Where in `times` the arrival time of a rate is. */
  timeAt(slot: number, group: number, rate: number): number {
    return timeAt(slot, group, rate);
  }

  /** Whether limits are shared with others, or ever were: then shares have to be asked for, and demand is to be counted. */
  get isDivided(): boolean {
    return this.#counts[DIVIDED_WORD] !== 0;
  }

  /** Requests in flight that count against a limit. */
  concurrency(slot: number, group: number): number {
    return Atomics.load(this.#counts, concurrencyAt(slot, group));
  }

  /** Adds one request. @returns false when there are `limit` of them: then nothing has changed. */
  tryHoldRequest(slot: number, group: number, limit: number): boolean {
    const at = concurrencyAt(slot, group);
    if (Atomics.add(this.#counts, at, 1) < limit) return true;
    Atomics.sub(this.#counts, at, 1);
    return false;
  }

  /** Bytes of bodies in flight that count against a limit. */
  bytesInFlight(slot: number, group: number): number {
    return Number(Atomics.load(this.words, flightAt(slot, group)));
  }

  /** Adds `bytes`. @returns false when it would be more than `limit`: then nothing has changed. */
  tryHoldBytes(slot: number, group: number, bytes: number, limit: number): boolean {
    const at = flightAt(slot, group);
    const before = Number(Atomics.add(this.words, at, BigInt(bytes)));
    if (before + bytes <= limit) return true;
    Atomics.sub(this.words, at, BigInt(bytes));
    return false;
  }

  /**
   * How much of a rate's limit there is here, parts per million; the rest is with other replicas. Read plainly, at every
   * request: a share of a moment ago does no harm.
   */
  share(slot: number, group: number, rate: number): number {
    const leased = this.#counts[leaseAt(slot, group, rate)] ?? 0;
    return leased === 0 ? WHOLE_SHARE - (this.#counts[DEFAULT_WITHHELD_WORD] ?? 0) : leased - 1;
  }

  /** @param share Parts per million; undefined: as all rates that have none of their own. */
  setShare(slot: number, group: number, rate: number, share: number | undefined): void {
    if (share !== undefined) this.#divide();
    const leased = share === undefined ? 0 : 1 + inParts(share);
    Atomics.store(this.#counts, leaseAt(slot, group, rate), leased);
  }

  /** Of rates that have no share of their own, parts per million. */
  get defaultShare(): number {
    return WHOLE_SHARE - Atomics.load(this.#counts, DEFAULT_WITHHELD_WORD);
  }

  set defaultShare(share: number) {
    if (share !== WHOLE_SHARE) this.#divide();
    Atomics.store(this.#counts, DEFAULT_WITHHELD_WORD, WHOLE_SHARE - inParts(share));
  }

  /** Whether what is asked of rates is counted, by all threads: where shares follow it. */
  get countsDemand(): boolean {
    return this.#counts[COUNTS_DEMAND_WORD] !== 0;
  }

  set countsDemand(counts: boolean) {
    if (counts) this.#divide();
    Atomics.store(this.#counts, COUNTS_DEMAND_WORD, counts ? 1 : 0);
  }

  /** Before anything is shared: who sees a share sees this as well. */
  #divide(): void {
    Atomics.store(this.#counts, DIVIDED_WORD, 1);
  }

  /** @param ns What it costs of the whole limit, whether it is taken or not. */
  addDemand(slot: number, group: number, rate: number, ns: number): void {
    const word = ASKED_AT / 4 + (slot >> 5);
    const bit = 1 << (slot & 31);
    if ((Atomics.load(this.#counts, word) & bit) === 0) Atomics.or(this.#counts, word, bit);
    Atomics.add(this.#counts, demandAt(slot, group, rate), Math.min(MAX_DEMAND, Math.ceil(ns / DEMAND_NS)));
  }

  /** What was asked of a rate since this was last called, in `DEMAND_NS`; modulo 2^32. */
  takeDemand(slot: number, group: number, rate: number): number {
    return Atomics.exchange(this.#counts, demandAt(slot, group, rate), 0) >>> 0;
  }

  /** Slots of which something was asked since this was last called. */
  *takeAsked(): Generator<number> {
    const words = Math.min(ASKED_WORDS, Math.ceil(this.slots / 32));
    for (let word = 0; word < words; word++) {
      const at = ASKED_AT / 4 + word;
      if (Atomics.load(this.#counts, at) === 0) continue;
      let bits = Atomics.exchange(this.#counts, at, 0);
      for (; bits !== 0; bits &= bits - 1) yield word * 32 + 31 - Math.clz32(bits & -bits);
    }
  }

  countRefusal(slot: number, refusal: number): void {
    Atomics.add(this.#counts, slotCounts(slot) + REFUSALS_WORD + refusal, 1);
  }

  /** Requests refused, or shed in part or whole, since the slot was given; modulo 2^32. */
  refusals(slot: number, refusal: Refusal): number {
    return Atomics.load(this.#counts, slotCounts(slot) + REFUSALS_WORD + REFUSALS.indexOf(refusal)) >>> 0;
  }

  /** Makes a slot as new, for another tenant. What is still in flight of the one before does no harm when it leaves. */
  clear(slot: number): void {
    const at = this.timeAt(slot, 0, 0);
    for (let word = 0; word < SLOT_BYTES / 8; word++) Atomics.store(this.words, at + word, 0n);
  }

  /** Writes down what a request is about to hold. @returns Its entry; -1 when the journal is full. */
  note({ slot, group, counts, bytes }: Held): number {
    for (let tried = 0; tried < MAX_HELD; tried++) {
      const entry = this.#nextEntry;
      this.#nextEntry = (entry + 1) % MAX_HELD;
      const at = (this.#journalAt + entry * ENTRY_BYTES) / 4;
      if (this.#counts[at] !== 0) continue;
      this.#amounts[at / 2 + 1] = bytes;
      this.#counts[at + 1] = group << 8 | counts;
      this.#counts[at] = slot + 1;
      return entry;
    }
    return -1;
  }

  /** Writes anew what an entry's request holds. */
  renote(entry: number, counts: number, bytes: number): void {
    const at = (this.#journalAt + entry * ENTRY_BYTES) / 4;
    this.#amounts[at / 2 + 1] = bytes;
    this.#counts[at + 1] = (this.#counts[at + 1] ?? 0) & ~0xff | counts;
  }

  /** Gives back what `held` says, and forgets its entry. */
  release(held: Held, entry: number): void {
    this.#giveBack(held);
    this.#counts[(this.#journalAt + entry * ENTRY_BYTES) / 4] = 0;
  }

  /**
   * Gives back what the requests of this thread's journal hold: for a thread that died, before another one takes its
   * place.
   *
   * @returns How many there were.
   */
  recover(): number {
    let found = 0;
    for (let entry = 0; entry < MAX_HELD; entry++) {
      const at = (this.#journalAt + entry * ENTRY_BYTES) / 4;
      const slot = (this.#counts[at] ?? 0) - 1;
      if (slot < 0) continue;
      const what = this.#counts[at + 1] ?? 0;
      this.release({ slot, group: what >> 8, counts: what & 0xff, bytes: this.#amounts[at / 2 + 1] ?? 0 }, entry);
      found++;
    }
    return found;
  }

  #giveBack({ slot, group, counts, bytes }: Held): void {
    if ((counts & HOLDS.requestOfAll) !== 0) this.#dropRequest(slot, ALL_GROUP);
    if ((counts & HOLDS.requestOfSignal) !== 0) this.#dropRequest(slot, group);
    if ((counts & HOLDS.bytesOfAll) !== 0) this.#dropBytes(slot, ALL_GROUP, bytes);
    if ((counts & HOLDS.bytesOfSignal) !== 0) this.#dropBytes(slot, group, bytes);
  }

  /** Never below 0: a request may have been counted before its slot was made as new, or noted and not yet counted. */
  #dropRequest(slot: number, group: number): void {
    const at = concurrencyAt(slot, group);
    if (Atomics.sub(this.#counts, at, 1) <= 0) Atomics.add(this.#counts, at, 1);
  }

  #dropBytes(slot: number, group: number, bytes: number): void {
    const at = flightAt(slot, group);
    const amount = BigInt(bytes);
    const before = Atomics.sub(this.words, at, amount);
    if (before < amount) Atomics.add(this.words, at, amount - (before > 0n ? before : 0n));
  }
}

/** Where the arrival time of a rate is, in 64-bit words of the memory. */
function timeAt(slot: number, group: number, rate: number): number {
  return (SLOTS_AT + slot * SLOT_BYTES) / 8 + group * RATES + rate;
}

/** Where a group is among the limits. */
export function groupOf(signal: typeof SIGNAL_NAMES[number]): number {
  return SIGNAL_NAMES.indexOf(signal) + 1;
}

function slotCounts(slot: number): number {
  return (SLOTS_AT + slot * SLOT_BYTES) / 4;
}

function leaseAt(slot: number, group: number, rate: number): number {
  return slotCounts(slot) + LEASES_WORD + group * RATES + rate;
}

function demandAt(slot: number, group: number, rate: number): number {
  return slotCounts(slot) + DEMAND_WORD + group * RATES + rate;
}

function inParts(share: number): number {
  return Math.min(WHOLE_SHARE, Math.max(0, Math.round(share)));
}

function concurrencyAt(slot: number, group: number): number {
  return slotCounts(slot) + CONCURRENCY_WORD + group;
}

function flightAt(slot: number, group: number): number {
  return (SLOTS_AT + slot * SLOT_BYTES) / 8 + FLIGHT_WORD + group;
}
