/**
 * Bounds of the process, apart from what uses them so that the command line can name them without loading a gateway.
 *
 * @module
 */

/** How long a drain may take unless told otherwise, milliseconds. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;

/** How long a change of the configuration is watched unless told otherwise, milliseconds. */
export const DEFAULT_HEALTH_WINDOW_MS = 30_000;

/** Data workers, at the most. */
export const MAX_WORKERS = 64;
