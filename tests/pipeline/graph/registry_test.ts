import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { z } from "zod";
import { COMPONENT_SECTIONS, type ComponentSection } from "../../../pipeline/config/gateway_config.ts";
import { childSchemas } from "../../../pipeline/config/schema_form.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";

await loadComponents();

Deno.test("REGISTRY", async (t) => {
  for (const section of Object.keys(COMPONENT_SECTIONS) as ComponentSection[]) {
    await t.step(`${section}: a name stands for one component, each says what it does`, () => {
      const names = REGISTRY[section].flatMap(({ type, aliases = [] }) => [type, ...aliases]);
      deepStrictEqual(names, [...new Set(names)]);
      for (const { summary } of REGISTRY[section]) match(summary ?? "", /^[A-Z].*\.$/);
    });
  }

  await t.step("has the collector's names", () => {
    const has = (section: ComponentSection, name: string) =>
      REGISTRY[section].some(({ type, aliases }) => type === name || aliases?.includes(name) === true);
    for (
      const [section, name] of [
        ["receivers", "otlp"],
        ["processors", "batch"],
        ["processors", "memory_limiter"],
        ["exporters", "otlp_http"],
        ["exporters", "otlphttp"],
        ["exporters", "kafka"],
        ["exporters", "file"],
        ["exporters", "debug"],
        ["exporters", "nop"],
        ["connectors", "forward"],
        ["extensions", "health_check"],
      ] as const
    ) strictEqual(has(section, name), true, `${section}::${name}`);
  });
});

/** Of what an exporter cannot be without. */
const LEAST: Readonly<Record<string, Record<string, unknown>>> = { otlp_http: { endpoint: "http://localhost:1" } };

Deno.test("every exporter with a sending queue warns of one that makes senders wait", async (t) => {
  for (const { type, schema, warnings } of REGISTRY.exporters) {
    if (childSchemas(schema as z.core.$ZodType, "sending_queue").length === 0) continue;
    await t.step(type, () => {
      const config = schema.parse({ ...LEAST[type], sending_queue: { batch: { flush_timeout: "1h" } } });
      const paths = warnings?.(config).map(({ path }) => path) ?? [];
      ok(paths.includes("sending_queue::batch::flush_timeout"), "its factory's `warnings` has queueWarnings()");
    });
  }
});
