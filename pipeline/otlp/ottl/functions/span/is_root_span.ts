/**
 * `IsRootSpan()`
 *
 * @module
 */

import { converter } from "../../../../../ottl/functions/definition.ts";
import type { SpanItem } from "../../item.ts";

export const isRootSpan = converter({
  name: "IsRootSpan",
  gives: "bool",
  summary: "Whether the span has no parent.",
  parameters: {},
  examples: [{ text: "IsRootSpan()" }],
  compile: () => (item) => isZero((item as SpanItem).parentSpanId()),
});

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
