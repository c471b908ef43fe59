/**
 * Behind a receiver: the pipelines that a payload's tenant may enter.
 *
 * The gate has refused tenants that have no pipeline of the signal before the body was read; here one is refused whose
 * pipelines have other receivers.
 *
 * @module
 */

import type { Consumer, Outcome } from "../contract/consumer.ts";
import type { TenantGate } from "../contract/tenants.ts";
import { PermissionDeniedError } from "../core/errors.ts";
import type { Payload } from "../otlp/payload.ts";
import { fanOut } from "../queue/fan_out.ts";

/** The head of a pipeline. */
export interface PipelineHead {
  readonly id: string;
  readonly consumer: Consumer;
}

/** `heads` as one: each payload goes to those that its tenant may enter. @param heads One or more. */
export function forTenants(heads: readonly PipelineHead[], gate: Pick<TenantGate, "pipelinesOf">): Consumer {
  const all = fanOut(heads.map(({ consumer }) => consumer));
  // By the tenant's list of pipelines: they go when it does.
  const chosen = new WeakMap<ReadonlySet<string>, Consumer>();
  const choose = (allowed: ReadonlySet<string>): Consumer => {
    let consumer = chosen.get(allowed);
    if (consumer === undefined) chosen.set(allowed, consumer = chosenOf(heads, allowed, all));
    return consumer;
  };
  return {
    consume(payload, abort) {
      const { tenant } = payload.origin;
      const allowed = tenant === undefined ? undefined : gate.pipelinesOf(tenant);
      return allowed === undefined ? all.consume(payload, abort) : choose(allowed).consume(payload, abort);
    },
    admit: (bodyBytes) => all.admit?.(bodyBytes),
  };
}

function chosenOf(heads: readonly PipelineHead[], allowed: ReadonlySet<string>, all: Consumer): Consumer {
  const consumers = heads.filter(({ id }) => allowed.has(id)).map(({ consumer }) => consumer);
  if (consumers.length === heads.length) return all;
  return consumers.length === 0 ? REFUSING : fanOut(consumers);
}

const REFUSING: Consumer = { consume: (payload) => Promise.reject(refusal(payload)) as Promise<Outcome> };

function refusal({ signal, origin }: Payload): PermissionDeniedError {
  return new PermissionDeniedError(
    `Cannot pass on ${signal} of tenant ${origin.tenant?.id}: none of its pipelines is behind this receiver`,
  );
}
