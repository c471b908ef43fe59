/**
 * What the API is served from.
 *
 * @module
 */

import type { AgentTokens } from "../../../opamp/server/store/agent_tokens.ts";
import type { Fleet } from "../../../opamp/server/fleet/fleet.ts";
import type { PackageCatalog } from "../../../opamp/server/fleet/package_catalog.ts";
import type { OpampStore } from "../../../opamp/server/store/store.ts";
import type { CompilePattern, ConfigCatalog, ConfigFile, FleetPort, Rollouts } from "../../../opamp/rollouts/mod.ts";
import type { Problem } from "../../../pipeline/config/problem.ts";
import type { Clock } from "../../../pipeline/core/clock.ts";
import type { AgentTapEvent, AgentTapQuery } from "../tap_schemas.ts";

/** What the API is served from. */
export interface ControllerParts {
  readonly fleet: Fleet;
  /** The same fleet, as rollouts see it. */
  readonly port: FleetPort;
  readonly rollouts: Rollouts;
  readonly catalog: ConfigCatalog;
  readonly store: OpampStore;
  readonly packages: PackageCatalog;
  readonly tokens: AgentTokens;
  readonly clock: Clock;
  readonly compilePattern: CompilePattern;
  /** Every problem that a gateway would find in these files, laid over its own. */
  readonly validate: (files: readonly ConfigFile[], base: readonly ConfigFile[]) => Promise<readonly Problem[]>;
  /** Taps a node of an agent. @throws {GatewayError} It cannot be tapped now. */
  readonly tap: (uid: string, query: AgentTapQuery) => AsyncIterable<AgentTapEvent>;
  /** Ends what came in with a token. */
  readonly cut: (tokenId: string) => void;
  readonly version: string;
  readonly startedMs: number;
}

/** Where the next page of what is newest first begins. */
export function lastId(events: readonly { readonly id: number }[]): string | null {
  const last = events.at(-1);
  return last === undefined ? null : String(last.id);
}
