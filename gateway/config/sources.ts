/**
 * What a command line, an operator or a server names as a configuration.
 *
 * @module
 */

import { processEnvironment } from "../../pipeline/config/environment.ts";
import type { ResolvedConfig } from "../../pipeline/config/gateway_config.ts";
import { type ConfigEnvironment, type ConfigSource, loadConfig } from "../../pipeline/config/source.ts";
import { loadComponents } from "../../pipeline/graph/registry.ts";
import { DEFAULT_CONFIG } from "./default_config.ts";

export interface Sources {
  /** What `--config` named; none for the built-in configuration. */
  readonly configs: readonly ConfigSource[];
  /** What `--set` named; applied after all others. */
  readonly sets: readonly ConfigSource[];
}

/** A configuration as it was read at one moment. */
export interface ReadConfig {
  readonly resolved: ResolvedConfig;
  /** The sources with their texts in the place of files and variables: what they said then. Nothing is expanded. */
  readonly sources: Sources;
  /** Files that it was read from, those that `${file:…}` includes among them. */
  readonly files: readonly string[];
}

/** Reads the sources, or the built-in configuration where none is named. */
export async function resolveSources(sources: Sources): Promise<ResolvedConfig> {
  return (await readSources(sources)).resolved;
}

/** As `resolveSources`, with what it was made of. Never throws for what is wrong with a source: the result tells. */
export async function readSources(
  { configs, sets }: Sources,
  environment: ConfigEnvironment = processEnvironment,
): Promise<ReadConfig> {
  const files = new Set<string>();
  const noting: ConfigEnvironment = {
    env: environment.env,
    readFile: (path) => {
      files.add(path);
      return environment.readFile(path);
    },
  };
  const texts = await Promise.all(givenOrBuiltIn(configs).map((each) => textOf(each, noting)));
  const resolved = await loadConfig([...texts, ...sets], noting);
  await loadComponents(resolved.tree);
  return { resolved, sources: { configs: texts, sets }, files: [...files] };
}

/** The same with `sets` over it: what the command line sets counts more than what is given later. */
export function withSets({ configs, sets: given }: Sources, sets: readonly ConfigSource[]): Sources {
  const prints = new Set(sets.map((set) => JSON.stringify(set)));
  const others = given.filter((each) => !prints.has(JSON.stringify(each))); // an entry of the history has them already
  return { configs, sets: [...others, ...sets] };
}

/** What `--config` named, or the built-in configuration where that is nothing. */
export function givenOrBuiltIn(configs: readonly ConfigSource[]): readonly ConfigSource[] {
  return configs.length === 0 ? [{ kind: "text", name: "built-in", text: DEFAULT_CONFIG }] : configs;
}

/** What cannot be read stays as it is: the configuration's problems tell why. */
async function textOf(source: ConfigSource, { env, readFile }: ConfigEnvironment): Promise<ConfigSource> {
  if (source.kind === "env") {
    const text = env(source.name);
    return text === undefined ? source : { kind: "text", name: `env:${source.name}`, text };
  }
  if (source.kind !== "file") return source;
  try {
    return { kind: "text", name: source.path, text: await readFile(source.path) };
  } catch {
    return source;
  }
}
