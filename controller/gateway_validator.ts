/**
 * What a gateway would say to a configuration, without a gateway.
 *
 * Files are merged in the order of their names. Variables and files of the gateways' machines are not known here: what
 * names one is told as a problem where that keeps the configuration from being read.
 *
 * @module
 */

import type { ConfigFile } from "../opamp/rollouts/mod.ts";
import { parseConfig } from "../pipeline/config/parse.ts";
import { ConfigError, errorAt, type Problem } from "../pipeline/config/problem.ts";
import { type ConfigEnvironment, type ConfigSource, loadConfig } from "../pipeline/config/source.ts";
import { loadComponents, REGISTRY } from "../pipeline/graph/registry.ts";

const NO_ENVIRONMENT: ConfigEnvironment = {
  env: () => undefined,
  readFile: (path) => Promise.reject(new Deno.errors.NotFound(`${path} is of the gateway's machine`)),
};

/**
 * Every problem and warning, with its place.
 *
 * @param base What the gateways have of their own, which the files are laid over.
 */
export async function validateForGateways(
  files: readonly ConfigFile[],
  base: readonly ConfigFile[] = [],
): Promise<readonly Problem[]> {
  const sources: ConfigSource[] = [];
  for (const { name, body } of [...base, ...files.toSorted((a, b) => a.name < b.name ? -1 : 1)]) {
    const file = name === "" ? "config" : name;
    try {
      sources.push({ kind: "text", name: file, text: new TextDecoder("utf-8", { fatal: true }).decode(body) });
    } catch {
      return [errorAt({ file, line: 0, column: 0 }, [], "is not UTF-8")];
    }
  }
  const resolved = await loadConfig(sources, NO_ENVIRONMENT);
  await loadComponents(resolved.tree);
  try {
    return parseConfig(resolved, REGISTRY).warnings;
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
}
