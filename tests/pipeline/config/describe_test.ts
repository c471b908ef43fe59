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
});

Deno.test("describeSchema()", () => {
  deepStrictEqual(describeSchema(schema).map(({ key, type, defaultText }) => [key, type, defaultText]), [
    ["endpoint", "string", "required"],
    ["timeout", "duration", "90s"],
    ["mode", 'a, "", b', "a"],
    ["size", "int", "5"],
    ["storage", "string", ""],
    ["cors", "section", "off"],
    ["cors.origins", "list of strings", "[]"],
    ["retry", "section", ""],
    ["retry.enabled", "bool", "true"],
    ["rules", "list of sections", "[]"],
    ["rules[].name", "string", "required"],
    ["tenants", "map of sections", ""],
    ["tenants.<key>.rate", "int", "required"],
    ["tls", "bool or section", ""],
    ["tls.ca", "string", '""'],
  ]);
});

Deno.test("describeTable()", () => {
  strictEqual(
    describeTable(section({ a: int().default(1), b: section({ c: text() }) })),
    "| Key | Type | Default |\n| --- | --- | --- |\n| `a` | int | `1` |\n| `b` | section | required |\n| `b.c` | string | required |",
  );
  strictEqual(describeTable(section({})), "No settings.");
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
