/**
 * OTTL over payloads: contexts on wire bytes, and walks that run statements on their items.
 *
 * How a component uses it:
 *
 * ```ts
 * // Once, when the component is built. Contexts of one group share a cursor; each group has its own.
 * const { definition, resolver, cursor } = openContext("logs", "log"); // a further one: openContext("logs", "scope", cursor)
 * const sequence = new OttlCompiler({ context: definition, resolver, … }).statements(texts);
 *
 * // For each payload; synchronous. The cursor is the `Item` of the language.
 * const changed = walk(payload, cursor, {
 *   visit: { log: (item) => { sequence.execute(item); return true; } }, // by level, which is the context's name
 *   prune: false, // filter: true, so that emptied resources, scopes and metrics go
 *   sharedCaches, // transform's `shared_cache`: one Map for the batch and all groups that share
 *   checkDeadline, maxAppendedMetrics, maxOutputBytes,
 * });
 * // `changed === payload` when nothing was changed. A payload without items left has `itemCount` 0 and no chunks.
 *
 * // Routing: one payload a key; `keyOf` runs once for each item of the level; -1 is for items that no route takes.
 * const parts: Map<number, Payload> = partition(payload, cursor, "log", (item) => route(item));
 * ```
 *
 * - `contextsOf(signal)`: names of its contexts, from the resource down. `contextDefinition(name)`: by name, for inference.
 * - `pathTable()`: every path as data, for the documentation.
 * - Functions over telemetry use `MetricItem` and `SpanItem` of item.ts.
 *
 * What visitors throw ends the walk and leaves the payload as it was: OttlError of the statements (or "limit"), and
 * InvalidPayloadError for damaged bytes.
 *
 * @module
 */

export { contextDefinition, type ContextName, contextsOf, openContext, pathTable } from "./contexts.ts";
export { Cursor } from "./cursor.ts";
export { type LevelName } from "./levels.ts";
export { partition } from "./partition.ts";
export { type Visitor, walk, type WalkOptions } from "./walk.ts";
