/**
 * Compares passwords off the thread that asks: in one thread of its own, which is there while it is needed.
 *
 * @module
 */

import { type Clock, type Timer } from "../../core/clock.ts";
import { UnavailableError } from "../../core/errors.ts";
import { isCheap, verifyCheap, verifyPassword } from "./password_hash.ts";
import type { PasswordAnswer, PasswordQuestion } from "./password_worker.ts";

/** Passwords that wait for an answer. With bcrypt of 2^10 rounds the last of them waits 2.5 s. */
export const MAX_WAITING_PASSWORDS = 32;

/** A thread that nobody asks ends after this, milliseconds: it holds some 20 MB. */
const IDLE_MS = 60_000;

/** Settles with whether a password is the one of a hash. */
export interface PasswordCheck {
  /** @throws {UnavailableError} Too many wait, or the thread has died. */
  verify(password: string, hash: string): boolean | Promise<boolean>;
  /** Ends the thread; who waits is refused. */
  close(): void;
}

export class Passwords implements PasswordCheck {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, PromiseWithResolvers<boolean>>();
  #worker: Worker | undefined;
  #nextId = 0;
  #idle: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  verify(password: string, hash: string): boolean | Promise<boolean> {
    if (isCheap(hash)) return verifyCheap(password, hash);
    if (this.#waiting.size >= MAX_WAITING_PASSWORDS) {
      throw new UnavailableError("Cannot check a password: too many wait to be checked", { retryAfterMs: 1_000 });
    }
    return this.#ask(password, hash);
  }

  close(): void {
    this.#end();
    this.#refuseAll();
  }

  #ask(password: string, hash: string): Promise<boolean> {
    const id = this.#nextId++;
    const answer = Promise.withResolvers<boolean>();
    this.#waiting.set(id, answer);
    this.#stopIdling();
    if (typeof Worker === "undefined") this.#checkHere({ id, password, hash });
    else this.#start().postMessage({ id, password, hash } satisfies PasswordQuestion);
    return answer.promise;
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL("./password_worker.ts", import.meta.url), { type: "module", name: "passwords" });
    worker.onmessage = ({ data }: MessageEvent<PasswordAnswer>) => this.#answer(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.close();
    };
    this.#worker = worker;
    return worker;
  }

  /** Where a platform has no threads. */
  #checkHere({ id, password, hash }: PasswordQuestion): void {
    verifyPassword(password, hash).then(
      (isSame) => this.#answer({ id, isSame }),
      () => this.#answer({ id, isSame: undefined }),
    );
  }

  #answer({ id, isSame }: PasswordAnswer): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (isSame === undefined) answer?.reject(failed());
    else answer?.resolve(isSame);
    if (this.#waiting.size === 0 && this.#worker !== undefined) {
      this.#stopIdling();
      this.#idle = this.#clock.setTimer(() => this.#end(), IDLE_MS);
    }
  }

  #stopIdling(): void {
    if (this.#idle !== undefined) this.#clock.clearTimer(this.#idle);
    this.#idle = undefined;
  }

  #end(): void {
    this.#stopIdling();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #refuseAll(): void {
    for (const answer of this.#waiting.values()) answer.reject(failed());
    this.#waiting.clear();
  }
}

function failed(): UnavailableError {
  return new UnavailableError("Cannot check a password: it could not be compared", { retryAfterMs: 1_000 });
}
