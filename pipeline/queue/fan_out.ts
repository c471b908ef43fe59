/**
 * One consumer in front of several: a receiver in many pipelines, many exporters in one, a connector's pipelines.
 *
 * The branches are called at once, not one after the other as in the collector: a slow or failing destination holds the
 * answer, never another branch's data. They share the payload, which nobody may write to.
 * Source: collector reference 2.5 (fan-out joins errors; a client's retry goes to the good branches again).
 *
 * @module
 */

import type { Consumer, Outcome } from "../contract/consumer.ts";
import { outcomeOf } from "../contract/consumer.ts";
import { type GatewayError, mostRetryable, toGatewayError } from "../core/errors.ts";
import type { Payload } from "../otlp/payload.ts";

/**
 * The consumers as one. A payload is kept when every branch keeps it; it waits for all of them in any case.
 *
 * Items that several branches reject are taken for the same ones: the sender is told the largest count. Of several
 * failures the one is thrown that a retry can help, with the longest wait.
 *
 * @param consumers One or more; a single one is returned as it is.
 */
export function fanOut(consumers: readonly Consumer[]): Consumer {
  const [first] = consumers;
  if (first === undefined) throw new TypeError("Cannot fan out: there are no consumers, wanted one or more");
  if (consumers.length === 1) return first;
  const gates = consumers.filter((consumer) => consumer.admit !== undefined);
  return {
    consume: (payload, abort) => settle(consumers.map((consumer) => ({ consumer, payload })), abort, sameItems),
    admit: (bodyBytes) => {
      for (const gate of gates) gate.admit?.(bodyBytes);
    },
  };
}

/** A payload, and where it goes. */
export interface Delivery {
  readonly consumer: Consumer;
  readonly payload: Payload;
}

/**
 * Delivers different payloads at once; all of them are waited for. Other items are rejected by each: the sender is told
 * their sum. Of several failures the one is thrown that a retry can help, with the longest wait.
 */
export function deliverAll(deliveries: readonly Delivery[], abort: AbortSignal): Promise<Outcome> {
  const [first] = deliveries;
  if (first !== undefined && deliveries.length === 1) return first.consumer.consume(first.payload, abort);
  return settle(deliveries, abort, otherItems);
}

/** How many items several branches reject together. */
type Rejected = (counts: readonly number[]) => number;
const sameItems: Rejected = (counts) => Math.max(...counts);
const otherItems: Rejected = (counts) => counts.reduce((sum, count) => sum + count, 0);

/** An async function per branch, so that one that throws at once does not stop the others. */
async function settle(deliveries: readonly Delivery[], abort: AbortSignal, rejected: Rejected): Promise<Outcome> {
  const results = await Promise.all(deliveries.map(({ consumer, payload }) => consumeOne(consumer, payload, abort)));
  const outcomes: Outcome[] = [];
  const errors: GatewayError[] = [];
  for (const result of results) {
    if (result instanceof Error) errors.push(result);
    else outcomes.push(result);
  }
  if (errors.length > 0) throw mostRetryable(errors);
  return joinOutcomes(outcomes, rejected);
}

async function consumeOne(consumer: Consumer, payload: Payload, abort: AbortSignal): Promise<Outcome | GatewayError> {
  try {
    return await consumer.consume(payload, abort);
  } catch (thrown) {
    return toGatewayError(thrown);
  }
}

function joinOutcomes(outcomes: readonly Outcome[], rejected: Rejected): Outcome {
  const spoken = outcomes.filter(({ rejectedItems, message }) => rejectedItems > 0 || message !== "");
  const messages = spoken.map(({ message }) => message).filter((message) => message !== "");
  return outcomeOf(
    spoken.length === 0 ? 0 : rejected(spoken.map(({ rejectedItems }) => rejectedItems)),
    [...new Set(messages)].join("; "),
    outcomes.some(({ isHeld }) => isHeld),
  );
}
