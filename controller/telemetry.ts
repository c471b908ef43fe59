/**
 * The controller's own metrics: counted where things happen, read by the page for Prometheus.
 *
 * @module
 */

import type { FetchHandler } from "../pipeline/contract/http.ts";
import { createProcessMetrics, reportHeap } from "../gateway/telemetry/process_metrics.ts";
import type { Rollouts } from "../opamp/rollouts/mod.ts";
import type { Clock } from "../pipeline/core/clock.ts";
import type { Counter, Histogram, Meter } from "../pipeline/core/telemetry/meter.ts";
import { createRegion, type SeriesValue, TelemetryStore, ThreadMeter } from "../pipeline/core/telemetry/store.ts";
import { rolloutStateSchema } from "../routes/controller/schemas.ts";

/** Slots of the one thread that there is: series of some 60 names. */
const REGION_SLOTS = 4_096;
const THREAD = "controller";

/** Upper bounds of the time of one call of the store, seconds. */
const STORE_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);

/** Answers a request. */

export class ControllerTelemetry {
  readonly meter: Meter;
  readonly #clock: Clock;
  readonly #series = new TelemetryStore();
  readonly #readProcess: () => void;
  readonly #endHeap: () => void;
  readonly #readers: (() => void)[] = [];

  /** @param version Of the controller. */
  constructor(clock: Clock, version: string) {
    this.#clock = clock;
    const region = createRegion(REGION_SLOTS);
    this.#series.addThread(THREAD, region);
    this.meter = new ThreadMeter(region, (series) => this.#series.announce(THREAD, series));
    const resource = { "service.name": "sluice-controller", "service.version": version };
    this.#readProcess = createProcessMetrics(this.meter, clock, resource);
    this.#endHeap = reportHeap(this.meter);
  }

  /** Counts rollouts by their state whenever metrics are read. */
  watchRollouts(rollouts: Rollouts): void {
    const gauges = rolloutStateSchema.options.map((state) => ({
      state,
      gauge: this.meter.gauge("sluice_controller_rollouts", { state }),
    }));
    this.#readers.push(() => {
      const counts = Map.groupBy(rollouts.list(), ({ state }) => state);
      for (const { state, gauge } of gauges) gauge.set(counts.get(state)?.length ?? 0);
    });
  }

  /**
   * The same store, each of its calls timed and its failures counted by the name of the method.
   *
   * @param store Its methods return when their work is done.
   */
  watchStore<Store extends object>(store: Store): Store {
    const watched = new Map<PropertyKey, unknown>();
    return new Proxy(store, {
      get: (target, key) => {
        const known = watched.get(key);
        if (known !== undefined) return known;
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        const timed = this.#timed(String(key), member.bind(target));
        watched.set(key, timed);
        return timed;
      },
    });
  }

  /** The same handler, its answers counted by method and status. */
  countRequests(fetch: FetchHandler): FetchHandler {
    return this.#counted(fetch, (method, status) => ({
      name: "sluice_controller_api_requests",
      attributes: { method: METHODS.has(method) ? method : "other", status },
    }));
  }

  /** The same handler, its answers counted by status. @param name Of the metric. */
  countAnswers(name: string, fetch: FetchHandler): FetchHandler {
    return this.#counted(fetch, (_, status) => ({ name, attributes: { status } }));
  }

  /** All series as they are now. */
  collect(): readonly SeriesValue[] {
    this.#readProcess();
    for (const read of this.#readers) read();
    return this.#series.collect();
  }

  shutdown(): void {
    this.#endHeap();
  }

  #timed(operation: string, call: (...words: unknown[]) => unknown): (...words: unknown[]) => unknown {
    let duration: Histogram | undefined;
    let errors: Counter | undefined;
    return (...words) => {
      const startMs = this.#clock.monotonicMs();
      try {
        return call(...words);
      } catch (error) {
        errors ??= this.meter.counter("sluice_controller_store_errors", { operation });
        errors.add(1);
        throw error;
      } finally {
        duration ??= this.meter.histogram("sluice_controller_store_duration", { operation }, STORE_BOUNDS);
        duration.record((this.#clock.monotonicMs() - startMs) / 1_000);
      }
    };
  }

  #counted(
    fetch: FetchHandler,
    seriesOf: (method: string, status: string) => { name: string; attributes: Record<string, string> },
  ): FetchHandler {
    return async (request, peer) => {
      const response = await fetch(request, peer);
      const { name, attributes } = seriesOf(request.method, String(response.status));
      this.meter.counter(name, attributes).add(1);
      return response;
    };
  }
}
