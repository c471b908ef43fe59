/**
 * Who is asked before a request comes in: the receiver's own authenticator, then the tenants' gate.
 *
 * An authenticator settles the header that it reads: the tenant is then found by other credentials, since the same header
 * would be unknown there.
 *
 * @module
 */

import type { AuthAttributes, ServerAuthenticator } from "../../contract/authenticator.ts";
import type { ReceiverDeps } from "../../contract/component.ts";
import type { Enter, Entry } from "../../contract/http.ts";
import type { ClientCertificate, Sender, Taken, TenantGate } from "../../contract/tenants.ts";
import type { Origin, Payload } from "../../otlp/payload.ts";
import type { Signal } from "../../otlp/signals.ts";

/**
 * @param id Of the authenticator; "" for none.
 * @returns undefined when nobody is asked.
 * @throws {TypeError} There is no such authenticator, or it does not know senders.
 */
export function entranceOf(
  id: string,
  { tenants, authenticators }: Pick<ReceiverDeps, "tenants" | "authenticators">,
): Enter | undefined {
  if (id === "") return tenants === undefined ? undefined : (...asked) => tenants.enter(...asked);
  const server = authenticators?.(id).server;
  if (server === undefined) {
    throw new TypeError(`Cannot authenticate by ${JSON.stringify(id)}: it knows no senders, wanted one that does`);
  }
  return tenants === undefined ? authenticatedOnly(server) : authenticatedFirst(server, tenants);
}

function authenticatedOnly(server: ServerAuthenticator): Enter {
  return (_, sender) => {
    const attributes = server.authenticate(sender);
    return attributes instanceof Promise ? attributes.then(openEntry) : openEntry(attributes);
  };
}

function authenticatedFirst(server: ServerAuthenticator, tenants: TenantGate): Enter {
  const enter = (signal: Signal, sender: Sender, bytes: number | undefined, attributes: AuthAttributes) => {
    const visit = tenants.enter(signal, new SettledSender(sender, server.header), bytes);
    if (attributes.size === 0) return visit;
    return visit instanceof Promise
      ? visit.then((entry) => withAttributes(entry, attributes))
      : withAttributes(visit, attributes);
  };
  return (signal, sender, bytes) => {
    const attributes = server.authenticate(sender);
    return attributes instanceof Promise
      ? attributes.then((known) => enter(signal, sender, bytes, known))
      : enter(signal, sender, bytes, attributes);
  };
}

/** A sender without the header that an authenticator has settled. */
class SettledSender implements Sender {
  readonly #sender: Sender;
  readonly #settled: string;

  constructor(sender: Sender, settled: string) {
    this.#sender = sender;
    this.#settled = settled;
  }

  get peerAddress(): string {
    return this.#sender.peerAddress;
  }

  get signal(): Signal | undefined {
    return this.#sender.signal;
  }

  header(name: string): string | undefined {
    return name === this.#settled ? undefined : this.#sender.header(name);
  }

  certificate(): ClientCertificate | undefined {
    return this.#sender.certificate?.();
  }
}

/** An entry without limits. */
function openEntry(attributes: AuthAttributes): Entry {
  return {
    maxBodyBytes: Infinity,
    owner: "",
    originOf: (origin) => originWith(origin, attributes),
    read: () => {},
    take: keepAll,
    leave: () => {},
  };
}

function keepAll(payload: Payload): Taken {
  return { payload, rejectedItems: 0, message: "" };
}

/** The entry of a tenant, with what an authenticator has found out besides. */
function withAttributes(entry: Entry, attributes: AuthAttributes): Entry {
  return {
    maxBodyBytes: entry.maxBodyBytes,
    owner: entry.owner,
    originOf: (origin) => originWith(entry.originOf(origin), attributes),
    read: (bytes) => entry.read(bytes),
    take: (payload) => entry.take(payload),
    leave: (status, rejectedItems) => entry.leave(status, rejectedItems),
  };
}

/** What the tenant's identity knows wins. */
function originWith(origin: Origin, attributes: AuthAttributes): Origin {
  if (attributes.size === 0) return origin;
  const { client } = origin;
  return {
    ...origin,
    client: { ...client, authAttributes: new Map([...attributes, ...client?.authAttributes ?? []]) },
  };
}
