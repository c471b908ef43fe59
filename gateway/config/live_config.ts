/**
 * Changes the configuration of a gateway that runs, whoever asks for it: one change at a time, each is checked, applied,
 * watched, and taken back when the gateway does worse with it; the history tells all of it.
 *
 * @module
 */

import { parseConfig } from "../../pipeline/config/parse.ts";
import { ConfigError } from "../../pipeline/config/problem.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import { nextTurn } from "../../pipeline/core/slices.ts";
import type { Gauge } from "../../pipeline/core/telemetry/meter.ts";
import { diffLines } from "../../pipeline/core/text_diff.ts";
import { type GraphChange, NO_CHANGE } from "../../pipeline/graph/live_graph.ts";
import { REGISTRY } from "../../pipeline/graph/registry.ts";
import type { HealthFigures } from "./health.ts";
import type { HealthWatch } from "./health_watch.ts";
import type { ConfigHistory } from "./history.ts";
import { type ConfigOverlay, NO_OVERLAY, readOverlaid } from "./overlay.ts";
import {
  type AppliedChange,
  type CheckedChange,
  type ConfigChange,
  ConfigConflictError,
  type ConfigEntry,
  type ConfigManager,
  type ConfigOrigin,
  type ConfigOutcome,
  type CurrentConfig,
  type HealthWindow,
  UnknownConfigError,
} from "./config_manager.ts";
import type { Gateway } from "../gateway.ts";
import { effectiveYaml, isSound, reasonsOf, versionOf } from "./shown.ts";
import { type ReadConfig, type Sources, withSets } from "./sources.ts";
import { Turns } from "./turns.ts";

export interface LiveConfigOptions {
  readonly gateway: Pick<Gateway, "config" | "apply" | "obstacles" | "logger" | "meter">;
  /** What the gateway was started with. */
  readonly started: ReadConfig;
  /** What it was to be started with: `reload` reads that, and its `--set` lies over whatever is applied. */
  readonly sources: Sources;
  /** What was over them at the start. Absent: nothing. */
  readonly overlay?: ConfigOverlay;
  /** The files of those. */
  readonly files: readonly string[];
  readonly read: (sources: Sources) => Promise<ReadConfig>;
  readonly history: ConfigHistory;
  readonly health: HealthWatch;
  readonly clock: Clock;
}

/** A configuration that ran or runs. */
interface Running {
  readonly entry: ConfigEntry;
  readonly read: ReadConfig;
  /** What goes over the sources to reload. */
  readonly overlay: ConfigOverlay;
  /** The effective YAML, secrets masked. */
  readonly shown: string;
}

interface Watching {
  readonly id: number;
  /** How the gateway did with the last good configuration. */
  readonly before: HealthFigures | undefined;
  readonly window: HealthWindow;
  readonly stop: AbortController;
  readonly settled: Promise<ConfigOutcome>;
}

/** A change that the gateway has made. */
interface Flip {
  readonly before: HealthFigures | undefined;
  readonly change: GraphChange;
  readonly tookMs: number;
}

export class LiveConfig implements ConfigManager {
  readonly #options: LiveConfigOptions;
  readonly #logger: Logger;
  /** 1 when the last change is the one that runs; 0 when it failed, or was taken back. */
  readonly #isLastGood: Gauge;
  #running: Running;
  /** The last that passed its health window: where a bad one goes back to. */
  #good: Running;
  #watching: Watching | undefined;
  /** Of the sources to reload, as they were read last. */
  #files: readonly string[];
  readonly #listeners: (() => void)[] = [];
  readonly #turns = new Turns();

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#logger = options.gateway.logger;
    this.#files = options.files;
    this.#isLastGood = options.gateway.meter.gauge("sluice_config_last_change_successful", {});
    this.#isLastGood.set(1);
    const { started: read, overlay = NO_OVERLAY } = options;
    this.#running = this.#good = { read, overlay, shown: effectiveYaml(read.resolved), entry: this.#entryOfStart() };
    if (this.#running.entry.outcome === "watching") this.#watch(undefined);
  }

  /** Files that `reload` reads, those that are included among them. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** What goes over the sources to reload, with the configuration that runs. */
  get overlay(): ConfigOverlay {
    return this.#running.overlay;
  }

  /** Settles with the outcome of the configuration that runs now. */
  get settled(): Promise<ConfigOutcome> {
    return this.#watching?.settled ?? Promise.resolve(this.#running.entry.outcome);
  }

  /** @param onChange Called whenever another configuration runs. */
  listen(onChange: () => void): void {
    this.#listeners.push(onChange);
  }

  current(): CurrentConfig {
    const { entry, read: { resolved } } = this.#running;
    return { entry, resolved, config: this.#options.gateway.config };
  }

  apply(change: ConfigChange): Promise<AppliedChange> {
    return this.#turns.take(() => this.#apply(change));
  }

  reload(who: string, origin: ConfigOrigin): Promise<AppliedChange> {
    return this.apply({ who, origin });
  }

  async check(sources: Sources): Promise<CheckedChange> {
    const { resolved } = await this.#readGiven(sources);
    const version = versionOf(resolved);
    const diff = resolved.complete ? this.#diff(effectiveYaml(resolved), version) : "";
    try {
      const config = parseConfig(resolved, REGISTRY);
      return { problems: config.warnings, obstacles: this.#options.gateway.obstacles(config), diff, version };
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      return { problems: thrown.problems, obstacles: [], diff, version };
    }
  }

  history(): readonly ConfigEntry[] {
    return this.#options.history.entries;
  }

  sourcesOf(id: number): Sources {
    const sources = this.#options.history.sourcesOf(id);
    if (sources === undefined) {
      const known = this.history().map((entry) => entry.id).join(", ");
      throw new UnknownConfigError(`Cannot find configuration ${id}: the history has ${known || "none"}`);
    }
    return sources;
  }

  async rollback(id: number, who: string, ifVersion?: string): Promise<AppliedChange> {
    return await this.apply({ sources: this.sourcesOf(id), who, origin: "rollback", ifVersion });
  }

  async close(): Promise<void> {
    this.#turns.close();
    this.#watching?.stop.abort();
    this.#options.health.stop();
    await this.#turns.over();
    await this.#options.history.saved();
  }

  async #apply(change: ConfigChange): Promise<AppliedChange> {
    const startedMs = this.#options.clock.monotonicMs();
    this.#refuseConflict(change);
    const read = await this.#read(change);
    const version = versionOf(read.resolved);
    if (isSound(read.resolved) && version === this.#running.entry.version) return this.#unchanged(change);
    const { health, clock } = this.#options;
    // Before the flip: what comes right after it is already the new one's.
    const before = health.windowMs > 0 ? this.#watching?.before ?? health.lately() : undefined;
    const { change: made } = await this.#tryOut(change, read, version);
    const tookMs = clock.monotonicMs() - startedMs;
    await nextTurn(); // requests first: for the history it is written out and compared
    return this.#flipped(change, read, version, { before, change: made, tookMs });
  }

  async #read({ sources, overlay = this.#running.overlay }: ConfigChange): Promise<ReadConfig> {
    if (sources !== undefined) return await this.#readGiven(sources);
    const read = await readOverlaid(this.#options.sources, overlay, this.#options.read);
    this.#files = read.files;
    return read;
  }

  #readGiven(sources: Sources): Promise<ReadConfig> {
    return this.#options.read(withSets(sources, this.#options.sources.sets));
  }

  #refuseConflict({ ifVersion }: ConfigChange): void {
    const { version } = this.#running.entry;
    if (ifVersion === undefined || ifVersion === version) return;
    throw new ConfigConflictError(
      `Cannot change the configuration: version ${version} runs, wanted ${JSON.stringify(ifVersion)}`,
    );
  }

  #unchanged({ who, origin, overlay = this.#running.overlay }: ConfigChange): AppliedChange {
    const { entry } = this.#running;
    this.#running = { ...this.#running, overlay };
    if (this.#good.entry.id === entry.id) this.#good = this.#running;
    // Files are also touched without a change; whoever asks for one wants to know.
    const level = origin === "watch" ? "debug" : "info";
    this.#logger[level]("The configuration is the one that runs: nothing to do", { id: entry.id, who });
    const settled = this.#watching?.settled ?? Promise.resolve(entry.outcome);
    return { entry, changed: false, change: NO_CHANGE, window: this.#watching?.window, settled };
  }

  /** Has the gateway go over; a failure is told in the log and in the history. */
  async #tryOut({ who, origin }: ConfigChange, read: ReadConfig, version: string) {
    try {
      return await this.#options.gateway.apply(read.resolved);
    } catch (thrown) {
      const reasons = reasonsOf(thrown);
      this.#count("failed");
      const { id } = this.#add({ who, origin, outcome: "failed", reasons, version, diff: "", tookMs: 0 }, read);
      for (const reason of reasons) {
        this.#logger.error("The configuration was not changed", { id, who, origin, problem: reason });
      }
      throw thrown;
    }
  }

  #flipped(
    { who, origin, overlay = this.#running.overlay }: ConfigChange,
    read: ReadConfig,
    version: string,
    { before, change, tookMs }: Flip,
  ): AppliedChange {
    const { health } = this.#options;
    const shown = effectiveYaml(read.resolved);
    this.#count(origin === "health" ? "rolled_back" : "applied");
    this.#supersede();
    const outcome = health.windowMs > 0 && origin !== "health" ? "watching" : "good";
    const diff = this.#diff(shown, version);
    const entry = this.#add({ who, origin, outcome, reasons: [], version, diff, tookMs }, read);
    this.#running = { entry, read, overlay, shown };
    if (outcome === "good") this.#good = this.#running;
    this.#logger.info("The configuration was changed", {
      ...{ id: entry.id, version, who, origin, took_ms: Math.round(tookMs) },
      ...{ kept: change.kept.length, replaced: change.replaced.join(", ") },
      ...{ added: change.added.join(", "), removed: change.removed.join(", ") },
    });
    const settled = outcome === "good" ? Promise.resolve<ConfigOutcome>(outcome) : this.#watch(before);
    for (const tell of this.#listeners) tell();
    return { entry, changed: true, change, window: this.#watching?.window, settled };
  }

  #count(outcome: "applied" | "failed" | "rolled_back"): void {
    this.#options.gateway.meter.counter("sluice_config_changes", { outcome }).add(1);
    this.#isLastGood.set(outcome === "applied" ? 1 : 0);
  }

  /** Ends the watch of the one before: it will not show any more that it is good. */
  #supersede(): void {
    this.#watching?.stop.abort();
    this.#watching = undefined;
    if (this.#running.entry.outcome === "watching") this.#settle("superseded");
  }

  /** Watches the one that runs. */
  #watch(before: HealthFigures | undefined): Promise<ConfigOutcome> {
    const { health, clock } = this.#options;
    const stop = new AbortController();
    const { id } = this.#running.entry;
    const window = { untilMs: clock.nowMs() + health.windowMs, backTo: this.#good.entry };
    const settled = health.watch(before, stop.signal).then((verdict): ConfigOutcome | Promise<ConfigOutcome> => {
      if (verdict === undefined) return this.#turns.isClosed ? "interrupted" : "superseded";
      const { worse, notJudged } = verdict;
      return worse.length === 0 ? this.#hasPassed(id, notJudged) : this.#turns.append(() => this.#goBack(id, worse));
    });
    this.#watching = { id, before, window, stop, settled };
    return settled;
  }

  #hasPassed(id: number, notJudged: string | undefined): ConfigOutcome {
    if (this.#running.entry.id !== id) return "superseded";
    this.#watching = undefined;
    this.#settle("good", notJudged === undefined ? [] : [notJudged]);
    this.#good = this.#running;
    const what = "The configuration has passed its health window";
    this.#logger.info(what, { id, ...(notJudged === undefined ? {} : { but: notJudged }) });
    return "good";
  }

  /** Back to the last good one, unless another has followed meanwhile. */
  async #goBack(id: number, reasons: readonly string[]): Promise<ConfigOutcome> {
    if (this.#running.entry.id !== id || this.#turns.isClosed) return "superseded";
    this.#watching = undefined;
    const { read, overlay, entry: { id: to, version } } = this.#good;
    this.#logger.error("The gateway does worse with the configuration: goes back", { id, to, why: reasons.join("; ") });
    const change = { sources: read.sources, overlay, who: "gateway", origin: "health" } as const;
    const startedMs = this.#options.clock.monotonicMs();
    try {
      const { change: made } = await this.#tryOut(change, read, version);
      this.#settle("rolled_back", reasons);
      const tookMs = this.#options.clock.monotonicMs() - startedMs;
      this.#flipped(change, read, version, { before: undefined, change: made, tookMs });
      return "rolled_back";
    } catch (thrown) {
      const outcome = "interrupted";
      this.#settle(outcome, [...reasons, ...reasonsOf(thrown).map((reason) => `Cannot go back: ${reason}`)]);
      return outcome;
    }
  }

  #settle(outcome: ConfigOutcome, reasons: readonly string[] = []): void {
    const entry = this.#options.history.settle(this.#running.entry, outcome, reasons);
    this.#running = { ...this.#running, entry };
  }

  /** A restart with the same configuration is no new entry: a service that restarts often would fill the history. */
  #entryOfStart(): ConfigEntry {
    const { started, history, health } = this.#options;
    const version = versionOf(started.resolved);
    const last = history.entries.find(({ outcome }) => outcome !== "failed");
    const isWatched = health.windowMs > 0;
    if (last?.version === version) {
      return last.outcome === "good" ? last : history.settle(last, isWatched ? "watching" : "good");
    }
    const outcome = isWatched ? "watching" : "good";
    return this.#add(
      { who: "command line", origin: "start", outcome, reasons: [], version, diff: "", tookMs: 0 },
      started,
    );
  }

  #add(draft: Omit<ConfigEntry, "id" | "atMs">, { sources }: ReadConfig): ConfigEntry {
    return this.#options.history.add({ atMs: this.#options.clock.nowMs(), ...draft }, sources);
  }

  /** What a masked value hides is told, not shown. */
  #diff(shown: string, version: string): string {
    const diff = diffLines(this.#running.shown, shown);
    return diff === "" && version !== this.#running.entry.version ? "# only values that are masked differ" : diff;
  }
}
