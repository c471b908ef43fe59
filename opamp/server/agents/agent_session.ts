/**
 * The conversation with one agent, and what the server answers: a state machine without sockets and timers.
 *
 * Reports come in with {@link AgentSession.absorb}; {@link AgentSession.reply} says what goes back, and what is pushed.
 * Source: opamp-spec, "Status Reporting", "Commands", "ServerToAgent Message".
 *
 * @module
 */

import {
  AgentCapabilities,
  AgentToServerFlags,
  hasBits,
  RemoteConfigStatuses,
  ServerToAgentFlags,
} from "../../protocol/capabilities.ts";
import {
  type AgentToServer,
  type CustomMessage,
  encodeServerToAgent,
  type ServerToAgent,
  type ServerToAgentCommand,
} from "../../protocol/messages.ts";
import { Repeated } from "../../../pipeline/core/log/repeated.ts";
import { AgentRecord, isFullReport } from "./agent_record.ts";
import type { AgentLink, MessageParts, Transport } from "./link.ts";
import { OfferTracks } from "./offer_tracks.ts";
import { Sequence } from "./sequence.ts";
import type { SharedBytes } from "./shared_bytes.ts";

/** What is the same for all agents of a server. */
export interface ServerFace {
  /** `ServerCapabilities`. */
  readonly capabilities: number;
  /** Custom capabilities of this server. */
  readonly customCapabilities: readonly string[];
  readonly offerRetryMs: number;
  readonly maxPendingMessages: number;
}

/** Goes in a message of its own, or in the next answer. */
export type PendingMessage =
  | { readonly command: ServerToAgentCommand; readonly customMessage?: undefined }
  | { readonly customMessage: CustomMessage; readonly command?: undefined };

/** What a report asks for besides being kept. */
export interface Absorbed {
  /** Mask of `AgentChanges`. */
  readonly changes: number;
  /** Whether the agent must be asked for all it has. */
  readonly isIncomplete: boolean;
  /** The same message came before: nothing in it is to be done twice. */
  readonly isRepeated: boolean;
}

/** What an agent can do as often as it likes, and is to be told. */
export type RepeatedKind = "identity_changed" | "duplicate_uid";

/** Between two lines, and two events, of one kind about one agent, milliseconds. */
const TELL_INTERVAL_MS = 60_000;

/** The way to agents of this server. */
export type SessionLink = AgentLink<AgentSession>;

export class AgentSession extends AgentRecord {
  readonly #face: ServerFace;
  readonly sequence = new Sequence();
  readonly #offers = new OfferTracks();

  link: SessionLink | undefined;
  transport: Transport = "websocket";
  /** The token that it came with last; undefined when it had none, or that is revoked. */
  tokenId: string | undefined;
  connected = false;
  /** The token that it first came with, which it counts for; undefined when it had none. */
  broughtBy: string | undefined;
  /** What its own reports can have the log and the events say again and again, by kind. */
  #told: Map<RepeatedKind, Repeated> | undefined;

  /** The uid that it is to take on. */
  newUid: Uint8Array | undefined;
  /** Set when the agent is to report everything with its next message. */
  wantsFullState = false;
  /** Set when the set of components behind `componentsHash` is not known. */
  wantsComponents = false;

  #pending: PendingMessage[] | undefined;
  #isNewUidPushed = false;
  /** Whether this connection has been told what the server can do. */
  #isIntroduced = false;

  constructor(uid: Uint8Array, face: ServerFace, shared: SharedBytes) {
    super(uid, shared);
    this.#face = face;
  }

  /**
   * Counts one more of `kind`, of which a line and an event a minute are told.
   *
   * @returns How many they stand for; undefined when it is too soon.
   */
  noteRepeated(kind: RepeatedKind, nowMs: number): number | undefined {
    const all = this.#told ??= new Map<RepeatedKind, Repeated>();
    const told = all.get(kind) ?? new Repeated(TELL_INTERVAL_MS);
    all.set(kind, told);
    return told.note(nowMs);
  }

  /** A new way to the agent, or none. What was sent over the old one may be lost. */
  attach(link: SessionLink | undefined): void {
    this.link = link;
    this.#isIntroduced = false;
    this.#offers.forget();
  }

  /**
   * Takes over what a report says.
   *
   * @param message As decoded from `bytes`. The content of its effective configuration is not looked at.
   * @param nowMs Milliseconds since 1970.
   */
  absorb(message: AgentToServer, bytes: Uint8Array, nowMs: number): Absorbed {
    const isFresh = this.sequence.last === undefined || (message.sequenceNum ?? 0) <= FIRST_SEQUENCE;
    const { isGap, isRepeated } = this.sequence.follow(message);
    if (isGap) this.#offers.forget();
    this.lastSeenMs = nowMs;
    const changes = this.keepReport(message, bytes);
    const isFull = isFullReport(message, this.capabilities);
    if (isFull && isGap && message.connectionSettingsStatus === undefined) {
      this.connectionStatus = undefined; // a new process that has kept nothing
    }
    return { changes, isIncomplete: isGap && !(isFull && isFresh), isRepeated };
  }

  /**
   * What the agent is told now: an answer when `report` is given, else a push.
   *
   * @param nowMs Milliseconds since 1970.
   * @returns undefined for a push that has nothing to say.
   */
  reply(nowMs: number, report?: AgentToServer): MessageParts | undefined {
    const isAnswer = report !== undefined;
    if (report?.agentDisconnect !== undefined) return [this.#bare()];
    const pending = this.#takePending();
    const introduction = this.#introduction();
    if (pending?.command !== undefined) {
      return [encodeServerToAgent({ instanceUid: this.uid, ...introduction, command: pending.command })];
    }
    const offers = this.#offers.take(this, nowMs, report, this.#face.offerRetryMs);
    const flags = this.#takeFlags(report);
    const newUid = isAnswer || !this.#isNewUidPushed ? this.newUid : undefined;
    this.#isNewUidPushed = newUid !== undefined;
    const isBare = flags === undefined && pending === undefined && newUid === undefined;
    if (!isAnswer && isBare && offers.length === 0) return undefined;
    if (isBare && introduction === NOTHING_NEW) return [this.#bare(), ...offers];
    const own: ServerToAgent = {
      instanceUid: this.uid,
      ...introduction,
      flags,
      agentIdentification: newUid && { newInstanceUid: newUid },
      customMessage: pending?.customMessage,
    };
    return [encodeServerToAgent(own), ...offers];
  }

  /** Whether a push would have anything to say. */
  get hasNews(): boolean {
    return this.#pending !== undefined || this.newUid !== undefined || this.wantsFullState || this.#offers.isOwed(this);
  }

  /**
   * Sends a command or a custom message when the agent can be reached.
   *
   * @returns false when too many wait already.
   */
  enqueue(message: PendingMessage): boolean {
    this.#pending ??= [];
    if (this.#pending.length >= this.#face.maxPendingMessages) return false;
    this.#pending.push(message);
    return true;
  }

  /** Lets an offer that failed go out again. */
  retryFailed(): void {
    this.failedConfig = undefined;
    if (this.configStatus?.status === RemoteConfigStatuses.FAILED) this.configStatus = undefined;
    this.#offers.forgetConfig();
  }

  /** Becomes what `former` was, under this uid. The former is given up. */
  takeOver(former: AgentSession): void {
    this.connected = false;
    this.sequence.last = former.sequence.last;
    this.takeRecord(former);
    this.#pending = former.#pending;
    this.#told = former.#told;
  }

  #takePending(): PendingMessage | undefined {
    const next = this.#pending?.shift();
    if (this.#pending?.length === 0) this.#pending = undefined;
    return next;
  }

  /** Most answers are this one. By hand, as it is 18 bytes that need no encoder. */
  #bare(): Uint8Array {
    const answer = new Uint8Array(UID_FIELD_HEADER.length + this.uid.length);
    answer.set(UID_FIELD_HEADER);
    answer.set(this.uid, UID_FIELD_HEADER.length);
    return answer;
  }

  /** What the server can do: on the first message of a connection, and in each HTTP answer, as that has none. */
  #introduction(): Pick<ServerToAgent, "capabilities" | "customCapabilities"> {
    if (this.#isIntroduced) return NOTHING_NEW;
    this.#isIntroduced = this.link?.transport === "websocket";
    const { capabilities, customCapabilities } = this.#face;
    if (customCapabilities.length === 0) return { capabilities };
    return { capabilities, customCapabilities: { capabilities: customCapabilities } };
  }

  #takeFlags(report: AgentToServer | undefined): number | undefined {
    const components = this.wantsComponents && hasBits(this.capabilities, AgentCapabilities.ReportsAvailableComponents);
    const flags = (this.wantsFullState ? ServerToAgentFlags.ReportFullState : 0) |
      (components && report !== undefined ? ServerToAgentFlags.ReportAvailableComponents : 0);
    this.wantsFullState = false;
    this.wantsComponents = false;
    return flags === 0 ? undefined : flags;
  }
}

/** Tag and length of ServerToAgent's `instance_uid`. */
const UID_FIELD_HEADER = Uint8Array.of(0x0a, 16);

const NOTHING_NEW = {};

/** A new process begins with 0 or 1: with all that it has to say, nothing before it can be missing. */
const FIRST_SEQUENCE = 1;

/** Whether the agent asks to be given a uid. */
export function asksForUid(message: AgentToServer): boolean {
  return hasBits(message.flags ?? 0, AgentToServerFlags.RequestInstanceUid);
}
