/**
 * Configurations, who is to have which, and how a new one gets to a fleet without breaking it.
 *
 * @module
 */

export * from "./agents.ts";
export {
  CONFIG_LIMITS,
  ConfigCatalog,
  type ConfigDraft,
  configText,
  type ConfigVersion,
  hashOfFiles,
  NO_CONFIG,
} from "./configs/configs.ts";
export { diffFiles } from "./configs/diff.ts";
export { ConflictError, InvalidRequestError, type Problem, UnknownNameError } from "./errors.ts";
export { type Breach, DEFAULT_LIMITS, type GateFigures, type GateLimits } from "./stages/gate.ts";
export * from "./records.ts";
export { type AssignRequest, RULE_LIMITS } from "./decisions.ts";
export { type AbortRequest, Rollouts, type RolloutsParts } from "./rollouts.ts";
export { syncOf } from "./rules/explain.ts";
export {
  type CompilePattern,
  type ConditionResult,
  parseSelector,
  Selector,
  SELECTOR_LIMITS,
} from "./rules/selector.ts";
export {
  type Amount,
  DEFAULT_STAGES,
  type RolloutRequest,
  type RolloutSpec,
  type StageRequest,
} from "./stages/spec.ts";
export { openRolloutStore } from "./store.ts";
export type * from "./views.ts";
