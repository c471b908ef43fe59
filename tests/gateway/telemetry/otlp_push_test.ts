import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { OtlpPush } from "../../../gateway/telemetry/otlp_push.ts";
import { type TelemetryConfig, telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { type Logger, silentLogger } from "../../../pipeline/core/log/logger.ts";
import { FakeClock } from "../../support/fake_clock.ts";

interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
}

/** What the schema makes of an exporter. */
function otlp(config: Readonly<Record<string, unknown>>) {
  const { traces }: TelemetryConfig = telemetrySchema.parse({
    traces: { processors: [{ simple: { exporter: { otlp: config } } }] },
  });
  return traces.processors[0]!.simple!.exporter.otlp!;
}

/** A request of one resource without anything in it. */
const REQUEST = new Uint8Array([0x0a, 0x00]);
const AS_TEXT = "\n\0";
const AS_JSON = '{"resourceSpans":[{}]}';

/** A waiter that does not wait. */
const HURRIED = { ...systemClock, setTimer: (callback: () => void) => systemClock.setTimer(callback, 0) };

async function withSink(
  statuses: readonly number[],
  use: (endpoint: string, received: readonly Received[]) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const gunzip = request.headers.get("content-encoding") === "gzip";
    const body = gunzip ? request.body!.pipeThrough(new DecompressionStream("gzip")) : request.body;
    const path = new URL(request.url).pathname;
    received.push({ path, headers: request.headers, text: await new Response(body).text() });
    return new Response(null, { status: statuses[received.length - 1] ?? 200 });
  });
  try {
    await use(`http://127.0.0.1:${server.addr.port}`, received);
  } finally {
    await server.shutdown();
  }
}

function open(config: Readonly<Record<string, unknown>>, logger: Logger = silentLogger): OtlpPush {
  return new OtlpPush(otlp(config), "traces", { clock: HURRIED, random: () => 0.5, logger });
}

Deno.test("OtlpPush sends", async (t) => {
  const cases: { name: string; config: Record<string, unknown>; path?: string; want: string; type: string }[] = [
    { name: "protobuf", config: {}, want: AS_TEXT, type: "application/x-protobuf" },
    { name: "JSON", config: { protocol: "http/json" }, want: AS_JSON, type: "application/json" },
    { name: "gzip", config: { compression: "gzip" }, want: AS_TEXT, type: "application/x-protobuf" },
    { name: "to a path of its own", config: {}, path: "/own", want: AS_TEXT, type: "application/x-protobuf" },
  ];
  for (const { name, config, path = "", want, type } of cases) {
    await t.step(name, () =>
      withSink([], async (endpoint, received) => {
        const headers = { headers: { a: "1" }, headers_list: "b=2%203,c=" };
        await open({ ...config, ...headers, endpoint: endpoint + path }).send(REQUEST);
        const [one] = received;
        deepStrictEqual([one?.path, one?.text, one?.headers.get("content-type")], [path || "/v1/traces", want, type]);
        deepStrictEqual(["a", "b", "c"].map((key) => one?.headers.get(key)), ["1", "2 3", ""]);
        match(one?.headers.get("traceparent") ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      }));
  }
});

Deno.test("OtlpPush tries again what time can mend, three times at the most, and says what it drops", async (t) => {
  const cases: { name: string; statuses: number[]; attempts: number; fails: boolean }[] = [
    { name: "kept at the third attempt", statuses: [503, 429, 200], attempts: 3, fails: false },
    { name: "given up after the third", statuses: [503, 503, 503, 200], attempts: 3, fails: true },
    { name: "refused for good", statuses: [400, 200], attempts: 1, fails: true },
  ];
  for (const { name, statuses, attempts, fails } of cases) {
    await t.step(name, () =>
      withSink(statuses, async (endpoint, received) => {
        const lines: string[] = [];
        const push = open({ endpoint }, { ...silentLogger, warn: (message) => void lines.push(message) });
        const failed = await push.send(REQUEST).then(() => false, () => true);
        deepStrictEqual([received.length, failed, lines.length], [attempts, fails, fails ? 1 : 0]);
      }));
  }

  await t.step("nobody is there", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await rejects(open({ endpoint: `127.0.0.1:${port}` }).send(REQUEST), /no answer from the destination/);
  });

  await t.step("given up", () =>
    withSink([503, 503, 503], async (endpoint, received) => {
      const clock = new FakeClock();
      const push = new OtlpPush(otlp({ endpoint }), "traces", { clock, random: () => 0, logger: silentLogger });
      const giveUp = new AbortController();
      const sent = rejects(push.send(REQUEST, giveUp.signal), /answered 503/);
      while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      giveUp.abort();
      await sent;
      strictEqual(received.length, 1);
    }));
});

Deno.test("own traces need no permission but that of the network", async () => {
  const script = `
    import { ownTraces } from ${
    JSON.stringify(new URL("../../../gateway/telemetry/own_traces.ts", import.meta.url).href)
  };
    import { telemetrySchema } from ${
    JSON.stringify(new URL("../../../pipeline/config/service_telemetry.ts", import.meta.url).href)
  };
    import { Tracer } from ${
    JSON.stringify(new URL("../../../pipeline/core/telemetry/trace.ts", import.meta.url).href)
  };
    import { systemClock } from ${JSON.stringify(new URL("../../../pipeline/core/clock.ts", import.meta.url).href)};
    import { silentLogger } from ${
    JSON.stringify(new URL("../../../pipeline/core/log/logger.ts", import.meta.url).href)
  };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      console.log("received", (await request.bytes()).length > 0);
      return new Response();
    });
    const endpoint = "http://127.0.0.1:" + server.addr.port;
    const { traces } = telemetrySchema.parse({ traces: { processors: [{ batch: { exporter: { otlp: { endpoint } } } }] } });
    const tracer = new Tracer(Math.random);
    const part = ownTraces(traces, {}, tracer, { clock: systemClock, random: Math.random, logger: silentLogger });
    await part.start();
    tracer.startRequest("POST /v1/traces", undefined, {}, Date.now()).end();
    await part.shutdown(new AbortController().signal);
    await server.shutdown();
  `;
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(file, script);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", "--allow-net", "--config", config, file],
      env: { NO_COLOR: "1" },
    }).output();
    strictEqual(new TextDecoder().decode(stdout), "received true\n", new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(file);
  }
});
