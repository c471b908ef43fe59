/**
 * Sources that go over those that the process was started with, from whoever may add to a configuration without owning
 * it: an OpAMP server.
 *
 * They are put together with what they go over whenever that is read, so that a local change meets them again, and they
 * it.
 *
 * @module
 */

import type { Problem } from "../../pipeline/config/problem.ts";
import type { ReadConfig, Sources } from "./sources.ts";

/** Both together. */
export interface Overlaid {
  readonly sources: Sources;
  /** Why they cannot go over it; empty when they can. */
  readonly problems: readonly Problem[];
}

export interface ConfigOverlay {
  over(base: Sources): Promise<Overlaid>;
}

export const NO_OVERLAY: ConfigOverlay = { over: (base) => Promise.resolve({ sources: base, problems: [] }) };

/** Reads `base` with what goes over it; a problem of either is one of the configuration. */
export async function readOverlaid(
  base: Sources,
  overlay: ConfigOverlay,
  read: (sources: Sources) => Promise<ReadConfig>,
): Promise<ReadConfig> {
  const { sources, problems } = await overlay.over(base);
  const whole = await read(sources);
  if (problems.length === 0) return whole;
  return { ...whole, resolved: { ...whole.resolved, problems: [...problems, ...whole.resolved.problems] } };
}
