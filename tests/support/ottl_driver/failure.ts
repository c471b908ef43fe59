/**
 * What a failure is called in a reply.
 *
 * @module
 */

import { OttlSyntaxError } from "../../../ottl/syntax/problem.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { GatewayError } from "../../../pipeline/core/errors.ts";
import type { Answer, ReplyError } from "./protocol.ts";

/** A component's section does not fit its schema. */
export class SectionError extends Error {
  override readonly name = "SectionError";
  readonly category: string;

  /** @param category Of the first problem with OTTL in it; "config" when there is none. */
  constructor(category: string) {
    super(`Cannot use the section: ${category}`);
    this.category = category;
  }
}

/** The reply to what was thrown; what the engine does not throw on purpose is thrown on. */
export function failure(stage: ReplyError["stage"], thrown: unknown): Answer {
  return { error: { stage, category: categoryOf(thrown) } };
}

/** @throws What is no failure of OTTL, of a configuration or of a component. */
export function categoryOf(thrown: unknown): string {
  if (thrown instanceof SectionError) return thrown.category;
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof OttlError) return cause.category;
    if (cause instanceof OttlSyntaxError) return cause.problems[0]?.category ?? "syntax";
  }
  if (thrown instanceof GatewayError) return "config";
  throw thrown;
}
