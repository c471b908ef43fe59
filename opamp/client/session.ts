/**
 * Keeps one link to the server: connects, tries again, beats, polls, moves to another server and takes leave. No sockets
 * and no messages in it: the link is the transport's, what is said is the client's.
 *
 * At most one link is open. A message goes out when the one before is done with, so that what changes in between is
 * merged. Over HTTP the next heartbeat is the next poll.
 * Source: opamp-spec "Connection management", "Retrying", "Throttling", "Heartbeat", "Polling".
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../pipeline/core/clock.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import { maskUrls } from "../../pipeline/core/log/mask.ts";
import { Backoff, type BackoffSettings } from "./backoff.ts";
import { type ServerConnection, type TransportKind, transportOf } from "./transports/server_connection.ts";
import type { Link, LinkFailure, LinkOptions, SendResult, Transport } from "./transports/transport.ts";

export interface SessionSettings {
  readonly backoff: BackoffSettings;
  /** Without a word from the server for this long after a message, the link is taken for dead. Milliseconds. */
  readonly answerTimeoutMs: number;
  /** The least wait after a status 429 or 503 that says no time. Milliseconds. */
  readonly throttledMinMs: number;
  /** What taking leave may take, milliseconds. */
  readonly leaveTimeoutMs: number;
  /** What trying another server may take, milliseconds. */
  readonly trialTimeoutMs: number;
  readonly link: LinkOptions;
}

/** Why a message is wanted: without a change there is none for "change". */
export type MessageReason = "first" | "change" | "heartbeat" | "last";

/** What the session asks of the client. */
export interface SessionHooks {
  readonly instanceUid: Uint8Array;
  /** The next message; undefined when there is nothing to say. */
  compose(why: MessageReason): Uint8Array | undefined;
  /** What became of it; "unsent": the server has certainly not taken it. */
  onSent(result: SendResult | "lost" | "unsent"): void;
  /** A message of the server. */
  onMessage(message: Uint8Array): Verdict;
  /** Milliseconds between heartbeats, or polls; undefined = none. */
  intervalMs(transport: TransportKind): number | undefined;
}

/** What a message of the server means for the link. */
export type Verdict =
  | { readonly kind: "ok" }
  /** It says nothing, as if it had not come. */
  | { readonly kind: "ignored" }
  /** It did not take the message, and will not take it again. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** It wants to be left alone for a while. */
  | { readonly kind: "unavailable"; readonly retryAfterMs: number | undefined };

export interface SessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transports: Readonly<Record<TransportKind, Transport>>;
}

type State = "idle" | "connecting" | "open" | "waiting" | "leaving" | "stopped";

/** A link that lived shorter was none: the next attempt waits as after a failure. Milliseconds. */
const STABLE_MS = 1_000;

const STOPS = "the client stops";

/** A server that the client tries. */
interface Trial {
  readonly end: (problem: string | undefined) => void;
}

export class Session {
  readonly #settings: SessionSettings;
  readonly #hooks: SessionHooks;
  readonly #deps: SessionDeps;
  readonly #backoff: Backoff;
  #state: State = "idle";
  #connection: ServerConnection;
  #link: Link | undefined;
  #trial: Trial | undefined;
  /** A message is on its way. */
  #isBusy = false;
  #isStopping = false;
  /** The server has answered on this link. */
  #isProven = false;
  #openedAtMs = 0;
  #flushIsDue = false;
  #reconnect: Timer | undefined;
  #beat: Timer | undefined;
  #answer: Timer | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(settings: SessionSettings, connection: ServerConnection, hooks: SessionHooks, deps: SessionDeps) {
    this.#settings = settings;
    this.#connection = connection;
    this.#hooks = hooks;
    this.#deps = deps;
    this.#backoff = new Backoff(settings.backoff, deps.random);
  }

  /** The server that is connected to, or tried. */
  get connection(): ServerConnection {
    return this.#connection;
  }

  /** Whether the server has answered on the link that is open. */
  get isConnected(): boolean {
    return this.#state === "open" && this.#isProven;
  }

  start(): void {
    if (this.#state === "idle") this.#connect();
  }

  /** Something changed. Changes of one turn go out together. */
  poke(): void {
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    queueMicrotask(() => {
      this.#flushIsDue = false;
      this.#flush();
    });
  }

  /** The same server under other terms that need no new link: another interval. */
  adopt(connection: ServerConnection): void {
    this.#connection = connection;
    if (this.#state === "open") this.#armBeat();
  }

  /**
   * Leaves the server for another one, and comes back when that does not answer. One attempt.
   *
   * @returns Why it failed; undefined when the other is the server now.
   */
  async tryServer(candidate: ServerConnection): Promise<string | undefined> {
    const old = this.#connection;
    await this.#leave();
    if (this.#isStopping) return STOPS;
    this.#connection = candidate;
    const problem = await this.#firstAnswer();
    if (problem !== undefined && !this.#isStopping) {
      this.#dropLink();
      this.#connection = old;
      this.#backoff.reset();
      this.#connect();
    }
    return problem;
  }

  /** Tells the server that the agent goes, and closes. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#leave();
    this.#state = "stopped";
    this.#trial?.end(STOPS);
  }

  #connect(): void {
    const kind = transportOf(this.#connection.endpoint);
    if (kind === undefined) throw new TypeError("Cannot connect: the endpoint is no ws, wss, http or https URL");
    this.#clear("reconnect");
    this.#state = "connecting";
    this.#isBusy = false;
    this.#isProven = false;
    this.#armAnswer();
    this.#link = this.#deps.transports[kind].open(this.#connection, this.#settings.link, {
      onOpen: () => this.#onOpen(),
      onMessage: (message) => this.#onMessage(message),
      onUnreadable: (reason) => this.#onUnreadable(reason),
      onSent: (result) => this.#onSent(result),
      onClosed: (failure) => this.#onClosed(failure),
    });
  }

  #onOpen(): void {
    this.#state = "open";
    this.#openedAtMs = this.#deps.clock.monotonicMs();
    this.#clear("answer");
    this.#send(this.#hooks.compose("first"));
  }

  #flush(): void {
    if (this.#state === "open" && !this.#isBusy) this.#send(this.#hooks.compose("change"));
  }

  #send(message: Uint8Array | undefined): void {
    if (message === undefined || this.#link === undefined) return;
    this.#isBusy = true;
    if (this.#answer === undefined) this.#armAnswer();
    this.#armBeat();
    this.#link.send(message, this.#hooks.instanceUid);
  }

  #onSent(result: SendResult): void {
    this.#isBusy = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    this.#hooks.onSent(result);
    if (result === "refused") this.#trial?.end("the server refused the first report");
    if (result !== "written") {
      this.#clear("answer");
      this.#armBeat();
    }
    this.#flush();
  }

  #onMessage(message: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#clear("answer");
    const verdict = this.#hooks.onMessage(message);
    if (verdict.kind === "unavailable") void this.#onUnavailable(verdict.retryAfterMs);
    else if (verdict.kind === "rejected") this.#trial?.end(`the server rejected the first report: ${verdict.reason}`);
    else if (verdict.kind === "ok") this.#onAccepted();
  }

  #onAccepted(): void {
    this.#isProven = true;
    this.#trial?.end(undefined);
  }

  #onUnreadable(reason: string): void {
    this.#deps.logger.warn("a message of the OpAMP server is dropped", { reason });
  }

  /** Over HTTP there is nothing to leave, and another request is what the server does not want. */
  async #onUnavailable(retryAfterMs: number | undefined): Promise<void> {
    if (transportOf(this.#connection.endpoint) === "websocket") await this.#leave();
    else this.#dropLink();
    const hasMovedOn = this.#link !== undefined; // to another server, meanwhile
    if (this.#isStopping || hasMovedOn) return;
    this.#onDown({ reason: "the server is unavailable", retryAfterMs, isUnsent: false }, false);
  }

  #onClosed(failure: LinkFailure): void {
    const wasOpen = this.#state === "open";
    this.#forgetLink(failure.isUnsent);
    if (this.#state === "leaving" || this.#state === "stopped") return;
    this.#onDown(failure, wasOpen);
  }

  #onDown(failure: LinkFailure, wasOpen: boolean): void {
    const { reason, status, retryAfterMs } = failure;
    if (this.#trial !== undefined) {
      this.#state = "waiting";
      return this.#trial.end(reason);
    }
    const delayMs = this.#delayMs(failure, wasOpen);
    this.#deps.logger.warn("the OpAMP server is not reached", {
      endpoint: maskUrls(this.#connection.endpoint),
      reason,
      status,
      retry_after_ms: retryAfterMs,
      next_attempt_ms: Math.round(delayMs),
    });
    this.#state = "waiting";
    this.#reconnect = this.#deps.clock.setTimer(() => {
      this.#reconnect = undefined;
      this.#connect();
    }, delayMs);
  }

  /** At once when a link broke that had stood; when the server said, if it did; else growing waits. */
  #delayMs({ status, retryAfterMs }: LinkFailure, wasOpen: boolean): number {
    const { backoff: { initialMs }, throttledMinMs } = this.#settings;
    const hasStood = this.#isProven && this.#deps.clock.monotonicMs() - this.#openedAtMs >= STABLE_MS;
    if (hasStood) this.#backoff.reset();
    if (hasStood && wasOpen && status === undefined) return 0;
    if (retryAfterMs) return Math.max(initialMs, this.#spread(retryAfterMs));
    const isThrottled = status === 429 || status === 503;
    return Math.max(this.#backoff.next(), isThrottled ? this.#spread(throttledMinMs) : 0);
  }

  /** Later by up to a tenth, so that clients who were told the same time do not come back all together. */
  #spread(waitMs: number): number {
    return waitMs * (1 + 0.1 * this.#deps.random());
  }

  async #firstAnswer(): Promise<string | undefined> {
    const { clock } = this.#deps;
    const { trialTimeoutMs } = this.#settings;
    let timer: Timer | undefined;
    const problem = await new Promise<string | undefined>((resolve) => {
      this.#trial = { end: resolve };
      timer = clock.setTimer(() => resolve(`no answer within ${trialTimeoutMs} ms`), trialTimeoutMs);
      this.#connect();
    });
    this.#trial = undefined;
    if (timer !== undefined) clock.clearTimer(timer);
    return problem;
  }

  /** The last message, then the orderly end of the link; bounded in time. */
  async #leave(): Promise<void> {
    const link = this.#link;
    const canSpeak = this.#state === "open";
    this.#state = "leaving";
    this.#clear("reconnect");
    this.#clear("beat");
    if (link === undefined) return this.#clear("answer");
    if (canSpeak) await this.#within(this.#settings.leaveTimeoutMs, () => this.#farewell(link));
    this.#forgetLink(false);
    await this.#within(this.#settings.leaveTimeoutMs, () => link.close());
    link.abort();
  }

  async #farewell(link: Link): Promise<void> {
    await this.#idle();
    const message = this.#hooks.compose("last");
    if (message === undefined || this.#link !== link) return;
    this.#isBusy = true;
    link.send(message, this.#hooks.instanceUid);
    await this.#idle();
  }

  #idle(): Promise<void> {
    return this.#isBusy ? new Promise((resolve) => void this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  #within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const timer = clock.setTimer(resolve, timeoutMs);
      const end = () => {
        clock.clearTimer(timer);
        resolve();
      };
      work().then(end, end);
    });
  }

  #dropLink(): void {
    this.#link?.abort();
    this.#forgetLink(false);
  }

  #forgetLink(isUnsent: boolean): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    const wasBusy = this.#isBusy;
    this.#isBusy = false;
    this.#clear("beat");
    this.#clear("answer");
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    this.#hooks.onSent(wasBusy && isUnsent ? "unsent" : "lost");
  }

  #armAnswer(): void {
    this.#clear("answer");
    const { answerTimeoutMs } = this.#settings;
    this.#answer = this.#deps.clock.setTimer(() => {
      this.#answer = undefined;
      this.#link?.abort();
      this.#onClosed({ reason: `the server said nothing for ${answerTimeoutMs} ms`, isUnsent: false });
    }, answerTimeoutMs);
  }

  /** Counted from the last message, whatever it was. */
  #armBeat(): void {
    this.#clear("beat");
    const kind = transportOf(this.#connection.endpoint);
    const intervalMs = kind && this.#hooks.intervalMs(kind);
    if (intervalMs === undefined || this.#state !== "open") return;
    this.#beat = this.#deps.clock.setTimer(() => {
      this.#beat = undefined;
      if (this.#isBusy) this.#armBeat();
      else this.#send(this.#hooks.compose("heartbeat"));
    }, intervalMs);
  }

  #clear(which: "reconnect" | "beat" | "answer"): void {
    const timer = which === "reconnect" ? this.#reconnect : which === "beat" ? this.#beat : this.#answer;
    if (timer !== undefined) this.#deps.clock.clearTimer(timer);
    if (which === "reconnect") this.#reconnect = undefined;
    else if (which === "beat") this.#beat = undefined;
    else this.#answer = undefined;
  }
}
