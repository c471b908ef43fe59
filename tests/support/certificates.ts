/**
 * Certificates for a test, made by openssl in a folder that is removed again: an authority, a server for localhost and
 * 127.0.0.1, and a client.
 *
 * @module
 */

/** All as PEM text. */
export interface TestCertificates {
  readonly caCert: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Takes about 0.1 s. */
export async function makeCertificates(): Promise<TestCertificates> {
  const dir = await Deno.makeTempDir();
  try {
    await openssl(
      dir,
      "req",
      "-x509",
      ...NEW_KEY,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=Test CA",
    );
    await issue(dir, "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    await issue(dir, "client", "/CN=test client", "extendedKeyUsage=clientAuth");
    const read = (name: string) => Deno.readTextFile(`${dir}/${name}`);
    return {
      caCert: await read("ca.pem"),
      serverCert: await read("server.pem"),
      serverKey: await read("server.key"),
      clientCert: await read("client.pem"),
      clientKey: await read("client.key"),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A client's certificate to be. */
export interface ClientRequest {
  /** As `openssl req -subj` takes it: `/O=acme/CN=agent`. */
  readonly subject: string;
  /** Of its subjectAltName: `URI:spiffe://acme/agent`. */
  readonly names: readonly string[];
}

/** Takes about 0.1 s, and as much for each client. */
export async function issueCertificates(clients: readonly ClientRequest[]) {
  const dir = await Deno.makeTempDir();
  try {
    const ca = ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA"];
    await openssl(dir, "req", "-x509", ...NEW_KEY, ...ca);
    await issue(dir, "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    const read = (name: string) => Deno.readTextFile(`${dir}/${name}`);
    const issued: { cert: string; key: string }[] = [];
    for (const [at, { subject, names }] of clients.entries()) {
      await issue(dir, `client${at}`, subject, altNames(names));
      issued.push({ cert: await read(`client${at}.pem`), key: await read(`client${at}.key`) });
    }
    const [caCert, serverCert, serverKey] = [await read("ca.pem"), await read("server.pem"), await read("server.key")];
    return { caCert, serverCert, serverKey, clients: issued };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** In a section of its own, where a comma separates nothing. */
function altNames(names: readonly string[]): string {
  if (names.length === 0) return "extendedKeyUsage=clientAuth";
  const lines = names.map((name, at) => {
    const colon = name.indexOf(":");
    return `${name.slice(0, colon)}.${at}=${name.slice(colon + 1)}`;
  });
  return ["subjectAltName=@names", "[names]", ...lines].join("\n");
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function issue(dir: string, name: string, subject: string, extension: string): Promise<void> {
  await Deno.writeTextFile(`${dir}/${name}.ext`, `${extension}\n`);
  await openssl(dir, "req", ...NEW_KEY, "-utf8", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
  await openssl(
    dir,
    ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-out", `${name}.pem`, "-days", "2", "-extfile", `${name}.ext`],
  );
}

async function openssl(cwd: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`Cannot make certificates: ${new TextDecoder().decode(stderr)}`);
}
