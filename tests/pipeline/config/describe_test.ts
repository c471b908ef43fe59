/** The configuration reference that schemas write. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { describeSchema, describeTable, formatDurationMs } from "../../../pipeline/config/describe.ts";
import {
  bool,
  durationMs,
  int,
  oneOf,
  optionalSection,
  requiredText,
  section,
  text,
  textList,
} from "../../../pipeline/config/schema.ts";

const schema = section({
  endpoint: requiredText(),
  timeout: durationMs().default(90_000),
  mode: oneOf(["a", "", "b"]).default("a"),
  size: int().default(5).transform((size) => size * 2),
  storage: text().optional(),
  cors: optionalSection({ origins: textList().default([]) }),
  retry: section({ enabled: bool().default(true) }).prefault({}).superRefine(() => {}),
  rules: z.array(section({ name: requiredText() })).default([]),
  tenants: z.record(z.string(), section({ rate: int() })).optional(),
  tls: z.union([bool(), section({ ca: text().default("") })]).optional(),
  server: section({ host: requiredText() }),
  sanitizer: section({ on: bool().default(false) }),
});

Deno.test("describeSchema()", () => {
  deepStrictEqual(describeSchema(schema).map(({ key, type, defaultText }) => [key, type, defaultText]), [
    ["endpoint", "string", "required"],
    ["timeout", "duration", "90s"],
    ["mode", 'a, "", b', "a"],
    ["size", "int", "5"],
    ["storage", "string", "none"],
    ["cors", "section", "off"],
    ["cors.origins", "list of strings", "[]"],
    ["retry", "section", "as below"],
    ["retry.enabled", "bool", "true"],
    ["rules", "list of sections", "[]"],
    ["rules[].name", "string", "required"],
    ["tenants", "map of sections", "none"],
    ["tenants.<key>.rate", "int", "required"],
    ["tls", "bool or section", "none"],
    ["tls.ca", "string", '""'],
    ["server", "section", "required"],
    ["server.host", "string", "required"],
    ["sanitizer", "section", "as below"],
    ["sanitizer.on", "bool", "false"],
  ]);
});

Deno.test("describeTable()", () => {
  strictEqual(
    describeTable(section({ a: int().default(1), b: section({ c: text() }) }), "x.y", (path) => `of \`${path}\` | <b>`),
    "| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n" +
      "| `a` | int | `1` | of `x.y.a` \\| \\<b> |\n" +
      "| `b` | section | required | of `x.y.b` \\| \\<b> |\n" +
      "| `b.c` | string | required | of `x.y.b.c` \\| \\<b> |",
  );
  strictEqual(describeTable(section({}), "x.y", () => ""), "No settings.");
});

Deno.test("formatDurationMs()", () => {
  for (
    const [ms, want] of [[0, "0"], [1, "1ms"], [0.5, "0.5ms"], [90_000, "90s"], [60_000, "1m"], [
      7_200_000,
      "2h",
    ]] as const
  ) {
    strictEqual(formatDurationMs(ms), want);
  }
});
