/**
 * What a fleet counts. Every series is made at the start, so that a page shows a zero and not nothing.
 *
 * @module
 */

import type { Counter, Gauge, Meter } from "../../../pipeline/core/telemetry/meter.ts";

/** Why a message of an agent, or to one, is not taken. */
const REFUSALS = ["malformed", "duplicate_uid", "too_many_agents", "certificate", "too_large"] as const;
export type Refusal = typeof REFUSALS[number];

/** What befalls an agent, as events have it. */
const EVENT_KINDS = [
  "connected",
  "disconnected",
  "uid_changed",
  "duplicate_uid",
  "identity_changed",
  "config_applied",
  "config_failed",
  "config_rolled_back",
  "connection_applied",
  "offer_too_large",
] as const;
export type EventKind = typeof EVENT_KINDS[number];

/** Offers by their field of a ServerToAgent. */
const OFFER_NAMES = ["config", "connection_settings", "packages"] as const;
export type OfferName = typeof OFFER_NAMES[number];

export interface FleetMetrics {
  readonly known: Gauge;
  readonly connected: Gauge;
  /** Messages that were not taken, in or out. */
  readonly refused: Readonly<Record<Refusal, Counter>>;
  /** Messages that no agent asked for. */
  readonly pushes: Counter;
  /** Offers sent, with an answer or a push; one that is repeated counts again. */
  readonly offers: Readonly<Record<OfferName, Counter>>;
  readonly events: Readonly<Record<EventKind, Counter>>;
  readonly droppedEvents: Counter;
}

export function createFleetMetrics(meter: Meter): FleetMetrics {
  const counters = <Name extends string>(metric: string, attribute: string, names: readonly Name[]) =>
    countersBy(meter, metric, attribute, names);
  return {
    known: meter.gauge("sluice_controller_agents_known", {}),
    connected: meter.gauge("sluice_controller_agents_connected", {}),
    refused: counters("sluice_controller_messages_refused", "reason", REFUSALS),
    pushes: meter.counter("sluice_controller_pushes", {}),
    offers: counters("sluice_controller_offers", "kind", OFFER_NAMES),
    events: counters("sluice_controller_agent_events", "kind", EVENT_KINDS),
    droppedEvents: meter.counter("sluice_controller_agent_events_dropped", {}),
  };
}

/** A counter for each value of an attribute. */
export function countersBy<Name extends string>(
  meter: Meter,
  metric: string,
  attribute: string,
  names: readonly Name[],
): Readonly<Record<Name, Counter>> {
  const made = names.map((name) => [name, meter.counter(metric, { [attribute]: name })]);
  return Object.fromEntries(made) as Record<Name, Counter>;
}
