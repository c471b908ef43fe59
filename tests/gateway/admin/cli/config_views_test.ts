/** What `sluice admin` says of a change of the configuration, at once and when it is known what becomes of it. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { applyConfig, checkConfig, reloadConfig, rollbackConfig } from "../../../../gateway/admin/cli/config_views.ts";
import type { HistoryEntry } from "../../../../routes/admin/schemas.ts";
import type { MemoryAdmin } from "../../../support/memory_admin.ts";
import { serveAdmin } from "../../../support/served_admin.ts";

const UNTIL_MS = Date.parse("2026-01-02T10:32:05Z");
const WATCH = { until_ms: UNTIL_MS, back_to: { id: 1, version: "v1" } };

/** What becomes of the newest entry. */
function settle({ entries }: MemoryAdmin, change: Partial<HistoryEntry>): void {
  entries[0] = { ...entries[0]!, ...change };
}

Deno.test("a change says until when it is watched, and what it goes back to", async (t) => {
  await using bench = serveAdmin();
  const { show, control } = bench;
  const change = "has the traffic: 1 added, 0 removed, 0 replaced, 0 kept";

  await t.step("without a window", async () => {
    const { text, next } = await show(reloadConfig({ wait: true }));
    deepStrictEqual([text, next], [`entry 2, version v2, ${change}; not watched`, undefined]);
  });
  await t.step("with one", async () => {
    control.watch = WATCH;
    const { text, next } = await show(reloadConfig({ wait: false }));
    strictEqual(
      text,
      `entry 3, version v3, ${change}\nwatched until 10:32:05Z, back to entry 1, version v1, if the gateway does worse; ` +
        "`sluice admin history` tells",
    );
    strictEqual(next, undefined);
  });
});

const outcomes: { name: string; becomes: Partial<HistoryEntry>; want: string; isBad: boolean }[] = [
  { name: "good", becomes: { outcome: "good" }, want: "entry 2 is good", isBad: false },
  {
    name: "not judged",
    becomes: { outcome: "good", reasons: ["not judged: 0 items"] },
    want: "entry 2 stays, not judged: 0 items",
    isBad: false,
  },
  {
    name: "gone back from",
    becomes: { outcome: "rolled_back", reasons: ["a", "b\u001b"] },
    want: "entry 2 was gone back from\n  a\n  b ",
    isBad: true,
  },
  {
    name: "superseded",
    becomes: { outcome: "superseded" },
    want: "entry 2 was followed by another before its window was over",
    isBad: true,
  },
];

Deno.test("--wait tells what becomes of a change", async (t) => {
  for (const { name, becomes, want, isBad } of outcomes) {
    await t.step(name, async () => {
      await using bench = serveAdmin();
      bench.control.watch = WATCH;
      const { text, next } = await bench.show(rollbackConfig(1, { wait: true }));
      strictEqual(text.endsWith("if the gateway does worse"), true);
      settle(bench.control, { outcome: "watching" });
      const told = next?.();
      settle(bench.control, becomes);
      const shown = await told;
      deepStrictEqual([shown?.text, shown?.isBad === true, shown?.json], [want, isBad, bench.control.entries[0]]);
    });
  }

  await t.step("one that went back names what runs", async () => {
    await using bench = serveAdmin();
    bench.control.watch = WATCH;
    const { next } = await bench.show(rollbackConfig(1, { wait: true }));
    settle(bench.control, { outcome: "rolled_back", reasons: [] });
    bench.control.entries.unshift({ ...bench.control.entries[0]!, id: 3, outcome: "good" });
    strictEqual((await next?.())?.text, "entry 2 was gone back from; entry 3 is the last");
  });

  await t.step("one that the history has forgotten", async () => {
    await using bench = serveAdmin();
    bench.control.watch = WATCH;
    const { next } = await bench.show(rollbackConfig(1, { wait: true }));
    bench.control.entries.shift();
    const shown = await next?.();
    deepStrictEqual([shown?.text, shown?.isBad], ["entry 2 is no longer in the history", true]);
  });

  await t.step("one that takes too long", async () => {
    await using bench = serveAdmin();
    bench.control.watch = { ...WATCH, until_ms: -60_000 };
    const { next } = await bench.show(rollbackConfig(1, { wait: true }));
    settle(bench.control, { outcome: "watching" });
    const shown = await next?.();
    deepStrictEqual([shown?.text, shown?.isBad], ["entry 2 is still watched", true]);
  });
});

Deno.test("validate counts what it found", async () => {
  await using bench = serveAdmin();
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "bad");
    const shown = await bench.show(checkConfig([path]));
    deepStrictEqual([shown.text.split("\n").at(-1), shown.isBad], ["not valid, 1 problem", true]);
    await Deno.writeTextFile(path, "fine");
    strictEqual((await bench.show(checkConfig([path]))).text, "valid");
    strictEqual((await bench.show(applyConfig([path], { wait: false }))).text.startsWith("entry 2"), true);
  } finally {
    await Deno.remove(path);
  }
});
