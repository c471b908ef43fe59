/**
 * What the subcommands of `ottl` say when they cannot do what was asked.
 *
 * @module
 */

import { OttlError, type OttlProblem } from "../../ottl/mod.ts";
import { UnreadableFileError } from "../../pipeline/config/environment.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { writeLine } from "../console.ts";

/** What was asked for cannot be done; the message says what is wanted. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** Of texts that do not load. */
  readonly problems: readonly OttlProblem[];

  constructor(message: string, problems: readonly OttlProblem[] = []) {
    super(message);
    this.problems = problems;
  }
}

/** Runs a subcommand. @returns Its exit code; 1 after what it could not do, which is told on standard error. */
export async function tellFailure(command: () => Promise<number> | number): Promise<number> {
  try {
    return await command();
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    writeLine(Deno.stderr, thrown.message);
    return 1;
  }
}

function isExpected(thrown: unknown): thrown is Error {
  return thrown instanceof UsageError || thrown instanceof OttlError || thrown instanceof GatewayError ||
    thrown instanceof UnreadableFileError;
}
