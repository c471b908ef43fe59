/**
 * One WebSocket of an agent, or of a proxy with many: frames in and out of a socket, with bounds.
 *
 * Source: RFC 6455; opamp-spec, "WebSocket Transport".
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { MalformedMessageError } from "../../protocol/errors.ts";
import { unframe } from "../../protocol/framing.ts";
import { lengthOf } from "../agents/answers.ts";
import type { AgentSession } from "../agents/agent_session.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { AgentLink, MessageParts } from "../agents/link.ts";
import type { EndReason, Traffic } from "./listener_metrics.ts";
import type { OpampServerSettings } from "../settings.ts";
import { beginFrame, closePayload, type FrameHandler, frameHeader, FrameReader, Opcodes } from "./websocket_frames.ts";

/** What connections of one listener share. */
export interface ConnectionDeps {
  readonly fleet: Fleet;
  readonly settings: OpampServerSettings;
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** Told once, with why in one word that fits a metric attribute. */
  readonly onEnd: (connection: WebSocketConnection, why: EndReason) => void;
}

/** The header of an OpAMP message in a WebSocket message. */
const OPAMP_HEADER_BYTES = 1;

/** So much at once may be many messages, as proxies send them; less is mostly one, and not worth the cork. Bytes. */
const MANY_BYTES = 4_096;

const EMPTY = new Uint8Array(0);

export class WebSocketConnection implements AgentLink<AgentSession>, FrameHandler {
  readonly transport = "websocket";
  readonly tokenId: string | undefined;
  readonly sessions: AgentSession[] = [];
  heardAtMs: number;

  readonly #socket: Duplex;
  readonly #deps: ConnectionDeps;
  readonly #frames: FrameReader;
  /** When something began to wait for the other side to read, milliseconds; 0: nothing waits. */
  #congestedAtMs = 0;
  /** The longest message sent while something waited, bytes: it may wait whole. */
  #largestWaiting = 0;
  #isPinged = false;
  #isClosing = false;
  #isEnded = false;
  #why: EndReason = "closed";

  constructor(socket: Duplex, tokenId: string | undefined, deps: ConnectionDeps) {
    this.#socket = socket;
    this.tokenId = tokenId;
    this.#deps = deps;
    this.heardAtMs = deps.clock.monotonicMs();
    this.#frames = new FrameReader(this, deps.settings.maxReceiveBytes);
    socket.on("data", ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>) => {
      this.onBytes(new Uint8Array(buffer, byteOffset, byteLength)); // a Buffer's parts cost more
      if (buffer.byteLength === byteLength) giveBackRead(buffer);
    });
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", () => this.#cut("cut"));
  }

  get isCongested(): boolean {
    return this.#congestedAtMs !== 0;
  }

  send(parts: MessageParts): void {
    const bytes = OPAMP_HEADER_BYTES + lengthOf(parts);
    this.#deps.traffic.sent(parts);
    if (bytes > this.#largestWaiting) this.#largestWaiting = bytes;
    this.#write(parts, bytes);
  }

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#isClosing = true;
    const payload = closePayload(code, reason);
    this.#socket.write(frameHeader(Opcodes.close, payload.length));
    this.#socket.end(payload);
    const { clock, settings } = this.#deps;
    const timer = clock.setTimer(() => this.#socket.destroy(), settings.closeTimeoutMs);
    this.#socket.once("close", () => clock.clearTimer(timer));
  }

  /** Cuts what is dead or does not read, and asks the silent for a sign of life. */
  check(nowMs: number): void {
    const { pingIntervalMs, pongTimeoutMs, slowReaderTimeoutMs } = this.#deps.settings;
    const silentMs = nowMs - this.heardAtMs;
    if (silentMs >= pingIntervalMs + pongTimeoutMs) return this.#cut("silent");
    if (this.#congestedAtMs !== 0 && nowMs - this.#congestedAtMs >= slowReaderTimeoutMs) {
      return this.#cut("slow_reader");
    }
    if (silentMs < pingIntervalMs || this.#isPinged) return;
    this.#isPinged = true;
    this.#socket.write(frameHeader(Opcodes.ping, 0));
  }

  /** What the socket has read. Overwritten. */
  onBytes(chunk: Uint8Array): void {
    this.heardAtMs = this.#deps.clock.monotonicMs();
    this.#isPinged = false;
    const isMany = chunk.length >= MANY_BYTES;
    if (isMany) this.#socket.cork(); // answers to what came together go together
    this.#frames.read(chunk);
    if (isMany) this.#socket.uncork();
  }

  onBinary(payload: Uint8Array): void {
    if (this.#isClosing) return;
    const { fleet, traffic } = this.#deps;
    traffic.received(payload);
    let answer: MessageParts | Promise<MessageParts>;
    try {
      answer = fleet.receive(this, unframe(payload));
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      answer = fleet.refuse(error);
    }
    if (answer instanceof Promise) void answer.then((parts) => this.#answer(parts));
    else this.#answer(answer);
  }

  onPing(payload: Uint8Array): void {
    const pong = frameHeader(Opcodes.pong, payload.length);
    this.#socket.write(pong);
    if (payload.length > 0) this.#socket.write(new Uint8Array(payload));
    this.#guardBuffer();
  }

  onPong(): void {
    // Anything that is heard is a sign of life: see onBytes.
  }

  onClose(code: number): void {
    this.close(code, "");
    this.#end();
  }

  onViolation(code: number, reason: string): void {
    this.#why = "violation";
    this.close(code, reason);
    this.#end();
  }

  #answer(parts: MessageParts): void {
    if (parts.length > 0) this.send(parts);
  }

  #onDrain(): void {
    this.#congestedAtMs = 0;
    this.#largestWaiting = 0;
    this.#deps.fleet.drained(this);
  }

  /** One frame: the agent's own bytes copied behind the header, and the bytes that it shares with others as they are. */
  #write(parts: MessageParts, payloadBytes: number): void {
    if (this.#isClosing || this.#isEnded) return;
    const own = parts[0] ?? EMPTY;
    const { bytes: first, at } = beginFrame(Opcodes.binary, payloadBytes, OPAMP_HEADER_BYTES + own.length);
    first.set(own, at + OPAMP_HEADER_BYTES);
    const hasShared = parts.length > 1;
    if (hasShared) this.#socket.cork();
    let hasRoom = this.#socket.write(first);
    for (let index = 1; index < parts.length; index++) hasRoom = this.#socket.write(parts[index]);
    if (hasShared) this.#socket.uncork();
    if (!hasRoom && this.#congestedAtMs === 0) this.#congestedAtMs = this.#deps.clock.monotonicMs();
    this.#guardBuffer();
  }

  /** An agent that sends and does not read makes answers pile up: one message and the buffer may wait. */
  #guardBuffer(): void {
    const most = this.#largestWaiting + this.#deps.settings.maxSendBufferBytes;
    if (this.#socket.writableLength > most) this.#cut("slow_reader");
  }

  #cut(why: EndReason): void {
    if (this.#isEnded) return;
    this.#why = why;
    this.#socket.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (!this.#isClosing) this.#socket.end();
    this.#deps.fleet.detach(this);
    this.#deps.onEnd(this, this.#why);
  }
}

/**
 * The runtime reads into 64 KiB of fresh memory each time, however little comes, and knows it as that little: left to
 * collections, what a fleet says at once would take more memory than the fleet.
 */
function giveBackRead(read: ArrayBuffer): void {
  read.transfer(0);
}
