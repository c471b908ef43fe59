/**
 * What rollouts see of the fleet, and the little they ask of it.
 *
 * The server's fleet is adapted to `FleetPort`; nothing here knows a socket, a session or a protobuf message.
 *
 * @module
 */

/** One version of a named configuration, as agents know it. */
export interface ConfigVersionRef {
  readonly name: string;
  /** From 1. */
  readonly version: number;
  /** The `config_hash` that an agent echoes, lower-case hex. */
  readonly hash: string;
}

/** `RemoteConfigStatuses` of the protocol, in words. */
export type ConfigState = "unset" | "applied" | "applying" | "failed";

/** The last RemoteConfigStatus of an agent. */
export interface ConfigReport {
  /** `last_remote_config_hash`, lower-case hex; empty when the agent has received none. */
  readonly hash: string;
  readonly state: ConfigState;
  /** `error_message` of FAILED; otherwise empty. */
  readonly error: string;
  /** Another number whenever the agent has reported again, the same included; 0 until it has, in this process. */
  readonly revision: number;
}

/** An agent as it is now. A view: read when it is handed over, and not kept. */
export interface FleetAgent {
  /** `instance_uid`, 32 lower-case hex digits. */
  readonly uid: string;
  /** Has a stream, or has polled lately. */
  readonly connected: boolean;
  /** Has said what it is, now or to a former process: until then no selector says anything about it. */
  readonly isDescribed: boolean;
  /** Declares AcceptsRemoteConfig and ReportsRemoteConfig: without either it can be given nothing, or not be watched. */
  readonly followsConfig: boolean;
  /** Declares ReportsOwnMetrics: an error rate is to be known of it. */
  readonly reportsMetrics: boolean;
  /** Another number whenever attributes, labels or `followsConfig` are others: selectors are asked again only then. */
  readonly revision: number;
  /** An identifying or other attribute of the description, as text; undefined when there is none. */
  attribute(key: string): string | undefined;
  /** A label that an operator has put on the agent. */
  label(key: string): string | undefined;
  readonly report: ConfigReport;
  /** `ComponentHealth.healthy`; undefined when the agent reports no health: never counted as unhealthy. */
  readonly healthy: boolean | undefined;
  /** Hash of the reported effective configuration, made as a version's is; undefined when it reports none. */
  readonly effectiveHash?: string | undefined;
}

/** How much an agent has handled since its process started, and how much of it went wrong. */
export interface AgentTraffic {
  /** Items received. */
  readonly items: number;
  /** Of them refused, dropped or failed at an exporter. */
  readonly errors: number;
}

/** The fleet, as rollouts need it. */
export interface FleetPort {
  /** Every agent that is known, connected or not. */
  agents(): Iterable<FleetAgent>;
  get(uid: string): FleetAgent | undefined;
  /**
   * Says what an agent is to have from now on. Saying the same again does nothing. It must not throw, and not report
   * back before it has returned. It is never called for an agent that is to be left alone: one that no rule is for, and
   * that has no configuration of ours.
   *
   * @param version `NO_CONFIG`: the empty configuration, for an agent that had one of ours and is to have none.
   * @param again Offer it even when the agent has reported FAILED for it, which otherwise is not offered again.
   */
  offer(uid: string, version: ConfigVersionRef, again: boolean): void;
}
