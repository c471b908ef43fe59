/**
 * What a fleet counts. Every series is made at the start, so that a page shows a zero and not nothing.
 *
 * @module
 */

import type { Counter, Gauge, Meter } from "../../pipeline/core/telemetry.ts";

/** Why a message of an agent, or to one, is not taken. */
export const REFUSALS = ["malformed", "duplicate_uid", "too_many_agents", "certificate", "too_large"] as const;
export type Refusal = typeof REFUSALS[number];

/** What befalls an agent, as events have it. */
export const EVENT_KINDS = [
  "connected",
  "disconnected",
  "uid_changed",
  "duplicate_uid",
  "config_applied",
  "config_failed",
  "config_rolled_back",
  "connection_applied",
  "offer_too_large",
] as const;
export type EventKind = typeof EVENT_KINDS[number];

export interface FleetMetrics {
  readonly known: Gauge;
  readonly connected: Gauge;
  /** Messages that were not taken, in or out. */
  readonly refused: Readonly<Record<Refusal, Counter>>;
  /** Messages that no agent asked for. */
  readonly pushes: Counter;
  /** Offers sent, with an answer or a push; one that is repeated counts again. */
  readonly offers: Counter;
  readonly events: Readonly<Record<EventKind, Counter>>;
  readonly droppedEvents: Counter;
}

export function createFleetMetrics(meter: Meter): FleetMetrics {
  const counters = <Name extends string>(metric: string, attribute: string, names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, meter.counter(metric, { [attribute]: name })])) as Readonly<
      Record<Name, Counter>
    >;
  return {
    known: meter.gauge("sluice_controller_agents_known", {}),
    connected: meter.gauge("sluice_controller_agents_connected", {}),
    refused: counters("sluice_controller_messages_refused", "reason", REFUSALS),
    pushes: meter.counter("sluice_controller_pushes", {}),
    offers: meter.counter("sluice_controller_offers", {}),
    events: counters("sluice_controller_agent_events", "kind", EVENT_KINDS),
    droppedEvents: meter.counter("sluice_controller_agent_events_dropped", {}),
  };
}
