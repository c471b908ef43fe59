/**
 * Tells a port that is taken. Listeners share their port over data workers (SO_REUSEPORT), and so would join another
 * gateway's port without a word; a plain bind first finds it out.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import { formatEndpoint, type HttpServerConfig, parseEndpoint } from "../../pipeline/config/network/http_server.ts";
import { childNode, type ConfigNode, formatPath, type NodePath } from "../../pipeline/config/tree/node.ts";
import type { ServeHttp } from "../../pipeline/contract/http.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { bindAddress } from "../../routes/bind_address.ts";

/** `serveHttp` that refuses a port which anyone else listens on. Not for a thread that shares the port with others. */
export function exclusive(serveHttp: ServeHttp): ServeHttp {
  return async (config, app) => {
    probe(config);
    return await serveHttp(config, app);
  };
}

/**
 * Every listener of a configuration whose port is taken, with its key: a second gateway on a machine meets the first at
 * all of them, and a start would tell only those that come first. Any other trouble is left to the start.
 *
 * @param held Endpoints that this gateway listens on itself: they are handed on, or shared.
 */
export function portsInUse(config: GatewayConfig, held: ReadonlySet<string> = NONE): readonly string[] {
  return listenersOf(config).flatMap(({ path, server, advice = "" }) => {
    if (held.has(server.endpoint)) return [];
    try {
      probe(server);
      return [];
    } catch (thrown) {
      return thrown instanceof UnavailableError ? [`${formatPath(path)}: ${thrown.message}${advice}`] : [];
    }
  });
}

/** The endpoints that a configuration listens on. */
export function endpointsOf(config: GatewayConfig): readonly string[] {
  return listenersOf(config).map(({ server }) => server.endpoint);
}

const NONE: ReadonlySet<string> = new Set();

/** A page that nobody has written is in nobody's file. */
const MOVE_DEFAULT_PAGE = " (own metrics, by default; move them: --set " +
  "'service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {port: 8889}}}}]', " +
  "or none: --set service.telemetry.metrics.level=none)";

function listenersOf({ receivers, extensions, telemetry, tree }: GatewayConfig): readonly ListenerAt[] {
  const components = Object.entries({ receivers, extensions }).flatMap(([section, configs]) =>
    [...configs.values()].filter(({ used }) => used).flatMap(({ id, config }) => listenersIn(config, [section, id]))
  );
  const areWritten = METRICS.concat("readers").reduce<ConfigNode | undefined>(childNode, tree) !== undefined;
  const readers = telemetry.metrics.level === "none" ? [] : telemetry.metrics.readers;
  const pages = readers.flatMap(({ pull }, index): ListenerAt[] => {
    const page = pull?.exporter.prometheus;
    if (page === undefined) return [];
    const server = { endpoint: formatEndpoint(page.host, page.port), transport: "tcp" } as const;
    if (!areWritten) return [{ path: METRICS, server, advice: MOVE_DEFAULT_PAGE }];
    return [{ path: [...METRICS, "readers", index, "pull", "exporter", "prometheus", "port"], server }];
  });
  return [...components, ...pages];
}

const METRICS = ["service", "telemetry", "metrics"];

type Listener = Pick<HttpServerConfig, "endpoint" | "transport">;

interface ListenerAt {
  /** The key that names its address. */
  readonly path: NodePath;
  readonly server: Listener;
  /** Behind what is said of a port that is taken. */
  readonly advice?: string;
}

/** Keys that `httpServerShape` alone has together; only the component knows its configuration's type. */
const LISTENER_KEYS = ["endpoint", "transport", "read_header_timeout", "max_connections"];

function listenersIn(config: unknown, path: NodePath): readonly ListenerAt[] {
  if (typeof config !== "object" || config === null) return [];
  if (LISTENER_KEYS.every((key) => Object.hasOwn(config, key))) {
    return [{ path: [...path, "endpoint"], server: config as Listener }];
  }
  return Object.entries(config).flatMap(([key, below]) => listenersIn(below, [...path, key]));
}

/** @throws {UnavailableError} Its port is taken. */
export function probe({ endpoint, transport }: Listener): void {
  const { hostname, port } = parseEndpoint(endpoint);
  if (port === 0) return;
  try {
    Deno.listen({ hostname: bindAddress(hostname, transport), port }).close();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new UnavailableError(`Cannot listen on "${endpoint}": the port is in use, wanted a free one`);
  }
}
