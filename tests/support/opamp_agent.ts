/**
 * An agent for tests: a client with all capabilities, over real transports, that takes every config without "__fail__".
 *
 * @module
 */

import { type ClientCallbacks, type ClientSettings, OpampClient } from "../../opamp/client/client.ts";
import { MemoryStateStore } from "../../opamp/client/client_state.ts";
import { fetchDownloader } from "../../opamp/client/offers/fetch_downloader.ts";
import { HttpTransport } from "../../opamp/client/transports/http_transport.ts";
import { DEFAULT_PACKAGE_POLICY, PackageSync } from "../../opamp/client/offers/package_sync.ts";
import { DEFAULT_CLIENT_TLS, type ServerConnection } from "../../opamp/client/transports/server_connection.ts";
import { WebSocketTransport } from "../../opamp/client/transports/websocket_transport.ts";
import { ALL_AGENT_CAPABILITIES } from "../../opamp/protocol/capabilities.ts";
import { formatInstanceUid } from "../../opamp/protocol/instance_uid.ts";
import type { AgentRemoteConfig, CustomMessage } from "../../opamp/protocol/messages.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { MemoryPackageStore } from "./memory_packages.ts";

/** A client that runs until the test is done, with what it was told. */
export class Agent implements AsyncDisposable {
  readonly client: OpampClient;
  readonly applied: string[] = [];
  readonly custom: CustomMessage[] = [];
  readonly packages = new MemoryPackageStore();
  restarts = 0;

  constructor(
    connection: Partial<ServerConnection>,
    settings: Partial<ClientSettings> = {},
    store = new MemoryStateStore(),
  ) {
    const sync = new PackageSync({
      store: this.packages,
      downloader: fetchDownloader,
      clock: systemClock,
      policy: DEFAULT_PACKAGE_POLICY,
      report: (statuses) => this.client.setPackageStatuses(statuses),
    });
    const callbacks: ClientCallbacks = {
      onPackages: (offer, abort) => sync.sync(offer, abort),
      onRemoteConfig: (offer) => this.#apply(offer),
      onRestart: () => void this.restarts++,
      onCustomMessage: (message) => void this.custom.push(message),
      onOwnTelemetry: () => Promise.resolve(undefined),
    };
    this.client = new OpampClient(
      {
        connection: {
          endpoint: "",
          headers: [],
          tls: DEFAULT_CLIENT_TLS,
          proxy: undefined,
          heartbeatIntervalMs: undefined,
          ...connection,
        },
        capabilities: ALL_AGENT_CAPABILITIES,
        customCapabilities: ["test.tap"],
        heartbeatIntervalMs: 200,
        pollIntervalMs: 50,
        ...settings,
        session: { throttledMinMs: 100, ...settings.session },
      },
      callbacks,
      {
        clock: systemClock,
        random: Math.random,
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
        logger: silentLogger,
        transports: { websocket: new WebSocketTransport(systemClock), http: new HttpTransport(systemClock) },
        store,
      },
    );
    this.client.setAgentDescription({
      identifyingAttributes: [{ key: "service.name", value: { stringValue: "gateway" } }],
      nonIdentifyingAttributes: [{ key: "region", value: { stringValue: "eu" } }],
    });
    this.client.setHealth({ healthy: true, startTimeUnixNano: 1n });
    this.client.setAvailableComponents(new Map([["otlp", {}]]));
  }

  get uid(): string {
    return formatInstanceUid(this.client.instanceUid);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.stop();
  }

  #apply({ config }: AgentRemoteConfig): Promise<string | undefined> {
    const text = new TextDecoder().decode(config?.configMap?.get("")?.body);
    this.applied.push(text);
    if (text.includes("__fail__")) return Promise.resolve("it has __fail__ in it");
    this.client.setEffectiveConfig(() => ({ configMap: config }));
    return Promise.resolve(undefined);
  }
}

/** An agent that has been started. */
export async function started(
  connection: Partial<ServerConnection>,
  settings?: Partial<ClientSettings>,
  store?: MemoryStateStore,
) {
  const agent = new Agent(connection, settings, store);
  await agent.client.start();
  return agent;
}
