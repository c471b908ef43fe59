/**
 * Taps of agents: what goes through a node of a gateway, as custom messages of the capability `io.sluice.tap`.
 *
 * The gateway masks what it sends, and takes one tap at a time. Nothing of a sample is logged or kept here.
 * Source: docs/opamp.md, "Live tap".
 *
 * @module
 */

import { ConflictError } from "../opamp/rollouts/mod.ts";
import { AgentChanges } from "../opamp/server/agents/agent_changes.ts";
import type { Fleet } from "../opamp/server/fleet/fleet.ts";
import type { CustomMessage } from "../opamp/protocol/messages.ts";
import type { Clock, Timer } from "../pipeline/core/clock.ts";
import { readJsonObject } from "../pipeline/core/json_object.ts";
import type { Meter } from "../pipeline/core/telemetry/meter.ts";
import { type AgentTapEvent, agentTapMessageSchema, type AgentTapQuery } from "../routes/controller/tap_schemas.ts";

export const TAP_CAPABILITY = "io.sluice.tap";

/** Taps at one time, of all agents. */
export const MAX_TAPS = 8;
/** Samples that wait for the one who watches; the next are dropped. */
export const MAX_WAITING_SAMPLES = 20;
/** One message of an agent, bytes: a sample has 64 KiB and its frame. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** How long after its time an agent may take to say that a tap is over, milliseconds. */
export const GRACE_MS = 5_000;

export interface TapDeps {
  readonly fleet: Pick<Fleet, "get" | "sendCustomMessage" | "onCustomMessage" | "onChanges">;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly newId: () => string;
}

export class RemoteTaps {
  readonly #deps: TapDeps;
  /** By the uid of the agent. */
  readonly #taps = new Map<string, Tap>();

  constructor(deps: TapDeps) {
    this.#deps = deps;
    deps.fleet.onCustomMessage((uid, message) => this.#taps.get(uid)?.receive(message));
    deps.fleet.onChanges((changes) => {
      for (const { uid, changes: mask } of changes) {
        const mayBeGone = (mask & (AgentChanges.connection | AgentChanges.removed)) !== 0;
        if (mayBeGone && deps.fleet.get(uid)?.connected !== true) this.#taps.get(uid)?.end("disconnected");
      }
    });
  }

  /**
   * Taps a node of an agent. The last event is `end`; who leaves before it ends the tap.
   *
   * @param uid In hexadecimal.
   * @throws {ConflictError} It takes no taps, is not connected, is tapped already, or there are too many taps.
   */
  open(uid: string, query: AgentTapQuery): AsyncIterableIterator<AgentTapEvent> {
    const refuse = (text: string) => new ConflictError(`Cannot tap the agent: ${text}`);
    if (this.#taps.has(uid)) throw refuse("it is tapped already, wanted one tap at a time");
    if (this.#taps.size >= MAX_TAPS) throw refuse(`there are ${MAX_TAPS} taps, wanted fewer`);
    const { fleet, clock, meter, newId } = this.#deps;
    const id = newId();
    const tell = (type: string, body: object) => {
      const data = new TextEncoder().encode(JSON.stringify({ id, ...body }));
      return fleet.sendCustomMessage([uid], { capability: TAP_CAPABILITY, type, data }) === 1;
    };
    if (fleet.get(uid)?.connected !== true) throw refuse("it is not connected");
    if (!tell("request", query)) throw refuse("it takes no taps, wanted `tap: {enabled: true}` in its opamp extension");
    const tap = new Tap(id, query.duration_ms, clock, (outcome) => {
      this.#taps.delete(uid);
      if (outcome === "left") tell("stop", {});
      meter.counter("sluice_controller_taps", { outcome }).add(1);
    });
    this.#taps.set(uid, tap);
    return tap;
  }
}

/** What a tap may end with that has a name of its own in the metrics; all else is "other". */
const OUTCOMES: ReadonlySet<string> = new Set([
  ...["duration", "max_samples", "slow_client", "shutdown"],
  ...["refused", "disconnected", "no_answer", "left"],
]);

/** One tap: messages in, events out, no more of them kept than {@link MAX_WAITING_SAMPLES}. */
class Tap implements AsyncIterableIterator<AgentTapEvent> {
  readonly #id: string;
  readonly #clock: Clock;
  readonly #onEnd: (outcome: string) => void;
  readonly #timer: Timer;
  readonly #waiting: AgentTapEvent[] = [];
  #wanted: ((result: IteratorResult<AgentTapEvent>) => void) | undefined;
  #samples = 0;
  #dropped = 0;
  #isEnded = false;

  constructor(id: string, durationMs: number, clock: Clock, onEnd: (outcome: string) => void) {
    this.#id = id;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#timer = clock.setTimer(() => this.end("no_answer"), durationMs + GRACE_MS);
  }

  /** What the agent sends. What cannot be read is passed over, and counts as dropped. */
  receive({ type = "", data }: CustomMessage): void {
    const json = data === undefined || data.length > MAX_MESSAGE_BYTES ? undefined : readJsonObject(data);
    if (json === undefined || json["id"] !== this.#id) return;
    const { id: _, ...body } = json;
    const { data: message } = agentTapMessageSchema.safeParse({ ...body, type });
    if (message === undefined) return void this.#dropped++;
    if (message.type === "sample") return this.#take(message);
    if (message.type === "refused") return this.end("refused", message.reason);
    this.#dropped += message.dropped + message.unsent;
    this.end(message.reason);
  }

  /** @param reason Of `AgentTapEvent`, or "left": nobody watches any more. */
  end(reason: string, text = ""): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#clock.clearTimer(this.#timer);
    this.#give({ type: "end", reason, text, samples: this.#samples, dropped: this.#dropped });
    this.#onEnd(OUTCOMES.has(reason) ? reason : "other");
  }

  next(): Promise<IteratorResult<AgentTapEvent>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#wanted = resolve);
  }

  return(): Promise<IteratorResult<AgentTapEvent>> {
    this.end("left");
    this.#waiting.splice(0);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(sample: AgentTapEvent): void {
    if (this.#isEnded) return;
    this.#samples++;
    if (this.#waiting.length >= MAX_WAITING_SAMPLES) this.#dropped++;
    else this.#give(sample);
  }

  #give(event: AgentTapEvent): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) this.#waiting.push(event);
    else wanted({ value: event, done: false });
  }
}
