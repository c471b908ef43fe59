/**
 * Opens the admin API's listener beside a gateway that runs.
 *
 * @module
 */

import { type HttpServerConfig, httpServerShape, parseEndpoint } from "../../pipeline/config/network/http_server.ts";
import { section } from "../../pipeline/config/schema.ts";
import type { FetchPeer, HttpServer, ServeHttp } from "../../pipeline/contract/http.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import { MAX_ADMIN_BODY_BYTES } from "../../routes/admin/limits.ts";
import { unreadable } from "../../routes/api/answer_headers.ts";
import { isLoopback } from "../../routes/bind_address.ts";
import type { ConfigManager } from "../config/config_manager.ts";
import { exclusive, probe } from "../threads/exclusive_listener.ts";
import type { Gateway } from "../gateway.ts";
import type { TenantFiles } from "../tenants/tenant_files.ts";
import type { AdminAppDeps, OpenAdminApp } from "./open_app.ts";
import { Rates } from "./rates.ts";
import { TokenFile } from "./token_file.ts";

/**
 * Where it listens unless told otherwise: beside the own metrics (8888), at a port that no component of the collector
 * has by default. 8889 is where the collector's examples put its Prometheus exporter.
 */
export const DEFAULT_ADMIN_LISTEN = "127.0.0.1:8887";
/** What `--admin-listen` says for nowhere. */
const ADMIN_OFF = "off";

/** How long a stop waits for answers under way, milliseconds. */
const STOP_MS = 1_000;
/** A tap may take five minutes; nothing takes longer, milliseconds. */
const WRITE_TIMEOUT_MS = 310_000;
const MAX_CONNECTIONS = 100;

export interface AdminOptions {
  /** `host:port`, or `off`. Absent: the default, and nowhere when that is taken. */
  readonly listen: string | undefined;
  /** A file of tokens. */
  readonly tokens: string | undefined;
  /** A certificate's file; with its key it is served by https, and both are read again when they change. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

export interface AdminServer {
  readonly address: HttpServer["address"];
  /** The gateway stops: probes say so. */
  stopping(): void;
  close(): Promise<void>;
}

export interface AdminDeps {
  readonly gateway: Gateway;
  readonly manager: ConfigManager;
  /** Of the channel that the gateway's threads listen on. */
  readonly channel: string;
  readonly version: string;
  readonly stateDir: string | undefined;
  readonly serveHttp: ServeHttp;
  readonly clock: Clock;
  readonly tenantFiles: TenantFiles;
}

/**
 * What would keep it from being opened, whatever runs.
 *
 * @throws {TypeError} The address is of another form, others can reach it and there are no tokens, or the certificate
 *   has no key.
 */
export function checkAdminOptions({ listen = DEFAULT_ADMIN_LISTEN, tokens, tlsCert, tlsKey }: AdminOptions): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new TypeError("Cannot open the admin API: wanted both --admin-tls-cert and --admin-tls-key, or none of them");
  }
  if (listen === ADMIN_OFF || isLoopback(parseEndpoint(listen).hostname) || tokens !== undefined) return;
  throw new TypeError(
    `Cannot open the admin API at ${listen}: others can reach it, wanted --admin-tokens, or a loopback address`,
  );
}

/**
 * Before anything listens: a gateway that takes data and then stops because of this port has taken it for nothing.
 *
 * @throws {UnavailableError} The address that was asked for is taken.
 */
export function checkAdminPort(options: AdminOptions): void {
  const { listen } = options;
  if (listen === undefined || listen === ADMIN_OFF) return;
  try {
    probe(serverConfig(listen, options));
  } catch (thrown) {
    if (!(thrown instanceof UnavailableError)) throw thrown;
    throw new UnavailableError(`--admin-listen: ${thrown.message}, or off`);
  }
}

/**
 * @returns undefined when it is off, or at its default address where somebody else is.
 * @throws {Error} The tokens cannot be read, or the address that was asked for cannot be listened on.
 */
export async function openAdmin(options: AdminOptions, deps: AdminDeps): Promise<AdminServer | undefined> {
  const { listen = DEFAULT_ADMIN_LISTEN } = options;
  if (listen === ADMIN_OFF) return undefined;
  checkAdminOptions(options);
  try {
    return await open(listen, options, deps);
  } catch (thrown) {
    if (options.listen !== undefined || !(thrown instanceof UnavailableError)) throw thrown;
    deps.gateway.logger.warn("The admin API is off: its default port is taken", { error: describeError(thrown) });
    return undefined;
  }
}

async function open(listen: string, options: AdminOptions, deps: AdminDeps): Promise<AdminServer> {
  const { tokens } = options;
  const { gateway, clock, version } = deps;
  const { logger } = gateway;
  const book = tokens === undefined ? undefined : new TokenFile(tokens, logger, clock);
  const loopback = isLoopback(parseEndpoint(listen).hostname);
  const admin = new AdminOnDemand(deps, async (given) => {
    const { openAdminApp } = await import("./open_app.ts");
    return openAdminApp(given, { version, tokens: book, loopback });
  });
  try {
    const app = { fetch: (request: Request, peer?: FetchPeer) => admin.fetch(request, peer), unreadable };
    const server = await exclusive(deps.serveHttp)(serverConfig(listen, options), app);
    const { hostname, port } = server.address;
    const who = { authenticated: book !== undefined, tls: options.tlsCert !== undefined };
    logger.info("The admin API listens", { address: `${hostname}:${port}`, ...who });
    return {
      address: server.address,
      stopping: () => admin.stopping(),
      close: async () => {
        admin.close();
        await server.shutdown(AbortSignal.timeout(STOP_MS));
      },
    };
  } catch (thrown) {
    admin.close();
    throw thrown;
  }
}

/** Opens what answers when it is asked for the first time, and knows from the start what that will be asked about. */
class AdminOnDemand {
  readonly #open: () => Promise<OpenAdminApp>;
  readonly #rates: Rates;
  #opening: Promise<OpenAdminApp> | undefined;
  #app: OpenAdminApp | undefined;
  #isStopping = false;
  #isClosed = false;

  constructor(deps: AdminDeps, open: (given: AdminAppDeps) => Promise<OpenAdminApp>) {
    const { gateway, clock } = deps;
    const rates = this.#rates = new Rates(() => gateway.collect(), clock);
    const started = { atMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    this.#open = () => open({ ...deps, rates, started });
  }

  async fetch(request: Request, peer?: FetchPeer): Promise<Response> {
    const { fetch } = this.#app ?? await (this.#opening ??= this.#load());
    return fetch(request, peer);
  }

  stopping(): void {
    this.#isStopping = true;
    this.#app?.stopping();
  }

  close(): void {
    this.#isClosed = true;
    this.#rates.close();
    this.#app?.close();
  }

  /** It may be told to stop meanwhile; when it fails, the next request tries again. */
  async #load(): Promise<OpenAdminApp> {
    try {
      const app = this.#app = await this.#open();
      if (this.#isStopping) app.stopping();
      if (this.#isClosed) app.close();
      return app;
    } finally {
      this.#opening = undefined;
    }
  }
}

function serverConfig(endpoint: string, { tlsCert, tlsKey }: AdminOptions): HttpServerConfig {
  const tls = tlsCert === undefined ? {} : {
    tls: { cert_file: tlsCert, key_file: tlsKey, reload_interval: "60s" },
  };
  return {
    ...section(httpServerShape(endpoint)).parse(tls),
    max_request_body_size: MAX_ADMIN_BODY_BYTES,
    max_connections: MAX_CONNECTIONS,
    write_timeout: WRITE_TIMEOUT_MS,
  };
}
