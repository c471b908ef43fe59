/**
 * What one exporter did with tenants' data, told to their usage: each piece of a batch is its own tenant's.
 *
 * What a destination rejects of a batch it counts and does not name. Of one tenant's batch they are its own; of a part
 * of a batch of several nobody knows, and no tenant is said to have them: all its pieces count as sent, the exporter's own
 * metrics have the number. `by_tenant` keeps batches apart.
 *
 * @module
 */

import type { Outcome } from "../../contract/consumer.ts";
import type { UsageCounter, UsageMeter, UsageSeries } from "../../contract/usage.ts";
import type { ErrorCode, GatewayError } from "../../core/errors.ts";
import type { TenantTag } from "../../core/tenant.ts";
import type { Signal } from "../../otlp/signals.ts";
import type { Piece } from "../losses.ts";
import { MOVED } from "../sender.ts";

/** Why a queue took nothing. */
export type NoRoom = "queue_full" | "queue_share";

export class ExportUsage {
  readonly #meter: UsageMeter;
  readonly #of: Pick<UsageSeries, "signal" | "destination">;
  readonly #sent: UsageCounter;
  readonly #rejected: UsageCounter;
  readonly #failed = new Map<ErrorCode | NoRoom, UsageCounter>();

  constructor(meter: UsageMeter, destination: string, signal: Signal) {
    this.#meter = meter;
    this.#of = { destination, signal };
    this.#sent = meter.counter({ ...this.#of, outcome: "sent", reason: "" });
    this.#rejected = meter.counter({ ...this.#of, outcome: "rejected", reason: "destination" });
  }

  /** What became of a batch that was on its way, of one piece or more. */
  landed(pieces: readonly Piece[], result: Outcome | GatewayError): void {
    if (result === MOVED) return;
    if (result instanceof Error) {
      for (const { payload } of pieces) this.failed(payload.origin.tenant, payload.itemCount, result.code);
      return;
    }
    for (const { payload: { origin: { tenant }, itemCount, byteLength } } of pieces) {
      if (tenant !== undefined) this.#sent.add(tenant, 1, itemCount, byteLength);
    }
    if (result.rejectedItems > 0) this.#takeBack(pieces, result.rejectedItems);
  }

  #takeBack(pieces: readonly Piece[], rejectedItems: number): void {
    const allItems = pieces.reduce((sum, { payload }) => sum + payload.itemCount, 0);
    const only = onlyTenant(pieces);
    if (only !== undefined) this.#rejectedOf(only, rejectedItems);
    else if (rejectedItems >= allItems) {
      for (const { payload } of pieces) this.#rejectedOf(payload.origin.tenant, payload.itemCount);
    }
  }

  #rejectedOf(tenant: TenantTag | undefined, items: number): void {
    if (tenant === undefined) return;
    this.#sent.add(tenant, 0, -items, 0);
    this.#rejected.add(tenant, 0, items, 0);
  }

  /** Items that did not arrive, or for which there was no room. */
  failed(tenant: TenantTag | undefined, items: number, reason: ErrorCode | NoRoom): void {
    if (tenant !== undefined) this.#failedFor(reason).add(tenant, 1, items, 0);
  }

  /** Errors are rare and few: their series are made when they come. */
  #failedFor(reason: ErrorCode | NoRoom): UsageCounter {
    let counter = this.#failed.get(reason);
    if (counter === undefined) {
      counter = this.#meter.counter({ ...this.#of, outcome: "failed", reason });
      this.#failed.set(reason, counter);
    }
    return counter;
  }
}

/** Whose all of the pieces are; undefined when they are of several, or nobody's. */
function onlyTenant(pieces: readonly Piece[]): TenantTag | undefined {
  const tenant = pieces[0]?.payload.origin.tenant;
  return pieces.every(({ payload: { origin } }) => origin.tenant?.slot === tenant?.slot) ? tenant : undefined;
}
