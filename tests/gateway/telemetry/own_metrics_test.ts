import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ownMetricsPages, resourceOf } from "../../../gateway/telemetry/own_metrics.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import type { HttpApp, ServeHttp } from "../../../pipeline/contract/http.ts";

const RESOURCE = { "service.name": "edge", "service.version": "1", "region": "eu" };
const SERIES = { name: "otelcol_a", kind: "counter", attributes: { b: "c" }, bounds: [], values: [1] } as const;

/** Opens the pages of a `service::telemetry` on listeners that remember. */
async function openPages(telemetry: unknown) {
  const opened: { endpoint: string; app: HttpApp }[] = [];
  const serveHttp: ServeHttp = ({ endpoint }, app) => {
    opened.push({ endpoint, app });
    return Promise.resolve({ address: { hostname: "", port: 0 }, shutdown: () => Promise.resolve() });
  };
  const pages = ownMetricsPages(telemetrySchema.parse(telemetry), RESOURCE, () => [SERIES], serveHttp);
  for (const { make } of pages) await make().start?.();
  return { opened, names: pages.map(({ name }) => name) };
}

const reader = (prometheus: Record<string, unknown>) => ({ pull: { exporter: { prometheus } } });

Deno.test("ownMetricsPages()", async (t) => {
  const cases: { name: string; metrics: unknown; want: string[] }[] = [
    { name: "by default", metrics: {}, want: ["localhost:8888"] },
    { name: "level none", metrics: { level: "none" }, want: [] },
    { name: "no reader", metrics: { readers: [] }, want: [] },
    {
      name: "two readers, one of them on an IPv6 address",
      metrics: { readers: [reader({ host: "0.0.0.0", port: new Scalar(9999, "9999") }), reader({ host: "::1" })] },
      want: ["0.0.0.0:9999", "[::1]:8888"],
    },
  ];
  for (const { name, metrics, want } of cases) {
    await t.step(name, async () => {
      const { opened, names } = await openPages({ metrics });
      deepStrictEqual(opened.map(({ endpoint }) => endpoint), want);
      deepStrictEqual(names, want.map((endpoint) => `own metrics on ${endpoint}`));
    });
  }

  const labels: { name: string; chosen: unknown; want: string }[] = [
    { name: "without the resource", chosen: undefined, want: '{b="c"}' },
    {
      name: "with a part of it",
      chosen: { included: ["service.*"], excluded: ["*version"] },
      want: '{service_name="edge",b="c"}',
    },
    {
      name: "with all of it",
      chosen: { included: ["*"] },
      want: '{service_name="edge",service_version="1",region="eu",b="c"}',
    },
  ];
  for (const { name, chosen, want } of labels) {
    await t.step(`serve series ${name}`, async () => {
      const { opened } = await openPages({ metrics: { readers: [reader({ with_resource_constant_labels: chosen })] } });
      const [page] = opened;
      if (page === undefined || !("fetch" in page.app)) throw new Error("nothing was opened");
      const response = await page.app.fetch(new Request("http://localhost:8888/metrics"));
      strictEqual((await response.text()).split("\n")[2], `otelcol_a${want} 1`);
    });
  }
});

Deno.test("resourceOf() lays the configured attributes over its own; null takes one away", () => {
  const resource = { "service.name": "edge", "service.instance.id": null, "region": "eu" };
  deepStrictEqual(resourceOf(telemetrySchema.parse({ resource }), "1.2.3"), {
    "service.name": "edge",
    "service.version": "1.2.3",
    "region": "eu",
  });
  strictEqual(resourceOf(telemetrySchema.parse({}), "1", "edge-1")["service.instance.id"], "edge-1");
  match(resourceOf(telemetrySchema.parse({}), "1")["service.instance.id"] ?? "", /^[0-9a-f-]{36}$/);
});
