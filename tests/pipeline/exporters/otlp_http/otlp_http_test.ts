import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import zlib from "node:zlib";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { GatewayError } from "../../../../pipeline/core/errors.ts";
import { describeError, silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { Scalar } from "../../../../pipeline/config/schema.ts";
import {
  type OtlpHttpConfig,
  otlpHttpExporterFactory,
  signalUrl,
} from "../../../../pipeline/exporters/otlp_http/otlp_http.ts";
import { NO_ORIGIN, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../../../pipeline/otlp/signals.ts";
import { encodeMessage, RESPONSE_TYPES } from "../../../support/otlp_proto.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { requestBytes } from "../../../support/otlp_samples.ts";

const never = new AbortController().signal;
const plain = new Scalar(false, "false");
const SYNC = { sending_queue: { enabled: plain }, retry_on_failure: { enabled: plain } };

function parse(section: Record<string, unknown>): OtlpHttpConfig {
  return otlpHttpExporterFactory.schema.parse(section);
}

function createExporter(section: Record<string, unknown>, signal: Signal = "traces") {
  return otlpHttpExporterFactory.create(parse(section), {
    id: "otlphttp/eu",
    signal,
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  });
}

/** Runs `use` with an exporter to a server that answers with `answer`; gives what the server saw. */
async function exportTo(
  answer: () => Response,
  section: Record<string, unknown>,
  signal: Signal,
  use: (consume: () => Promise<unknown>) => Promise<void>,
) {
  const seen: { path: string; headers: Headers; body: Uint8Array }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    seen.push({ path: new URL(request.url).pathname, headers: request.headers, body });
    return answer();
  });
  const exporter = createExporter(
    { endpoint: `http://127.0.0.1:${server.addr.port}/base`, ...SYNC, ...section },
    signal,
  );
  const bytes = requestBytes(signal, 3);
  await exporter.start?.();
  await use(() => exporter.consume(payloadOf(signal, bytes, 3, NO_ORIGIN), never));
  await exporter.shutdown?.(never);
  await server.shutdown();
  return { seen, bytes };
}

Deno.test("otlp_http takes URLs that are written out, and no others", () => {
  const problemsOf = (section: Record<string, unknown>) =>
    otlpHttpExporterFactory.schema.safeParse(section).error?.issues.map(({ path, message }) =>
      `${path.join(".")} ${message}`
    );
  const wrong = "is not an http:// or https:// URL";
  deepStrictEqual(problemsOf({ endpoint: "http:collector/x" }), [`endpoint ${wrong}`]);
  deepStrictEqual(problemsOf({ logs_endpoint: "http:\\\\collector" }), [`logs_endpoint ${wrong}`]);
  deepStrictEqual(problemsOf({ endpoint: "http://collector", proxy_url: "http:proxy" }), [`proxy_url ${wrong}`]);
  deepStrictEqual(problemsOf({ endpoint: "http://collector", proxy_url: "https://proxy:8080" }), undefined);
});

Deno.test("otlp_http posts the bytes that it is given", async (t) => {
  const unpack: Record<string, (body: Uint8Array) => Uint8Array> = {
    none: (body) => body,
    gzip: (body) => new Uint8Array(zlib.gunzipSync(body)),
    zstd: (body) => new Uint8Array(zlib.zstdDecompressSync(body)),
    deflate: (body) => new Uint8Array(zlib.inflateSync(body)),
    zlib: (body) => new Uint8Array(zlib.inflateSync(body)),
  };
  for (const [compression, decode] of Object.entries(unpack)) {
    for (const signal of SIGNAL_NAMES) {
      await t.step(`${signal}, ${compression}`, async () => {
        const { seen, bytes } = await exportTo(() => new Response(null), { compression }, signal, async (consume) => {
          deepStrictEqual(await consume(), { rejectedItems: 0, message: "" });
        });
        const [request] = seen;
        ok(request);
        strictEqual(request.path, "/base" + SIGNALS[signal].path);
        strictEqual(request.headers.get("content-type"), "application/x-protobuf");
        deepStrictEqual(decode(request.body), bytes);
      });
    }
  }
});

Deno.test("otlp_http writes JSON and configured headers", async () => {
  const section = { encoding: "json", compression: "none", headers: { "X-Tenant": "a", Host: "collector.example" } };
  const { seen } = await exportTo(() => new Response(null), section, "logs", async (consume) => void await consume());
  const [request] = seen;
  ok(request);
  strictEqual(request.headers.get("content-type"), "application/json");
  strictEqual(request.headers.get("x-tenant"), "a");
  strictEqual(request.headers.get("host"), "collector.example");
  const { resourceLogs } = JSON.parse(new TextDecoder().decode(request.body));
  strictEqual(resourceLogs[0].scopeLogs[0].logRecords.length, 3);
});

Deno.test("otlp_http reads the upstream's answer", async (t) => {
  const protobuf = { "content-type": "application/x-protobuf" };
  const partial = (rejected_spans: number, error_message: string) =>
    encodeMessage(RESPONSE_TYPES.traces, { partial_success: { rejected_spans, error_message } }).slice();
  const kept: { name: string; answer: () => Response; want: { rejectedItems: number; message: string } }[] = [
    { name: "200, empty", answer: () => new Response(null), want: { rejectedItems: 0, message: "" } },
    {
      name: "200, partial success set but empty",
      answer: () => new Response(new Uint8Array([0x0a, 0]), { headers: protobuf }),
      want: { rejectedItems: 0, message: "" },
    },
    {
      name: "200, two spans rejected",
      answer: () => new Response(partial(2, "too old"), { headers: protobuf }),
      want: { rejectedItems: 2, message: "too old" },
    },
    {
      name: "200, more rejected than sent",
      answer: () => new Response(partial(9, "all"), { headers: protobuf }),
      want: { rejectedItems: 3, message: "all" },
    },
    {
      name: "200, a warning",
      answer: () => new Response(partial(0, "slow down"), { headers: protobuf }),
      want: { rejectedItems: 0, message: "slow down" },
    },
    {
      name: "200 of another type",
      answer: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      want: { rejectedItems: 0, message: "" },
    },
  ];
  for (const { name, answer, want } of kept) {
    await t.step(name, async () => {
      await exportTo(answer, {}, "traces", async (consume) => deepStrictEqual(await consume(), want));
    });
  }
  const refused: {
    status: number;
    retryAfter?: string;
    want: [retryable: boolean, httpStatus: number, retryAfterMs?: number];
  }[] = [
    { status: 400, want: [false, 400] },
    { status: 401, want: [true, 503] },
    { status: 403, retryAfter: "7", want: [true, 503, 7_000] },
    { status: 404, want: [false, 404] },
    { status: 307, want: [false, 500] },
    { status: 408, want: [false, 500] },
    { status: 413, want: [false, 500] },
    { status: 500, want: [false, 500] },
    { status: 501, want: [false, 500] },
    { status: 429, retryAfter: "7", want: [true, 429, 7_000] },
    { status: 429, want: [true, 429] },
    { status: 502, want: [true, 503] },
    { status: 503, retryAfter: "1", want: [true, 503, 1_000] },
    { status: 504, want: [true, 503] },
  ];
  for (const { status, retryAfter, want: [retryable, httpStatus, retryAfterMs] } of refused) {
    await t.step(`${status}${retryAfter === undefined ? "" : `, Retry-After: ${retryAfter}`}`, async () => {
      const answer = () =>
        new Response(null, { status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });
      await exportTo(answer, {}, "traces", async (consume) => {
        await rejects(consume(), (error) => {
          ok(error instanceof GatewayError);
          strictEqual(error.retryable, retryable);
          strictEqual(error.httpStatus, httpStatus);
          if (retryAfterMs !== undefined) strictEqual(error.retryAfterMs, retryAfterMs);
          ok(!error.message.includes("127.0.0.1"), "the sender must not see the upstream's address");
          return true;
        });
      });
    });
  }
});

Deno.test("otlp_http tells the log what it asked, without what may be secret", async (t) => {
  const said = () =>
    new Response(JSON.stringify({ code: 12, message: "no such tenant" }), {
      status: 404,
      headers: { "content-type": "application/json" },
    });
  await t.step("an answer", async () => {
    await exportTo(said, {}, "logs", async (consume) => {
      const text = await consume().then(() => "", describeError);
      match(
        text,
        /^Cannot export 3 log records to "otlphttp\/eu": the destination answered 404: POST http:\/\/127\.0\.0\.1:\d+\/base\/v1\/logs: no such tenant$/,
      );
    });
  });
  await t.step("none, and neither user, password nor query", async () => {
    const exporter = createExporter({ ...SYNC, logs_endpoint: "http://me:pass@127.0.0.1:1/in?key=hidden" }, "logs");
    await exporter.start?.();
    const text = await exporter.consume(payloadOf("logs", requestBytes("logs", 1), 1, NO_ORIGIN), never)
      .then(() => "", describeError);
    await exporter.shutdown?.(never);
    match(
      text,
      /^Cannot export to "otlphttp\/eu": no answer from the destination: POST http:\/\/127\.0\.0\.1:1\/in: .*refused/,
    );
    ok(!/me|pass|key|hidden/.test(text.replace("message", "")), text);
  });
});

Deno.test("otlp_http warns of a signal's path in the base URL", async (t) => {
  const cases: { endpoint: string; want: string | undefined }[] = [
    { endpoint: "http://a:1", want: undefined },
    { endpoint: "http://a:1/", want: undefined },
    { endpoint: "http://a:1/otlp", want: undefined },
    { endpoint: "http://a:1/v1/logs/x", want: undefined },
    { endpoint: "http://a:1/v1/traces", want: "/v1/traces" },
    { endpoint: "http://a:1/v1/metrics/", want: "/v1/metrics" },
    { endpoint: "https://a/otlp/v1/logs?x=1", want: "/v1/logs" },
    { endpoint: "http://a:1/v1development/profiles", want: "/v1development/profiles" },
  ];
  for (const { endpoint, want } of cases) {
    await t.step(endpoint, () => {
      const [warning, ...others] = otlpHttpExporterFactory.warnings?.(parse({ endpoint })) ?? [];
      strictEqual(others.length, 0);
      strictEqual(warning?.path, want === undefined ? undefined : "endpoint");
      if (want !== undefined) ok(warning?.message.startsWith(`ends in ${want}, `));
    });
  }
});

Deno.test("otlp_http warns of what it is asked for and does not do", async (t) => {
  const cases: { settings: Record<string, unknown>; want: readonly string[] }[] = [
    { settings: {}, want: [] },
    { settings: { tls: { ca_file: "a", include_system_ca_certs_pool: true } }, want: [] },
    { settings: { tls: { reload_interval: "1h" } }, want: ["tls::reload_interval"] },
    { settings: { tls: { curve_preferences: ["X25519"] } }, want: ["tls::curve_preferences"] },
    { settings: { http2_ping_timeout: "15s", write_buffer_size: 524_288 }, want: [] },
    { settings: { http2_ping_timeout: "1s" }, want: ["http2_ping_timeout"] },
    { settings: { http2_read_idle_timeout: "1s" }, want: ["http2_read_idle_timeout"] },
    { settings: { read_buffer_size: 1, write_buffer_size: 0 }, want: ["read_buffer_size", "write_buffer_size"] },
    { settings: { cookies: { enabled: true }, middlewares: [] }, want: ["middlewares", "cookies"] },
  ];
  for (const { settings, want } of cases) {
    await t.step(JSON.stringify(settings), () => {
      const config = otlpHttpExporterFactory.schema.parse(asYaml({ endpoint: "http://a:1", ...settings }));
      deepStrictEqual(otlpHttpExporterFactory.warnings?.(config).map(({ path }) => path), want);
    });
  }
});

Deno.test("otlp_http refuses a config without a usable URL", async (t) => {
  const cases: { name: string; section: Record<string, unknown>; ok: boolean }[] = [
    { name: "none", section: {}, ok: false },
    { name: "host and port only", section: { endpoint: "localhost:4318" }, ok: false },
    { name: "base", section: { endpoint: "http://localhost:4318" }, ok: true },
    { name: "one signal", section: { logs_endpoint: "https://x/y" }, ok: true },
  ];
  for (const { name, section, ok: want } of cases) {
    await t.step(name, () => strictEqual(otlpHttpExporterFactory.schema.safeParse(section).success, want));
  }
});

Deno.test("signalUrl()", async (t) => {
  const cases: { name: string; section: Record<string, string>; signal: Signal; want: string | undefined }[] = [
    { name: "base", section: { endpoint: "http://a:1" }, signal: "traces", want: "http://a:1/v1/traces" },
    { name: "base with slash", section: { endpoint: "http://a:1/" }, signal: "logs", want: "http://a:1/v1/logs" },
    {
      name: "base with path",
      section: { endpoint: "http://a:1/x" },
      signal: "profiles",
      want: "http://a:1/x/v1development/profiles",
    },
    {
      name: "own, as it is",
      section: { endpoint: "http://a:1", logs_endpoint: "http://b/in?k=v" },
      signal: "logs",
      want: "http://b/in?k=v",
    },
    { name: "another's only", section: { logs_endpoint: "http://b/" }, signal: "traces", want: undefined },
  ];
  for (const { name, section, signal, want } of cases) {
    await t.step(name, () => strictEqual(signalUrl(parse(section), signal)?.href, want));
  }
});
