import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import https from "node:https";
import fc from "fast-check";
import type { ClientCertificate, TenantGate } from "../../../pipeline/contract/tenants.ts";
import { UnauthenticatedError } from "../../../pipeline/core/errors.ts";
import { readClientCertificate } from "../../../routes/tls/client_certificate.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { issueCertificates } from "../../support/certificates.ts";
import { openEdge } from "../../support/otlp_edge.ts";
import { traceRequestBytes } from "../../support/otlp_samples.ts";

/** `subject` as openssl's -subj takes it; `extension` as its configuration has it. */
const CASES: readonly { name: string; subject: string; names: readonly string[]; want: ClientCertificate }[] = [
  {
    name: "one of each",
    subject: "/O=acme/CN=agent",
    names: ["URI:spiffe://acme/agent", "DNS:agent.acme", "email:agent@acme.example", "IP:10.0.0.1"],
    want: {
      subject: "CN=agent,O=acme",
      dnsNames: ["agent.acme"],
      uris: ["spiffe://acme/agent"],
      emails: ["agent@acme.example"],
    },
  },
  {
    name: "a URI that reads as two names when they are joined",
    subject: "/CN=agent",
    names: ["URI:spiffe://other/x, DNS:agent.acme"],
    want: { subject: "CN=agent", dnsNames: [], uris: ["spiffe://other/x, DNS:agent.acme"], emails: [] },
  },
  {
    name: "a subject that reads as another when it is not escaped",
    subject: "/O=other,O=acme/CN= agent ",
    names: [],
    want: { subject: "CN=\\ agent\\ ,O=other\\,O=acme", dnsNames: [], uris: [], emails: [] },
  },
  {
    name: "not ASCII",
    subject: "/O=Öl\\+Gas/CN=#1",
    names: [],
    want: { subject: "CN=\\#1,O=Öl\\+Gas", dnsNames: [], uris: [], emails: [] },
  },
];

const issued = await issueCertificates(CASES.map(({ subject, names }) => ({ subject, names })));

function derOf(pem: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem).raw);
}

Deno.test("readClientCertificate()", async (t) => {
  for (const [at, { name, want }] of CASES.entries()) {
    await t.step(name, () => {
      deepStrictEqual(readClientCertificate(derOf(issued.clients[at]?.cert ?? "")), want);
    });
  }
});

Deno.test("readClientCertificate() of what is cut off or changed gives names or nothing, and never throws", () => {
  const der = derOf(issued.clients[0]?.cert ?? "");
  for (let length = 0; length < der.length; length++) {
    strictEqual(readClientCertificate(der.subarray(0, length)), undefined);
  }
  fc.assert(fc.property(fc.nat(der.length - 1), fc.nat(255), (at, byte) => {
    const changed = der.slice();
    changed[at] = byte;
    readClientCertificate(changed);
  }));
});

Deno.test("a name with a NUL in it is none", () => {
  const der = derOf(issued.clients[0]?.cert ?? "").slice();
  const at = Buffer.from(der).indexOf("agent.acme");
  ok(at > 0);
  der[at + 5] = 0;
  strictEqual(readClientCertificate(der), undefined);
});

/** Lets in whoever has a certificate, and keeps what it says. */
function certificateGate(seen: (ClientCertificate | undefined)[]): TenantGate {
  return {
    pipelinesOf: () => undefined,
    enter: (_, sender) => {
      seen.push(sender.certificate?.(), sender.certificate?.());
      throw new UnauthenticatedError("Cannot let in: for the test", 'Bearer realm="test"');
    },
  };
}

function post(port: number, options: https.RequestOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { "content-type": "application/x-protobuf" };
  const target = { host: "127.0.0.1", port, path: "/v1/traces", method: "POST", agent: false, headers };
  const request = https.request({ ...target, ...options }, (response) => {
    response.resume().on("end", () => resolve(response.statusCode ?? 0));
  });
  request.on("error", reject).end(traceRequestBytes({ spans: 1 }));
  return promise;
}

Deno.test("the listener tells the names in a client certificate, once a connection", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/ca.pem`, issued.caCert);
  const tls = { cert_pem: issued.serverCert, key_pem: issued.serverKey, client_ca_file: `${dir}/ca.pem` };
  const seen: (ClientCertificate | undefined)[] = [];
  const edge = await openEdge((config, otlp) => serveHttp(config, { otlp }), { tls }, ["traces"], {
    tenants: certificateGate(seen),
  });
  for (const [at, { want }] of CASES.entries()) {
    seen.length = 0;
    const { cert = "", key = "" } = issued.clients[at] ?? {};
    strictEqual(await post(edge.port, { ca: issued.caCert, cert, key }), 401);
    deepStrictEqual(seen[0], want);
    strictEqual(seen[0], seen[1]);
  }
  await rejects(post(edge.port, { ca: issued.caCert }));
  await edge.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("without client_ca_file a certificate that a client shows is nobody's", async () => {
  const seen: (ClientCertificate | undefined)[] = [];
  const tls = { cert_pem: issued.serverCert, key_pem: issued.serverKey };
  const edge = await openEdge((config, otlp) => serveHttp(config, { otlp }), { tls }, ["traces"], {
    tenants: certificateGate(seen),
  });
  const { cert = "", key = "" } = issued.clients[0] ?? {};
  strictEqual(await post(edge.port, { ca: issued.caCert, cert, key }), 401);
  deepStrictEqual(seen, [undefined, undefined]);
  await edge.close();
});
