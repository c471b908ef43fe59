/**
 * What a command line names as its configuration.
 *
 * @module
 */

import { processEnvironment } from "../pipeline/config/environment.ts";
import type { ResolvedConfig } from "../pipeline/config/gateway_config.ts";
import { type ConfigSource, loadConfig } from "../pipeline/config/source.ts";
import { DEFAULT_CONFIG } from "./default_config.ts";

export interface Sources {
  /** What `--config` named; none for the built-in configuration. */
  readonly configs: readonly ConfigSource[];
  /** What `--set` named; applied after all others. */
  readonly sets: readonly ConfigSource[];
}

/** Reads the sources, or the built-in configuration where none is named. */
export function resolveSources({ configs, sets }: Sources): Promise<ResolvedConfig> {
  const builtIn = { kind: "text", name: "built-in", text: DEFAULT_CONFIG } as const;
  return loadConfig([...(configs.length === 0 ? [builtIn] : configs), ...sets], processEnvironment);
}
