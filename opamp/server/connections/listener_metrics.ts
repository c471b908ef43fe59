/**
 * What a listener counts: messages by their way, connections by their end.
 *
 * @module
 */

import type { Counter, Gauge, Meter } from "../../../pipeline/core/telemetry/meter.ts";
import { lengthOf } from "../agents/answers.ts";
import { countersBy } from "../fleet/fleet_metrics.ts";
import type { MessageParts, Transport } from "../agents/link.ts";

/** Why a WebSocket has ended. */
const END_REASONS = ["closed", "cut", "silent", "slow_reader", "violation"] as const;
export type EndReason = typeof END_REASONS[number];

const REFUSALS = ["busy", "unauthorized"] as const;

/** Counts the messages of one transport. */
export class Traffic {
  readonly #in: readonly [messages: Counter, bytes: Counter];
  readonly #out: readonly [messages: Counter, bytes: Counter];

  constructor(meter: Meter, transport: Transport) {
    const pair = (direction: string) =>
      [
        meter.counter("sluice_controller_messages", { direction, transport }),
        meter.counter("sluice_controller_message_bytes", { direction, transport }),
      ] as const;
    this.#in = pair("in");
    this.#out = pair("out");
  }

  received(message: Uint8Array): void {
    this.#in[0].add(1);
    this.#in[1].add(message.length);
  }

  sent(parts: MessageParts): void {
    this.#out[0].add(1);
    this.#out[1].add(lengthOf(parts));
  }
}

export interface ListenerMetrics {
  readonly websocket: Traffic;
  readonly http: Traffic;
  /** Open WebSockets. */
  readonly connections: Gauge;
  readonly ended: Readonly<Record<EndReason, Counter>>;
  /** Who was not let in. */
  readonly refused: Readonly<Record<typeof REFUSALS[number], Counter>>;
}

export function createListenerMetrics(meter: Meter): ListenerMetrics {
  return {
    websocket: new Traffic(meter, "websocket"),
    http: new Traffic(meter, "http"),
    connections: meter.gauge("sluice_controller_connections", {}),
    ended: countersBy(meter, "sluice_controller_connections_ended", "reason", END_REASONS),
    refused: countersBy(meter, "sluice_controller_connections_refused", "reason", REFUSALS),
  };
}
