/**
 * Who is at the other end of a connection: the address, and the client certificate that TLS has verified. Found out once
 * for all requests that come by it.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatEndpoint } from "../pipeline/config/network/http_server.ts";
import type { ClientCertificate } from "../pipeline/contract/tenants.ts";
import { NO_ORIGIN, type Origin } from "../pipeline/otlp/payload.ts";
import { readClientCertificate } from "./tls/client_certificate.ts";

/** What all requests of a connection have in common. */
export interface Peer {
  /** Without the port; "" when it is not known. */
  readonly address: string;
  readonly origin: Origin;
  /** Undefined when it has shown none. */
  certificate(): ClientCertificate | undefined;
}

export class SocketPeer implements Peer {
  readonly address: string;
  readonly origin: Origin;
  readonly #socket: Socket;
  /** null until somebody asks. */
  #certificate: ClientCertificate | undefined | null = null;

  constructor(socket: Socket) {
    const { remoteAddress = "", remotePort = 0 } = socket;
    this.#socket = socket;
    this.address = plainAddress(remoteAddress);
    this.origin = { ...NO_ORIGIN, client: { address: formatEndpoint(this.address, remotePort) } };
  }

  certificate(): ClientCertificate | undefined {
    if (this.#certificate === null) this.#certificate = certificateOf(this.#socket);
    return this.#certificate;
  }
}

/** An IPv4 address as such, also where a socket of both families has it as `::ffff:10.1.1.9`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Only of a socket whose handshake has verified it: `authorized` is false for any other. */
function certificateOf(socket: Socket): ClientCertificate | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return undefined;
  const { raw } = (socket as TLSSocket).getPeerCertificate();
  return raw === undefined ? undefined : readClientCertificate(raw);
}
