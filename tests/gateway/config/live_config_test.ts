import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { DEFAULT_HEALTH_LIMITS, type HealthSample } from "../../../gateway/config/health.ts";
import { HealthWatch } from "../../../gateway/config/health_watch.ts";
import { ConfigHistory } from "../../../gateway/config/history.ts";
import {
  ConfigBusyError,
  ConfigConflictError,
  type ConfigOrigin,
  UnknownConfigError,
} from "../../../gateway/config/config_manager.ts";
import type { AppliedConfig } from "../../../gateway/gateway.ts";
import { LiveConfig } from "../../../gateway/config/live_config.ts";
import { readSources, type Sources } from "../../../gateway/config/sources.ts";
import type { GatewayConfig, ResolvedConfig } from "../../../pipeline/config/gateway_config.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { parseSetSource } from "../../../pipeline/config/source.ts";
import { ConfigError } from "../../../pipeline/config/problem.ts";
import { NO_CHANGE } from "../../../pipeline/graph/live_graph.ts";
import { RecordingMeter } from "../../support/component_deps.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

const WINDOW_MS = 30_000;

/** A configuration that differs by the verbosity and the key of its exporter. */
function yaml(verbosity: string, key = "first"): string {
  return `
receivers: {otlp: {protocols: {http: }}}
exporters:
  debug: {verbosity: ${verbosity}}
  otlp_http: {endpoint: "http://localhost:1", headers: {authorization: ${key}}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug, otlp_http]}}}
`;
}

const textOf = (text: string): Sources => ({ configs: [{ kind: "text", name: "given", text }], sets: [] });

/** A gateway that only parses; its figures are what a test says. */
async function setUp(
  { windowMs = WINDOW_MS, history = new ConfigHistory(undefined, () => {}), sets = [] as string[] } = {},
) {
  const clock = new FakeClock();
  const started = await readSources({ ...textOf(yaml("basic")), sets: sets.map(parseSetSource) });
  const totals = { accepted: 0, refused: 0, refusedRequests: 0, sent: 0, failed: 0, workerRestarts: 0 };
  /** Items a second. */
  const rates = { sent: 10, failed: 0 };
  let countedMs = 0;
  const sample = (): HealthSample => {
    const seconds = (clock.monotonicMs() - countedMs) / 1_000;
    countedMs = clock.monotonicMs();
    totals.sent += rates.sent * seconds;
    totals.failed += rates.failed * seconds;
    return { ...totals, atMs: countedMs, queues: new Map() };
  };
  const meter = new RecordingMeter();
  const gateway = {
    config: parseConfig(started.resolved, REGISTRY) as GatewayConfig,
    logger: silentLogger,
    meter,
    ran: [] as string[],
    breaks: undefined as string | undefined,
    hold: Promise.resolve(),
    obstacles: () => [],
    async apply(resolved: ResolvedConfig): Promise<AppliedConfig> {
      const config = parseConfig(resolved, REGISTRY);
      await this.hold;
      if (this.breaks !== undefined) throw new GraphError("start", [this.breaks]);
      this.config = config;
      this.ran.push(String(Reflect.get(config.exporters.get("debug")?.config ?? {}, "verbosity")));
      return { config, change: NO_CHANGE, tookMs: 1, drained: Promise.resolve(true) };
    },
  };
  const health = new HealthWatch({ windowMs, limits: DEFAULT_HEALTH_LIMITS, sample, clock });
  health.start();
  const live = new LiveConfig({
    ...{ gateway, started, sources: started.sources, files: [], read: readSources, history, health, clock },
  });
  const change = (text: string, origin: ConfigOrigin = "admin", ifVersion?: string) =>
    live.apply({ sources: textOf(text), who: "me", origin, ifVersion });
  const outcomes = () => live.history().map(({ id, outcome }) => `${id} ${outcome}`);
  return { clock, rates, gateway, live, change, outcomes, history, meter };
}

await loadComponents();

Deno.test("LiveConfig keeps a configuration that does well", async () => {
  const { clock, gateway, live, change, outcomes, meter } = await setUp();
  await clock.advance(WINDOW_MS);
  const { entry, changed, settled } = await change(yaml("normal"));
  deepStrictEqual([changed, entry.outcome, entry.who, entry.origin], [true, "watching", "me", "admin"]);
  match(entry.diff, /^-\s+verbosity: basic\n\+\s+verbosity: normal$/m);
  deepStrictEqual(outcomes(), ["2 watching", "1 good"]);
  await clock.advance(WINDOW_MS - 1);
  deepStrictEqual(outcomes(), ["2 watching", "1 good"]);
  await clock.advance(1);
  strictEqual(await settled, "good");
  deepStrictEqual([...meter.values], [
    ["sluice_config_last_change_successful", 1],
    ["sluice_config_changes outcome=applied", 1],
  ]);
  deepStrictEqual([outcomes(), gateway.ran, live.current().entry.id], [["2 good", "1 good"], ["normal"], 2]);
  await live.close();
});

Deno.test("LiveConfig says until when a change is watched, and what it goes back to", async () => {
  const { clock, live, change } = await setUp();
  await clock.advance(WINDOW_MS);
  const startMs = clock.nowMs();
  const first = await change(yaml("normal"));
  deepStrictEqual([first.window?.untilMs, first.window?.backTo.id], [startMs + WINDOW_MS, 1]);
  await clock.advance(1_000);
  const same = await change(yaml("normal"));
  deepStrictEqual([same.changed, same.window], [false, first.window]);
  const second = await change(yaml("detailed"));
  deepStrictEqual([second.window?.untilMs, second.window?.backTo.id], [startMs + 1_000 + WINDOW_MS, 1]);
  await clock.advance(WINDOW_MS);
  strictEqual((await change(yaml("detailed"))).window, undefined);
  await live.close();
  const unwatched = await setUp({ windowMs: 0 });
  strictEqual((await unwatched.change(yaml("normal"))).window, undefined);
  await unwatched.live.close();
});

Deno.test("LiveConfig says of a configuration that too little came to judge it", async (t) => {
  const quiet = "not judged: 15 items were exported and 0 came in 30 s, wanted 20 of either";
  for (const { perSecond, want } of [{ perSecond: 0.5, want: [quiet] }, { perSecond: 1, want: [] }]) {
    await t.step(`${perSecond} items a second`, async () => {
      const { clock, rates, live, change } = await setUp();
      await clock.advance(WINDOW_MS);
      rates.sent = perSecond;
      const { settled } = await change(yaml("normal"));
      await clock.advance(WINDOW_MS);
      strictEqual(await settled, "good");
      deepStrictEqual(live.current().entry.reasons, want);
      await live.close();
    });
  }
});

Deno.test("LiveConfig goes back from one that does worse", async (t) => {
  await t.step("and says why", async () => {
    const { clock, gateway, rates, live, change, outcomes } = await setUp();
    await clock.advance(WINDOW_MS);
    const { settled } = await change(yaml("normal"));
    Object.assign(rates, { sent: 5, failed: 5 });
    await clock.advance(WINDOW_MS / 3); // two looks of six
    strictEqual(await settled, "rolled_back");
    deepStrictEqual([outcomes(), gateway.ran], [["3 good", "2 rolled_back", "1 good"], ["normal", "basic"]]);
    const [now, bad] = live.history();
    deepStrictEqual([now?.origin, now?.version], ["health", live.history()[2]?.version]);
    match(bad?.reasons.join() ?? "", /^50 % of the items could not be exported, before it 0 %$/);
    await live.close();
  });

  await t.step("not for what was as bad before", async () => {
    const { clock, rates, live, change } = await setUp();
    Object.assign(rates, { sent: 5, failed: 5 });
    await clock.advance(WINDOW_MS);
    const { settled } = await change(yaml("normal"));
    await clock.advance(WINDOW_MS);
    strictEqual(await settled, "good");
    await live.close();
  });

  await t.step("not for a moment's trouble", async () => {
    const { clock, rates, live, change } = await setUp();
    await clock.advance(WINDOW_MS);
    const { settled } = await change(yaml("normal"));
    Object.assign(rates, { sent: 8, failed: 2 });
    await clock.advance(WINDOW_MS / 6);
    Object.assign(rates, { sent: 90, failed: 0 });
    await clock.advance(WINDOW_MS);
    strictEqual(await settled, "good");
    await live.close();
  });

  await t.step("to the last good one, over another that has not shown that it is good", async () => {
    const { clock, gateway, rates, live, change, outcomes } = await setUp();
    await clock.advance(WINDOW_MS);
    const first = await change(yaml("normal"));
    Object.assign(rates, { sent: 5, failed: 5 });
    await clock.advance(WINDOW_MS / 6);
    const second = await change(yaml("detailed"));
    await clock.advance(WINDOW_MS / 3);
    deepStrictEqual([await first.settled, await second.settled], ["superseded", "rolled_back"]);
    deepStrictEqual(gateway.ran, ["normal", "detailed", "basic"]);
    deepStrictEqual(outcomes(), ["4 good", "3 rolled_back", "2 superseded", "1 good"]);
    await live.close();
  });

  await t.step("as far as it can: a way back that fails is told", async () => {
    const { clock, gateway, rates, live, change } = await setUp();
    await clock.advance(WINDOW_MS);
    const { settled } = await change(yaml("normal"));
    Object.assign(rates, { sent: 5, failed: 5 });
    gateway.breaks = "the port is gone";
    await clock.advance(WINDOW_MS / 3);
    strictEqual(await settled, "interrupted");
    strictEqual(live.current().entry.reasons.at(-1), "Cannot go back: the port is gone");
    await live.close();
  });
});

Deno.test("LiveConfig changes nothing", async (t) => {
  await t.step("for a configuration with problems; all of them are told, with their places", async () => {
    const { gateway, live, change } = await setUp();
    const broken = yaml("loud").replace("exporters: [debug", "exporters: [absent");
    await rejects(change(broken), (error: unknown) => error instanceof ConfigError);
    const [failed] = live.history();
    deepStrictEqual([failed?.outcome, failed?.reasons.length, gateway.ran], ["failed", 2, []]);
    match(failed?.reasons[0] ?? "", /^given:4:22: exporters::debug::verbosity: is "loud", wanted one of/);
    await live.close();
  });

  await t.step("for components that do not start", async () => {
    const { gateway, live, change, outcomes } = await setUp();
    gateway.breaks = "receiver otlp: the port is taken";
    await rejects(change(yaml("normal")), GraphError);
    deepStrictEqual([live.history()[0]?.reasons, outcomes()[0]], [["receiver otlp: the port is taken"], "2 failed"]);
    await live.close();
  });

  await t.step("when it is what runs: no entry, no build", async () => {
    const { gateway, live, change } = await setUp();
    const { changed, entry } = await change(yaml("basic") + "\n# a comment\n");
    deepStrictEqual([changed, entry.id, gateway.ran, live.history().length], [false, 1, [], 1]);
    await live.close();
  });

  await t.step("when another version runs than the one it is for", async () => {
    const { live, change } = await setUp();
    const { entry } = await change(yaml("normal"), "admin", live.current().entry.version);
    await rejects(change(yaml("detailed"), "admin", "0000000000000000"), ConfigConflictError);
    strictEqual(live.current().entry.id, entry.id);
    await live.close();
  });

  await t.step("after it was closed", async () => {
    const { live, change } = await setUp();
    await live.close();
    await rejects(change(yaml("normal")), ConfigBusyError);
  });
});

Deno.test("LiveConfig makes one change at a time: one waits, a third is refused", async () => {
  const { gateway, live, change, clock } = await setUp();
  const held = Promise.withResolvers<void>();
  gateway.hold = held.promise;
  const [first, second] = [change(yaml("normal")), change(yaml("detailed"))];
  await settle();
  await rejects(change(yaml("basic")), (error: unknown) => error instanceof ConfigBusyError && error.retryable);
  deepStrictEqual(gateway.ran, []);
  held.resolve();
  await Promise.all([first, second]);
  deepStrictEqual(gateway.ran, ["normal", "detailed"]);
  await change(yaml("basic"));
  await clock.advance(1);
  await live.close();
});

Deno.test("LiveConfig goes back to any configuration of its history", async () => {
  const { gateway, live, change, outcomes } = await setUp({ windowMs: 0 });
  await change(yaml("normal"));
  await change(yaml("detailed"));
  const { entry } = await live.rollback(1, "me");
  deepStrictEqual([entry.origin, gateway.ran], ["rollback", ["normal", "detailed", "basic"]]);
  deepStrictEqual(outcomes(), ["4 good", "3 good", "2 good", "1 good"]);
  await rejects(live.rollback(99, "me"), UnknownConfigError);
  await live.close();
});

Deno.test("what the command line sets lies over whatever is applied", async (t) => {
  const sets = ["exporters.debug.verbosity=detailed"];
  const { gateway, live, change, history } = await setUp({ windowMs: 0, sets });
  const endpointOf = (config: GatewayConfig) =>
    String(Reflect.get(config.exporters.get("otlp_http")?.config ?? {}, "endpoint"));
  const other = yaml("normal").replace("localhost:1", "localhost:2");

  await t.step("a configuration of an operator, and what he sets himself", async () => {
    await change(other);
    const set = parseSetSource("exporters.debug.verbosity=basic");
    await live.apply({ sources: { ...textOf(yaml("basic")), sets: [set] }, who: "me", origin: "admin" });
    deepStrictEqual(gateway.ran, ["detailed", "detailed"]);
  });

  await t.step("one of the history, and that of another command line; it is there once", async () => {
    const { entry } = await live.rollback(2, "me");
    deepStrictEqual([gateway.ran.length, endpointOf(gateway.config)], [3, "http://localhost:2"]);
    deepStrictEqual(live.sourcesOf(entry.id).sets, sets.map(parseSetSource));
    const later = await setUp({ windowMs: 0, history, sets: ["exporters.debug.verbosity=normal"] });
    await later.live.rollback(2, "me");
    deepStrictEqual(later.gateway.ran, ["normal"]);
  });

  await t.step("what is reloaded, and what is checked", async () => {
    await live.reload("SIGHUP", "signal");
    strictEqual(gateway.ran.at(-1), "detailed");
    const { diff } = await live.check(textOf(yaml("loud")));
    strictEqual(diff, "");
  });
  await live.close();
});

Deno.test("LiveConfig.check() tells what a change would do, and does nothing", async () => {
  const { gateway, live } = await setUp();
  const fine = await live.check(textOf(yaml("normal")));
  deepStrictEqual([fine.problems, fine.obstacles, gateway.ran], [[], [], []]);
  match(fine.diff, /^\+\s+verbosity: normal$/m);
  const broken = await live.check(textOf(yaml("loud")));
  deepStrictEqual(broken.problems.map(({ path }) => path), ["exporters::debug::verbosity"]);
  strictEqual((await live.check({ configs: [{ kind: "file", path: "/absent.yaml" }], sets: [] })).diff, "");
  await live.close();
});

Deno.test("no secret leaves by a difference", async () => {
  const { live, change } = await setUp();
  const { entry } = await change(yaml("basic", "s3cret"));
  strictEqual(entry.diff, "# only values that are masked differ");
  const { entry: other } = await change(yaml("normal", "other"));
  ok(!other.diff.includes("s3cret") && !other.diff.includes("other"));
  await live.close();
});

Deno.test("a restart with the same configuration is no new entry", async () => {
  const { history, live, clock, change } = await setUp();
  await change(yaml("normal"));
  await change(yaml("basic"));
  await clock.advance(WINDOW_MS);
  await live.close();
  const later = await setUp({ history });
  deepStrictEqual(later.outcomes(), ["3 good", "2 superseded", "1 superseded"]);
  strictEqual(later.live.current().entry.id, 3);
  await later.live.close();
});
