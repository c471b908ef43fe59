/**
 * Components that write down what happens to them, for tests of graphs.
 *
 * @module
 */

import { z } from "zod";
import { type Consumer, KEPT, type Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { buildPipelines, type GraphDeps } from "../../../pipeline/graph/build.ts";
import type { Graph } from "../../../pipeline/graph/graph.ts";
import type { Registry } from "../../../pipeline/graph/registry.ts";
import { NO_ORIGIN, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type ConfigSketch, sketchConfig } from "../../support/gateway_config.ts";

export const FOREVER = new AbortController().signal;

/** What happened to the components of a graph, in order, and the doors of its receivers. */
export class Journal {
  readonly events: string[] = [];
  readonly doors = new Map<string, ReadonlyMap<Signal, Consumer>>();

  lifecycle(name: string): Required<Omit<Lifecycle, "adopt" | "queue" | "destination">> {
    return {
      start: () => {
        this.events.push(`start ${name}`);
        return name.includes("broken") ? Promise.reject(new Error("it is broken")) : Promise.resolve();
      },
      shutdown: () => {
        this.events.push(`stop ${name}`);
        return Promise.resolve();
      },
    };
  }

  consumer(name: string, next: readonly Consumer[]): Consumer & Lifecycle {
    this.events.push(`create ${name}`);
    return {
      ...this.lifecycle(name),
      consume: async (payload, abort) => {
        this.events.push(`${name} got ${payload.itemCount}`);
        if (name.includes("refusing")) throw new UnavailableError("Cannot take it: refused by the test");
        for (const one of next) await one.consume(payload, abort);
        return KEPT;
      },
    };
  }

  /** Consumes one payload through a receiver; the events of that alone. */
  async send(receiver: string, signal: Signal): Promise<readonly string[]> {
    this.events.length = 0;
    await this.doors.get(receiver)?.get(signal)?.consume(payloadOf(signal, new Uint8Array(3), 7, NO_ORIGIN), FOREVER);
    return this.events.splice(0);
  }
}

export function registryOf(journal: Journal): Registry {
  const common = { summary: "For tests.", schema: z.unknown() };
  return {
    settings: [],
    receivers: [{
      ...common,
      type: "in",
      signals: SIGNAL_NAMES,
      create: (_, { id }, next) => {
        journal.doors.set(id, next);
        return journal.lifecycle(id);
      },
    }],
    processors: [{
      ...common,
      type: "step",
      signals: SIGNAL_NAMES,
      create: (_, { id, signal }, next) => journal.consumer(`${id} ${signal}`, [next]),
    }],
    exporters: [{
      ...common,
      type: "out",
      aliases: ["old_out"],
      signals: SIGNAL_NAMES,
      create: (_, { id, signal }) => {
        if (id.includes("impossible")) throw new TypeError("it is impossible");
        return journal.consumer(`${id} ${signal}`, []);
      },
    }],
    connectors: [{
      ...common,
      type: "link",
      routes: [{ from: "traces", to: "traces" }, { from: "traces", to: "metrics" }],
      create: (_, { id, from, to }, pipelines) =>
        journal.consumer(`${id} ${from}>${to} [${[...pipelines.keys()]}]`, [...pipelines.values()]),
    }],
    extensions: [{ ...common, type: "side", create: (_, { id }) => journal.lifecycle(id) }],
  };
}

/** A graph of the sketch, and what it is made with. */
export async function build(
  sketch: ConfigSketch,
): Promise<{ journal: Journal; graph: Graph; deps: GraphDeps }> {
  const journal = new Journal();
  const deps = journalDeps(journal);
  const { graph } = await buildPipelines(sketchConfig(sketch), deps);
  return { journal, deps, graph };
}

export function journalDeps(journal: Journal): GraphDeps {
  return {
    registry: registryOf(journal),
    logger: silentLogger,
    meter: silentMeter,
    clock: new FakeClock(),
    random: () => 0,
    memory: createMemoryBudget(),
    serveHttp: () => Promise.reject(new Error("no listener here")),
  };
}
