/**
 * The span of one export: from the first attempt to the last, as the collector's `exporter/ID/SIGNAL`.
 *
 * @module
 */

import type { ComponentDeps } from "../../contract/component.ts";
import type { Outcome } from "../../contract/consumer.ts";
import { describeError } from "../../core/log/logger.ts";
import type { Payload } from "../../otlp/payload.ts";
import type { Signal } from "../../otlp/signals.ts";
import type { Sender } from "../sender.ts";

/** A sender whose exports have spans, where the requests that they carry have. */
export function traceSends(
  next: Sender,
  { tracer, id, signal }: Pick<ComponentDeps, "tracer" | "id"> & { readonly signal: Signal },
): Sender {
  if (tracer === undefined) return next;
  const name = `exporter/${id}/${signal}`;
  const own = { "otelcol.component.id": id, "otelcol.signal": signal };
  return {
    send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome> {
      const { origin, itemCount } = payload;
      if (origin.trace === undefined) return next.send(payload, abort, giveUpAtMs);
      const span = tracer.startChild(name, "client", origin.trace, { ...own, "sluice.items": itemCount });
      if (span === undefined) return next.send(payload, abort, giveUpAtMs);
      const traced = { ...payload, origin: { ...origin, trace: { context: span.context, links: [] } } };
      return next.send(traced, abort, giveUpAtMs).then(
        (outcome) => {
          if (outcome.rejectedItems > 0) span.set({ "sluice.rejected_items": outcome.rejectedItems });
          span.end();
          return outcome;
        },
        (thrown) => {
          span.fail(describeError(thrown));
          span.end();
          throw thrown;
        },
      );
    },
  };
}
