/**
 * Keeps listeners open while what is behind them changes: a component of the next graph that asks for an address which
 * one of the running graph has is given that listener, at the flip, with its own settings. A new address is opened at once,
 * since only that tells whether it can be; requests that come there before the flip wait for it.
 *
 * @module
 */

import type { HttpServerConfig } from "../../pipeline/config/network/http_server.ts";
import type { HttpApp, HttpServer, ServeHttp } from "../../pipeline/contract/http.ts";
import { type WaitingApp, waitingApp } from "../waiting_app.ts";

/** An open listener, and who has it. */
interface Held {
  readonly server: HttpServer;
  owner: Claim;
  /** Of the graph that its owner belongs to. */
  generation: number;
}

/** What one component was given. */
interface Claim {
  readonly key: string;
  readonly config: HttpServerConfig;
  readonly app: HttpApp;
  /** When another has the listener: settles when the last request of this one is answered. */
  ended?: Promise<void>;
}

export class ListenerHub {
  readonly #open: ServeHttp;
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Set<Claim>();
  /** Of listeners that were opened for the next graph. */
  readonly #early = new Map<Claim, { readonly server: HttpServer; readonly waiting: WaitingApp }>();
  #generation = 0;

  constructor(open: ServeHttp) {
    this.#open = open;
  }

  /** Opens a listener, or lets one that is open wait for the flip. */
  readonly serveHttp: ServeHttp = async (config, app) => {
    const claim: Claim = { key: keyOf(config), config, app };
    const held = this.#held.get(claim.key);
    if (held?.server.replace !== undefined && held.generation < this.#generation) {
      this.#waiting.add(claim);
      return this.#handle(claim, held.server);
    }
    const server = await this.#openFor(claim);
    if (this.#held.has(claim.key)) return server; // a second one of the same graph: where no port is opened, two can be
    this.#held.set(claim.key, { server, owner: claim, generation: this.#generation });
    return this.#handle(claim, server);
  };

  /** Beside the first graph nothing runs that could answer: there a request may find it half started. */
  async #openFor(claim: Claim): Promise<HttpServer> {
    if (this.#generation === 0) return await this.#open(claim.config, claim.app);
    const waiting = waitingApp(claim.app);
    const server = await this.#open(claim.config, waiting.app);
    this.#early.set(claim, { server, waiting });
    return server;
  }

  /** The next graph has the traffic: listeners that wait are handed over, and what waits in new ones goes on. */
  flip(): void {
    for (const [{ config, app }, { server, waiting }] of this.#early) {
      waiting.open();
      void server.replace?.(config, app);
    }
    this.#early.clear();
    for (const claim of this.#waiting) {
      const held = this.#held.get(claim.key);
      if (held === undefined) continue;
      held.owner.ended = held.server.replace?.(claim.config, claim.app) ?? Promise.resolve();
      held.owner = claim;
      held.generation = this.#generation;
    }
    this.#waiting.clear();
    this.#generation++;
  }

  #handle(claim: Claim, server: HttpServer): HttpServer {
    return { address: server.address, shutdown: (deadline) => this.#shutdown(claim, deadline) };
  }

  async #shutdown(claim: Claim, deadline: AbortSignal): Promise<void> {
    if (this.#waiting.delete(claim)) return;
    this.#early.get(claim)?.waiting.giveUp();
    this.#early.delete(claim);
    const held = this.#held.get(claim.key);
    if (held?.owner === claim) {
      this.#held.delete(claim.key);
      return await held.server.shutdown(deadline);
    }
    await Promise.race([claim.ended, fired(deadline)]);
  }
}

/** A listener can be handed on when address and TLS are the same; all else can change while it is open. */
function keyOf({ endpoint, transport, tls }: HttpServerConfig): string {
  return JSON.stringify([endpoint, transport, tls ?? null]);
}

function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
