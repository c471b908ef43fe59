import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { FindAuthenticator } from "../../../pipeline/contract/authenticator.ts";
import type { ComponentConfig, GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import { authenticatorsIn } from "../../../pipeline/graph/authenticators.ts";
import { buildPipelines, type GraphDeps } from "../../../pipeline/graph/build.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { LiveGraph } from "../../../pipeline/graph/live_graph.ts";
import { type ConfigSketch, sketchConfig } from "../../support/gateway_config.ts";
import { FOREVER, Journal, journalDeps } from "./journal.ts";

const SKETCH: ConfigSketch = {
  receivers: ["in", "in/open"],
  exporters: ["out"],
  extensions: ["known", "side"],
  pipelines: { traces: [["in", "in/open"], [], ["out"]] },
};

/** As SKETCH, where a receiver and an exporter name `authenticator`. */
function configOf(authenticator: string, sketch: ConfigSketch = SKETCH): GatewayConfig {
  const config = sketchConfig(sketch);
  const naming = (id: string, components: ReadonlyMap<string, ComponentConfig>, own: unknown) =>
    new Map(
      [...components].map(([each, component]) => [each, each === id ? { ...component, config: own } : component]),
    );
  return {
    ...config,
    receivers: naming("in", config.receivers, { protocols: { http: { auth: { authenticator } } } }),
    exporters: naming("out", config.exporters, { auth: { authenticator } }),
  };
}

/** Components that write down what they find, and an extension that authenticates. */
function deps(journal: Journal): GraphDeps {
  const { registry, ...others } = journalDeps(journal);
  const note = (who: string, find: FindAuthenticator | undefined) =>
    journal.events.push(`${who} finds ${find === undefined ? "nobody" : find("known").client?.credentials()[1]}`);
  const known = {
    type: "known",
    summary: "For tests.",
    schema: registry.extensions[0]!.schema,
    create: () => ({}),
    createAuthenticator: (_: unknown, { id }: { readonly id: string }) => {
      journal.events.push(`create ${id}`);
      return { ...journal.lifecycle(id), client: { credentials: () => ["a", id] as const } };
    },
  };
  return {
    ...others,
    registry: {
      ...registry,
      extensions: [...registry.extensions, known],
      receivers: registry.receivers.map((factory) => ({
        ...factory,
        create: (...[config, own, next]: Parameters<typeof factory.create>) => {
          note(own.id, own.authenticators);
          return factory.create(config, own, next);
        },
      })),
      exporters: registry.exporters.map((factory) => ({
        ...factory,
        create: (...[config, own]: Parameters<typeof factory.create>) => {
          note(own.id, own.authenticators);
          return factory.create(config, own);
        },
      })),
    },
  };
}

async function start(authenticator: string) {
  const journal = new Journal();
  const own = deps(journal);
  const live = new LiveGraph((config, before) => buildPipelines(config, own, before));
  const change = async (config: GatewayConfig) => {
    journal.events.length = 0;
    const prepared = await live.prepare(config);
    return { prepared, events: journal.events.splice(0) };
  };
  const first = await change(configOf(authenticator));
  first.prepared.flip();
  return { journal, live, change, first: first.events };
}

Deno.test("an authenticator is made once, started before those that name it, and handed to them alone", async () => {
  const { first, live, journal } = await start("known");
  deepStrictEqual(first, [
    "create known",
    "out finds known",
    "create out traces",
    "in finds known",
    "in/open finds nobody",
    "start known",
    "start out traces",
    "start in",
    "start in/open",
  ]);
  await live.shutdown(FOREVER);
  deepStrictEqual(journal.events, ["stop in", "stop in/open", "stop out traces", "stop known"]);
});

Deno.test("when an authenticator changes it is made anew, with whoever names it", async () => {
  const { change } = await start("known");
  const same = await change(configOf("known"));
  deepStrictEqual(same.events, []);
  await same.prepared.discard(FOREVER);
  const { events, prepared } = await change(configOf("known", { ...SKETCH, fingerprints: { known: "changed" } }));
  deepStrictEqual(events.filter((event) => event.startsWith("start")), ["start known", "start out traces", "start in"]);
  deepStrictEqual(prepared.change.kept.includes("receiver in/open"), true);
});

Deno.test("an extension that does not authenticate cannot be named as if it did", async () => {
  const own = deps(new Journal());
  for (const id of ["side", "missing"]) await rejects(buildPipelines(configOf(id), own), GraphError);
});

Deno.test("authenticatorsIn()", () => {
  deepStrictEqual(authenticatorsIn({ auth: { authenticator: "a" }, b: [{ auth: { authenticator: "c" } }] }), [
    "a",
    "c",
  ]);
  for (const none of [undefined, null, "auth", {}, { auth: {} }, { auth: { authenticator: "" } }, { auth: null }]) {
    strictEqual(authenticatorsIn(none).length, 0);
  }
});
