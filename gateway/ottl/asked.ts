/**
 * What the subcommands of `ottl` have in common: texts, what they are for, and payloads.
 *
 * @module
 */

import { OttlSyntaxError, type PathResolver } from "../../ottl/mod.ts";
import { readNamedFile } from "../../pipeline/config/environment.ts";
import type { ConfigSource } from "../../pipeline/config/source.ts";
import type { Origin } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { type OttlComponent, readComponent, type TextGroup } from "./component.ts";
import { type Input, jsonInput, readInput } from "./payload_source.ts";
import { openSession, type Session } from "./session.ts";
import { optionTexts, parseTexts, showProblems, splitFile, type WrittenText } from "./texts.ts";
import { UsageError } from "./usage_error.ts";

export interface Asked {
  /** A file of statements. */
  readonly file: string | undefined;
  readonly statement: readonly string[];
  readonly condition: readonly string[];
  readonly signal: Signal | undefined;
  readonly context: string | undefined;
  /** A file of OTLP/JSON, or `-`. */
  readonly input: string;
  readonly featureGates: readonly string[];
  /** A configuration, and the component of it whose texts are meant. */
  readonly config?: readonly ConfigSource[];
  readonly set?: readonly ConfigSource[];
  readonly component?: string;
  /** Names with values: `otelcol.client.metadata`. */
  readonly metadata?: readonly (readonly [name: string, value: string])[];
}

export interface AskedTexts {
  readonly statements: readonly WrittenText[];
  readonly conditions: readonly WrittenText[];
}

/**
 * @throws {UsageError} There is nothing to do.
 * @throws {UnreadableFileError} The file cannot be read.
 */
export async function readTexts({ file, statement, condition }: Asked): Promise<AskedTexts> {
  const fromFile = file === undefined ? [] : splitFile(await readNamedFile(file, file, Deno.readTextFile), file);
  const statements = [...fromFile, ...optionTexts(statement, "--statement")];
  const conditions = optionTexts(condition, "--condition");
  if (statements.length + conditions.length > 0) return { statements, conditions };
  throw new UsageError(
    "Cannot do anything: there are no statements, wanted a file of them, --statement, or --config with --component",
  );
}

/**
 * The component that is meant; undefined where texts are given one by one.
 *
 * @throws {UsageError} There is none such, or both are given.
 */
export async function readAskedComponent(asked: Asked): Promise<OttlComponent | undefined> {
  const { component, config = [], set = [] } = asked;
  if (component === undefined) {
    if (config.length === 0) return undefined;
    throw new UsageError("Cannot choose the statements of a configuration, wanted --component");
  }
  if (asked.file !== undefined || asked.statement.length + asked.condition.length > 0) {
    throw new UsageError("Cannot take statements beside those of a component, wanted one of the two");
  }
  if (asked.context !== undefined) throw new UsageError("Cannot choose the context: the configuration tells it");
  return await readComponent(config, set, component);
}

/**
 * The component's groups of texts for a signal.
 *
 * @throws {UsageError} There are none.
 */
export function groupsFor(component: OttlComponent, signal: Signal): TextGroup[] {
  const groups = component.groups(signal);
  if (groups.length > 0) return groups;
  const known = component.signals.length === 0 ? "none at all" : `those of ${component.signals.join(", ")}`;
  throw new UsageError(`Cannot do anything: ${component.id} has no texts for ${signal}, but ${known}`);
}

export async function readInputOf({ input, signal, metadata = [] }: Asked): Promise<Input> {
  const from = input === "-" ? "standard input" : input;
  return jsonInput(await readInput(input), signal, originOf(metadata), from);
}

/** A name that repeats has all of its values. */
function originOf(pairs: NonNullable<Asked["metadata"]>): Origin {
  const metadata = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    metadata.set(key, [...metadata.get(key) ?? [], value]);
  }
  return { metadata };
}

/**
 * The texts, compiled.
 *
 * @throws {UsageError} They do not load: with every problem and its place.
 */
export function openTexts(
  texts: AskedTexts | TextGroup,
  { context, featureGates }: Asked,
  signal: Signal,
  wrap?: (resolver: PathResolver) => PathResolver,
): Session {
  const { statements, conditions } = texts;
  const places = "fate" in texts && { statements: texts.statementPlace, conditions: texts.conditionPlace };
  try {
    return openSession(parseTexts(statements, conditions), {
      signal,
      context: "fate" in texts ? texts.context : context,
      gates: new Set(featureGates),
      ...places && { places },
      ...wrap !== undefined && { wrap },
    });
  } catch (thrown) {
    if (thrown instanceof OttlSyntaxError) {
      throw new UsageError(showProblems(thrown, [...statements, ...conditions]), thrown.problems);
    }
    if (thrown instanceof RangeError) throw new UsageError(thrown.message);
    throw thrown;
  }
}
