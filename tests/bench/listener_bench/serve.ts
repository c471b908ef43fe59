/**
 * What a request costs at each depth of the edge, for a load generator to measure from outside (CPU of this process):
 *
 *     deno run -A tests/bench/listener_bench/serve.ts bare|protocol|receiver|hono 24318
 *
 * `bare` reads the body and answers; `protocol` adds all of OTLP/HTTP; `receiver` adds validation; `hono` is `protocol`
 * on the platform's server.
 *
 * @module
 */

import http from "node:http";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import { type Consumer, KEPT } from "../../../pipeline/contract/consumer.ts";
import type { OtlpHandler } from "../../../pipeline/contract/http.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { type Signal, SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { otlpReceiverFactory } from "../../../pipeline/receivers/otlp.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { createOtlpApp } from "../../../routes/otlp.ts";

const [kind = "receiver", port = "24318"] = Deno.args;
const endpoint = `127.0.0.1:${port}`;
const config = section(httpServerShape(endpoint)).parse({});
const handler: OtlpHandler = {
  paths: new Map<string, Signal>([["/v1/traces", "traces"]]),
  metadata: [],
  admit: () => {},
  accept: () => Promise.resolve(KEPT),
};

switch (kind) {
  case "bare":
    http.createServer((request, response) => {
      const body = new Uint8Array(Number(request.headers["content-length"]));
      let at = 0;
      request.on("data", (chunk: Uint8Array) => {
        body.set(chunk, at);
        at += chunk.length;
      });
      request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
    }).listen(Number(port), "127.0.0.1");
    break;
  case "protocol":
    await serveHttp(config, { otlp: handler });
    break;
  case "hono":
    Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, createOtlpApp(handler, config).fetch);
    break;
  case "receiver": {
    const consumer: Consumer = { consume: () => Promise.resolve(KEPT) };
    const settings = otlpReceiverFactory.schema.parse({ protocols: { http: { endpoint } } });
    const deps = { id: "otlp", logger: silentLogger, meter: silentMeter, clock: systemClock, random: Math.random };
    const receiver = otlpReceiverFactory.create(
      settings,
      { ...deps, memory: createMemoryBudget(), serveHttp },
      new Map(SIGNAL_NAMES.map((signal) => [signal, consumer])),
    );
    await receiver.start?.();
    break;
  }
  default:
    throw new TypeError(`Cannot serve ${kind}: wanted bare, protocol, receiver or hono`);
}
