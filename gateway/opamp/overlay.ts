/**
 * What an OpAMP server adds to the local configuration: files, and destinations of own telemetry.
 *
 * Whatever may be added is asked of the local configuration each time, as it is then: a local change counts at once, and
 * where the extension is gone, or may not be told anything, nothing is added.
 *
 * @module
 */

import type { OwnSignal } from "../../opamp/client/offers/connection_offers.ts";
import { processEnvironment } from "../../pipeline/config/environment.ts";
import { type ConfigSource, loadConfig, mergeSources } from "../../pipeline/config/source.ts";
import { childNode, type MapNode, toPlain } from "../../pipeline/config/tree/node.ts";
import { type OpampConfig, opampFactory } from "../../pipeline/extensions/opamp.ts";
import { OPAMP_SOURCE } from "../admin/views/config_view.ts";
import type { ConfigOverlay, Overlaid } from "../config/overlay.ts";
import { givenOrBuiltIn, type Sources } from "../config/sources.ts";
import { type TelemetryDestination, telemetrySources } from "./own_telemetry.ts";
import { policyProblems } from "./policy/policy.ts";
import type { RemoteFile } from "./remote_files.ts";

export interface RemoteParts {
  readonly files: readonly RemoteFile[];
  readonly telemetry: ReadonlyMap<OwnSignal, TelemetryDestination>;
}

export class OpampOverlay implements ConfigOverlay {
  readonly parts: RemoteParts;
  readonly #id: string;

  /** @param id Of the extension: `opamp`. */
  constructor(id: string, parts: RemoteParts) {
    this.#id = id;
    this.parts = parts;
  }

  /** The same with other parts. */
  with(change: Partial<RemoteParts>): OpampOverlay {
    return new OpampOverlay(this.#id, { ...this.parts, ...change });
  }

  async over(base: Sources): Promise<Overlaid> {
    const configs = givenOrBuiltIn(base.configs);
    const whole = [...configs, ...base.sets];
    const own = sectionOf((await loadConfig(whole, processEnvironment)).tree, this.#id);
    if (own === undefined) return { sources: base, problems: [] };
    const remote = own.capabilities.accepts_remote_config ? this.parts.files.map(sourceOf) : [];
    const problems = remote.length === 0 ? [] : await this.#problems(own, whole, remote);
    const all = [...configs, ...remote, ...base.sets];
    const { root } = await mergeSources(all, processEnvironment);
    const telemetry = new Map(
      [...this.parts.telemetry].filter(([signal]) => own.capabilities[`reports_own_${signal}`]),
    );
    return {
      sources: { configs: [...configs, ...remote], sets: [...base.sets, ...telemetrySources(telemetry, root)] },
      problems,
    };
  }

  async #problems(own: OpampConfig, local: readonly ConfigSource[], remote: readonly ConfigSource[]) {
    const [asWritten, expanded, offered] = await Promise.all([
      mergeSources(local, processEnvironment),
      loadConfig(local, processEnvironment),
      Promise.all(remote.map((file) => mergeSources([file], processEnvironment))),
    ]);
    return policyProblems(own.remote_config, {
      remote: offered.map(({ root }) => root),
      local: asWritten.root,
      expanded: expanded.tree,
    });
  }
}

function sourceOf({ name, text }: RemoteFile): ConfigSource {
  return { kind: "text", name: name === "" ? OPAMP_SOURCE : `${OPAMP_SOURCE}:${name}`, text };
}

/** The extension in a tree; undefined when there is none that can be read. */
export function sectionOf(tree: MapNode, id: string): OpampConfig | undefined {
  const node = childNode(childNode(tree, "extensions"), id);
  if (node === undefined) return undefined;
  const { data } = opampFactory.schema.safeParse(toPlain(node));
  return data;
}
