/**
 * A configuration as the data workers are given it: what they build, and neither the text that it came from nor the
 * tenants. The control thread has checked it; a thread that takes data does not do so again.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import { emptyMap, type Place } from "../../pipeline/config/tree/node.ts";
import { knowsTenants, TENANT_KEYS } from "../../pipeline/tenants/sources.ts";

const NOWHERE: Place = { file: "", line: 0, column: 0 };
const NOTHING = emptyMap(NOWHERE);

/** Plain data, as `postMessage` takes it. */
export function configForWorkers(config: GatewayConfig): GatewayConfig {
  return { ...config, tree: NOTHING, warnings: [], settings: knowsTenants(config) ? tenancyOf(config) : new Map() };
}

/** Workers know that there are tenants, and not which: they are given a table. */
function tenancyOf({ settings }: GatewayConfig): GatewayConfig["settings"] {
  const tenancy = settings.get(TENANT_KEYS.tenancy);
  return new Map([
    [TENANT_KEYS.tenants, { config: {}, fingerprint: "", node: NOTHING }],
    ...(tenancy === undefined ? [] : [[TENANT_KEYS.tenancy, tenancy] as const]),
  ]);
}
