import { deepStrictEqual, throws } from "node:assert/strict";
import type { Authenticator } from "../../../../pipeline/contract/authenticator.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { otlpHttpExporterFactory } from "../../../../pipeline/exporters/otlp_http/otlp_http.ts";
import { NO_ORIGIN, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { requestBytes } from "../../../support/otlp_samples.ts";

const never = new AbortController().signal;

function create(endpoint: string, authenticator: Authenticator) {
  const settings = {
    endpoint,
    headers: { authorization: "configured" },
    auth: { authenticator: "known" },
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
  };
  return otlpHttpExporterFactory.create(otlpHttpExporterFactory.schema.parse(asYaml(settings)), {
    id: "otlphttp",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: () => 0.5,
    memory: createMemoryBudget(),
    authenticators: () => authenticator,
  });
}

Deno.test("otlp_http sends the credentials of the moment, over headers of the configuration", async () => {
  const seen: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ headers }) => {
    seen.push(headers.get("authorization"));
    return new Response(null);
  });
  let token = "first";
  const exporter = create(`http://127.0.0.1:${server.addr.port}`, {
    client: { credentials: () => ["authorization", token] },
  });
  await exporter.start?.();
  const send = () => exporter.consume(payloadOf("traces", requestBytes("traces", 1), 1, NO_ORIGIN), never);
  await send();
  await send();
  token = "second";
  await send();
  deepStrictEqual(seen, ["first", "first", "second"]);
  await exporter.shutdown?.(never);
  await server.shutdown();
});

Deno.test("otlp_http cannot use an authenticator that only knows senders", () => {
  throws(() => create("http://127.0.0.1:1", {}), TypeError);
});
