/**
 * Many deadlines with one timer. Each is the same time after its start, so they fall due in the order they were added:
 * a list in that order needs a timer for its head alone. A timer of its own for each request costs 2-4 us.
 *
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { LinkedList, ListNode } from "./linked_list.ts";

/** One deadline, and what it belongs to. */
export class Deadline<T> extends ListNode<Deadline<T>> {
  constructor(readonly value: T, readonly dueMs: number) {
    super();
  }
}

export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onDue: (value: T) => void;
  readonly #pending = new LinkedList<Deadline<T>>();
  #timer: Timer | undefined;

  /**
   * @param delayMs From `add` to the deadline; Infinity for none, which only lists what is added.
   * @param onDue Called once for each that falls due; it is removed already.
   */
  constructor(clock: Clock, delayMs: number, onDue: (value: T) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
  }

  /** How many wait. */
  get length(): number {
    return this.#pending.length;
  }

  /** @param nowMs The monotonic time, which the caller often knows already. */
  add(value: T, nowMs: number): Deadline<T> {
    const deadline = new Deadline(value, nowMs + this.#delayMs);
    this.#pending.append(deadline);
    if (this.#timer === undefined && this.#delayMs !== Infinity) this.#arm(this.#delayMs);
    return deadline;
  }

  /** The timer stays as it is: when it finds nothing due it looks again at the next deadline, if there is one. */
  remove(deadline: Deadline<T>): void {
    this.#pending.remove(deadline);
  }

  /** Stops the timer and takes out all that are left, the oldest first. */
  stop(): readonly T[] {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const left: T[] = [];
    for (let due = this.#pending.shift(); due !== undefined; due = this.#pending.shift()) left.push(due.value);
    return left;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimer(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (;;) {
      const head = this.#pending.first;
      if (head === undefined) return;
      if (head.dueMs > nowMs) {
        // What fell due may have added another, and a timer for that: this one is due before it.
        if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
        this.#arm(head.dueMs - nowMs);
        return;
      }
      this.#pending.remove(head);
      this.#onDue(head.value);
    }
  }
}
