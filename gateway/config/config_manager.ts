/**
 * What the gateway's configuration is changed through, whoever asks: a signal, a file that changed, an operator, OpAMP.
 *
 * A change is read, checked, built and started beside what runs, given the traffic in one step, and then watched for a
 * while; it goes back by itself when the gateway does worse with it. `gateway/config/live_config.ts` does that.
 *
 * @module
 */

import type { GatewayConfig, ResolvedConfig } from "../../pipeline/config/gateway_config.ts";
import type { Problem } from "../../pipeline/config/problem.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import type { GraphChange } from "../../pipeline/graph/live_graph.ts";
import type { ConfigOverlay } from "./overlay.ts";
import type { Sources } from "./sources.ts";

/** Where a change comes from. "health" is the gateway itself, which goes back. */
export type ConfigOrigin = "start" | "signal" | "watch" | "admin" | "opamp" | "rollback" | "health";

/** What became of a configuration. */
export type ConfigOutcome =
  /** It runs, and its health window is not over. */
  | "watching"
  /** It passed its health window, or there was nothing to judge it by: `reasons` say so where too little came. */
  | "good"
  /** The gateway did worse with it, and went back. */
  | "rolled_back"
  /** Another followed before its health window was over. */
  | "superseded"
  /** It could not be read, built or started: nothing had changed. */
  | "failed"
  /** Nobody knows: the process ended before its health window was over, or the way back failed. */
  | "interrupted";

/** A change that somebody asks for. */
export interface ConfigChange {
  /**
   * The values that the process was started with (`--set`) go over them. Absent: all that it was started with, and what
   * goes over that.
   */
  readonly sources?: Sources;
  /** What goes over them from now on, if the change is made. Absent: what did. */
  readonly overlay?: ConfigOverlay;
  /** A name for the history: of an operator, or of the signal. */
  readonly who: string;
  readonly origin: ConfigOrigin;
  /** The version that must be the running one, so that nobody overwrites what he has not seen. Absent: any. */
  readonly ifVersion?: string | undefined;
}

/** One configuration that ran, or was meant to. */
export interface ConfigEntry {
  /** Counts from 1, and on after a restart when there is a state directory. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly who: string;
  readonly origin: ConfigOrigin;
  readonly outcome: ConfigOutcome;
  /** Of a failure, a way back, or a window that says nothing: why, one line each, with places; no secrets. */
  readonly reasons: readonly string[];
  /** Of its content: 16 hexadecimal characters, the same for equal configurations; "" when it could not be read. */
  readonly version: string;
  /** Against the configuration that ran before it, as a unified diff of the effective YAML, secrets masked. */
  readonly diff: string;
  /** From the request to the flip, milliseconds; 0 when there was none. */
  readonly tookMs: number;
}

/** The configuration that runs. */
export interface CurrentConfig {
  readonly entry: ConfigEntry;
  readonly config: GatewayConfig;
  readonly resolved: ResolvedConfig;
}

/** A health window that is open. */
export interface HealthWindow {
  /** When it ends, milliseconds since 1970. */
  readonly untilMs: number;
  /** What the gateway goes back to if it does worse. */
  readonly backTo: ConfigEntry;
}

/** A change that has the traffic. */
export interface AppliedChange {
  readonly entry: ConfigEntry;
  /** False when it is what ran already: then nothing was done, and `entry` is the running one. */
  readonly changed: boolean;
  readonly change: GraphChange;
  /** undefined: it is not watched, or no longer. */
  readonly window: HealthWindow | undefined;
  /** Settles when its health window is over, with the outcome. */
  readonly settled: Promise<ConfigOutcome>;
}

/** What a change would do; nothing has been done. */
export interface CheckedChange {
  /** Every problem, warnings among them, in the order of their places. */
  readonly problems: readonly Problem[];
  /** Ports that others hold, and the like. */
  readonly obstacles: readonly string[];
  /** As `ConfigEntry.diff`; "" when it cannot be read or is what runs. */
  readonly diff: string;
  readonly version: string;
}

/** One change runs at a time, one waits, further ones are refused. */
export interface ConfigManager {
  /** What runs. */
  current(): CurrentConfig;
  /**
   * Goes over to another configuration. Settles when it has the traffic.
   *
   * @throws {ConfigError} With every problem; nothing has changed.
   * @throws {GraphError} With every component that could not be created or started; nothing has changed.
   * @throws {ConfigBusyError} One change runs and one waits already.
   * @throws {ConfigConflictError} Another version runs than the one that the change is for.
   */
  apply(change: ConfigChange): Promise<AppliedChange>;
  /** Reads again what the process was started with. Otherwise as `apply`. */
  reload(who: string, origin: ConfigOrigin): Promise<AppliedChange>;
  /** Reads and checks without a change. Throws nothing for what is wrong with the configuration. */
  check(sources: Sources): Promise<CheckedChange>;
  /** The newest first, at most `MAX_HISTORY`. */
  history(): readonly ConfigEntry[];
  /**
   * The texts of an entry as they were given, before expansion; secrets written in them are not masked.
   *
   * @throws {UnknownConfigError} There is none of that id.
   */
  sourcesOf(id: number): Sources;
  /**
   * Goes to the configuration of an entry. Variables and included files are read anew. Otherwise as `apply`.
   *
   * @throws {UnknownConfigError} There is none of that id.
   */
  rollback(id: number, who: string, ifVersion?: string): Promise<AppliedChange>;
  /** No further change is taken; waits for the one that runs, and until the history is on disk. */
  close(): Promise<void>;
}

/** Entries that the history holds: the running and the last good one are always among them. */
export const MAX_HISTORY = 20;

/** Too many changes at once: 503, retried. */
export class ConfigBusyError extends GatewayError {
  readonly code = "unavailable";
  readonly retryable = true;
}

/** Another version runs than the one that a change is for: 412. */
export class ConfigConflictError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  override get httpStatus(): number {
    return 412;
  }
}

/** The history has no such entry: 404. */
export class UnknownConfigError extends GatewayError {
  readonly code = "not_found";
  readonly retryable = false;
}
