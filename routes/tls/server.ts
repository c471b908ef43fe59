/**
 * TLS of a listener: certificate, versions, client certificates, and reading them again.
 *
 * The runtime's TLS has versions 1.2 and 1.3 and chooses ciphers and curves itself: there is no weak one among them.
 * Source: collector reference 3.4.
 *
 * @module
 */

import type { ServerOptions } from "node:https";
import { readPem, type TlsServerConfig } from "../../pipeline/config/network/tls.ts";

/** What `https.createServer` and `setSecureContext` take. */
export type TlsOptions = Pick<
  ServerOptions,
  "cert" | "key" | "ca" | "requestCert" | "rejectUnauthorized" | "minVersion" | "maxVersion"
>;

/**
 * Reads the certificate, its key and the authorities of clients.
 *
 * @throws {Error} A file cannot be read, or the versions are none that the runtime has.
 */
export async function readTlsOptions(config: TlsServerConfig): Promise<TlsOptions> {
  const cert = await readPem(config.cert_file, config.cert_pem);
  const key = await readPem(config.key_file, config.key_pem);
  const clientCa = await readPem(config.client_ca_file, "");
  if (cert === undefined || key === undefined) {
    throw new TypeError("Cannot listen with TLS: wanted a certificate and its key");
  }
  return { cert, key, ...versions(config), ...clientCertificates(clientCa) };
}

/** With an authority, a client without a certificate of it is refused in the handshake. */
function clientCertificates(ca: string | undefined): TlsOptions {
  return ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
}

function versions({ min_version, max_version }: TlsServerConfig): TlsOptions {
  if (max_version === "1.0" || max_version === "1.1") {
    throw new RangeError(`Cannot listen with TLS: max_version is ${max_version}, wanted 1.2 or 1.3`);
  }
  if (min_version === "1.3" && max_version === "1.2") {
    throw new RangeError("Cannot listen with TLS: min_version 1.3 is above max_version 1.2");
  }
  return {
    minVersion: min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
    maxVersion: max_version === "1.2" ? "TLSv1.2" : "TLSv1.3",
  };
}
