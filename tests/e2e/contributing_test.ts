/**
 * The exporter in CONTRIBUTING.md, word for word: it compiles where it says that it lies, and does what it says.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** What a person would have after step 1: the file, and a line that tries it. */
const TRY = `
import { silentLogger } from "../core/log/logger.ts";
import { systemClock } from "../core/clock.ts";
import { createMemoryBudget } from "../core/memory.ts";
import { silentMeter } from "../core/telemetry/meter.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../otlp/limits.ts";
import { NO_ORIGIN } from "../otlp/payload.ts";
import { readJsonPayload } from "../otlp/json_decode.ts";

const deps = { id: "stdout", logger: silentLogger, meter: silentMeter, clock: systemClock, random: () => 0 };
const exporter = stdoutFactory.create(stdoutFactory.schema.parse({ prefix: "> " }), {
  ...deps, signal: "logs", memory: createMemoryBudget(),
});
await exporter.start?.();
const json = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}';
const payload = readJsonPayload("logs", new TextEncoder().encode(json), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
await exporter.consume(payload, new AbortController().signal);
await exporter.shutdown?.(AbortSignal.timeout(1_000));
`;

Deno.test("the exporter in CONTRIBUTING.md compiles and works", async () => {
  const text = await Deno.readTextFile(new URL("CONTRIBUTING.md", ROOT));
  const sample = /```ts\n([\s\S]*?)```/.exec(text)?.[1]?.replace(/^ {3}/gm, "");
  ok(sample, "CONTRIBUTING.md shows an exporter");
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, `${sample}${TRY}`.replaceAll(`"../`, `"${new URL("pipeline/", ROOT)}`));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "-A", "--config", new URL("deno.json", ROOT).pathname, file],
      env: { NO_COLOR: "1" },
    }).output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    const [line = "", ...rest] = new TextDecoder().decode(stdout).split("\n");
    deepStrictEqual(rest, [""]);
    strictEqual(line.slice(0, 2), "> ");
    strictEqual(JSON.parse(line.slice(2)).resourceLogs[0].scopeLogs[0].logRecords[0].body.stringValue, "hello");
  } finally {
    await Deno.remove(file);
  }
});
