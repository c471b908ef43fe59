/**
 * The control thread's end of the admin channel: asks threads, and gets the samples of taps.
 *
 * @module
 */

import { UnavailableError } from "../../pipeline/core/errors.ts";
import type { AnswerTo, Ask, Command, Message, Sample } from "./thread_messages.ts";

/** How long a thread may take to answer what is done at once, milliseconds. */
const PROMPT_MS = 5_000;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class ThreadHub {
  readonly #channel: BroadcastChannel;
  readonly #threads: () => readonly string[];
  readonly #pending = new Map<string, Pending>();
  readonly #onSample = new Map<string, (sample: Sample) => void>();
  /** Others on the channel ask too, and hear the answers. */
  readonly #name = crypto.randomUUID();
  #lastId = 0;

  /** @param threads That run pipelines now. */
  constructor(channel: string, threads: () => readonly string[]) {
    this.#threads = threads;
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
  }

  /** @throws {UnavailableError} It does not answer in time, or cannot do it. */
  ask<C extends Command>(thread: string, command: C, withinMs = PROMPT_MS): Promise<AnswerTo<C>> {
    const id = `${this.#name}/${++this.#lastId}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new UnavailableError(`Cannot ask the thread ${thread}: no answer within ${withinMs} ms`));
      }, withinMs);
      this.#pending.set(id, { resolve: (value) => resolve(value as AnswerTo<C>), reject, timer });
      const message: Ask = { type: "ask", id, thread, command };
      this.#channel.postMessage(message);
    });
  }

  /** The answers of all threads that answer: one that dies now is not waited for by anybody. */
  async askAll<C extends Command>(command: C, withinMs = PROMPT_MS): Promise<readonly AnswerTo<C>[]> {
    const answers = await Promise.allSettled(this.#threads().map((thread) => this.ask(thread, command, withinMs)));
    return answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
  }

  /** @returns Ends it. */
  listen(tap: string, onSample: (sample: Sample) => void): () => void {
    this.#onSample.set(tap, onSample);
    return () => this.#onSample.delete(tap);
  }

  close(): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new UnavailableError("Cannot ask a thread: the gateway stops"));
    }
    this.#pending.clear();
    this.#channel.close();
  }

  #hear(message: Message): void {
    if (message.type === "ask") return;
    if (message.type === "sample") return this.#onSample.get(message.tap)?.(message.sample);
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.type === "answer") pending.resolve(message.value);
    else pending.reject(new UnavailableError(`Cannot do it: ${message.message}`));
  }
}
