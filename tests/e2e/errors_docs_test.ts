/**
 * The first table of docs/errors.md, asked of a gateway: each request is answered with a status and a google.rpc.Code that
 * stand in one row of it, with `Retry-After` and an end of the connection where the row says so.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert/strict";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { type RawAnswer, RawConnection } from "../support/raw_http.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/errors.md", import.meta.url));
const TABLE = /^## What a sender of OTLP is answered\n([\s\S]*?)^## /m.exec(PAGE)?.[1] ?? "";

interface Row {
  readonly status: number;
  readonly closes: boolean;
  readonly codes: readonly number[];
  readonly retried: boolean;
}

const ROWS: readonly Row[] = [...TABLE.matchAll(/^\| (\d{3})([^|]*)\|([^|]*)\|[^|]*\| (yes)?/gm)].map((
  [, status, closes = "", codes = "", yes],
) => ({
  status: Number(status),
  closes: closes.includes("closes"),
  codes: (codes.match(/\d+/g) ?? []).map(Number),
  retried: yes !== undefined,
}));

const [plain, small, guarded, forwarding] = [freePort(), freePort(), freePort(), freePort()];
const LOG = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}`;

/** What the upstream answers next; "silent": nothing, until the test is over. */
let upstreamAnswer: number | "silent" = 200;
const over = Promise.withResolvers<Response>();
const upstream = () =>
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => upstreamAnswer === "silent" ? over.promise : new Response(null, { status: upstreamAnswer }),
  );

const config = (upstreamPort: number) => `
extensions: { bearertokenauth: { token: sesame } }
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${plain}", read_header_timeout: 300ms, read_timeout: 500ms } } }
  otlp/small: { protocols: { http: { endpoint: "127.0.0.1:${small}", max_request_body_size: 100 } } }
  otlp/guarded: { protocols: { http: { endpoint: "127.0.0.1:${guarded}", auth: { authenticator: bearertokenauth } } } }
  otlp/forwarding: { protocols: { http: { endpoint: "127.0.0.1:${forwarding}" } } }
exporters:
  nop: {}
  otlp_http: { endpoint: "http://127.0.0.1:${upstreamPort}", timeout: 2s, retry_on_failure: { enabled: false } }
service:
  extensions: [bearertokenauth]
  pipelines:
    traces: { receivers: [otlp, otlp/small, otlp/guarded], exporters: [nop] }
    logs: { receivers: [otlp/forwarding], exporters: [otlp_http] }
`;

interface Case {
  readonly name: string;
  readonly port?: number;
  readonly line?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** What is sent instead of a request. */
  readonly raw?: string;
  readonly upstream?: number | "silent";
  /** Status, and the code of the body; undefined: it has none. */
  readonly want: readonly [status: number, code: number | undefined];
}

const JSON_TYPE = "Content-Type: application/json";
const forwarded = { port: forwarding, line: "POST /v1/logs HTTP/1.1", body: LOG };

const CASES: readonly Case[] = [
  { name: "kept", want: [200, undefined] },
  { name: "no JSON", body: "{x}", want: [400, 3] },
  { name: "no body, of JSON", body: "", want: [400, 3] },
  { name: "damaged compression", headers: ["Content-Encoding: gzip"], body: "{}", want: [400, 3] },
  { name: "two lengths", headers: ["Content-Length: 3"], want: [400, undefined] },
  { name: "no credential", port: guarded, want: [401, 16] },
  { name: "another path", line: "POST /v2/traces HTTP/1.1", want: [404, 5] },
  { name: "a signal without a pipeline", line: "POST /v1/metrics HTTP/1.1", want: [404, 5] },
  { name: "another method", line: "PUT /v1/traces HTTP/1.1", want: [405, 12] },
  { name: "a slow head", raw: "POST /v1/tra", want: [408, undefined] },
  { name: "a large body", port: small, body: `{"resourceSpans":[]${" ".repeat(100)}}`, want: [413, 8] },
  { name: "another type", headers: ["Content-Type: text/plain"], want: [415, 3] },
  { name: "another coding", headers: ["Content-Encoding: br"], want: [415, 3] },
  { name: "another expectation", headers: ["Expect: a-miracle"], want: [417, undefined] },
  { name: "a large head", headers: [`X: ${"x".repeat(70_000)}`], want: [431, undefined] },
  {
    name: "another transfer coding",
    raw: `POST /v1/traces HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    want: [501, 12],
  },
  { name: "another version", line: "POST /v1/traces HTTP/2.0", want: [505, undefined] },
  {
    name: "a slow body",
    raw: `POST /v1/traces HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nContent-Length: 20\r\n\r\n{}`,
    want: [503, 4],
  },
  { ...forwarded, name: "an upstream that refuses the data", upstream: 400, want: [400, 3] },
  { ...forwarded, name: "an upstream that wants other credentials of the gateway", upstream: 401, want: [503, 14] },
  { ...forwarded, name: "an upstream that forbids it to the gateway", upstream: 403, want: [503, 14] },
  { ...forwarded, name: "an upstream without the path", upstream: 404, want: [500, 2] },
  { ...forwarded, name: "an upstream that asks for a pause", upstream: 429, want: [429, 8] },
  { ...forwarded, name: "an upstream that fails for good", upstream: 418, want: [500, 2] },
  { ...forwarded, name: "an upstream that is not there for now", upstream: 503, want: [503, 14] },
  { ...forwarded, name: "an upstream that does not answer", upstream: "silent", want: [503, 4] },
];

/** A request as it goes over the wire. */
function requestOf({ line = "POST /v1/traces HTTP/1.1", headers = [], body = "{}", raw }: Case): string {
  if (raw !== undefined) return raw;
  const type = headers.some((header) => header.startsWith("Content-Type")) ? [] : [JSON_TYPE];
  return [line, "Host: x", `Content-Length: ${body.length}`, ...type, ...headers, "", body].join("\r\n");
}

function codeOf({ headers, body }: RawAnswer): number | undefined {
  if (body.length === 0 || headers.get("content-type") !== "application/json") return undefined;
  return (JSON.parse(new TextDecoder().decode(body)) as { readonly code?: number }).code;
}

Deno.test("docs/errors.md: what a sender is answered", async (t) => {
  await using server = upstream();
  await using gateway = await startGateway(config(server.addr.port));
  const seen = new Set<Row>();
  for (const each of CASES) {
    await t.step(each.name, async () => {
      upstreamAnswer = each.upstream ?? 200;
      using connection = await RawConnection.open(each.port ?? plain);
      await connection.send(requestOf(each));
      const answer = await connection.answer();
      ok(answer !== undefined, "there is an answer");
      const [status, code] = each.want;
      strictEqual(answer.status, status);
      strictEqual(codeOf(answer), code);
      const closes = answer.headers.get("connection") === "close";
      const row = ROWS.find((row) =>
        row.status === status && (code === undefined ? row.codes.length === 0 : row.codes.includes(code)) &&
        (!row.closes || closes)
      );
      ok(row !== undefined, `no row says ${status} with ${code}`);
      strictEqual(row.retried, [429, 502, 503, 504].includes(status), "retried by OTLP's rules");
      seen.add(row);
    });
  }
  await t.step("all rows but those that other tests hold", () => {
    // 204: tests/routes/listener_test.ts; 200 with a partial success, and 403: tests/e2e/tenants_test.ts; cancelled: nobody is there to see it.
    const left = ROWS.filter((row) => !seen.has(row)).map(({ status, codes }) => `${status} ${codes.join()}`.trim());
    strictEqual(left.join("; "), "200; 204; 403 7; 503 4; 503 1");
  });
  over.resolve(new Response());
  strictEqual((await gateway.stop()).code, 0);
});
