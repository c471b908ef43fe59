/**
 * Which requests have spans.
 *
 * A trace lies at a point in [0, 1) that its id says, so that everybody who samples by ratio decides the same for it.
 * Source: OpenTelemetry specification, "Built-in samplers"; the point is that of the Go SDK's TraceIDRatioBased.
 *
 * @module
 */

/**
 * @param parent What was decided for the parent; undefined when there is none, or it leaves the decision to us.
 * @param point Of the trace.
 */
export type Sampler = (parent: boolean | undefined, point: number) => boolean;

export const alwaysOn: Sampler = () => true;
export const alwaysOff: Sampler = () => false;

/** @param ratio Of all traces, 0 to 1. */
export function byRatio(ratio: number): Sampler {
  return (_parent, point) => point < ratio;
}

/** Goes by the parent where there is one. */
export function byParent(root: Sampler, sampled: Sampler = alwaysOn, notSampled: Sampler = alwaysOff): Sampler {
  return (parent, point) => {
    if (parent === undefined) return root(parent, point);
    return parent ? sampled(parent, point) : notSampled(parent, point);
  };
}

/** Hex digits of a trace id that say its point, and where they begin: those of a number that a double holds. */
const POINT_DIGITS = 13;
const POINT_AT = 16;
const POINTS = 16 ** POINT_DIGITS;

/** Where a trace lies. */
export function pointOf(traceId: string): number {
  return Number.parseInt(traceId.slice(POINT_AT, POINT_AT + POINT_DIGITS), 16) / POINTS;
}

/** A random id of a trace that lies at `point`. */
export function newTraceId(point: number): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  random[0]! |= 1; // an id is not all 0
  const digits = Math.floor(point * POINTS).toString(16).padStart(POINT_DIGITS, "0");
  const hex = random.toHex();
  return hex.slice(0, POINT_AT) + digits + hex.slice(POINT_AT + POINT_DIGITS);
}
