/**
 * A change of the configuration, as it was made and as the history has it.
 *
 * @module
 */

import type { Applied, HistoryEntry } from "../../../routes/admin/schemas.ts";
import type { AppliedChange, ConfigEntry, HealthWindow } from "../../config/config_manager.ts";

export function entryView(
  { id, atMs, who, origin, outcome, reasons, version, diff, tookMs }: ConfigEntry,
): HistoryEntry {
  return { id, at_ms: atMs, who, origin, outcome, reasons: [...reasons], version, diff, took_ms: tookMs };
}

export function appliedView({ entry, changed, window, change }: AppliedChange): Applied {
  const { kept, replaced, added, removed } = change;
  return {
    ...{ entry: entryView(entry), changed },
    ...{ kept: [...kept], replaced: [...replaced], added: [...added], removed: [...removed] },
    watch: window === undefined ? null : windowView(window),
  };
}

function windowView({ untilMs, backTo: { id, version } }: HealthWindow): Applied["watch"] {
  return { until_ms: untilMs, back_to: { id, version } };
}
