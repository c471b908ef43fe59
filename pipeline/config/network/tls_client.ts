/**
 * TLS settings of a client as `node:tls` takes them. Apart from tls.ts, so that a start without TLS loads none.
 *
 * Source: collector reference 3.4 (configtls).
 *
 * @module
 */

import { type ConnectionOptions, rootCertificates, type SecureVersion } from "node:tls";
import { readPem, type TlsClientConfig } from "./tls.ts";

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

/** Those of a connection's options that settings can say. */
export type TlsClientOptions = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "servername" | "minVersion" | "maxVersion" | "ciphers" | "rejectUnauthorized"
>;

/**
 * What the settings say; what they leave open is not there, and is the runtime's.
 *
 * @throws {Deno.errors.NotFound} A file is not there.
 */
export async function tlsClientOptions(tls: TlsClientConfig): Promise<TlsClientOptions> {
  const ca = await readPem(tls.ca_file, tls.ca_pem);
  const cert = await readPem(tls.cert_file, tls.cert_pem);
  const key = await readPem(tls.key_file, tls.key_pem);
  const minVersion = VERSIONS[tls.min_version];
  const maxVersion = VERSIONS[tls.max_version];
  return {
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(ca === undefined ? {} : { ca: tls.include_system_ca_certs_pool ? [...rootCertificates, ca] : [ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(tls.server_name_override === "" ? {} : { servername: tls.server_name_override }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(tls.cipher_suites.length === 0 ? {} : { ciphers: tls.cipher_suites.join(":") }),
  };
}

/**
 * The same where the section decides whether there is TLS at all.
 *
 * @returns undefined for plain text: no section, or `insecure`.
 * @throws {Deno.errors.NotFound} A file is not there.
 */
export async function tlsOptionsIfWanted(tls: TlsClientConfig | undefined): Promise<TlsClientOptions | undefined> {
  return tls === undefined || tls.insecure ? undefined : await tlsClientOptions(tls);
}
