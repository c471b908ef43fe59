/**
 * What would keep a configuration from starting, found before anything of it does: all of it at once, each with its key.
 *
 * @module
 */

import { whyUnreadableFile } from "../pipeline/config/environment.ts";
import type { GatewayConfig } from "../pipeline/config/gateway_config.ts";
import { formatProblem, type Problem } from "../pipeline/config/problem.ts";
import { fileProblems } from "../pipeline/config/checks/files.ts";
import { REGISTRY } from "../pipeline/graph/registry.ts";
import { portsInUse } from "./threads/exclusive_listener.ts";

/** @param held Endpoints that this gateway listens on itself. */
export function preflight(config: GatewayConfig, held: ReadonlySet<string>): readonly string[] {
  return [...portsInUse(config, held), ...missingFiles(config).map(formatProblem)];
}

/** Files of certificates and keys that cannot be read. */
export function missingFiles(config: GatewayConfig): readonly Problem[] {
  return fileProblems(config, REGISTRY, whyUnreadableFile);
}
