/**
 * Puts a tenant's attributes on every resource of what it sends, in place of what the sender says under these keys.
 *
 * @module
 */

import { OttlError } from "../../ottl/mod.ts";
import { type GatewayError, LimitExceededError, RejectedError } from "../core/errors.ts";
import { Cursor, openContext, walk, type WalkOptions } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";
import type { TenantRow } from "./table/table.ts";

/** Stamps payloads of one thread. */
export class Stamper {
  readonly #cursors: Partial<Record<Signal, Cursor>> = {};
  /** They go with the tenants' rows. */
  readonly #visits = new WeakMap<TenantRow, Partial<Record<Signal, WalkOptions["visit"]>>>();

  /** @throws {GatewayError} The payload would be too large, or cannot be read. */
  stamp(payload: Payload, row: TenantRow): Payload {
    if (row.resourceAttributes.length === 0) return payload;
    const cursor = this.#cursors[payload.signal] ??= new Cursor(payload.signal);
    try {
      return walk(payload, cursor, { visit: this.#visitOf(row, cursor) });
    } catch (thrown) {
      throw thrown instanceof OttlError ? refusal(thrown) : thrown;
    }
  }

  #visitOf(row: TenantRow, cursor: Cursor): WalkOptions["visit"] {
    let visits = this.#visits.get(row);
    if (visits === undefined) this.#visits.set(row, visits = {});
    return visits[cursor.signal] ??= { resource: settingOf(row.resourceAttributes, cursor) };
  }
}

function settingOf(attributes: TenantRow["resourceAttributes"], cursor: Cursor): (cursor: Cursor) => boolean {
  const { resolver } = openContext(cursor.signal, "resource", cursor);
  const setters = attributes.map(([key, value]) => {
    const path = resolver.resolve({
      context: "resource",
      fields: [{ name: "attributes", keys: [{ constant: key, evaluate: () => key }] }],
      text: "resource.attributes",
    });
    return path.constantSetter?.(value) ?? ((item: Cursor) => path.set(item, value));
  });
  return (item) => {
    for (const set of setters) set(item);
    return true;
  };
}

function refusal(cause: OttlError): GatewayError {
  const message = `Cannot put the tenant's attributes on resources: ${cause.message}`;
  if (cause.category === "limit") return new LimitExceededError(message, { cause });
  return new RejectedError(message, "invalid_argument", { cause });
}
