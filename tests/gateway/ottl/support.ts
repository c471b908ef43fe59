/** A small payload and what the subcommands are asked, for their tests. */

import type { ExplainFlags } from "../../../gateway/ottl/explain.ts";
import { optionTexts } from "../../../gateway/ottl/texts.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload } from "../../../pipeline/otlp/payload.ts";

export const SPANS = {
  resourceSpans: [{
    resource: { attributes: [{ key: "service.name", value: { stringValue: "pay" } }] },
    scopeSpans: [{
      spans: [
        { name: "op1", kind: 2, attributes: [{ key: "n", value: { intValue: "5" } }] },
        { name: "op2", kind: 3 },
      ],
    }],
  }],
};

export function spansPayload(): Payload {
  return readJsonPayload("traces", new TextEncoder().encode(JSON.stringify(SPANS)), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

export const ASKED: ExplainFlags = {
  file: undefined,
  statement: [],
  condition: [],
  signal: undefined,
  context: undefined,
  input: "-",
  featureGates: [],
  item: 1,
};

export function textsOf(statements: readonly string[], conditions: readonly string[] = []) {
  return {
    statements: optionTexts(statements, "--statement"),
    conditions: optionTexts(conditions, "--condition"),
  };
}
