/**
 * `IsRootSpan()`
 *
 * @module
 */

import { converter } from "../../../../../ottl/functions/definition.ts";
import type { SpanItem } from "../../item.ts";

export const isRootSpan = converter({
  name: "IsRootSpan",
  summary: "Whether the span has no parent.",
  parameters: {},
  examples: [{ text: "IsRootSpan()" }],
  compile: () => (item) => (item as SpanItem).parentSpanId().every((byte) => byte === 0),
});
