import { rejects, strictEqual } from "node:assert";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { UnavailableError } from "../../../../pipeline/core/errors.ts";
import { createTcpTransport } from "../../../../pipeline/exporters/otlp_http/tcp_transport.ts";
import { createUndiciTransport } from "../../../../pipeline/exporters/otlp_http/undici_transport.ts";
import { Scalar } from "../../../../pipeline/config/schema.ts";
import { tlsClientSchema } from "../../../../pipeline/config/network/tls.ts";
import { testHttpTransport } from "../../../contract/http_transport.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { makeCertificates } from "../../../support/certificates.ts";

const LIMITS = { maxConnections: 100, maxIdleConnections: 100, idleTimeoutMs: 0 };

testHttpTransport("tcp transport", (port, limits) =>
  Promise.resolve(createTcpTransport({
    hostname: "127.0.0.1",
    port,
    hostHeader: `127.0.0.1:${port}`,
    limits: { ...LIMITS, ...limits },
    clock: systemClock,
  })));

testHttpTransport(
  "undici transport",
  (port, limits) =>
    createUndiciTransport({
      origin: `http://127.0.0.1:${port}`,
      tls: undefined,
      proxyUrl: "",
      limits: { ...LIMITS, ...limits },
    }),
);

Deno.test("the tcp transport lets idle connections go after their time", async () => {
  let open = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => new Response(null));
  const clock = new FakeClock();
  const transport = createTcpTransport({
    hostname: "127.0.0.1",
    port: server.addr.port,
    hostHeader: "x",
    limits: { ...LIMITS, idleTimeoutMs: 1_000 },
    clock,
    connect: async (options) => {
      open++;
      return await Deno.connect(options);
    },
  });
  const post = () => transport.post("/", {}, [new Uint8Array(1)], new AbortController().signal);
  await post();
  await clock.advance(999);
  await post();
  strictEqual(open, 1);
  await clock.advance(2_000);
  await post();
  strictEqual(open, 2);
  await transport.close();
  await settle();
  strictEqual(clock.pending, 0);
  await server.shutdown();
});

Deno.test("the undici transport checks the upstream's certificate, and shows its own", async (t) => {
  const certificates = await makeCertificates();
  const { caCert: ca, clientCert, clientKey } = certificates;
  const server = createServer(
    { ca, cert: certificates.serverCert, key: certificates.serverKey, requestCert: true, rejectUnauthorized: true },
    (_request, response) => response.end("ok"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = (tls: Record<string, string | Scalar>) =>
    createUndiciTransport({
      origin: `https://localhost:${port}`,
      tls: tlsClientSchema.parse(tls),
      proxyUrl: "",
      limits: LIMITS,
    });
  const cases: { name: string; tls: Record<string, string | Scalar>; ok: boolean }[] = [
    { name: "both known", tls: { ca_pem: ca, cert_pem: clientCert, key_pem: clientKey }, ok: true },
    { name: "an authority that it does not know", tls: { cert_pem: clientCert, key_pem: clientKey }, ok: false },
    {
      name: "its authority beside those of the system",
      tls: {
        ca_pem: ca,
        include_system_ca_certs_pool: new Scalar(true, "true"),
        cert_pem: clientCert,
        key_pem: clientKey,
      },
      ok: true,
    },
    { name: "no certificate of its own", tls: { ca_pem: ca }, ok: false },
  ];
  for (const { name, tls, ok } of cases) {
    await t.step(name, async () => {
      const transport = await open(tls);
      const answer = transport.post("/", {}, [], new AbortController().signal);
      if (ok) strictEqual((await answer).status, 200);
      else await rejects(answer, UnavailableError);
      await transport.close();
    });
  }
  server.close();
});
