/**
 * OTTL tried over OTLP/JSON that an operator gives, as `sluice ottl run` and `explain` do it.
 *
 * @module
 */

import { OttlError } from "../../ottl/mod.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { RefusedError } from "../../routes/admin/control.ts";
import type { OttlRequest, OttlTrial } from "../../routes/admin/schemas.ts";
import { openTexts } from "../ottl/asked.ts";
import { explain } from "../ottl/explain.ts";
import { diffLines, flatten } from "../ottl/item_text.ts";
import { jsonPayload } from "../ottl/payload_source.ts";
import { jsonOf, runOver } from "../ottl/run.ts";
import { optionTexts } from "../ottl/texts.ts";
import { UsageError } from "../ottl/usage_error.ts";

/** @throws {RefusedError} The statements do not load or fail, or the payload cannot be read. */
export function tryOttl(request: OttlRequest): OttlTrial {
  try {
    return run(request);
  } catch (thrown) {
    const isExpected = thrown instanceof UsageError || thrown instanceof OttlError || thrown instanceof GatewayError ||
      thrown instanceof RangeError;
    if (isExpected) throw new RefusedError(thrown.message);
    throw thrown;
  }
}

function run({ statements, conditions, signal, context, error_mode, payload: text, explain_item }: OttlRequest) {
  if (statements.length + conditions.length === 0) {
    throw new RefusedError("Cannot try anything: there are no statements, wanted one or more");
  }
  const payload = jsonPayload(new TextEncoder().encode(text), signal);
  const texts = {
    statements: optionTexts(statements, "statement"),
    conditions: optionTexts(conditions, "condition"),
  };
  const asked = {
    file: undefined,
    statement: statements,
    condition: conditions,
    signal: payload.signal,
    context,
    input: "",
    featureGates: [],
  };
  const session = openTexts(texts, asked, payload.signal);
  const { changed, failures } = runOver(payload, session, error_mode);
  const after = jsonOf(changed);
  return {
    signal: payload.signal,
    context: session.context,
    payload: JSON.stringify(after),
    changes: diffLines(flatten(jsonOf(payload)), flatten(after)),
    failures,
    explanation: payload.itemCount === 0 ? [] : explain(payload, texts, { ...asked, item: explain_item }),
  };
}
