/**
 * From the sources of a command line or a remote configuration to one resolved tree.
 *
 * Read, merged in order, then expanded, as the collector does (collector reference 2.1-2.3). `http:` and `https:` as
 * whole sources are left out: a gateway gets its remote configuration over OpAMP.
 *
 * @module
 */

import type { ResolvedConfig } from "./gateway_config.ts";
import { eventLoopPause, inSlices } from "../core/slices.ts";
import { ConfigError, errorAt, type Problem, warningAt } from "./problem.ts";
import { formatSetPath, readSetPath, SetPathError } from "./set_path.ts";
import { type ConfigEnvironment, expandTree, reason } from "./tree/expand.ts";
import { mergeMaps, nest, splitTopLevelKeys } from "./tree/merge.ts";
import { DEFAULT_TREE_LIMITS, emptyMap, type MapNode, type Place, type TreeLimits } from "./tree/node.ts";
import { asRoot, parsingYaml } from "./tree/yaml.ts";

export type { ConfigEnvironment } from "./tree/expand.ts";

/** Where a part of the configuration comes from. Later ones win. */
export type ConfigSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "env"; readonly name: string }
  /** A text in hand; `name` is what its places are called: a remote configuration's entry, `yaml:`. */
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  /** One value: `--set processors.batch.timeout=2s`. Given after all others. */
  | { readonly kind: "set"; readonly path: readonly string[]; readonly text: string };

/** Of an argument, in a message. */
const MAX_SHOWN_CHARS = 60;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;

/**
 * What `--config` is given: a path, `file:path`, `env:NAME` or `yaml:text`, where a top-level key of the text may be a
 * whole path (`yaml:processors::batch::timeout: 2s`).
 *
 * @throws {ConfigError} Another scheme.
 */
export function parseConfigSource(argument: string): ConfigSource {
  const [, scheme, rest = ""] = SCHEME.exec(argument) ?? [];
  switch (scheme) {
    case undefined:
      return { kind: "file", path: argument };
    case "file":
      return { kind: "file", path: rest };
    case "env":
      return { kind: "env", name: rest };
    case "yaml":
      return { kind: "text", name: "yaml:", text: rest };
    default:
      throw argumentError("--config", `has the unknown scheme ${JSON.stringify(scheme)}, wanted file, env or yaml`);
  }
}

/**
 * What `--set` is given: `a.b.c=value`, the value as YAML; a key with dots in it stands in quotes (set_path.ts).
 *
 * @throws {ConfigError} Not of that form: with the column.
 */
export function parseSetSource(argument: string): ConfigSource {
  try {
    const { keys: path, end } = readSetPath(argument);
    const { maxDepth } = DEFAULT_TREE_LIMITS;
    if (path.length > maxDepth) throw new SetPathError(1, `has ${path.length} keys, wanted ${maxDepth} at the most`);
    return { kind: "set", path, text: argument.slice(end + 1).trim() };
  } catch (thrown) {
    if (!(thrown instanceof SetPathError)) throw thrown;
    throw argumentError("--set", setMessage(argument, thrown), thrown.column);
  }
}

/** With what stands before the mistake: several may be given. That is path; a value may be a secret. */
function setMessage(argument: string, { message, column }: SetPathError): string {
  const before = argument.slice(0, column - 1).slice(-MAX_SHOWN_CHARS);
  return before === "" ? message : `${message}, behind ${JSON.stringify(before)}`;
}

/** @param column Counts from 1; 0 when the whole argument is meant. */
function argumentError(file: string, message: string, column = 0): ConfigError {
  return new ConfigError([errorAt({ file, line: column === 0 ? 0 : 1, column }, [], message)]);
}

/**
 * Reads, merges and expands. Never throws for what is wrong with the configuration: that is in `problems`, so that
 * `parseConfig` can report it together with what it finds itself.
 */
export async function loadConfig(
  sources: readonly ConfigSource[],
  environment: ConfigEnvironment,
  limits: TreeLimits = DEFAULT_TREE_LIMITS,
): Promise<ResolvedConfig> {
  const { root, problems } = await mergeSources(sources, environment, limits);
  const isReadable = problems.every(({ severity }) => severity === "warning");
  const expanded = await expandTree(root, environment, limits);
  return {
    tree: asRoot(expanded.node).root,
    problems: [...problems, ...expanded.problems],
    complete: isReadable && expanded.node.kind === "map",
  };
}

/** Reads and merges: the tree as it is written, nothing in it expanded. */
export async function mergeSources(
  sources: readonly ConfigSource[],
  environment: ConfigEnvironment,
  limits: TreeLimits = DEFAULT_TREE_LIMITS,
): Promise<{ readonly root: MapNode; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  let root: MapNode | undefined;
  for (const source of sources) {
    const read = await readSource(source, environment, limits);
    problems.push(...read.problems);
    root = root === undefined ? read.root : mergeMaps(root, read.root);
  }
  return { root: root ?? emptyMap(wholeOf("--config")), problems };
}

interface ReadSource {
  readonly root: MapNode;
  readonly problems: readonly Problem[];
}

const wholeOf = (file: string): Place => ({ file, line: 0, column: 0 });

async function readSource(source: ConfigSource, environment: ConfigEnvironment, limits: TreeLimits) {
  switch (source.kind) {
    case "file":
      return await readFile(source.path, environment, limits);
    case "env":
      return await readVariable(source.name, environment, limits);
    case "text":
      return await readText(source.text, source.name, limits);
    case "set":
      return await readSet(source.path, source.text, limits);
  }
}

async function readFile(path: string, environment: ConfigEnvironment, limits: TreeLimits): Promise<ReadSource> {
  try {
    return await readText(await environment.readFile(path), path, limits);
  } catch (thrown) {
    const place = wholeOf(path);
    return { root: emptyMap(place), problems: [errorAt(place, [], `cannot be read: ${reason(thrown)}`)] };
  }
}

async function readVariable(name: string, environment: ConfigEnvironment, limits: TreeLimits): Promise<ReadSource> {
  const file = `env:${name}`;
  const text = environment.env(name);
  if (text !== undefined) return await readText(text, file, limits);
  return { root: emptyMap(wholeOf(file)), problems: [warningAt(wholeOf(file), [], "is not set: it is empty")] };
}

/** In slices: whoever reads may be serving requests. */
async function readText(text: string, file: string, limits: TreeLimits): Promise<ReadSource> {
  const parsed = await inSlices(parsingYaml(text, file, limits), eventLoopPause());
  const { root, problems } = asRoot(parsed.node);
  return { root: splitTopLevelKeys(root, limits.maxDepth), problems: [...parsed.problems, ...problems] };
}

async function readSet(path: readonly string[], text: string, limits: TreeLimits): Promise<ReadSource> {
  const file = `--set ${formatSetPath(path)}`;
  const place: Place = { file, line: 1, column: 1 };
  const { node, problems } = await inSlices(parsingYaml(text, file, limits), eventLoopPause());
  return { root: nest(path, { keyPlace: place, node }, place), problems };
}
