/**
 * What tells configurations apart, and what people are shown of them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ResolvedConfig } from "../../pipeline/config/gateway_config.ts";
import { ConfigError, formatProblem } from "../../pipeline/config/problem.ts";
import { showConfig } from "../../pipeline/config/show.ts";
import { fingerprintOf } from "../../pipeline/config/tree/node.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";
import { REGISTRY } from "../../pipeline/graph/registry.ts";

/** The effective YAML, secrets masked. */
export function effectiveYaml(resolved: ResolvedConfig): string {
  return showConfig(resolved, REGISTRY).trimEnd();
}

/** Equal for configurations that a gateway cannot tell apart. */
export function versionOf({ tree, complete }: ResolvedConfig): string {
  return complete ? createHash("sha256").update(fingerprintOf(tree)).digest("hex").slice(0, 16) : "";
}

/** Whether it may be compared with another: it could be read, and has no error so far. */
export function isSound({ complete, problems }: ResolvedConfig): boolean {
  return complete && problems.every(({ severity }) => severity === "warning");
}

/** What is wrong, one line each. */
export function reasonsOf(thrown: unknown): readonly string[] {
  if (thrown instanceof GraphError) return thrown.failures;
  if (!(thrown instanceof ConfigError)) return [describeError(thrown)];
  return thrown.problems.filter(({ severity }) => severity === "error").map(formatProblem);
}
