/**
 * A fleet in memory that does what OpAMP servers and agents do: offers what an agent does not report, and answers.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type {
  AgentTraffic,
  ConfigState,
  ConfigVersionRef,
  FleetAgent,
  FleetPort,
} from "../../opamp/rollouts/agents.ts";
import { ConfigCatalog } from "../../opamp/rollouts/configs/configs.ts";
import type { ConfigInfo, RolloutEvent, RolloutStore } from "../../opamp/rollouts/records.ts";
import { Rollouts } from "../../opamp/rollouts/rollouts.ts";
import type { CompilePattern } from "../../opamp/rollouts/rules/selector.ts";
import { openRolloutStore } from "../../opamp/rollouts/store.ts";
import { DEFAULT_OTTL_LIMITS } from "../../ottl/limits.ts";
import { compileRegex } from "../../ottl/text/regex/regex.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";

/** The engine of the gateway's own expressions: linear in the text. */
export const compilePattern: CompilePattern = (pattern) => {
  const regex = compileRegex(pattern, DEFAULT_OTTL_LIMITS);
  return (text) => regex.test(text);
};

/** An agent, open to be changed; whoever changes it says so with `touch`. */
export class FakeAgent implements FleetAgent {
  readonly uid: string;
  connected = true;
  isDescribed = true;
  followsConfig = true;
  reportsMetrics = false;
  revision = 1;
  healthy: boolean | undefined = true;
  report = { hash: "", state: "unset" as ConfigState, error: "", revision: 0 };
  effectiveHash: string | undefined;
  attributes: Record<string, string>;
  labels: Record<string, string> = {};
  /** What the server wants it to have. */
  desired: ConfigVersionRef | undefined;
  /** FAILED was reported for it: not offered again unless asked. */
  refused = new Set<string>();
  /** Versions that it was ever sent. */
  readonly sent: string[] = [];
  traffic: AgentTraffic = { items: 0, errors: 0 };

  constructor(uid: string, attributes: Record<string, string> = {}) {
    this.uid = uid;
    this.attributes = attributes;
  }

  attribute(key: string): string | undefined {
    return this.attributes[key];
  }

  label(key: string): string | undefined {
    return this.labels[key];
  }

  /** The server would put the version into its next message. */
  get isOffered(): boolean {
    const { desired } = this;
    if (desired === undefined || !this.connected) return false;
    return this.report.hash !== desired.hash && !this.refused.has(desired.hash);
  }
}

/** How an agent answers a version: its next report. */
export type Answer = (
  agent: FakeAgent,
  version: ConfigVersionRef,
) => { state: ConfigState; error?: string } | undefined;

export const allApply: Answer = () => ({ state: "applied" });

/** The process dies in the middle of what it does. */
export class DiedError extends Error {}

export class FakeFleet implements FleetPort {
  readonly byUid = new Map<string, FakeAgent>();
  /** Agents that were changed since they were last reported. */
  readonly touched = new Set<FakeAgent>();
  /** Agents to whom something was offered since they last answered. */
  readonly offered = new Set<FakeAgent>();
  offers = 0;
  /** How many offers the process lives to make; the next one ends it. */
  offersToLive = Infinity;

  agents(): Iterable<FakeAgent> {
    return this.byUid.values();
  }

  get(uid: string): FakeAgent | undefined {
    return this.byUid.get(uid);
  }

  offer(uid: string, version: ConfigVersionRef, again: boolean): void {
    const agent = this.byUid.get(uid);
    if (agent === undefined) throw new Error(`nobody is ${uid}`);
    if (this.offersToLive-- <= 0) throw new DiedError("the process has died");
    this.offers++;
    agent.desired = version;
    if (again && agent.refused.delete(version.hash) && agent.report.hash === version.hash) {
      agent.report = { ...agent.report, hash: "" };
    }
    this.offered.add(agent);
  }

  add(agent: FakeAgent): FakeAgent {
    this.byUid.set(agent.uid, agent);
    this.touched.add(agent);
    return agent;
  }

  touch(agent: FakeAgent, change: Partial<FakeAgent>): void {
    Object.assign(agent, change);
    this.touched.add(agent);
    if (agent.isOffered) this.offered.add(agent);
  }

  /** The agent reports a status. */
  reports(agent: FakeAgent, hash: string, state: ConfigState, error = ""): void {
    if (state === "failed") agent.refused.add(hash);
    agent.report = { hash, state, error, revision: agent.report.revision + 1 };
    this.touched.add(agent);
  }
}

/** A controller without sockets: fleet, clock, database and rollouts, which may crash and start again. */
export class RolloutWorld {
  timeMs = 1_000_000;
  readonly clock = { nowMs: () => this.timeMs, monotonicMs: () => this.timeMs };
  readonly fleet = new FakeFleet();
  readonly db: DatabaseSync;
  store: RolloutStore;
  /** How many of the next writes fail. */
  failingWrites = 0;
  catalog: ConfigCatalog;
  rollouts: Rollouts;
  answer: Answer = allApply;

  constructor(db: DatabaseSync = new DatabaseSync(":memory:")) {
    this.db = db;
    this.store = this.#openStore();
    [this.catalog, this.rollouts] = this.#boot();
    this.rollouts.open();
  }

  #openStore(): RolloutStore {
    const store = openRolloutStore(this.db);
    const commit = store.commit.bind(store);
    store.commit = (changes) => {
      if (this.failingWrites > 0) {
        this.failingWrites--;
        throw new UnavailableError("Cannot write: the disk is full");
      }
      commit(changes);
    };
    return store;
  }

  #boot(): [ConfigCatalog, Rollouts] {
    const { clock, fleet, store } = this;
    const catalog = new ConfigCatalog({ store, clock });
    return [catalog, new Rollouts({ fleet, store, catalog, clock, compilePattern, logger: silentLogger })];
  }

  /** The process dies and another begins: all that is not in the store is gone. */
  crash(): void {
    this.fleet.offersToLive = Infinity;
    for (const agent of this.fleet.agents()) agent.report = { ...agent.report, revision: 0 };
    this.store = this.#openStore();
    [this.catalog, this.rollouts] = this.#boot();
    this.rollouts.open();
  }

  config(name: string, text: string): ConfigInfo {
    const files = [{ name: "", body: new TextEncoder().encode(text), contentType: "text/yaml", role: "" }];
    return this.catalog.add({ name, files, note: "" }, "ann");
  }

  /** Agents `gw-0…`, with an environment and a region. */
  addAgents(count: number, attributes: Record<string, string> = {}): FakeAgent[] {
    const first = this.fleet.byUid.size;
    return Array.from({ length: count }, (_, index) => {
      const number = first + index;
      const uid = number.toString(16).padStart(32, "0");
      const own = { "service.name": "sluice", "host.name": `gw-${number}`, env: "prod", ...attributes };
      return this.fleet.add(new FakeAgent(uid, own));
    });
  }

  /** Everything that was changed is reported. */
  flush(): void {
    const agents = [...this.fleet.touched];
    this.fleet.touched.clear();
    this.rollouts.onAgents(agents);
  }

  /** Agents answer what they are offered until nothing is left to answer. */
  settle(): void {
    this.flush();
    for (let round = 0; this.fleet.offered.size > 0; round++) {
      if (round > 10_000) throw new Error("the fleet does not settle");
      const offered = [...this.fleet.offered];
      this.fleet.offered.clear();
      for (const agent of offered) this.#answerOne(agent);
      this.flush();
    }
  }

  #answerOne(agent: FakeAgent): void {
    const { desired } = agent;
    if (desired === undefined || !agent.isOffered) return;
    agent.sent.push(desired.hash);
    const answer = this.answer(agent, desired);
    if (answer !== undefined) this.fleet.reports(agent, desired.hash, answer.state, answer.error);
  }

  /** Time passes, second by second; agents answer. */
  advance(byMs: number, stepMs = 1_000): void {
    this.settle();
    for (let passedMs = 0; passedMs < byMs; passedMs += stepMs) {
      this.timeMs += Math.min(stepMs, byMs - passedMs);
      this.tick();
    }
  }

  tick(): void {
    this.rollouts.tick();
    this.settle();
  }

  with(hash: string): FakeAgent[] {
    return [...this.fleet.agents()].filter(({ report }) => report.hash === hash && report.state === "applied");
  }

  /** Kinds of the events of a rollout, the oldest first. */
  kinds(rollout: number): string[] {
    return this.eventsOf(rollout).map(({ kind }) => kind);
  }

  eventsOf(rollout: number): RolloutEvent[] {
    return this.store.events({ rollout, limit: 1_000 }).reverse();
  }
}
