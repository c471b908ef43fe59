/**
 * The controller: agents, their configurations and rollouts, and the API to them, on one port and in one directory.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { AddressInfo } from "node:net";
import type { ServerOptions } from "node:https";
import { ALL_SERVER_CAPABILITIES, hasBits, ServerCapabilities } from "../opamp/protocol/capabilities.ts";
import {
  type CompilePattern,
  ConfigCatalog,
  type FleetPort,
  openRolloutStore,
  Rollouts,
} from "../opamp/rollouts/mod.ts";
import { type AgentChange, AgentChanges } from "../opamp/server/agents/agent_changes.ts";
import { AgentTokens } from "../opamp/server/store/agent_tokens.ts";
import { createFleetPort } from "../opamp/server/fleet/fleet_port.ts";
import { PackageCatalog } from "../opamp/server/fleet/package_catalog.ts";
import { PackageStore } from "../opamp/server/store/package_store.ts";
import { OpampServer } from "../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS } from "../opamp/server/settings.ts";
import { OpampStore } from "../opamp/server/store/store.ts";
import { DEFAULT_OTTL_LIMITS } from "../ottl/mod.ts";
import { compileRegex } from "../ottl/text/regex/regex.ts";
import type { Clock, Timer } from "../pipeline/core/clock.ts";
import type { Logger } from "../pipeline/core/log/logger.ts";
import type { TokenBook } from "../routes/api/tokens.ts";
import { createControllerApp } from "../routes/controller/app.ts";
import { agentGuard } from "./agent_guard.ts";
import { AgentSecret } from "./agent_secret.ts";
import { ConfigOffers } from "./config_offers.ts";
import { ControllerAudit } from "./controller_audit.ts";
import { validateForGateways } from "./gateway_validator.ts";
import { serveDoors } from "./doors.ts";
import { MetricsDoor } from "./metrics_door.ts";
import { packageDoor } from "./package_door.ts";
import { RemoteTaps, TAP_CAPABILITY } from "./remote_taps.ts";
import { ControllerTelemetry } from "./telemetry.ts";

export interface ControllerOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: ServerOptions | undefined;
  /** Whether others cannot reach it. */
  readonly loopback: boolean;
  /** Where agents reach it, without a path. Absent: they are not offered a place for their metrics. */
  readonly publicUrl: string | undefined;
  readonly version: string;
}

export interface ControllerDeps {
  readonly store: OpampStore;
  /** Of operators. Absent: nobody is asked for one, agents neither. */
  readonly operators: TokenBook | undefined;
  /** That agents show with their metrics, and for packages. */
  readonly metricsToken: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
}

/** How often rollouts look whose time has run out, milliseconds. */
const TICK_MS = 1_000;

/** Of the name of one tap. */
const TAP_ID_BYTES = 8;

/** No certificates. */
const CAPABILITIES = ALL_SERVER_CAPABILITIES & ~ServerCapabilities.AcceptsConnectionSettingsRequest;

/** What decides what an agent is offered: a place for its metrics, and packages; and what its metrics are known by. */
const DECIDES_OFFERS = AgentChanges.connection | AgentChanges.capabilities | AgentChanges.uid |
  AgentChanges.description;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #deps: ControllerDeps;
  readonly #server: OpampServer;
  readonly #rollouts: Rollouts;
  readonly #port: FleetPort;
  readonly #telemetry: ControllerTelemetry;
  readonly #packages: PackageCatalog;
  readonly #door: MetricsDoor | undefined;
  #timer: Timer | undefined;

  /** @throws {GatewayError} The store cannot be read. */
  constructor(options: ControllerOptions, deps: ControllerDeps) {
    const { clock, logger, operators, randomBytes, metricsToken } = deps;
    const { version, loopback, publicUrl } = options;
    this.#options = options;
    this.#deps = deps;
    const secret = new AgentSecret(metricsToken);
    const telemetry = this.#telemetry = new ControllerTelemetry(clock, version);
    const store = telemetry.watchStore(deps.store);
    const rolloutStore = telemetry.watchStore(openRolloutStore(deps.store.database));
    const catalog = new ConfigCatalog({ store: rolloutStore, clock });
    const offers = new ConfigOffers(catalog);
    const tokens = new AgentTokens(store, randomBytes);
    const server = this.#server = new OpampServer({
      settings: DEFAULT_OPAMP_SERVER_SETTINGS,
      face: { capabilities: CAPABILITIES, customCapabilities: [TAP_CAPABILITY] },
      clock,
      randomBytes,
      logger,
      meter: telemetry.meter,
      store,
      findConfig: (hash) => offers.byHash(hash),
      admit: agentGuard({ loopback, authenticated: operators !== undefined }),
      authenticate: operators && (({ headers }) => tokens.identify(headers.authorization)),
      other: (request, response) => serveOther(request, response),
    });
    const { fleet } = server;
    const port = this.#port = createFleetPort(fleet, (config) => offers.of(config));
    const rollouts = new Rollouts({ fleet: port, store: rolloutStore, catalog, clock, compilePattern, logger });
    this.#rollouts = rollouts;
    telemetry.watchRollouts(rollouts);
    const newId = () => Buffer.from(randomBytes(TAP_ID_BYTES)).toString("hex");
    const taps = new RemoteTaps({ fleet, clock, meter: telemetry.meter, newId });
    const packages = this.#packages = new PackageCatalog({
      ...{ fleet, port, clock, compilePattern },
      store: telemetry.watchStore(new PackageStore(deps.store.database)),
      source: publicUrl === undefined ? undefined : { publicUrl, token: secret.token },
    });
    this.#door = publicUrl === undefined
      ? undefined
      : new MetricsDoor({ fleet, port, rollouts, clock, meter: telemetry.meter, logger, secret, publicUrl });
    const app = createControllerApp(
      {
        ...{ fleet, port, rollouts, catalog, packages, store, tokens, clock, compilePattern, version },
        validate: validateForGateways,
        tap: (uid, query) => taps.open(uid, query),
        cut: (tokenId) => server.listener.cut(tokenId),
        startedMs: clock.nowMs(),
      },
      new ControllerAudit(store, clock, logger),
      { tokens: operators, loopback },
      () => telemetry.collect(),
    );
    const serveOther = serveDoors({
      telemetry,
      api: (request, peer) => app.fetch(request, peer),
      metrics: this.#door,
      packages: packageDoor(packages, secret),
    });
  }

  /**
   * Reads what was, goes on with it, and opens the port.
   *
   * @throws {GatewayError} The store cannot be read or written.
   * @throws {Error} The port cannot be had, or the certificate is none.
   */
  async start(): Promise<AddressInfo> {
    const { hostname, port, tls } = this.#options;
    const { fleet, listener } = this.#server;
    fleet.start();
    this.#rollouts.open();
    fleet.onChanges((changes) => this.#onChanges(changes));
    this.#door?.follow(fleet.uids());
    this.#packages.follow(fleet.uids());
    const address = await listener.listen({ hostname, port, tls });
    this.#scheduleTick();
    return address;
  }

  /** Sends the agents away, each with a time to come back, and writes what is not written. */
  async shutdown(graceMs: number): Promise<void> {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    await this.#server.shutdown(graceMs);
    this.#telemetry.shutdown();
    this.#deps.store.close();
  }

  #onChanges(changes: readonly AgentChange[]): void {
    const isGone = ({ uid, changes: mask }: AgentChange) =>
      hasBits(mask, AgentChanges.removed) && this.#port.get(uid) === undefined;
    const gone = changes.filter(isGone).map(({ uid }) => uid);
    for (const uid of gone) this.#door?.forget(uid);
    if (gone.length > 0) this.#rollouts.onGone(gone);
    this.#rollouts.onAgents(changes.flatMap(({ uid }) => this.#port.get(uid) ?? []));
    const others = changes.filter(({ changes: mask }) => (mask & DECIDES_OFFERS) !== 0).map(({ uid }) => uid);
    this.#door?.follow(others);
    this.#packages.follow(others);
  }

  #scheduleTick(): void {
    this.#timer = this.#deps.clock.setTimer(() => {
      this.#rollouts.tick();
      this.#scheduleTick();
    }, TICK_MS);
  }
}

/** Linear in the text, as the gateway's own expressions. */
const compilePattern: CompilePattern = (pattern) => {
  const regex = compileRegex(pattern, DEFAULT_OTTL_LIMITS);
  return (text) => regex.test(text);
};
