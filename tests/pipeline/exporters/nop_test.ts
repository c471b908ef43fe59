/**
 * The nop exporter.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { nopFactory } from "../../../pipeline/exporters/nop.ts";
import { NO_ORIGIN, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("nop takes everything", async () => {
  const exporter = nopFactory.create(nopFactory.schema.parse(null), {
    id: "nop",
    signal: "traces",
    logger: silentLogger,
    meter: silentMeter,
    clock: new FakeClock(),
    random: () => 0,
    memory: createMemoryBudget(),
  });
  const outcome = await exporter.consume(
    payloadOf("traces", new Uint8Array(), 0, NO_ORIGIN),
    new AbortController().signal,
  );
  strictEqual(outcome, KEPT);
});

Deno.test("nop has no settings", () => {
  strictEqual(nopFactory.schema.safeParse({ verbosity: "x" }).success, false);
});
