/**
 * A client without sockets: links that a test answers, and what the client said on them.
 *
 * @module
 */

import { OpampClient } from "../../opamp/client/client.ts";
import type { ClientCallbacks, ClientSettings } from "../../opamp/client/client.ts";
import { MemoryStateStore, type StateStore } from "../../opamp/client/client_state.ts";
import { DEFAULT_CLIENT_TLS, type ServerConnection } from "../../opamp/client/transports/server_connection.ts";
import type { Link, LinkEvents, LinkFailure, SendResult, Transport } from "../../opamp/client/transports/transport.ts";
import { AgentCapabilities } from "../../opamp/protocol/capabilities.ts";
import {
  type AgentToServer,
  decodeAgentToServer,
  encodeServerToAgent,
  type ServerToAgent,
} from "../../opamp/protocol/messages.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import { FakeClock, settle } from "./fake_clock.ts";

export const LOCAL: ServerConnection = {
  endpoint: "ws://one:4320/v1/opamp",
  headers: [["Authorization", "Bearer local"]],
  tls: DEFAULT_CLIENT_TLS,
  proxy: undefined,
  heartbeatIntervalMs: undefined,
};

/** The capabilities of the gateway, all but restart. */
export const USUAL = AgentCapabilities.ReportsStatus | AgentCapabilities.AcceptsRemoteConfig |
  AgentCapabilities.ReportsEffectiveConfig | AgentCapabilities.ReportsHealth | AgentCapabilities.ReportsRemoteConfig |
  AgentCapabilities.ReportsHeartbeat | AgentCapabilities.AcceptsOpAMPConnectionSettings |
  AgentCapabilities.ReportsConnectionSettingsStatus | AgentCapabilities.ReportsAvailableComponents |
  AgentCapabilities.AcceptsPackages | AgentCapabilities.ReportsPackageStatuses | AgentCapabilities.ReportsOwnMetrics;

export const SERVER_BITS = 0x3f;

/** One link as the server's side sees it. */
export class FakeLink implements Link {
  /** All that came, in order. */
  readonly received: AgentToServer[] = [];
  readonly uids: Uint8Array[] = [];
  readonly connection: ServerConnection;
  readonly #kind: "websocket" | "http";
  readonly #events: LinkEvents;
  /** How it ended on the client's side. */
  ended: "closed" | "aborted" | undefined;
  /** Whether a WebSocket takes what it is given at once. */
  isSlow = false;

  constructor(kind: "websocket" | "http", connection: ServerConnection, events: LinkEvents) {
    this.#kind = kind;
    this.connection = connection;
    this.#events = events;
  }

  send(message: Uint8Array, uid: Uint8Array): void {
    this.received.push(decodeAgentToServer(message));
    this.uids.push(uid);
    if (this.#kind === "websocket" && !this.isSlow) queueMicrotask(() => this.sent("written"));
  }

  close(): Promise<void> {
    this.ended ??= "closed";
    return Promise.resolve();
  }

  abort(): void {
    this.ended ??= "aborted";
  }

  open(): Promise<void> {
    this.#tell(() => this.#events.onOpen());
    return settle();
  }

  /** A message of the server; over HTTP the answer to the request. */
  async answer(message: ServerToAgent = {}): Promise<void> {
    await this.raw(encodeServerToAgent({ instanceUid: this.received.at(-1)?.instanceUid, ...message }));
  }

  async raw(bytes: Uint8Array): Promise<void> {
    this.#tell(() => this.#events.onMessage(bytes));
    if (this.#kind === "http") this.sent("delivered");
    await settle();
  }

  sent(result: SendResult): void {
    this.#tell(() => this.#events.onSent(result));
  }

  unreadable(): Promise<void> {
    this.#tell(() => this.#events.onUnreadable("test"));
    if (this.#kind === "http") this.sent("delivered");
    return settle();
  }

  async fail(failure: Partial<LinkFailure> = {}): Promise<void> {
    this.#tell(() => {
      this.ended = "closed";
      this.#events.onClosed({ reason: "test", isUnsent: false, ...failure });
    });
    await settle();
  }

  #tell(event: () => void): void {
    if (this.ended === undefined) event();
  }
}

/** The client, its links and its callbacks' calls. */
export class Bench {
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly links: FakeLink[] = [];
  readonly log: { readonly level: string; readonly message: string }[] = [];
  readonly store: StateStore;
  readonly client: OpampClient;

  constructor(
    settings: Partial<ClientSettings> = {},
    callbacks: ClientCallbacks = {},
    store: StateStore = new MemoryStateStore(),
  ) {
    this.store = store;
    this.client = new OpampClient({ connection: LOCAL, capabilities: USUAL, ...settings }, callbacks, {
      clock: this.clock,
      random: () => 0.5,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      logger: this.#logger(),
      transports: { websocket: this.#transport("websocket"), http: this.#transport("http") },
      store,
    });
    this.client.setAgentDescription({
      identifyingAttributes: [{ key: "service.name", value: { stringValue: "gateway" } }],
    });
  }

  /** The newest link. */
  get link(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("no link was opened");
    return link;
  }

  /** The newest message on it. */
  get last(): AgentToServer {
    const message = this.link.received.at(-1);
    if (message === undefined) throw new Error("no message came");
    return message;
  }

  /** Links that are not at their end. */
  get open(): number {
    return this.links.filter(({ ended }) => ended === undefined).length;
  }

  /** Starts, opens the link and acknowledges the first report. */
  async connect(answer: ServerToAgent = {}): Promise<this> {
    await this.client.start();
    await settle();
    await this.link.open();
    await this.link.answer({ capabilities: SERVER_BITS, ...answer });
    return this;
  }

  #transport(kind: "websocket" | "http"): Transport {
    return {
      open: (connection, _options, events) => {
        const link = new FakeLink(kind, connection, events);
        this.links.push(link);
        return link;
      },
    };
  }

  #logger(): Logger {
    const at = (level: string) => (message: string) => void this.log.push({ level, message });
    const logger: Logger = {
      enabled: () => true,
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      with: () => logger,
    };
    return logger;
  }
}
