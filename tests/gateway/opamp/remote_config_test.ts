import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { DEFAULT_HEALTH_LIMITS, type HealthSample } from "../../../gateway/config/health.ts";
import { HealthWatch } from "../../../gateway/config/health_watch.ts";
import { ConfigHistory } from "../../../gateway/config/history.ts";
import type { AppliedConfig } from "../../../gateway/gateway.ts";
import { LiveConfig } from "../../../gateway/config/live_config.ts";
import { RemoteConfig } from "../../../gateway/opamp/remote_config.ts";
import type { RemoteFile } from "../../../gateway/opamp/remote_files.ts";
import { readSources, type Sources } from "../../../gateway/config/sources.ts";
import type { AgentRemoteConfig } from "../../../opamp/protocol/messages.ts";
import type { GatewayConfig, ResolvedConfig } from "../../../pipeline/config/gateway_config.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { NO_CHANGE } from "../../../pipeline/graph/live_graph.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { RecordingMeter } from "../../support/component_deps.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

const WINDOW_MS = 30_000;

const local = (level = "basic") => `
receivers: {otlp: {protocols: {http: }}}
exporters: {debug: {verbosity: ${level}}}
extensions: {opamp: {server: {ws: {endpoint: "ws://127.0.0.1:1"}}, capabilities: {accepts_remote_config: true}}}
service: {extensions: [opamp], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
`;

const offerOf = (text: string): AgentRemoteConfig => ({
  config: { configMap: new Map([["", { body: new TextEncoder().encode(text) }]]) },
});

const batchOf = (size: number) => `processors: {batch: {send_batch_size: ${size}}}`;

await loadComponents();

/** A gateway that only parses; its figures are what a test says. The local configuration is a file. */
async function setUp() {
  const clock = new FakeClock();
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  const setLocal = (text: string) => Deno.writeTextFile(path, text);
  await setLocal(local());
  const sources: Sources = { configs: [{ kind: "file", path }], sets: [] };
  const started = await readSources(sources);
  const rates = { sent: 10, failed: 0 };
  const totals = { accepted: 0, refused: 0, refusedRequests: 0, sent: 0, failed: 0, workerRestarts: 0 };
  let countedMs = 0;
  const sample = (): HealthSample => {
    const seconds = (clock.monotonicMs() - countedMs) / 1_000;
    countedMs = clock.monotonicMs();
    totals.sent += rates.sent * seconds;
    totals.failed += rates.failed * seconds;
    return { ...totals, atMs: countedMs, queues: new Map() };
  };
  const gateway = {
    config: parseConfig(started.resolved, REGISTRY) as GatewayConfig,
    logger: silentLogger,
    meter: new RecordingMeter(),
    hold: Promise.resolve(),
    obstacles: () => [],
    async apply(resolved: ResolvedConfig): Promise<AppliedConfig> {
      const config = parseConfig(resolved, REGISTRY);
      await this.hold;
      this.config = config;
      return { config, change: NO_CHANGE, tookMs: 1, drained: Promise.resolve(true) };
    },
  };
  const health = new HealthWatch({ windowMs: WINDOW_MS, limits: DEFAULT_HEALTH_LIMITS, sample, clock });
  health.start();
  const history = new ConfigHistory(undefined, () => {});
  const live = new LiveConfig({
    ...{ gateway, started, sources, files: [], read: readSources, history, health, clock },
  });
  await clock.advance(WINDOW_MS);
  const kept: (readonly RemoteFile[])[] = [];
  const lastGood = {
    load: () => Promise.resolve([]),
    save: (files: readonly RemoteFile[]) => {
      kept.push(files);
      return Promise.resolve();
    },
  };
  const remote = new RemoteConfig({
    live,
    lastGood,
    id: "opamp",
    who: "server",
    key: undefined,
    clock,
    logger: silentLogger,
  });
  const take = (text: string, abort = new AbortController().signal) => remote.take(offerOf(text), abort);
  /** What runs: of the batch processor, and of the local exporter. */
  const runs = () => [
    Reflect.get(gateway.config.processors.get("batch")?.config ?? {}, "send_batch_size"),
    Reflect.get(gateway.config.exporters.get("debug")?.config ?? {}, "verbosity"),
  ];
  return { clock, setLocal, rates, gateway, live, take, kept, runs };
}

/** Lets reads of files and the turns of changes pass. */
async function pass(until: () => boolean): Promise<void> {
  for (let turns = 0; !until() && turns < 1_000; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  strictEqual(until(), true);
}

Deno.test("RemoteConfig keeps a configuration that does well", async () => {
  const { clock, live, take, kept, runs } = await setUp();
  const taken = take(batchOf(7));
  await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
  deepStrictEqual([kept.length, live.current().entry.origin], [0, "opamp"]);
  await clock.advance(WINDOW_MS);
  strictEqual(await taken, undefined);
  deepStrictEqual(kept.map(([file]) => file?.text), [batchOf(7)]);
  await live.close();
});

Deno.test("RemoteConfig: one that does worse is taken back, also from what a reload reads", async () => {
  const { clock, rates, live, take, kept, runs } = await setUp();
  const taken = take(batchOf(7));
  await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
  Object.assign(rates, { sent: 5, failed: 5 });
  await clock.advance(WINDOW_MS / 3);
  match(String(await taken), /^the gateway did worse with it and went back\n50 % of the items could not be exported/);
  deepStrictEqual([kept, runs()], [[], [undefined, "basic"]]);
  await live.reload("me", "signal");
  deepStrictEqual(runs(), [undefined, "basic"]);
  await live.close();
});

Deno.test("RemoteConfig refuses whole, with every place", async () => {
  const { live, take, runs } = await setUp();
  const problem = await take("processors: {batch: {send_batch_size: many}}\nreceivers: {otlp/2: {}}");
  strictEqual(
    problem,
    'opamp:1:39: processors::batch::send_batch_size: is "many", wanted a whole number of at least 0\n' +
      "opamp:2:21: receivers::otlp/2: may not be changed from here: " +
      "wanted one of processors, connectors, exporters, service/pipelines, tenants, tenant_defaults\n" +
      "opamp:2:21: receivers::otlp/2::protocols: has none, wanted http",
  );
  deepStrictEqual([runs(), live.history()[0]?.outcome], [[undefined, "basic"], "failed"]);
  await live.close();
});

Deno.test("RemoteConfig and local changes", async (t) => {
  await t.step("a reload while it is watched keeps it, and shares its fate", async () => {
    const { clock, setLocal, live, take, kept, runs } = await setUp();
    const taken = take(batchOf(7));
    await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
    await setLocal(local("normal"));
    await live.reload("me", "signal");
    deepStrictEqual(runs(), [7, "normal"]);
    await clock.advance(WINDOW_MS);
    strictEqual(await taken, undefined);
    strictEqual(kept.length, 1);
    await live.close();
  });

  await t.step("a local change that forbids it is refused: nothing changes", async () => {
    const { clock, setLocal, live, take, runs } = await setUp();
    const taken = take(batchOf(7));
    await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
    await clock.advance(WINDOW_MS);
    await taken;
    await setLocal(local("normal").replace("capabilities", "remote_config: {allowed_components: []}, capabilities"));
    await rejects(live.reload("me", "signal"), /processors::batch::send_batch_size: may not be changed/);
    deepStrictEqual(runs(), [7, "basic"]);
    await live.close();
  });

  await t.step("one without the extension counts alone", async () => {
    const { clock, setLocal, live, take, runs } = await setUp();
    const taken = take(batchOf(7));
    await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
    await clock.advance(WINDOW_MS);
    await taken;
    await setLocal(local("normal").replace(/^extensions:.*$/m, "").replace("extensions: [opamp], ", ""));
    await live.reload("me", "signal");
    deepStrictEqual(runs(), [undefined, "normal"]);
    await live.close();
  });

  await t.step("it waits for its turn", async () => {
    const { clock, gateway, live, take, runs } = await setUp();
    const held = Promise.withResolvers<void>();
    gateway.hold = held.promise;
    const others = [7, 8].map((size) =>
      live.apply({
        sources: { configs: [{ kind: "text", name: "x", text: local() + batchOf(size) }], sets: [] },
        who: "me",
        origin: "admin",
      })
    );
    const taken = take(batchOf(9));
    await settle();
    held.resolve();
    await Promise.all(others);
    strictEqual(runs()[0], 8);
    for (let turns = 0; runs()[0] !== 9 && turns < 20; turns++) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await clock.advance(WINDOW_MS);
    strictEqual(await taken, undefined);
    await live.close();
  });
});

Deno.test("RemoteConfig: a newer one does not wait for the window of the one before", async () => {
  const { clock, live, take, kept, runs } = await setUp();
  const first = new AbortController();
  const taken = take(batchOf(7), first.signal);
  await pass(() => runs()[0] === 7 && live.current().entry.origin === "opamp");
  first.abort();
  strictEqual(await taken, "a newer one came");
  const next = take(batchOf(8));
  await pass(() => runs()[0] === 8);
  await clock.advance(WINDOW_MS);
  strictEqual(await next, undefined);
  deepStrictEqual(kept.map(([file]) => file?.text), [batchOf(8)]);
  await live.close();
});
