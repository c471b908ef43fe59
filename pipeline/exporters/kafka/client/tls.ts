/**
 * The collector's TLS settings as Node's.
 *
 * @module
 */

import { type ConnectionOptions, rootCertificates, type SecureVersion } from "node:tls";
import { readPem, type TlsClientConfig } from "../../../config/tls.ts";

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

/**
 * @returns undefined for plain text: no section, or `insecure`.
 * @throws {Deno.errors.NotFound} A file is not there.
 */
export async function tlsOptions(tls: TlsClientConfig | undefined): Promise<ConnectionOptions | undefined> {
  if (tls === undefined || tls.insecure) return undefined;
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
