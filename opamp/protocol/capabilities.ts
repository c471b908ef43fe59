/**
 * Masks and enums of OpAMP by name.
 *
 * Undefined bits are sent as 0 and ignored when they come.
 * Source: opamp-spec, `opamp.proto`.
 *
 * @module
 */

/** `AgentToServer.capabilities`. */
export const AgentCapabilities = {
  ReportsStatus: 0x1,
  AcceptsRemoteConfig: 0x2,
  ReportsEffectiveConfig: 0x4,
  AcceptsPackages: 0x8,
  ReportsPackageStatuses: 0x10,
  ReportsOwnTraces: 0x20,
  ReportsOwnMetrics: 0x40,
  ReportsOwnLogs: 0x80,
  AcceptsOpAMPConnectionSettings: 0x100,
  AcceptsOtherConnectionSettings: 0x200,
  AcceptsRestartCommand: 0x400,
  ReportsHealth: 0x800,
  ReportsRemoteConfig: 0x1000,
  ReportsHeartbeat: 0x2000,
  ReportsAvailableComponents: 0x4000,
  ReportsConnectionSettingsStatus: 0x8000,
} as const;

export type AgentCapability = keyof typeof AgentCapabilities;

/** Every bit of `AgentCapabilities` that has a meaning. */
export const ALL_AGENT_CAPABILITIES = 0xffff;

/** `ServerToAgent.capabilities`. */
export const ServerCapabilities = {
  AcceptsStatus: 0x1,
  OffersRemoteConfig: 0x2,
  AcceptsEffectiveConfig: 0x4,
  OffersPackages: 0x8,
  AcceptsPackagesStatus: 0x10,
  OffersConnectionSettings: 0x20,
  AcceptsConnectionSettingsRequest: 0x40,
} as const;

/** Every bit of `ServerCapabilities` that has a meaning. */
export const ALL_SERVER_CAPABILITIES = 0x7f;

export const AgentToServerFlags = { RequestInstanceUid: 0x1 } as const;
export const ServerToAgentFlags = { ReportFullState: 0x1, ReportAvailableComponents: 0x2 } as const;
export const ServerErrorResponseType = { Unknown: 0, BadRequest: 1, Unavailable: 2 } as const;
export const CommandType = { Restart: 0 } as const;
export const RemoteConfigStatuses = { UNSET: 0, APPLIED: 1, APPLYING: 2, FAILED: 3 } as const;
export const ConnectionSettingsStatuses = { UNSET: 0, APPLIED: 1, APPLYING: 2, FAILED: 3 } as const;
export const PackageStatusEnum = {
  Installed: 0,
  InstallPending: 1,
  Installing: 2,
  InstallFailed: 3,
  Downloading: 4,
} as const;
export const PackageType = { TopLevel: 0, Addon: 1 } as const;

/** Whether `mask` has every bit of `bits`. */
export function hasBits(mask: number, bits: number): boolean {
  return (mask & bits) === bits;
}

/** The mask of several names of one table. */
export function maskOf<Name extends string>(table: Readonly<Record<Name, number>>, names: readonly Name[]): number {
  return names.reduce((mask, name) => mask | table[name], 0);
}

/** The names of the bits in `mask` that the table knows, in the table's order. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, number>>, mask: number): Name[] {
  return (Object.keys(table) as Name[]).filter((name) => hasBits(mask, table[name]));
}

/** The name of an enum's value; the number in words when it is unknown. */
export function nameOf(table: Readonly<Record<string, number>>, value: number | undefined): string {
  const found = Object.entries(table).find(([, number]) => number === (value ?? 0));
  return found?.[0] ?? `unknown (${value})`;
}
