import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { COMPONENT_SECTIONS, type ComponentSection } from "../../../pipeline/config/gateway_config.ts";
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
