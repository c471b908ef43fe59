import { deepStrictEqual } from "node:assert/strict";
import { openLog } from "../../../gateway/telemetry/logging.ts";
import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const RESOURCE = { "service.version": "1", "service.name": "edge" };

async function lineOf(logs: Record<string, unknown>): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    const telemetry = telemetrySchema.parse({ logs: { ...logs, output_paths: [path] } });
    openLog({ telemetry } as GatewayConfig, new FakeClock(0), RESOURCE, { thread: "data-0" }).logger.info("Up");
    return await Deno.readTextFile(path);
  } finally {
    await Deno.remove(path);
  }
}

const TIME = "1970-01-01T00:00:00.000Z";
const cases: { name: string; logs: Record<string, unknown>; want: string }[] = [
  {
    name: "in JSON what it comes from, as the collector has it: sorted, after the message",
    logs: { encoding: "json" },
    want: `{"level":"info","ts":"${TIME}","msg":"Up","resource":{"service.name":"edge","service.version":"1"},` +
      '"thread":"data-0"}\n',
  },
  {
    name: "unless it is turned off",
    logs: { encoding: "json", disable_zap_resource: new Scalar(true, "true") },
    want: `{"level":"info","ts":"${TIME}","msg":"Up","thread":"data-0"}\n`,
  },
  { name: "not in a line for people", logs: {}, want: `${TIME}\tinfo\tUp\t{"thread":"data-0"}\n` },
];

Deno.test("a line of the gateway's own log has", async (t) => {
  for (const { name, logs, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await lineOf(logs), want));
  }
});
