/**
 * What every server of the `otlp` receiver must do, over real sockets: one case a row.
 *
 * Sources: OTLP 1.11.0 "OTLP/HTTP"; collector reference 1.6 and 1.7, the column "For us".
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import zlib from "node:zlib";
import {
  LimitExceededError,
  PermissionDeniedError,
  RejectedError,
  ThrottledError,
  UnavailableError,
} from "../../pipeline/core/errors.ts";
import { decodeResponse, decodeResponseJson } from "../../pipeline/otlp/partial_success.ts";
import { SIGNAL_NAMES, SIGNALS } from "../../pipeline/otlp/signals.ts";
import { decodeStatus, decodeStatusJson } from "../../pipeline/otlp/status.ts";
import { type Edge, type HttpSettings, openEdge, type Serve } from "../support/otlp_edge.ts";
import { logRequestBytes, requestBytes, traceRequestBytes } from "../support/otlp_samples.ts";
import { type RawAnswer, RawConnection, type RawRequest, rawRequest, sendRaw } from "../support/raw_http.ts";

const PROTOBUF = "Content-Type: application/x-protobuf";
const JSON_TYPE = "Content-Type: application/json";
const SPANS = traceRequestBytes({ spans: 3 });
const SPANS_JSON =
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"a"}]}]}]}`;
const EMPTY = new Uint8Array(0);
const UTF8 = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Case {
  readonly name: string;
  readonly settings?: HttpSettings;
  readonly request: RawRequest;
  readonly status: number;
  /** Headers that the answer has; null: that it has not. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: Uint8Array | string;
  /** Items that reach the pipeline; default: 3 for 200, else none. */
  readonly items?: number;
}

const REQUESTS: readonly Case[] = [
  {
    name: "protobuf",
    request: { headers: [PROTOBUF], body: SPANS },
    status: 200,
    headers: { "content-type": "application/x-protobuf", "content-length": "0" },
    body: EMPTY,
  },
  {
    name: "JSON",
    request: { headers: [JSON_TYPE], body: SPANS_JSON },
    status: 200,
    headers: { "content-type": "application/json" },
    body: "{}",
    items: 1,
  },
  {
    name: "a Content-Type with parameters",
    request: { headers: ["Content-Type: application/JSON ; charset=utf-8"], body: SPANS_JSON },
    status: 200,
    items: 1,
  },
  { name: "a path with a query", request: { path: "/v1/traces?a=1", headers: [PROTOBUF], body: SPANS }, status: 200 },
  { name: "an empty protobuf body", request: { headers: [PROTOBUF] }, status: 200, body: EMPTY, items: 0 },
  {
    name: "an empty body of JSON, which was lost on its way",
    request: { headers: [JSON_TYPE], body: "" },
    status: 400,
    headers: { "content-type": "application/json" },
  },
  { name: "an empty JSON object", request: { headers: [JSON_TYPE], body: "{}" }, status: 200, body: "{}", items: 0 },
  {
    name: "envelopes without items",
    request: { headers: [JSON_TYPE], body: `{"resourceSpans":[{"scopeSpans":[{}]}]}` },
    status: 200,
    items: 0,
  },
  {
    name: "chunked",
    request: { headers: [PROTOBUF, "Transfer-Encoding: chunked"], body: chunked(SPANS) },
    status: 200,
  },
  { name: "an unknown path", request: { path: "/v1/other", headers: [PROTOBUF] }, status: 404 },
  {
    name: "an unknown path: it is told those that there are",
    request: { path: "/v1/other", headers: [JSON_TYPE] },
    status: 404,
    body: '{"code":5,"message":"Cannot find the path: it is none of this receiver, wanted ' +
      '/v1/traces, /v1/metrics, /v1/logs, /v1development/profiles"}',
  },
  { name: "a path with ..", request: { path: "/v1/../v1/traces", headers: [PROTOBUF], body: SPANS }, status: 404 },
  { name: "a path with //", request: { path: "//v1/traces", headers: [PROTOBUF], body: SPANS }, status: 404 },
  { name: "a path with an escape", request: { path: "/v1/%74races", headers: [PROTOBUF], body: SPANS }, status: 404 },
  { name: "a path with / behind", request: { path: "/v1/traces/", headers: [PROTOBUF], body: SPANS }, status: 404 },
  {
    name: "GET",
    request: { method: "GET", headers: [JSON_TYPE] },
    status: 405,
    headers: { allow: "POST", "content-type": "application/json" },
  },
  {
    name: "PUT",
    request: { method: "PUT", headers: [PROTOBUF], body: SPANS },
    status: 405,
    headers: { allow: "POST", "content-type": "application/x-protobuf" },
  },
  {
    name: "OPTIONS without CORS",
    request: { method: "OPTIONS", headers: ["Origin: https://a.example", "Access-Control-Request-Method: POST"] },
    status: 405,
  },
  {
    name: "another Content-Type",
    request: { headers: ["Content-Type: text/plain"], body: SPANS },
    status: 415,
    headers: { "content-type": "application/json" },
    body: '{"code":3,"message":"Cannot read the body: its Content-Type is \\"text/plain\\", ' +
      'wanted application/x-protobuf or application/json"}',
  },
  {
    name: "a Content-Type that is no text, and long",
    request: { headers: [`Content-Type: a\u00ff${"x".repeat(58)}yz`], body: SPANS },
    status: 415,
    body: `{"code":3,"message":"Cannot read the body: its Content-Type is \\"a??${"x".repeat(57)}...\\", ` +
      'wanted application/x-protobuf or application/json"}',
  },
  {
    name: "no Content-Type",
    request: { body: SPANS },
    status: 415,
    body: '{"code":3,"message":"Cannot read the body: it has no Content-Type, ' +
      'wanted application/x-protobuf or application/json"}',
  },
  {
    name: "broken protobuf",
    request: { headers: [PROTOBUF], body: Uint8Array.of(10, 200, 1) },
    status: 400,
    headers: { "content-type": "application/x-protobuf" },
  },
  {
    name: "broken JSON",
    request: { headers: [JSON_TYPE], body: `{"resourceSpans":[` },
    status: 400,
    headers: { "content-type": "application/json" },
  },
  { name: "JSON with something behind", request: { headers: [JSON_TYPE], body: `${SPANS_JSON}x` }, status: 400 },
  {
    name: "JSON in UTF-16",
    request: { headers: [JSON_TYPE], body: Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0) },
    status: 400,
  },
  {
    name: "a Transfer-Encoding of gzip",
    request: { headers: [PROTOBUF, "Transfer-Encoding: gzip, chunked"], body: chunked(zlib.gzipSync(SPANS)) },
    status: 501,
  },
  {
    name: "nested too deep",
    request: { headers: [PROTOBUF], body: nestedLog(300_000), path: "/v1/logs" },
    status: 400,
  },
];

const gzip = new Uint8Array(zlib.gzipSync(SPANS));
const zstd = new Uint8Array(zlib.zstdCompressSync(SPANS));
const zlibbed = new Uint8Array(zlib.deflateSync(SPANS));

const CODINGS: readonly Case[] = [
  ...([
    ["gzip", gzip],
    ["GZIP", gzip],
    ["x-gzip", gzip],
    ["zstd", zstd],
    ["deflate", zlibbed],
    ["zlib", zlibbed],
    ["identity", SPANS],
    ["none", SPANS],
    ["", SPANS],
    [" gzip ", gzip],
  ] as const)
    .map(([coding, body]): Case => ({
      name: `Content-Encoding "${coding}"`,
      request: { headers: [PROTOBUF, `Content-Encoding: ${coding}`], body },
      status: 200,
    })),
  {
    name: "an unknown Content-Encoding",
    request: { headers: [PROTOBUF, "Content-Encoding: br"], body: SPANS },
    status: 415,
    headers: { "accept-encoding": "identity, gzip, zstd, deflate, zlib" },
  },
  {
    name: "two Content-Encodings",
    request: { headers: [PROTOBUF, "Content-Encoding: gzip, zstd"], body: gzip },
    status: 415,
  },
  {
    name: "two Content-Encoding lines",
    request: { headers: [PROTOBUF, "Content-Encoding: gzip", "Content-Encoding: gzip"], body: gzip },
    status: 415,
  },
  {
    name: "a Content-Encoding that is not allowed",
    settings: { compression_algorithms: ["", "gzip"] },
    request: { headers: [PROTOBUF, "Content-Encoding: zstd"], body: zstd },
    status: 415,
  },
  {
    name: "identity that is not allowed",
    settings: { compression_algorithms: ["gzip"] },
    request: { headers: [PROTOBUF], body: SPANS },
    status: 415,
  },
  {
    name: "gzip JSON",
    request: { headers: [JSON_TYPE, "Content-Encoding: gzip"], body: zlib.gzipSync(SPANS_JSON) },
    status: 200,
    items: 1,
  },
  { name: "not gzip at all", request: { headers: [PROTOBUF, "Content-Encoding: gzip"], body: SPANS }, status: 400 },
  {
    name: "gzip cut short",
    request: { headers: [PROTOBUF, "Content-Encoding: gzip"], body: gzip.subarray(0, -3) },
    status: 400,
  },
  {
    name: "gzip with garbage behind",
    request: { headers: [PROTOBUF, "Content-Encoding: gzip"], body: join(gzip, SPANS) },
    status: 400,
  },
  {
    name: "gzip of two members",
    request: { headers: [PROTOBUF, "Content-Encoding: gzip"], body: join(gzip, gzip) },
    status: 200,
    items: 6,
  },
  {
    name: "zstd cut short",
    request: { headers: [PROTOBUF, "Content-Encoding: zstd"], body: zstd.subarray(0, -3) },
    status: 400,
  },
  {
    name: "zstd of two frames",
    request: { headers: [PROTOBUF, "Content-Encoding: zstd"], body: join(zstd, zstd) },
    status: 200,
    items: 6,
  },
];

const LIMIT = { max_request_body_size: SPANS.length };
const LESS = { max_request_body_size: SPANS.length - 1 };
const BOMB = new Uint8Array(32 * 1024 * 1024);

const SIZES: readonly Case[] = [
  { name: "a body at the limit", settings: LIMIT, request: { headers: [PROTOBUF], body: SPANS }, status: 200 },
  {
    name: "a body past the limit",
    settings: LESS,
    request: { headers: [PROTOBUF], body: SPANS },
    status: 413,
    headers: { "content-type": "application/x-protobuf" },
  },
  {
    name: "a chunked body at the limit",
    settings: LIMIT,
    request: { headers: [PROTOBUF, "Transfer-Encoding: chunked"], body: chunked(SPANS) },
    status: 200,
  },
  {
    name: "a chunked body past the limit",
    settings: LESS,
    request: { headers: [PROTOBUF, "Transfer-Encoding: chunked"], body: chunked(SPANS) },
    status: 413,
  },
  ...([["gzip", gzip], ["zstd", zstd], ["deflate", zlibbed]] as const).flatMap(([coding, body]): Case[] => [
    {
      name: `${coding} at the limit`,
      settings: LIMIT,
      request: { headers: [PROTOBUF, `Content-Encoding: ${coding}`], body },
      status: 200,
    },
    {
      name: `${coding} past the limit`,
      settings: LESS,
      request: { headers: [PROTOBUF, `Content-Encoding: ${coding}`], body },
      status: 413,
    },
  ]),
  {
    name: "a gzip bomb",
    settings: { max_request_body_size: 1_000_000 },
    request: { headers: [PROTOBUF, "Content-Encoding: gzip"], body: zlib.gzipSync(BOMB) },
    status: 413,
  },
  {
    name: "a zstd bomb",
    settings: { max_request_body_size: 1_000_000 },
    request: { headers: [PROTOBUF, "Content-Encoding: zstd"], body: zlib.zstdCompressSync(BOMB) },
    status: 413,
  },
  { name: "100 GB announced", request: { headers: [PROTOBUF, "Content-Length: 100000000000"] }, status: 413 },
  {
    name: "more announced than a number holds",
    request: { headers: [PROTOBUF, "Content-Length: 18446744073709551615"] },
    status: 413,
  },
];

const CORS = {
  cors: {
    allowed_origins: ["https://app.example", "https://*.example.org"],
    allowed_headers: ["X-Tenant"],
    exposed_headers: ["X-A", "X-B"],
    max_age: 7_200,
  },
};
const preflight = (origin: string, headers = "content-type, x-tenant", method = "POST"): RawRequest => ({
  method: "OPTIONS",
  headers: [
    `Origin: ${origin}`,
    `Access-Control-Request-Method: ${method}`,
    ...(headers === "" ? [] : [`Access-Control-Request-Headers: ${headers}`]),
  ],
});
const REFUSED = { "access-control-allow-origin": null, "access-control-allow-methods": null };

const CORS_CASES: readonly Case[] = [
  {
    name: "a preflight",
    settings: CORS,
    request: preflight("https://app.example"),
    status: 204,
    headers: {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, x-tenant",
      "access-control-allow-credentials": "true",
      "access-control-max-age": "7200",
      "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    },
  },
  {
    name: "a preflight of a wildcard origin",
    settings: CORS,
    request: preflight("https://a.b.example.org"),
    status: 204,
    headers: { "access-control-allow-origin": "https://a.b.example.org" },
  },
  {
    name: "a preflight of another origin",
    settings: CORS,
    request: preflight("https://evil.example"),
    status: 204,
    headers: REFUSED,
  },
  {
    name: "a preflight of an origin that only begins so",
    settings: CORS,
    request: preflight("https://app.example.evil"),
    status: 204,
    headers: REFUSED,
  },
  {
    name: "a preflight of another header",
    settings: CORS,
    request: preflight("https://app.example", "x-other"),
    status: 204,
    headers: REFUSED,
  },
  {
    name: "a preflight of another method",
    settings: CORS,
    request: preflight("https://app.example", "", "DELETE"),
    status: 204,
    headers: REFUSED,
  },
  {
    name: "any header, when so configured",
    settings: { cors: { allowed_origins: ["https://*"], allowed_headers: ["*"] } },
    request: preflight("https://x.example", "x-what"),
    status: 204,
    headers: { "access-control-allow-headers": "x-what", "access-control-max-age": null },
  },
  {
    name: "a request of an allowed origin",
    settings: CORS,
    request: { headers: [JSON_TYPE, "Origin: https://app.example"], body: SPANS_JSON },
    status: 200,
    items: 1,
    headers: {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "X-A, X-B",
      "vary": "Origin",
    },
  },
  {
    name: "a request of another origin",
    settings: CORS,
    request: { headers: [JSON_TYPE, "Origin: https://evil.example"], body: SPANS_JSON },
    status: 200,
    items: 1,
    headers: { "access-control-allow-origin": null, "vary": "Origin" },
  },
  {
    name: "an error to an allowed origin",
    settings: CORS,
    request: { headers: [JSON_TYPE, "Origin: https://app.example"], body: "x" },
    status: 400,
    headers: { "access-control-allow-origin": "https://app.example" },
  },
  {
    name: "every origin",
    settings: { cors: { allowed_origins: ["*"] } },
    request: preflight("https://x.example", ""),
    status: 204,
    headers: { "access-control-allow-origin": "*" },
  },
];

/**
 * Registers the suite for one binding.
 *
 * @param seesLeavers Whether the server tells that a sender has left while its request is worked on. `Deno.serve` does
 * not always (2.9.6: not after a body of 300 kB, and not when it leaves at once); the work is then done for nobody.
 */
export function otlpHttpContract(binding: string, serve: Serve, { seesLeavers }: { seesLeavers: boolean }): void {
  for (
    const [group, cases] of Object.entries({ requests: REQUESTS, codings: CODINGS, sizes: SIZES, CORS: CORS_CASES })
  ) {
    Deno.test(`OTLP/HTTP on ${binding}: ${group}`, async (t) => {
      for (const one of cases) await t.step(one.name, () => runCase(serve, one));
    });
  }

  Deno.test(`OTLP/HTTP on ${binding}: every signal at its path, and only those with a pipeline`, async () => {
    const edge = await openEdge(serve, { logs_url_path: "in/logs" });
    for (const signal of SIGNAL_NAMES) {
      const path = signal === "logs" ? "/in/logs" : SIGNALS[signal].path;
      const answer = await sendRaw(edge.port, { path, headers: [PROTOBUF], body: requestBytes(signal, 2) });
      strictEqual(answer?.status, 200);
      strictEqual(edge.payloads.at(-1)?.signal, signal);
      strictEqual(edge.counts.get(`otelcol_receiver_accepted_${SIGNALS[signal].metricSuffix}`), 2);
    }
    await edge.close();
    const tracesOnly = await openEdge(serve, {}, ["traces"]);
    strictEqual(
      (await sendRaw(tracesOnly.port, { path: "/v1/logs", headers: [PROTOBUF], body: logRequestBytes() }))?.status,
      404,
    );
    await tracesOnly.close();
  });

  Deno.test(`OTLP/HTTP on ${binding}: what the pipeline says`, async (t) => {
    const edge = await openEdge(serve);
    const post = (type: string, body: Uint8Array | string) => sendRaw(edge.port, { headers: [type], body });
    await t.step("partial success", async () => {
      edge.pipeline = () => Promise.resolve({ rejectedItems: 2, message: "over the limit" });
      const want = { rejectedItems: 2, message: "over the limit" };
      deepStrictEqual(decodeResponse((await post(PROTOBUF, SPANS))?.body ?? EMPTY), want);
      deepStrictEqual(decodeResponseJson("traces", (await post(JSON_TYPE, SPANS_JSON))?.body ?? EMPTY), want);
      strictEqual(edge.counts.get("otelcol_receiver_refused_spans"), 4);
      strictEqual(edge.counts.get("otelcol_receiver_accepted_spans"), 0);
    });
    const SECRET = "https://upstream.internal:4318";
    const failures: { name: string; error: Error; status: number; code: number; retryAfter?: string }[] = [
      {
        name: "throttled",
        error: new ThrottledError(SECRET, { retryAfterMs: 6_001 }),
        status: 429,
        code: 8,
        retryAfter: "7",
      },
      { name: "throttled, nobody says how long", error: new ThrottledError(SECRET), status: 429, code: 8 },
      {
        name: "unavailable",
        error: new UnavailableError(SECRET, { retryAfterMs: 1_000 }),
        status: 503,
        code: 14,
        retryAfter: "1",
      },
      {
        name: "refused for good, for the data",
        error: new RejectedError(SECRET, "invalid_argument"),
        status: 400,
        code: 3,
      },
      ...(["permission_denied", "unauthenticated", "unimplemented", "not_found"] as const).map((code) => ({
        name: `refused for good, for what is no fault of the sender: ${code}`,
        error: new RejectedError(SECRET, code),
        status: 500,
        code: 2,
      })),
      { name: "its tenant may not", error: new PermissionDeniedError(SECRET), status: 403, code: 7 },
      { name: "more than a queue", error: new LimitExceededError(SECRET), status: 413, code: 8 },
      {
        name: "refused for good by a limit: not a status that is retried",
        error: new RejectedError(SECRET, "resource_exhausted"),
        status: 500,
        code: 2,
      },
      { name: "a bug", error: new TypeError(SECRET), status: 500, code: 13 },
    ];
    for (const { name, error, status, code, retryAfter } of failures) {
      await t.step(name, async () => {
        edge.pipeline = () => Promise.reject(error);
        for (
          const [type, body, decode] of [[PROTOBUF, SPANS, decodeStatus], [
            JSON_TYPE,
            SPANS_JSON,
            decodeStatusJson,
          ]] as const
        ) {
          const answer = await post(type, body);
          strictEqual(answer?.status, status);
          strictEqual(answer.headers.get("retry-after"), retryAfter ?? null);
          const said = decode(answer.body);
          strictEqual(said?.code, code);
          ok(said.message !== "" && !text(answer.body).includes("upstream"), said.message);
        }
      });
    }
    await t.step("a bug is counted as ours, a refusal as theirs", () => {
      strictEqual(edge.counts.get("otelcol_receiver_failed_spans"), 4);
      strictEqual(edge.counts.get("otelcol_receiver_refused_spans"), 4 + 11 * 4);
    });
    await t.step("refused before the body is read", async () => {
      const before = edge.payloads.length;
      const refusals = () => edge.counts.get("sluice_receiver_refused_requests") ?? 0;
      const refusalsBefore = refusals();
      edge.admit = (bodyBytes) => {
        strictEqual(bodyBytes, SPANS.length);
        throw new UnavailableError("Cannot take the request: no memory", { retryAfterMs: 500 });
      };
      const answer = await post(PROTOBUF, SPANS);
      strictEqual(answer?.status, 503);
      strictEqual(answer.headers.get("retry-after"), "1");
      strictEqual(edge.payloads.length, before);
      strictEqual(refusals(), refusalsBefore + 1);
    });
    strictEqual(edge.memory.heldBytes(), 0);
    await edge.close();
  });

  Deno.test(`OTLP/HTTP on ${binding}: a message of any length, and gzip when it is asked for and worth it`, async (t) => {
    const edge = await openEdge(serve);
    edge.pipeline = () => Promise.resolve({ rejectedItems: 1, message: "too long ".repeat(10_000) });
    const post = (accept: string) =>
      sendRaw(edge.port, { headers: [JSON_TYPE, `Accept-Encoding: ${accept}`], body: SPANS_JSON });
    for (
      const [accept, isGzip] of [["gzip", true], ["br, GZIP;q=0.5", true], ["gzip;q=0", false], ["br", false], [
        "xgzip",
        false,
      ]] as const
    ) {
      await t.step(accept, async () => {
        const answer = await post(accept);
        strictEqual(answer?.headers.get("content-encoding"), isGzip ? "gzip" : null);
        const body = isGzip ? new Uint8Array(zlib.gunzipSync(answer?.body ?? EMPTY)) : answer?.body ?? EMPTY;
        strictEqual(decodeResponseJson("traces", body)?.rejectedItems, 1);
        ok(body.length < 10_000);
      });
    }
    await t.step("a short answer is never compressed", async () => {
      edge.pipeline = () => Promise.resolve({ rejectedItems: 0, message: "" });
      strictEqual((await post("gzip"))?.headers.get("content-encoding"), null);
    });
    await edge.close();
  });

  Deno.test(`OTLP/HTTP on ${binding}: headers`, async (t) => {
    const request = { headers: [PROTOBUF, "X-Tenant: a", "x-tenant: b", "X-Other: c"], body: SPANS };
    await t.step("response_headers are on every answer", async () => {
      const edge = await openEdge(serve, { response_headers: { "X-Served-By": "edge" } });
      strictEqual((await sendRaw(edge.port, request))?.headers.get("x-served-by"), "edge");
      strictEqual((await sendRaw(edge.port, { path: "/none" }))?.headers.get("x-served-by"), "edge");
      await edge.close();
    });
    await t.step("include_metadata keeps the request's headers", async () => {
      const edge = await openEdge(serve, { include_metadata: true });
      await sendRaw(edge.port, request);
      const metadata = edge.payloads[0]?.origin.metadata;
      strictEqual(metadata?.get("x-tenant")?.join(", "), "a, b");
      deepStrictEqual(metadata?.get("x-other"), ["c"]);
      deepStrictEqual(metadata?.get("host"), ["localhost"]);
      await edge.close();
    });
    await t.step("without it nothing is kept", async () => {
      const edge = await openEdge(serve);
      await sendRaw(edge.port, request);
      strictEqual(edge.payloads[0]?.origin.metadata.size, 0);
      await edge.close();
    });
    await t.step("who is at the other end is known in both cases", async () => {
      for (const include_metadata of [false, true]) {
        const edge = await openEdge(serve, { include_metadata });
        await sendRaw(edge.port, request);
        match(edge.payloads[0]?.origin.client?.address ?? "", /^127\.0\.0\.1:\d+$/);
        await edge.close();
      }
    });
  });

  Deno.test(`OTLP/HTTP on ${binding}: several requests on one connection`, async () => {
    const edge = await openEdge(serve);
    using connection = await RawConnection.open(edge.port);
    const requests: readonly [RawRequest, number][] = [
      [{ headers: [PROTOBUF], body: SPANS }, 200],
      [{ headers: ["Content-Type: text/plain"], body: SPANS }, 415],
      [{ headers: [PROTOBUF], body: SPANS }, 200],
      [{ headers: [JSON_TYPE], body: "{" }, 400],
      [{ path: "/none", headers: [PROTOBUF], body: SPANS }, 404],
      [{ headers: [PROTOBUF], body: SPANS }, 200],
    ];
    for (const [request, status] of requests) {
      await connection.send(rawRequest(request));
      strictEqual((await connection.answer())?.status, status);
    }
    strictEqual(edge.payloads.length, 3);
    await edge.close();
  });

  Deno.test({
    name: `OTLP/HTTP on ${binding}: a sender that leaves aborts its request`,
    ignore: !seesLeavers,
    fn: () => leaverAborts(serve),
  });

  Deno.test(`OTLP/HTTP on ${binding}: a sender that leaves in its body leaves nothing behind`, async () => {
    const edge = await openEdge(serve);
    for (const announced of [SPANS.length, 3_000_000]) {
      const connection = await RawConnection.open(edge.port);
      await connection.send(
        rawRequest({ headers: [PROTOBUF, `Content-Length: ${announced}`], body: SPANS.subarray(0, 100) }),
      );
      connection[Symbol.dispose]();
    }
    await worksAgain(edge);
    await isReleased(edge);
    strictEqual(edge.payloads.length, 1);
    await edge.close();
  });
}

async function leaverAborts(serve: Serve): Promise<void> {
  const edge = await openEdge(serve);
  const aborted = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  edge.pipeline = (_payload, abort) => {
    entered.resolve();
    return new Promise((_resolve, reject) =>
      abort.addEventListener("abort", () => {
        aborted.resolve();
        reject(new UnavailableError("Cannot deliver: the caller left"));
      })
    );
  };
  const connection = await RawConnection.open(edge.port);
  await connection.send(rawRequest({ headers: [PROTOBUF], body: SPANS }));
  await entered.promise;
  connection[Symbol.dispose]();
  await aborted.promise;
  await isReleased(edge);
  await worksAgain(edge);
  await edge.close();
}

async function runCase(serve: Serve, one: Case): Promise<void> {
  const edge = await openEdge(serve, one.settings);
  try {
    const answer = await sendRaw(edge.port, one.request);
    checkAnswer(answer, one);
    const items = edge.payloads.reduce((sum, payload) => sum + payload.itemCount, 0);
    strictEqual(items, one.items ?? (one.status === 200 ? 3 : 0));
    strictEqual(edge.counts.get("sluice_receiver_refused_requests") ?? 0, one.status >= 400 ? 1 : 0);
    await isReleased(edge);
    if (one.settings === undefined) await worksAgain(edge);
  } finally {
    await edge.close();
  }
}

function checkAnswer(answer: RawAnswer | undefined, { status, headers = {}, body }: Case): void {
  strictEqual(answer?.status, status, answer === undefined ? "no answer" : text(answer.body));
  for (const [name, value] of Object.entries(headers)) strictEqual(answer.headers.get(name), value, name);
  if (body !== undefined) deepStrictEqual(answer.body, typeof body === "string" ? UTF8.encode(body) : body);
  if (status < 400) return;
  const isJson = answer.headers.get("content-type") === "application/json";
  const said = isJson ? decodeStatusJson(answer.body) : decodeStatus(answer.body);
  ok(said !== undefined && said.code > 0 && said.message !== "", "the body is a Status");
}

/** After whatever came before, a good request is served. */
async function worksAgain(edge: Edge): Promise<void> {
  edge.pipeline = () => Promise.resolve({ rejectedItems: 0, message: "" });
  strictEqual((await sendRaw(edge.port, { headers: [PROTOBUF], body: SPANS }))?.status, 200);
}

/** No byte stays counted; the last answer may be out before it is. */
async function isReleased(edge: Edge): Promise<void> {
  for (let turn = 0; turn < 500 && edge.memory.heldBytes() !== 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  strictEqual(edge.memory.heldBytes(), 0);
}

function chunked(bytes: Uint8Array): Uint8Array {
  const half = bytes.length >>> 1;
  const chunk = (part: Uint8Array) => [...UTF8.encode(`${part.length.toString(16)}\r\n`), ...part, 13, 10];
  return Uint8Array.from([...chunk(bytes.subarray(0, half)), ...chunk(bytes.subarray(half)), ...chunk(EMPTY)]);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A log record whose body is arrays in arrays, as protobuf: built from the inside, lengths from the outside. */
function nestedLog(depth: number): Uint8Array {
  // From the innermost: AnyValue{array_value=5} > ArrayValue{values=1} > AnyValue … ; each level wraps with two heads.
  let size = 0;
  const heads: number[][] = [];
  const wrap = (tag: number) => {
    const head = [tag, ...varint(size)];
    heads.push(head);
    size += head.length;
  };
  for (let level = 0; level < depth; level++) {
    wrap(0x0a); // ArrayValue.values
    wrap(0x2a); // AnyValue.array_value
  }
  wrap(0x2a); // LogRecord.body
  wrap(0x12); // ScopeLogs.log_records
  wrap(0x12); // ResourceLogs.scope_logs
  wrap(0x0a); // ExportLogsServiceRequest.resource_logs
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const head of heads.reverse()) {
    bytes.set(head, at);
    at += head.length;
  }
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}
