/**
 * What the subcommands of `ottl` have in common: texts, what they are for, and a payload.
 *
 * @module
 */

import { OttlSyntaxError, type PathResolver } from "../../ottl/mod.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { jsonPayload, readInput } from "./payload_source.ts";
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
}

export interface AskedTexts {
  readonly statements: readonly WrittenText[];
  readonly conditions: readonly WrittenText[];
}

/** @throws {UsageError} There is nothing to do. */
export async function readTexts({ file, statement, condition }: Asked): Promise<AskedTexts> {
  const fromFile = file === undefined ? [] : splitFile(await Deno.readTextFile(file), file);
  const statements = [...fromFile, ...optionTexts(statement, "--statement")];
  const conditions = optionTexts(condition, "--condition");
  if (statements.length + conditions.length > 0) return { statements, conditions };
  throw new UsageError("Cannot do anything: there are no statements, wanted a file of them or --statement");
}

export async function readPayloadOf({ input, signal }: Asked): Promise<Payload> {
  return jsonPayload(await readInput(input), signal);
}

/**
 * The texts, compiled.
 *
 * @throws {UsageError} They do not load: with every problem and its place.
 */
export function openTexts(
  { statements, conditions }: AskedTexts,
  { context, featureGates }: Asked,
  signal: Signal,
  wrap?: (resolver: PathResolver) => PathResolver,
): Session {
  try {
    const options = { signal, context, gates: new Set(featureGates), ...wrap !== undefined && { wrap } };
    return openSession(parseTexts(statements, conditions), options);
  } catch (thrown) {
    if (thrown instanceof OttlSyntaxError) {
      throw new UsageError(showProblems(thrown, [...statements, ...conditions]), thrown.problems);
    }
    if (thrown instanceof RangeError) throw new UsageError(thrown.message);
    throw thrown;
  }
}
