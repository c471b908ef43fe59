/**
 * TLS settings shared by servers and clients.
 *
 * Source: collector reference 3.4 (configtls).
 *
 * @module
 */

import type { z } from "zod";
import { readConfiguredText } from "../../core/regular_file.ts";
import { bool, durationMs, leaf, oneOf, readText, secret, section, text, textList } from "../schema.ts";

const VERSIONS = ["", "1.0", "1.1", "1.2", "1.3"] as const;

/** A file that is read when the component starts; "" for none. */
const pemFile = () => leaf("string", "a string", readText, { readAtStart: true });

const common = {
  ca_file: pemFile().default(""),
  ca_pem: secret().default(""),
  cert_file: pemFile().default(""),
  cert_pem: secret().default(""),
  key_file: pemFile().default(""),
  key_pem: secret().default(""),
  include_system_ca_certs_pool: bool().default(false),
  min_version: oneOf(VERSIONS).default("1.2"),
  max_version: oneOf(VERSIONS).default(""),
  cipher_suites: textList().default([]),
  curve_preferences: textList().default([]),
  reload_interval: durationMs().default(0),
};

/** TLS of a listener: needs a certificate and its key. */
export const tlsServerSchema = section({
  ...common,
  client_ca_file: pemFile().default(""),
  client_ca_file_reload: bool().default(false),
}).superRefine((tls, context) => {
  for (const [file, pem] of [["cert_file", "cert_pem"], ["key_file", "key_pem"]] as const) {
    if ((tls[file] === "") === (tls[pem] === "")) {
      context.addIssue({ code: "custom", path: [file], message: `needs exactly one of ${file} and ${pem}` });
    }
  }
});

/** TLS of a client. */
export const tlsClientSchema = section({
  ...common,
  insecure: bool().default(false),
  insecure_skip_verify: bool().default(false),
  server_name_override: text().default(""),
}).superRefine((tls, context) => {
  const hasCert = tls.cert_file !== "" || tls.cert_pem !== "";
  const hasKey = tls.key_file !== "" || tls.key_pem !== "";
  if (hasCert !== hasKey) context.addIssue({ code: "custom", message: "needs the certificate and its key together" });
});

export type TlsServerConfig = z.output<typeof tlsServerSchema>;
export type TlsClientConfig = z.output<typeof tlsClientSchema>;

/**
 * Keys that load and do not act, or not as somebody may expect.
 *
 * @param path Where the section stands in its component.
 */
export function tlsWarnings(
  path: string,
  tls: TlsServerConfig | TlsClientConfig,
): { readonly path: string; readonly message: string }[] {
  const cases = "client_ca_file" in tls ? serverCases(tls) : clientCases(tls);
  const curves: Case = [tls.curve_preferences.length > 0, "curve_preferences", "is not obeyed: the runtime chooses"];
  return [...cases, curves].flatMap(([applies, key, message]) => applies ? [{ path: `${path}::${key}`, message }] : []);
}

type Case = readonly [applies: boolean, key: string, message: string];

function serverCases(tls: TlsServerConfig): Case[] {
  const { min_version: min } = tls;
  return [
    [tls.cipher_suites.length > 0, "cipher_suites", "is not obeyed: the runtime chooses among safe ones"],
    [min === "1.0" || min === "1.1", "min_version", "is taken as 1.2, the lowest there is"],
    [
      tls.client_ca_file_reload && tls.reload_interval <= 0,
      "client_ca_file_reload",
      "is not obeyed: the file is read again with the certificate, every reload_interval",
    ],
    [
      tls.include_system_ca_certs_pool,
      "include_system_ca_certs_pool",
      "does nothing: clients are known by client_ca_file alone",
    ],
  ];
}

function clientCases({ reload_interval }: TlsClientConfig): Case[] {
  return [[reload_interval > 0, "reload_interval", "is not obeyed: certificates are read at the start"]];
}

/** All authorities of a system are some 300 kB. */
export const MAX_PEM_BYTES = 4 * 1024 * 1024;

/** A PEM given as text or as a file; undefined when neither is. Read at start, so that a missing file fails the start. */
export async function readPem(file: string, pem: string): Promise<string | undefined> {
  if (pem !== "") return pem;
  return file === "" ? undefined : await readConfiguredText(file, MAX_PEM_BYTES);
}
