/**
 * Configurations, who is to have which, and how a new one gets to a fleet without breaking it.
 *
 * @module
 */

export * from "./agents.ts";
export { ConfigCatalog } from "./configs/configs.ts";
export { diffFiles } from "./configs/diff.ts";
export { ConflictError, InvalidRequestError, UnknownNameError } from "./errors.ts";
export * from "./records.ts";
export { Rollouts } from "./rollouts.ts";
export { syncOf } from "./rules/explain.ts";
export { type CompilePattern, parseSelector, type Selector } from "./rules/selector.ts";
export { openRolloutStore } from "./store.ts";
export type * from "./views.ts";
