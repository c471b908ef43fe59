/** How exporters do, as `sluice admin status` and `sluice top` show it to people. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { showTop } from "../../../../gateway/admin/cli/top.ts";
import { type Shown, showStatus, stateText, type View } from "../../../../gateway/admin/cli/views.ts";
import type { ExporterState } from "../../../../routes/admin/exporter_schema.ts";
import { serveAdmin } from "../../../support/served_admin.ts";

const SINCE_MS = Date.parse("2026-01-02T10:32:05.678Z");
const OK: ExporterState = {
  ...{ id: "exporter:a:logs", exporter: "a", signal: "logs", state: "ok", held_by: null, failing_since_ms: null },
  ...{ last_error: null, delivered_at_ms: null, oldest_age_ms: null },
};
const FAILING: ExporterState = {
  ...OK,
  ...{ id: "exporter:b:logs", exporter: "b", state: "failing", failing_since_ms: SINCE_MS, oldest_age_ms: 1_500 },
  last_error: { at_ms: SINCE_MS + 1_000, message: "Cannot export: \u001b[2Jaway" },
  delivered_at_ms: SINCE_MS - 1_000,
};

const texts: { state: ExporterState; want: string }[] = [
  { state: OK, want: "ok" },
  { state: FAILING, want: "failing since 10:32:05Z (3m)" },
  { state: { ...OK, state: "held", held_by: "pause" }, want: "held (paused)" },
  { state: { ...OK, state: "held", held_by: "full_queue" }, want: "held (queue full)" },
  { state: { ...OK, state: "held", held_by: "no_answer" }, want: "held (no answer)" },
];

Deno.test("stateText()", async (t) => {
  for (const { state, want } of texts) {
    await t.step(want, () => strictEqual(stateText(state, SINCE_MS + 180_000), want));
  }
});

async function withExporters(exporters: ExporterState[], view: View): Promise<Shown> {
  await using admin = serveAdmin();
  admin.control.exporters = exporters;
  return await admin.show(view);
}

Deno.test("admin status has a row for each exporter, fit for a terminal", async () => {
  const { text } = await withExporters([FAILING, OK], showStatus);
  const [head, ...rows] = (text.split("\n\n")[1] ?? "").split("\n");
  match(head ?? "", /^EXPORTER +SIGNAL +STATE +OLDEST +DELIVERED +LAST ERROR$/);
  match(
    rows[0] ?? "",
    /^b +logs +failing since 10:32:05Z \(-?[\d.]+\w+\) +1\.5s +2026-01-02T10:32:04Z {2}2026-01-02T10:32:06Z Cannot export: {2}\[2Jaway$/,
  );
  match(rows[1] ?? "", /^a +logs +ok +- +- +-$/);
  strictEqual((await withExporters([], showStatus)).text.includes("EXPORTER"), false);
});

Deno.test("top has a line for each exporter that is not well", async () => {
  const { text } = await withExporters([FAILING, OK], showTop);
  const lines = text.split("\n");
  match(lines[1] ?? "", /^exporter:b:logs: failing since .*: Cannot export: {2}\[2Jaway$/);
  deepStrictEqual(lines[2], "");
});
