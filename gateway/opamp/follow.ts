/**
 * Follows the OpAMP server that the configuration names, from before the gateway starts to its end.
 *
 * @module
 */

import type { ComponentConfig, GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { MapNode } from "../../pipeline/config/tree/node.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { OPAMP_TYPE, type OpampConfig } from "../../pipeline/extensions/opamp.ts";
import { type ConfigOverlay, NO_OVERLAY } from "../config/overlay.ts";
import { type AgentDeps, GatewayAgent } from "./agent.ts";
import { OpampOverlay, sectionOf } from "./overlay.ts";
import { type OpampState, openOpampState } from "./state_directory.ts";

/** What is known before the gateway starts. */
export interface OpampPlan {
  /** What goes over the configuration: of the server, as it was last. */
  readonly overlay: ConfigOverlay;
  /** Opened with the first configuration that has the extension. */
  readonly state: OpampState | undefined;
  /** What the gateway is called, as a UUID; undefined: it has no name yet. */
  readonly instanceUid: string | undefined;
}

/**
 * What the server gave last, for a start without it.
 *
 * @param id Of the extension in `tree`.
 * @param stateDir Of the process; for an extension that names no directory of its own.
 * @throws {Error} The state directory cannot be made.
 */
export async function planFor(id: string, tree: MapNode, stateDir: string | undefined): Promise<OpampPlan> {
  const section = sectionOf(tree, id);
  if (section === undefined) return { overlay: NO_OVERLAY, state: undefined, instanceUid: undefined };
  const state = await openOpampState(directoryOf(section, stateDir));
  const files = await state.lastGood.load();
  const overlay = new OpampOverlay(id, { files, telemetry: new Map() });
  return { overlay, state, instanceUid: section.instance_uid || await storedUid(state) };
}

/** What cannot be read begins anew: the client says so when it starts. */
async function storedUid({ client }: OpampState): Promise<string | undefined> {
  try {
    return (await client.load())?.instanceUid;
  } catch {
    return undefined;
  }
}

function directoryOf({ state_directory: own }: OpampConfig, stateDir: string | undefined): string | undefined {
  if (own !== "") return own;
  return stateDir === undefined ? undefined : `${stateDir}/opamp`;
}

export interface FollowerDeps extends Omit<AgentDeps, "state"> {
  readonly stateDir: string | undefined;
}

/** One agent while its section of the configuration stays the same; another one when it changes. */
export class OpampFollower {
  readonly #deps: FollowerDeps;
  readonly #logger: Logger;
  readonly #state: OpampState | undefined;
  #agent: GatewayAgent | undefined;
  #fingerprint: string | undefined;
  /** Changes are followed one after the other. */
  #last: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor({ state }: OpampPlan, deps: FollowerDeps) {
    this.#deps = deps;
    this.#state = state;
    this.#logger = deps.gateway.logger;
  }

  /** Goes over to what the configuration that runs now says. Does not wait for the server. */
  follow(): Promise<void> {
    this.#last = this.#last.then(() => this.#change()).catch((thrown) => {
      this.#logger.error("The OpAMP server cannot be followed", { error: describeError(thrown) });
    });
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last;
    await this.#agent?.stop();
  }

  async #change(): Promise<void> {
    if (this.#isStopped) return;
    const extension = extensionOf(this.#deps.gateway.config);
    if (extension?.fingerprint === this.#fingerprint) return this.#agent?.onConfig();
    await this.#agent?.stop();
    this.#agent = undefined;
    this.#fingerprint = extension?.fingerprint;
    if (extension === undefined) return;
    const config = extension.config as OpampConfig; // its schema made it
    const directory = directoryOf(config, this.#deps.stateDir);
    const state = this.#state?.directory === directory && this.#state !== undefined
      ? this.#state
      : await openOpampState(directory);
    const agent = await GatewayAgent.open(extension.id, config, { ...this.#deps, state });
    await agent.start();
    this.#agent = agent;
  }
}

/** The first one that runs: a gateway has one server. */
function extensionOf({ extensions, serviceExtensions }: GatewayConfig): ComponentConfig | undefined {
  return serviceExtensions.map((id) => extensions.get(id)).find((extension) => extension?.type === OPAMP_TYPE);
}
