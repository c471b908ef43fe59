/**
 * What each setting of a client's TLS becomes for `node:tls`.
 *
 * @module
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { rootCertificates } from "node:tls";
import { type TlsClientConfig, tlsClientSchema } from "../../../../pipeline/config/network/tls.ts";
import {
  type TlsClientOptions,
  tlsClientOptions,
  tlsOptionsIfWanted,
} from "../../../../pipeline/config/network/tls_client.ts";

type Settings = Partial<TlsClientConfig>;

const sectionOf = (settings: Settings) => ({ ...tlsClientSchema.parse({}), ...settings });
const optionsOf = (settings: Settings) => tlsClientOptions(sectionOf(settings));

/** Where nothing is said. */
const DEFAULTS: TlsClientOptions = { rejectUnauthorized: true, minVersion: "TLSv1.2" };

const CASES: readonly { readonly name: string; readonly settings: Settings; readonly want: TlsClientOptions }[] = [
  { name: "nothing", settings: {}, want: {} },
  { name: "insecure_skip_verify", settings: { insecure_skip_verify: true }, want: { rejectUnauthorized: false } },
  { name: "a CA alone", settings: { ca_pem: "CA" }, want: { ca: ["CA"] } },
  {
    name: "a CA beside the system's",
    settings: { ca_pem: "CA", include_system_ca_certs_pool: true },
    want: { ca: [...rootCertificates, "CA"] },
  },
  { name: "the system's alone", settings: { include_system_ca_certs_pool: true }, want: {} },
  {
    name: "a certificate and its key",
    settings: { cert_pem: "CERT", key_pem: "KEY" },
    want: { cert: "CERT", key: "KEY" },
  },
  {
    name: "the name that is asked for",
    settings: { server_name_override: "up.test" },
    want: { servername: "up.test" },
  },
  {
    name: "versions",
    settings: { min_version: "1.0", max_version: "1.3" },
    want: { minVersion: "TLSv1", maxVersion: "TLSv1.3" },
  },
  { name: "cipher suites", settings: { cipher_suites: ["A", "B"] }, want: { ciphers: "A:B" } },
];

Deno.test("tlsClientOptions()", async (t) => {
  for (const { name, settings, want } of CASES) {
    await t.step(name, async () => deepStrictEqual(await optionsOf(settings), { ...DEFAULTS, ...want }));
  }
});

Deno.test("tlsClientOptions() reads files, and rejects when one is not there", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(file, "CA of a file");
  deepStrictEqual(await optionsOf({ ca_file: file }), { ...DEFAULTS, ca: ["CA of a file"] });
  await Deno.remove(file);
  await rejects(() => optionsOf({ ca_file: file }), Deno.errors.NotFound);
});

Deno.test("tlsOptionsIfWanted() is undefined for plain text", async () => {
  strictEqual(await tlsOptionsIfWanted(undefined), undefined);
  strictEqual(await tlsOptionsIfWanted(sectionOf({ insecure: true })), undefined);
  deepStrictEqual(await tlsOptionsIfWanted(sectionOf({})), DEFAULTS);
});
