/**
 * What it costs to validate and count a request: `deno bench tests/bench/validate_bench.ts`.
 *
 * @module
 */

import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { requestBytes } from "../support/otlp_samples.ts";

for (const items of [1, 100, 1_000]) {
  for (const order of ["sdk", "collector"] as const) {
    const body = requestBytes("traces", items, { order });
    Deno.bench(`readPayload() of ${items} spans, ${order} order`, { group: "traces" }, () => {
      readPayload("traces", body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
    });
  }
}

for (const signal of SIGNAL_NAMES) {
  const body = requestBytes(signal, 100);
  Deno.bench(`readPayload() of ${signal}, 100 items, ${body.length} bytes`, { group: "signals" }, () => {
    readPayload(signal, body, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  });
}
