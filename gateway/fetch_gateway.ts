/**
 * A gateway where the platform serves HTTP: one thread, no listener, no file. Deno Deploy, `deno serve`.
 *
 * Needs only `--allow-net` (for exporters) and `--allow-env`.
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/network/http_server.ts";
import { type ConfigEnvironment, loadConfig } from "../pipeline/config/source.ts";
import type { HttpApp, ServeHttp } from "../pipeline/contract/http.ts";
import { createOtlpApp } from "../routes/otlp.ts";
import manifest from "../deno.json" with { type: "json" };
import { DEFAULT_FETCH_CONFIG } from "./config/default_config.ts";
import { startGateway } from "./control_thread.ts";

export interface FetchGatewayOptions {
  /** YAML; `${env:…}` is expanded, `${file:…}` is refused. */
  readonly configText: string;
  /** Variables for the expansion. */
  readonly env: (name: string) => string | undefined;
}

export interface FetchGateway {
  /**
   * Answers a request to any receiver or page of the gateway; 404 to what is none of theirs.
   *
   * @param info The second argument of a handler of `Deno.serve`: it tells a sender that left from one that is answered.
   */
  readonly fetch: (request: Request, info?: Deno.ServeHandlerInfo) => Promise<Response>;
  /** Drains. @returns Whether everything was delivered. */
  readonly shutdown: (deadlineMs: number) => Promise<boolean>;
}

/**
 * Starts a gateway whose receivers, health check and metrics all answer at one door, by path.
 *
 * Endpoints in the configuration are not listened on; limits of the OTLP receiver apply, those of a listener
 * (connections, header timeout) are the platform's.
 *
 * @throws {ConfigError | GraphError} As `startGateway`.
 */
export async function createFetchGateway({ configText, env }: FetchGatewayOptions): Promise<FetchGateway> {
  const door = new Door();
  const source = { kind: "text", name: "config", text: configText } as const;
  const gateway = await startGateway({
    resolved: await loadConfig([source], environmentWithoutFiles(env)),
    workers: 0,
    version: manifest.version,
    serveHttp: door.open,
  });
  return { fetch: door.fetch, shutdown: (deadlineMs) => gateway.shutdown(deadlineMs) };
}

/** The gateway of `deno serve main.ts`: SLUICE_CONFIG is its YAML. */
export function createServedGateway(): Promise<FetchGateway> {
  const env = (name: string) => Deno.env.get(name);
  return createFetchGateway({ configText: env("SLUICE_CONFIG") ?? DEFAULT_FETCH_CONFIG, env });
}

function environmentWithoutFiles(env: ConfigEnvironment["env"]): ConfigEnvironment {
  return { env, readFile: () => Promise.reject(new Error("there are no files here")) };
}

type Fetch = (request: Request, info?: Deno.ServeHandlerInfo) => Response | Promise<Response>;

/** Where listeners would be: what they serve, by path. OTLP first, then the others in the order they were opened. */
class Door {
  readonly #apps: { readonly takes: (path: string) => boolean; readonly fetch: Fetch }[] = [];

  readonly open: ServeHttp = (config, app) => {
    const opened = "otlp" in app ? otlpAt(config, app.otlp) : {
      takes: () => true,
      fetch: (request: Request) => app.fetch(request),
    };
    if ("otlp" in app) this.#apps.unshift(opened);
    else this.#apps.push(opened);
    return Promise.resolve({
      address: { hostname: "", port: 0 },
      shutdown: () => {
        this.#apps.splice(this.#apps.indexOf(opened), 1);
        return Promise.resolve();
      },
    });
  };

  readonly fetch: FetchGateway["fetch"] = async (request, info) => {
    const path = new URL(request.url).pathname;
    let answer = new Response("Not Found", { status: 404 });
    for (const app of this.#apps.filter(({ takes }) => takes(path))) {
      answer = await app.fetch(request, info);
      if (answer.status !== 404) return answer;
    }
    return answer;
  };
}

function otlpAt(config: HttpServerConfig, otlp: Extract<HttpApp, { readonly otlp: unknown }>["otlp"]) {
  const app = createOtlpApp(otlp, config);
  return { takes: (path: string) => otlp.paths.has(path), fetch: app.fetch };
}
