import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { exclusive, portsInUse } from "../../../gateway/threads/exclusive_listener.ts";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import type { ServeHttp } from "../../../pipeline/contract/http.ts";
import { DEFAULT_TREE_LIMITS } from "../../../pipeline/config/tree/node.ts";
import { asRoot, parseYaml } from "../../../pipeline/config/tree/yaml.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";

const APP = { fetch: () => new Response() };
const configOf = (endpoint: string) => section(httpServerShape(endpoint)).parse({});

/** Opens nothing, remembers where it would have. */
function recordingListener() {
  const opened: string[] = [];
  const serveHttp: ServeHttp = ({ endpoint }) => {
    opened.push(endpoint);
    return Promise.resolve({ address: { hostname: "", port: 0 }, shutdown: () => Promise.resolve() });
  };
  return { opened, serveHttp: exclusive(serveHttp) };
}

Deno.test("exclusive()", async (t) => {
  for (const reusePort of [false, true]) {
    await t.step(`refuses a port that is listened on, ${reusePort ? "shared" : "alone"}`, async () => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort });
      const { opened, serveHttp } = recordingListener();
      await rejects(serveHttp(configOf(`127.0.0.1:${taken.addr.port}`), APP), (error: unknown) => {
        match(String(error), new RegExp(`Cannot listen on "127\\.0\\.0\\.1:${taken.addr.port}": the port is in use`));
        return error instanceof UnavailableError;
      });
      deepStrictEqual(opened, []);
    });
  }

  await t.step("opens a free one, and any when asked for any", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const { opened, serveHttp } = recordingListener();
    await serveHttp(configOf(`127.0.0.1:${port}`), APP);
    await serveHttp(configOf("localhost:0"), APP);
    deepStrictEqual(opened, [`127.0.0.1:${port}`, "localhost:0"]);
  });
});

Deno.test("portsInUse() says how to move the own metrics where nobody has written their port", async (t) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const telemetry = telemetrySchema.parse({});
  const page = { ...telemetry.metrics.readers[0]!.pull!.exporter.prometheus!, host: "127.0.0.1", port };
  const readers = [{ pull: { exporter: { prometheus: page } } }];
  const portsOf = (yaml: string) => {
    const { root } = asRoot(parseYaml(yaml, "g.yaml", DEFAULT_TREE_LIMITS).node);
    const config = { receivers: new Map(), extensions: new Map(), tree: root };
    const metrics = { ...telemetry.metrics, readers };
    return portsInUse({ ...config, telemetry: { ...telemetry, metrics } } as unknown as GatewayConfig);
  };
  const inUse = `Cannot listen on "127.0.0.1:${port}": the port is in use, wanted a free one`;

  await t.step("with the option to give", () => {
    deepStrictEqual(portsOf("service: {telemetry: {logs: }}"), [
      `service::telemetry::metrics: ${inUse} (own metrics, by default; move them: ` +
      "--set 'service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {port: 8889}}}}]', " +
      "or none: --set service.telemetry.metrics.level=none)",
    ]);
  });
  await t.step("and the key where somebody has", () => {
    deepStrictEqual(portsOf("service: {telemetry: {metrics: {readers: []}}}"), [
      `service::telemetry::metrics::readers::0::pull::exporter::prometheus::port: ${inUse}`,
    ]);
  });
});
