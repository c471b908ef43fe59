/**
 * Loads the OpAMP side of a gateway when its configuration names the extension: most do not, and need not hold it.
 *
 * @module
 */

import { parseComponentId } from "../../pipeline/config/component_id.ts";
import { childNode, children, type MapNode } from "../../pipeline/config/tree/node.ts";
import { OPAMP_TYPE } from "../../pipeline/extensions/opamp.ts";
import { NO_OVERLAY } from "../config/overlay.ts";
import type { FollowerDeps, OpampFollower, OpampPlan } from "./follow.ts";

/** The id of the extension in a configuration; undefined when it has none. */
function opampIdIn(tree: MapNode): string | undefined {
  const ids = children(childNode(tree, "extensions") ?? tree).map(([id]) => String(id));
  return ids.find((id) => parseComponentId(id)?.type === OPAMP_TYPE);
}

/**
 * What is known of the server before the gateway starts.
 *
 * @throws {Error} The state directory cannot be made.
 */
export async function planOpamp(tree: MapNode, stateDir: string | undefined): Promise<OpampPlan> {
  const id = opampIdIn(tree);
  if (id === undefined) return NO_PLAN;
  const { planFor } = await import("./follow.ts");
  return await planFor(id, tree, stateDir);
}

const NO_PLAN: OpampPlan = { overlay: NO_OVERLAY, state: undefined, instanceUid: undefined };

/** Follows the server that the configuration names, from the first configuration on that names one. */
export class OpampLoader {
  readonly #plan: OpampPlan;
  readonly #deps: FollowerDeps;
  #follower: Promise<OpampFollower> | undefined;

  constructor(plan: OpampPlan, deps: FollowerDeps) {
    this.#plan = plan;
    this.#deps = deps;
  }

  /** Does not wait for the server. */
  async start(): Promise<void> {
    this.#deps.live.listen(() => void this.#look());
    await this.#look();
  }

  async stop(): Promise<void> {
    await (await this.#follower)?.stop();
  }

  async #look(): Promise<void> {
    if (this.#follower === undefined && opampIdIn(this.#deps.gateway.config.tree) === undefined) return;
    this.#follower ??= import("./follow.ts").then(({ OpampFollower }) => new OpampFollower(this.#plan, this.#deps));
    await (await this.#follower).follow();
  }
}
