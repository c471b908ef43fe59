import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import type { HttpApp, ServeHttp } from "../../../pipeline/contract/http.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { healthCheckFactory } from "../../../pipeline/extensions/health_check.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const START_MS = Date.parse("Thu, 01 Jan 2026 00:00:00 GMT");

/** The extension behind a listener that keeps the app instead of opening a port. */
async function startHealthCheck(document: unknown) {
  const clock = new FakeClock(START_MS);
  const state = { ready: false, endpoint: "", closed: false };
  let app: HttpApp | undefined;
  const serveHttp: ServeHttp = (config, served) => {
    app = served;
    state.endpoint = config.endpoint;
    return Promise.resolve({
      address: { hostname: "127.0.0.1", port: 1 },
      shutdown: () => {
        state.closed = true;
        return Promise.resolve();
      },
    });
  };
  const extension = healthCheckFactory.create(healthCheckFactory.schema.parse(document), {
    id: "health_check",
    logger: silentLogger,
    meter: silentMeter,
    clock,
    random: () => 0,
    memory: createMemoryBudget(),
    serveHttp,
    isReady: () => state.ready,
  });
  await extension.start?.();
  const get = async (path = "/") => {
    if (app === undefined || !("fetch" in app)) throw new Error("no app is served");
    const response = await app.fetch(new Request(`http://localhost:13133${path}`));
    return { status: response.status, text: await response.text() };
  };
  return { clock, state, get, extension };
}

Deno.test("health_check", async (t) => {
  await t.step("listens on localhost:13133 until shut down", async () => {
    const { state, extension } = await startHealthCheck(null);
    strictEqual(state.endpoint, "localhost:13133");
    await extension.shutdown?.(AbortSignal.timeout(1_000));
    strictEqual(state.closed, true);
  });

  await t.step("503 until ready, then 200 with the time", async () => {
    const { clock, state, get } = await startHealthCheck(null);
    const before = await get();
    strictEqual(before.status, 503);
    deepStrictEqual(JSON.parse(before.text), {
      status: "Server not available",
      upSince: "0001-01-01T00:00:00Z",
      uptime: "",
    });
    state.ready = true;
    await clock.advance(3_723_500);
    const after = await get("/any/path");
    strictEqual(after.status, 200);
    deepStrictEqual(JSON.parse(after.text), {
      status: "Server available",
      upSince: "2026-01-01T00:00:00.000Z",
      uptime: "1h2m3.5s",
    });
  });

  await t.step("a path other than / answers there alone", async () => {
    const { state, get } = await startHealthCheck({ path: "/healthz" });
    state.ready = true;
    strictEqual((await get("/healthz?verbose")).status, 200);
    strictEqual((await get("/")).status, 404);
  });

  await t.step("response_body replaces the body", async () => {
    const { state, get } = await startHealthCheck({ response_body: { healthy: "fine", unhealthy: "ill" } });
    deepStrictEqual(await get(), { status: 503, text: "ill" });
    state.ready = true;
    deepStrictEqual(await get(), { status: 200, text: "fine" });
  });

  await t.step("what is ignored is told", () => {
    const config = healthCheckFactory.schema.parse({
      check_collector_pipeline: { enabled: new Scalar(true, "true") },
      tls: { cert_pem: "c", key_pem: "k", min_version: "1.1" },
    });
    const paths = healthCheckFactory.warnings?.(config).map(({ path }) => path);
    deepStrictEqual(paths, ["check_collector_pipeline", "tls::min_version"]);
  });
});
