/**
 * Settings of the `otlp` receiver. What it does with requests is in tests/contract/otlp_http.ts.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { HttpApp } from "../../../pipeline/contract/http.ts";
import {
  CancelledError,
  type GatewayError,
  InvalidPayloadError,
  UnavailableError,
} from "../../../pipeline/core/errors.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { type OtlpReceiverConfig, otlpReceiverFactory } from "../../../pipeline/receivers/otlp.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { requestBytes } from "../../support/otlp_samples.ts";
import { Destination } from "../queue/support.ts";
import { testDeps } from "../../support/component_deps.ts";

const parse = (settings: unknown) => otlpReceiverFactory.schema.safeParse(asYaml(settings));

function parsed(settings: unknown): OtlpReceiverConfig {
  const result = parse(settings);
  ok(result.success, JSON.stringify(result.error?.issues));
  return result.data;
}

Deno.test("otlp receiver: protocols", async (t) => {
  await t.step("a bare key has the defaults", () => {
    const { http, grpc } = parsed({ protocols: { http: null } }).protocols;
    strictEqual(grpc, undefined);
    strictEqual(http?.endpoint, "localhost:4318");
    strictEqual(http?.max_request_body_size, 64 * 1024 * 1024);
    deepStrictEqual([http?.traces_url_path, http?.metrics_url_path, http?.logs_url_path], [
      "/v1/traces",
      "/v1/metrics",
      "/v1/logs",
    ]);
  });
  await t.step("a path gets its slash", () => {
    strictEqual(
      parsed({ protocols: { http: { traces_url_path: "in/traces" } } }).protocols.http?.traces_url_path,
      "/in/traces",
    );
  });
  const refused: { name: string; settings: unknown; path: string }[] = [
    { name: "no section", settings: {}, path: "protocols" },
    { name: "none of them", settings: { protocols: {} }, path: "protocols" },
    {
      name: "one path for two signals",
      settings: { protocols: { http: { logs_url_path: "/v1/traces" } } },
      path: "protocols.http",
    },
    {
      name: "the path of profiles for another signal",
      settings: { protocols: { http: { logs_url_path: "/v1development/profiles" } } },
      path: "protocols.http",
    },
    { name: "an unknown key", settings: { protocols: { http: { nonsense: 1 } } }, path: "protocols.http" },
    { name: "an unknown protocol", settings: { protocols: { thrift: null, http: null } }, path: "protocols" },
  ];
  for (const { name, settings, path } of refused) {
    await t.step(`refused: ${name}`, () => {
      const result = parse(settings);
      deepStrictEqual(result.error?.issues.map((issue) => issue.path.join(".")), [path]);
    });
  }
});

Deno.test("otlp receiver: warnings", async (t) => {
  const GRPC = {
    endpoint: "0.0.0.0:4317",
    max_recv_msg_size_mib: 16,
    max_concurrent_streams: 100,
    read_buffer_size: 1,
    write_buffer_size: 1,
    include_metadata: true,
    keepalive: {
      server_parameters: { max_connection_age: "60s", max_connection_age_grace: "5s", time: "30s", timeout: "5s" },
      enforcement_policy: { min_time: "30s", permit_without_stream: true },
    },
  };
  const tls = { cert_pem: "c", key_pem: "k" };
  const cases: { name: string; settings: unknown; want: readonly string[] }[] = [
    { name: "none for http", settings: { http: null }, want: [] },
    { name: "gRPC with all its keys", settings: { grpc: GRPC, http: null }, want: ["protocols::grpc"] },
    { name: "gRPC alone", settings: { grpc: null }, want: ["protocols::grpc"] },
    {
      name: "codings that are not there",
      settings: { http: { compression_algorithms: ["gzip", "snappy"] } },
      want: ["protocols::http::compression_algorithms"],
    },
    {
      name: "ciphers and curves",
      settings: { http: { tls: { ...tls, cipher_suites: ["A"], curve_preferences: ["P256"] } } },
      want: ["protocols::http::tls::cipher_suites", "protocols::http::tls::curve_preferences"],
    },
    {
      name: "authorities that are read again by themselves, or come from the system",
      settings: { http: { tls: { ...tls, client_ca_file_reload: true, include_system_ca_certs_pool: true } } },
      want: ["protocols::http::tls::client_ca_file_reload", "protocols::http::tls::include_system_ca_certs_pool"],
    },
    {
      name: "none for authorities that are read again with the certificate",
      settings: { http: { tls: { ...tls, client_ca_file_reload: true, reload_interval: "1m" } } },
      want: [],
    },
    {
      name: "an old version of TLS",
      settings: { http: { tls: { ...tls, min_version: "1.0" } } },
      want: ["protocols::http::tls::min_version"],
    },
  ];
  for (const { name, settings, want } of cases) {
    await t.step(name, () => {
      const warnings = otlpReceiverFactory.warnings?.(parsed({ protocols: settings })) ?? [];
      deepStrictEqual(warnings.map(({ path }) => path), want);
    });
  }
});

Deno.test("otlp receiver: who leaves is refused by nobody", async () => {
  const deps = testDeps("traces", { id: "otlp/in" });
  let served: HttpApp | undefined;
  const serveHttp = (_config: unknown, app: HttpApp) => {
    served = app;
    return Promise.resolve({ address: { hostname: "127.0.0.1", port: 1 }, shutdown: () => Promise.resolve() });
  };
  const destination = new Destination();
  const left = new CancelledError("Cannot export: the sender left");
  destination.answer = (_payload, call) => call === 1 ? left : new UnavailableError("Cannot export: away");
  const next = new Map([["traces" as const, destination]]);
  const receiver = otlpReceiverFactory.create(parsed({ protocols: { http: null } }), { ...deps, serveHttp }, next);
  await receiver.start?.();
  ok(served !== undefined && "otlp" in served);
  const { otlp } = served;
  for (const code of ["cancelled", "unavailable"]) {
    const body = requestBytes("traces", 3);
    const request = { signal: "traces", encoding: "protobuf", body, origin: NO_ORIGIN } as const;
    await rejects(otlp.accept(request, new AbortController().signal), { code });
  }
  const items = (what: string) => deps.meter.get(`${what}_spans`);
  deepStrictEqual([items("sluice_receiver_abandoned"), items("otelcol_receiver_refused")], [3, 3]);
  await receiver.shutdown?.(new AbortController().signal);
});

Deno.test("otlp receiver: requests that fail are counted by code, and each code is logged once in a while", async () => {
  const deps = testDeps("traces", { id: "otlp/in" });
  let served: HttpApp | undefined;
  const serveHttp = (_config: unknown, app: HttpApp) => {
    served = app;
    return Promise.resolve({ address: { hostname: "127.0.0.1", port: 1 }, shutdown: () => Promise.resolve() });
  };
  const next = new Map([["traces" as const, new Destination()]]);
  const receiver = otlpReceiverFactory.create(parsed({ protocols: { http: null } }), { ...deps, serveHttp }, next);
  await receiver.start?.();
  ok(served !== undefined && "otlp" in served);
  const { otlp } = served;
  const refuse = (error: GatewayError) => otlp.refused?.(error);
  refuse(new UnavailableError("Cannot queue: full"));
  refuse(new UnavailableError("Cannot queue: full"));
  refuse(new InvalidPayloadError("Cannot read: bad"));
  await deps.clock.advance(10_000);
  refuse(new UnavailableError("Cannot queue: still full"));
  const counted = [...deps.meter.values].filter(([name]) => name.startsWith("sluice_receiver_refused_requests"));
  deepStrictEqual(counted, [
    ["sluice_receiver_refused_requests receiver=otlp/in transport=http code=unavailable", 3],
    ["sluice_receiver_refused_requests receiver=otlp/in transport=http code=invalid_argument", 1],
  ]);
  deepStrictEqual(deps.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields), [
    { requests: 1, status: 503, last_error: "Cannot queue: full" },
    { requests: 1, status: 400, last_error: "Cannot read: bad" },
    { requests: 2, status: 503, last_error: "Cannot queue: still full" },
  ]);
  await receiver.shutdown?.(new AbortController().signal);
});
