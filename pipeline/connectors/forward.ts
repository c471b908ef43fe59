/**
 * Connector `forward`: hands what ends one pipeline to others of the same signal, as it is.
 *
 * Source: the collector's forwardconnector.
 *
 * @module
 */

import { section } from "../config/schema.ts";
import type { ConnectorFactory } from "../contract/component.ts";
import { SIGNAL_NAMES } from "../otlp/signals.ts";
import { fanOut } from "../queue/fan_out.ts";

export const forwardConnectorFactory: ConnectorFactory<Record<string, never>> = {
  type: "forward",
  summary: "Passes data on to other pipelines of the same signal.",
  schema: section({}),
  routes: SIGNAL_NAMES.map((signal) => ({ from: signal, to: signal })),
  // Without the lifecycle that a lone pipeline's head may have: the graph starts and stops that one itself.
  create(_config, _deps, pipelines) {
    const all = fanOut([...pipelines.values()]);
    return {
      consume: (payload, abort) => all.consume(payload, abort),
      admit: (bodyBytes) => all.admit?.(bodyBytes),
    };
  },
};
