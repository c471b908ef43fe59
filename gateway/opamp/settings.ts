/**
 * From the `opamp` extension's keys to the settings of the client.
 *
 * @module
 */

import type { ClientSettings } from "../../opamp/client/client.ts";
import {
  type ClientTls,
  DEFAULT_CLIENT_TLS,
  type ServerConnection,
} from "../../opamp/client/transports/server_connection.ts";
import { AgentCapabilities, type AgentCapability, maskOf } from "../../opamp/protocol/capabilities.ts";
import { parseInstanceUid } from "../../opamp/protocol/instance_uid.ts";
import { readPem, type TlsClientConfig } from "../../pipeline/config/network/tls.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { OpampConfig } from "../../pipeline/extensions/opamp.ts";
import { TAP_CAPABILITY } from "./tap.ts";

/**
 * @param resource Of own telemetry: a gateway that has no name yet is called what its telemetry says, as the collector's
 * extension does it, so that a server knows whose metrics it is sent.
 * @throws {Error} A certificate or key cannot be read.
 */
export async function clientSettings(config: OpampConfig, resource: Attributes): Promise<ClientSettings> {
  const { server, instance_uid: uid, heartbeat_interval: heartbeatIntervalMs, tap } = config;
  return {
    connection: await connectionOf(server),
    capabilities: capabilitiesOf(config.capabilities),
    customCapabilities: tap.enabled ? [TAP_CAPABILITY] : [],
    instanceUid: parseInstanceUid(uid),
    firstInstanceUid: parseInstanceUid(resource["service.instance.id"] ?? ""),
    heartbeatIntervalMs,
    ...(server.http === undefined ? {} : { pollIntervalMs: server.http.polling_interval }),
  };
}

async function connectionOf({ ws, http }: OpampConfig["server"]): Promise<ServerConnection> {
  const given = ws ?? http;
  if (given === undefined) throw new TypeError("Cannot reach an OpAMP server: wanted ws or http"); // the schema has one
  const { endpoint, headers, tls, proxy_url: proxyUrl } = given;
  return {
    endpoint,
    headers: Object.entries(headers),
    tls: await tlsOf(tls),
    proxy: proxyUrl === "" ? undefined : { url: proxyUrl, headers: [] },
    heartbeatIntervalMs: undefined,
  };
}

async function tlsOf(tls: TlsClientConfig | undefined): Promise<ClientTls> {
  if (tls === undefined) return DEFAULT_CLIENT_TLS;
  return {
    caPem: await readPem(tls.ca_file, tls.ca_pem) ?? "",
    includeSystemCas: tls.include_system_ca_certs_pool,
    certPem: await readPem(tls.cert_file, tls.cert_pem) ?? "",
    keyPem: await readPem(tls.key_file, tls.key_pem) ?? "",
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    cipherSuites: tls.cipher_suites,
    serverName: tls.server_name_override,
  };
}

/** What each key of `capabilities` declares; a part that is accepted is also reported on. */
const DECLARES = {
  reports_effective_config: ["ReportsEffectiveConfig"],
  reports_health: ["ReportsHealth"],
  reports_available_components: ["ReportsAvailableComponents"],
  reports_heartbeat: ["ReportsHeartbeat"],
  reports_own_metrics: ["ReportsOwnMetrics", "ReportsConnectionSettingsStatus"],
  reports_own_traces: ["ReportsOwnTraces", "ReportsConnectionSettingsStatus"],
  reports_own_logs: ["ReportsOwnLogs", "ReportsConnectionSettingsStatus"],
  accepts_remote_config: ["AcceptsRemoteConfig", "ReportsRemoteConfig"],
  accepts_opamp_connection_settings: ["AcceptsOpAMPConnectionSettings", "ReportsConnectionSettingsStatus"],
  accepts_packages: ["AcceptsPackages", "ReportsPackageStatuses"],
  accepts_restart_command: ["AcceptsRestartCommand"],
} as const satisfies Record<keyof OpampConfig["capabilities"], readonly AgentCapability[]>;

function capabilitiesOf(capabilities: OpampConfig["capabilities"]): number {
  const keys = Object.keys(DECLARES) as (keyof typeof DECLARES)[];
  const names = keys.filter((key) => capabilities[key]).flatMap((key) => DECLARES[key]);
  return maskOf(AgentCapabilities, [...new Set<AgentCapability>(names)]);
}
