/**
 * What changes about agents, as it is told to who follows a fleet.
 *
 * @module
 */

/** What changed about an agent: bits of a mask. */
export const AgentChanges = {
  connection: 0x1,
  description: 0x2,
  capabilities: 0x4,
  health: 0x8,
  effectiveConfig: 0x10,
  remoteConfigStatus: 0x20,
  packageStatuses: 0x40,
  connectionSettings: 0x80,
  components: 0x100,
  uid: 0x200,
  desired: 0x400,
  removed: 0x800,
} as const;

/** What changed about one agent since the last batch. */
export interface AgentChange {
  /** The uid in hexadecimal. */
  readonly uid: string;
  /** Mask of {@link AgentChanges}. */
  readonly changes: number;
}
