/**
 * The gateway as an agent of an OpAMP server, for as long as its settings stay the same: tells what runs and how it
 * does, and has done what the server offers.
 *
 * @module
 */

import type { ClientCallbacks } from "../../opamp/client/client.ts";
import { OpampClient } from "../../opamp/client/client.ts";
import { fetchDownloader } from "../../opamp/client/offers/fetch_downloader.ts";
import { HttpTransport } from "../../opamp/client/transports/http_transport.ts";
import type { OwnSignal } from "../../opamp/client/offers/connection_offers.ts";
import type { Problem } from "../../opamp/client/offers/offer_follower.ts";
import { PackageSync } from "../../opamp/client/offers/package_sync.ts";
import { WebSocketTransport } from "../../opamp/client/transports/websocket_transport.ts";
import type { EffectiveConfig, TelemetryConnectionSettings } from "../../opamp/protocol/messages.ts";
import { readRegularText } from "../../pipeline/core/regular_file.ts";
import { showConfig } from "../../pipeline/config/show.ts";
import type { Clock, Timer } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import type { OpampConfig } from "../../pipeline/extensions/opamp.ts";
import { REGISTRY } from "../../pipeline/graph/registry.ts";
import { openTap } from "../admin/taps/open_tap.ts";
import { nodesOf } from "../admin/views/graph_view.ts";
import { ThreadHub } from "../admin/thread_hub.ts";
import type { RecentError } from "../admin/thread_messages.ts";
import type { Gateway } from "../gateway.ts";
import type { LiveConfig } from "../config/live_config.ts";
import { reasonsOf } from "../config/shown.ts";
import { unknownName } from "../../routes/admin/unknown.ts";
import type { TapEvent, TapQuery } from "../../routes/admin/schemas.ts";
import { availableComponents, describeAgent } from "./description.ts";
import { Destinations } from "./destinations.ts";
import { gatewayHealth, StatusTimes } from "./health.ts";
import { readDestination } from "./own_telemetry.ts";
import { packagePolicy } from "./packages/policy.ts";
import { DiskPackageStore } from "./packages/store.ts";
import { isAllowedHost } from "./policy/hosts.ts";
import { RemoteConfig } from "./remote_config.ts";
import { readPublicKey } from "./remote_files.ts";
import { clientSettings } from "./settings.ts";
import type { OpampState } from "./state_directory.ts";
import { RemoteTap } from "./tap.ts";

export interface AgentDeps {
  readonly gateway: Gateway;
  readonly live: LiveConfig;
  readonly state: OpampState;
  readonly version: string;
  /** Of the channel that the gateway's threads listen on. */
  readonly adminChannel: string;
  readonly clock: Clock;
  /** Why the remote configuration that ran last does not run; undefined: it does, or there was none. */
  readonly remoteProblem: string | undefined;
  /** The server asks the process to begin anew. */
  readonly onRestart: () => void;
}

/** How often the health is looked at, milliseconds. Only changes are sent. */
const HEALTH_INTERVAL_MS = 5_000;

export class GatewayAgent {
  readonly #deps: AgentDeps;
  readonly #config: OpampConfig;
  readonly #logger: Logger;
  readonly #hub: ThreadHub;
  readonly #client: OpampClient;
  readonly #remote: RemoteConfig;
  readonly #packages: PackageSync | undefined;
  readonly #tap: RemoteTap | undefined;
  readonly #statusTimes = new StatusTimes();
  readonly #destinations = new Destinations();
  readonly #startedAtMs: number;
  #timer: Timer | undefined;
  #isStopped = false;

  /**
   * @param id Of the extension.
   * @throws {Error} A certificate or key that it names cannot be read.
   */
  static async open(id: string, config: OpampConfig, deps: AgentDeps): Promise<GatewayAgent> {
    const { remote_config: remote, packages } = config;
    return new GatewayAgent(id, config, deps, {
      client: await clientSettings(config, deps.gateway.resource),
      remoteKey: await readKey(remote),
      packageKey: await readKey(packages),
    });
  }

  private constructor(
    id: string,
    config: OpampConfig,
    deps: AgentDeps,
    read: {
      readonly client: Awaited<ReturnType<typeof clientSettings>>;
      readonly remoteKey: ReturnType<typeof readPublicKey>;
      readonly packageKey: ReturnType<typeof readPublicKey>;
    },
  ) {
    const { gateway, live, state, clock, adminChannel } = deps;
    this.#deps = deps;
    this.#config = config;
    this.#logger = gateway.logger.with({ "otelcol.component.id": id, "otelcol.component.kind": "extension" });
    const logger = this.#logger;
    this.#startedAtMs = clock.nowMs();
    this.#hub = new ThreadHub(adminChannel, () => gateway.threads);
    const { lastGood } = state;
    const who = `OpAMP server ${hostOf(read.client.connection.endpoint)}`;
    this.#remote = new RemoteConfig({ live, lastGood, id, who, key: read.remoteKey, clock, logger });
    if (config.capabilities.accepts_packages && state.directory !== undefined) {
      this.#packages = new PackageSync({
        store: new DiskPackageStore(`${state.directory}/packages`),
        downloader: fetchDownloader,
        clock,
        policy: packagePolicy(config.packages, read.client.connection.endpoint, read.packageKey),
        report: (statuses) => this.#client.setPackageStatuses(statuses),
      });
    }
    if (config.tap.enabled) {
      this.#tap = new RemoteTap({
        tap: (node, query, abort) => this.#openTap(node, query, abort),
        send: (message) => this.#client.sendCustomMessage(message),
        mask: config.tap.mask,
        logger,
      });
    }
    this.#client = new OpampClient(read.client, this.#callbacks(), {
      clock,
      random: Math.random,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      logger,
      transports: { websocket: new WebSocketTransport(clock), http: new HttpTransport(clock) },
      store: state.client,
    });
  }

  /** Begins to connect; does not wait for the server. */
  async start(): Promise<void> {
    const { gateway, state } = this.#deps;
    const { capabilities } = this.#config;
    if (state.directory === undefined && (capabilities.accepts_remote_config || capabilities.accepts_packages)) {
      this.#logger.warn("What the OpAMP server gives is forgotten with the process: wanted state_directory");
    }
    this.#client.setAgentDescription(describeAgent(gateway.resource, this.#config.agent_description));
    this.#client.setAvailableComponents(availableComponents());
    this.onConfig();
    await this.#reportHealth();
    await this.#packages?.reportInstalled();
    await this.#client.start();
    const { remoteConfigStatus: status } = this.#client;
    const { remoteProblem } = this.#deps;
    if (remoteProblem === undefined || status?.state !== "APPLIED") return;
    this.#client.setRemoteConfigStatus({ ...status, state: "FAILED", errorMessage: remoteProblem });
  }

  /** Another configuration runs. */
  onConfig(): void {
    this.#client.setEffectiveConfig(() => this.#effectiveConfig());
  }

  /** Takes leave of the server. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#tap?.stop();
    await this.#client.stop();
    this.#hub.close();
  }

  #callbacks(): ClientCallbacks {
    const { onRestart } = this.#deps;
    return {
      onRemoteConfig: (offer, abort) => this.#remote.take(offer, abort),
      onOwnTelemetry: (signal, settings, abort) => this.#takeTelemetry(signal, settings, abort),
      onPackages: async (offer, abort) => {
        if (this.#packages === undefined) return "there is no state_directory to keep packages in";
        const problem = await this.#packages.sync(offer, abort);
        await this.#reload();
        return problem;
      },
      onRestart,
      onCustomMessage: (message) => void this.#tap?.onMessage(message),
    };
  }

  /** Packages may be included by the configuration. */
  async #reload(): Promise<void> {
    try {
      await this.#deps.live.reload("OpAMP packages", "opamp");
    } catch (thrown) {
      this.#logger.warn("The configuration was not read again after a change of packages", {
        error: describeError(thrown),
      });
    }
  }

  async #takeTelemetry(signal: OwnSignal, settings: TelemetryConnectionSettings, abort: AbortSignal): Promise<Problem> {
    const { destination, problem } = readDestination(settings);
    if (problem !== undefined) return problem;
    const refusal = destination === undefined ? undefined : this.#refusedHost(destination.endpoint);
    if (refusal !== undefined) return refusal;
    try {
      await this.#remote.change((overlay) => {
        const telemetry = new Map(overlay.parts.telemetry);
        if (destination === undefined) telemetry.delete(signal);
        else telemetry.set(signal, destination);
        return overlay.with({ telemetry });
      }, abort);
      return undefined;
    } catch (thrown) {
      return reasonsOf(thrown).join("\n");
    }
  }

  /** The server's own host is known already. */
  #refusedHost(endpoint: string): Problem {
    const host = hostOf(endpoint);
    const { allowed_hosts: allowed } = this.#config.remote_config;
    const server = hostOf(this.#client.connection.endpoint).replace(/:\d*$/, "");
    if (isAllowedHost(host, [...allowed, server])) return undefined;
    return `it names the host ${JSON.stringify(host)}, wanted the OpAMP server's or one in allowed_hosts`;
  }

  #effectiveConfig(): EffectiveConfig {
    const yaml = showConfig(this.#deps.live.current().resolved, REGISTRY);
    return {
      configMap: { configMap: new Map([["", { body: new TextEncoder().encode(yaml), contentType: "text/yaml" }]]) },
    };
  }

  async #reportHealth(): Promise<void> {
    const { gateway, clock } = this.#deps;
    const told = (await this.#hub.askAll({ type: "errors" })).flat();
    if (this.#isStopped) return;
    const errors = new Map<string, RecentError[]>();
    for (const [component, own] of told) errors.set(component, [...errors.get(component) ?? [], ...own]);
    const nowMs = clock.nowMs();
    const health = gatewayHealth({
      config: gateway.config,
      isReady: gateway.ready,
      startedAtMs: this.#startedAtMs,
      nowMs,
      errors,
      failing: this.#destinations.look(gateway.collect(), nowMs),
    });
    this.#client.setHealth(this.#statusTimes.stamp(health, nowMs));
    this.#timer = clock.setTimer(() => void this.#reportHealth(), HEALTH_INTERVAL_MS);
  }

  async #openTap(node: string, query: TapQuery, abort: AbortSignal): Promise<AsyncIterable<TapEvent>> {
    const { tap, isFound } = openTap(this.#hub, node, query, this.#deps.clock);
    abort.addEventListener("abort", () => void tap.return(), { once: true });
    if (await isFound) return tap;
    await tap.return();
    throw unknownName("node", node, nodesOf(this.#deps.gateway.config).map(({ id }) => id));
  }
}

async function readKey(
  { public_key: pem, public_key_file: file }: OpampConfig["remote_config"] | OpampConfig["packages"],
) {
  return readPublicKey(file === "" ? pem : await readRegularText(file, 65_536));
}

/** `host:port`, or as much of it as the URL has. */
function hostOf(url: string): string {
  return new URL(url).host;
}
