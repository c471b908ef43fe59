import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { buildExtensions } from "../../../pipeline/graph/build.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { factoryOf } from "../../../pipeline/graph/registry.ts";
import { type ConfigSketch, sketchConfig } from "../../support/gateway_config.ts";
import { build, FOREVER, Journal, registryOf } from "./journal.ts";

Deno.test("buildPipelines() makes the collector's instances", async (t) => {
  await t.step("one receiver an id, one exporter an (id, signal), one processor an (id, pipeline)", async () => {
    const { graph } = await build({
      receivers: ["in"],
      processors: ["step"],
      exporters: ["out"],
      pipelines: {
        "traces": [["in"], ["step"], ["out"]],
        "traces/2": [["in"], ["step"], ["out"]],
        "logs": [["in"], [], ["out"]],
      },
    });
    deepStrictEqual(graph.components.map(({ name }) => name), [
      "exporter out (traces)",
      "exporter out (logs)",
      "processor step (pipeline traces)",
      "processor step (pipeline traces/2)",
      "receiver in",
    ]);
  });

  await t.step("one connector an (id, from, to), before the pipelines that it feeds", async () => {
    const { graph, journal } = await build({
      receivers: ["in"],
      processors: ["step"],
      exporters: ["out"],
      connectors: ["link"],
      pipelines: {
        "traces": [["in"], [], ["link"]],
        "traces/a": [["link"], ["step"], ["out"]],
        "traces/b": [["link"], [], ["out"]],
        "metrics": [["link"], [], ["out"]],
      },
    });
    deepStrictEqual(graph.components.map(({ name }) => name), [
      "exporter out (traces)",
      "exporter out (metrics)",
      "processor step (pipeline traces/a)",
      "connector link (traces to metrics)",
      "connector link (traces to traces)",
      "receiver in",
    ]);
    strictEqual(journal.events.includes("create link traces>traces [traces/a,traces/b]"), true);
    strictEqual(journal.events.includes("create link traces>metrics [metrics]"), true);
  });

  await t.step("what no pipeline names is not made", async () => {
    const { graph } = await build({
      receivers: ["in", "in/unused"],
      exporters: ["out", "out/unused"],
      pipelines: { logs: [["in"], [], ["out"]] },
    });
    deepStrictEqual(graph.components.map(({ name }) => name), ["exporter out (logs)", "receiver in"]);
  });

  await t.step("a component that cannot be created is named", async () => {
    await rejects(
      build({
        receivers: ["in"],
        exporters: ["out/impossible"],
        pipelines: { logs: [["in"], [], ["out/impossible"]] },
      }),
      (error: unknown) => {
        match(String(error), /Cannot build: exporter out\/impossible \(logs\): it is impossible/);
        return error instanceof GraphError;
      },
    );
  });
});

Deno.test("a built graph carries payloads", async (t) => {
  const { journal } = await build({
    receivers: ["in"],
    processors: ["step/1", "step/2"],
    exporters: ["out/a", "out/b", "out/refusing"],
    pipelines: {
      "traces": [["in"], ["step/1", "step/2"], ["out/a", "out/b"]],
      "logs": [["in"], [], ["out/a"]],
      "logs/2": [["in"], [], ["out/refusing"]],
    },
  });

  await t.step("through the processors in order, to every exporter", async () => {
    deepStrictEqual(await journal.send("in", "traces"), [
      "step/1 traces got 7",
      "step/2 traces got 7",
      "out/a traces got 7",
      "out/b traces got 7",
    ]);
  });

  await t.step("a refusal of one pipeline is the receiver's", async () => {
    await rejects(journal.send("in", "logs"), UnavailableError);
  });

  await t.step("a signal of no pipeline has no door", () => {
    strictEqual(journal.doors.get("in")?.has("metrics"), false);
  });
});

Deno.test("Graph", async (t) => {
  const chain: ConfigSketch = {
    receivers: ["in"],
    processors: ["step/1", "step/2"],
    exporters: ["out"],
    pipelines: { logs: [["in"], ["step/1", "step/2"], ["out"]] },
  };

  await t.step("starts downstream first, stops upstream first", async () => {
    const { journal, graph } = await build(chain);
    journal.events.length = 0;
    strictEqual(graph.ready, false);
    await graph.start();
    strictEqual(graph.ready, true);
    deepStrictEqual(journal.events.splice(0), ["start out logs", "start step/2 logs", "start step/1 logs", "start in"]);
    strictEqual(await graph.shutdown(FOREVER), true);
    strictEqual(graph.ready, false);
    deepStrictEqual(journal.events, ["stop in", "stop step/1 logs", "stop step/2 logs", "stop out logs"]);
  });

  await t.step("a start that fails stops what had started and names the component", async () => {
    const { journal, graph } = await build({
      receivers: ["in"],
      processors: ["step/broken"],
      exporters: ["out"],
      pipelines: { logs: [["in"], ["step/broken"], ["out"]] },
    });
    journal.events.length = 0;
    await rejects(graph.start(), (error: unknown) => {
      deepStrictEqual(error instanceof GraphError ? error.failures : [], [
        "processor step/broken (pipeline logs): it is broken",
      ]);
      return true;
    });
    deepStrictEqual(journal.events, ["start out logs", "start step/broken logs", "stop out logs"]);
    strictEqual(graph.ready, false);
  });

  await t.step("every component that fails in a stage is told, equal reasons once", async () => {
    const { graph } = await build({
      receivers: ["in/broken", "in/broken2"],
      exporters: ["out"],
      pipelines: { logs: [["in/broken", "in/broken2"], [], ["out"]] },
    });
    await rejects(graph.start(), { failures: ["receiver in/broken, receiver in/broken2: it is broken"] });
  });

  await t.step("two graphs of one config are independent", async () => {
    const first = await build(chain);
    const second = await build(chain);
    await Promise.all([first.graph.start(), second.graph.start()]);
    await first.graph.shutdown(FOREVER);
    strictEqual(second.graph.ready, true);
    await second.graph.shutdown(FOREVER);
  });

  await t.step("one that never started has nothing to stop", async () => {
    const { journal, graph } = await build(chain);
    journal.events.length = 0;
    strictEqual(await graph.shutdown(FOREVER), true);
    deepStrictEqual(journal.events, []);
    await rejects(graph.start(), TypeError);
  });
});

Deno.test("buildExtensions() starts them in the order of the service, stops them in reverse", async () => {
  const { journal, deps } = await build({});
  const { graph } = buildExtensions(sketchConfig({ extensions: ["side/b", "side/a"] }), deps, () => true);
  await graph.start();
  await graph.shutdown(FOREVER);
  deepStrictEqual(journal.events, ["start side/b", "start side/a", "stop side/a", "stop side/b"]);
});

Deno.test("factoryOf()", () => {
  const { exporters } = registryOf(new Journal());
  strictEqual(factoryOf(exporters, "out"), exporters[0]);
  strictEqual(factoryOf(exporters, "old_out"), exporters[0]);
  throws(() => factoryOf(exporters, "other"), TypeError);
});
