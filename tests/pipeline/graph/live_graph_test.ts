import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { buildExtensions, buildPipelines } from "../../../pipeline/graph/build.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { LiveGraph, NO_CHANGE } from "../../../pipeline/graph/live_graph.ts";
import { type ConfigSketch, sketchConfig } from "../../support/gateway_config.ts";
import { FOREVER, Journal, journalDeps } from "./journal.ts";

const FIRST: ConfigSketch = {
  receivers: ["in"],
  processors: ["step"],
  exporters: ["out", "out/2"],
  pipelines: { traces: [["in"], ["step"], ["out"]], logs: [["in"], [], ["out/2"]] },
};

/** Pipelines that run; `change` gives them another configuration. */
async function start(sketch: ConfigSketch) {
  const journal = new Journal();
  const deps = journalDeps(journal);
  const live = new LiveGraph((config, before) => buildPipelines(config, deps, before));
  const change = async (next: ConfigSketch) => {
    journal.events.length = 0;
    const prepared = await live.prepare(sketchConfig(next));
    return { prepared, events: journal.events.splice(0) };
  };
  const { prepared } = await change(sketch);
  prepared.flip();
  journal.events.length = 0;
  return { journal, live, change };
}

Deno.test("LiveGraph changes pipelines while they run", async (t) => {
  await t.step("nothing is made anew when nothing has changed", async () => {
    const { change, journal } = await start(FIRST);
    const { prepared, events } = await change(FIRST);
    deepStrictEqual({ ...prepared.change, kept: [], events }, { ...NO_CHANGE, events: [] });
    strictEqual(await prepared.flip()(FOREVER), true);
    deepStrictEqual(journal.events, []);
    deepStrictEqual(await journal.send("in", "traces"), ["step traces got 7", "out traces got 7"]);
  });

  await t.step(
    "an exporter that has changed is new, with the processor that feeds it; the receiver stays",
    async () => {
      const { change, journal } = await start(FIRST);
      const { prepared, events } = await change({ ...FIRST, fingerprints: { out: "changed" } });
      deepStrictEqual(events, ["create out traces", "create step traces", "start out traces", "start step traces"]);
      deepStrictEqual(prepared.change, {
        kept: ["exporter out/2 (logs)", "receiver in"],
        replaced: ["exporter out (traces)", "processor step (pipeline traces)"],
        added: [],
        removed: [],
      });
      const drain = prepared.flip();
      deepStrictEqual(journal.events, []);
      strictEqual(await drain(FOREVER), true);
      deepStrictEqual(journal.events, ["stop step traces", "stop out traces"]);
    },
  );

  await t.step("before the flip data goes the old way, after it the new one", async () => {
    const { change, journal } = await start(FIRST);
    const other: ConfigSketch = { ...FIRST, pipelines: { ...FIRST.pipelines, traces: [["in"], [], ["out/2"]] } };
    const { prepared } = await change(other);
    deepStrictEqual(await journal.send("in", "traces"), ["step traces got 7", "out traces got 7"]);
    prepared.flip();
    deepStrictEqual(await journal.send("in", "traces"), ["out/2 traces got 7"]);
    deepStrictEqual(await journal.send("in", "logs"), ["out/2 logs got 7"]);
  });

  await t.step("what is discarded leaves all as it was", async () => {
    const { change, journal } = await start(FIRST);
    const { prepared } = await change({ ...FIRST, fingerprints: { out: "changed" } });
    await prepared.discard(FOREVER);
    deepStrictEqual(journal.events.splice(0), ["stop step traces", "stop out traces"]);
    deepStrictEqual(await journal.send("in", "traces"), ["step traces got 7", "out traces got 7"]);
  });

  await t.step("a component that cannot start changes nothing", async () => {
    const { change, journal } = await start(FIRST);
    const broken: ConfigSketch = {
      ...FIRST,
      exporters: ["out/broken", "out/2"],
      pipelines: { ...FIRST.pipelines, traces: [["in"], ["step"], ["out/broken", "out/2"]] },
    };
    await rejects(change(broken), GraphError);
    journal.events.length = 0;
    deepStrictEqual(await journal.send("in", "traces"), ["step traces got 7", "out traces got 7"]);
  });

  await t.step("a receiver that has changed, or has another signal, is a new one", async () => {
    const { change } = await start(FIRST);
    const changed = await change({ ...FIRST, fingerprints: { in: "changed" } });
    deepStrictEqual(changed.prepared.change.replaced, ["receiver in"]);
    await changed.prepared.discard(FOREVER);
    const more = await change({ ...FIRST, pipelines: { ...FIRST.pipelines, metrics: [["in"], [], ["out"]] } });
    deepStrictEqual([more.prepared.change.added, more.prepared.change.replaced], [["exporter out (metrics)"], [
      "receiver in",
    ]]);
  });

  await t.step("many changes one after the other, then a stop", async () => {
    const { change, live, journal } = await start(FIRST);
    for (let i = 0; i < 20; i++) {
      const { prepared } = await change({ ...FIRST, fingerprints: { out: `${i}` } });
      strictEqual(await prepared.flip()(FOREVER), true);
    }
    journal.events.length = 0;
    strictEqual(live.ready, true);
    strictEqual(await live.shutdown(FOREVER), true);
    deepStrictEqual(journal.events, ["stop in", "stop step traces", "stop out traces", "stop out/2 logs"]);
  });
});

Deno.test("LiveGraph changes extensions", async () => {
  const journal = new Journal();
  const deps = journalDeps(journal);
  const live = new LiveGraph((config, before) => buildExtensions(config, deps, () => true, before));
  (await live.prepare(sketchConfig({ extensions: ["side/a", "side/b"] }))).flip();
  journal.events.length = 0;
  const next = await live.prepare(sketchConfig({ extensions: ["side/b", "side/c"] }));
  strictEqual(await next.flip()(FOREVER), true);
  deepStrictEqual(journal.events, ["start side/c", "stop side/a"]);
});
