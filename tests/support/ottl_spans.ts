/**
 * OTTL over spans on the wire, without a pipeline: for benchmarks of the engine.
 *
 * @module
 */

import { DEFAULT_OTTL_LIMITS, OttlCompiler } from "../../ottl/mod.ts";
import { functionsOf } from "../../pipeline/otlp/ottl/functions/table.ts";
import { type Cursor, openContext } from "../../pipeline/otlp/ottl/mod.ts";
import { MEMORY_TOOLS } from "./ottl_context.ts";

/** A compiler of statements on spans, and the cursor that what it compiles is run with. */
export function openSpans(): { readonly compiler: OttlCompiler; readonly cursor: Cursor } {
  const { definition, resolver, cursor } = openContext("traces", "span");
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsOf("transform statement", "span"),
    tools: { ...MEMORY_TOOLS, limits: DEFAULT_OTTL_LIMITS },
    gates: new Set(),
    prefixMode: "explicit",
  });
  return { compiler, cursor };
}
