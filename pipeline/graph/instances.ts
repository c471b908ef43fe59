/**
 * What a build makes, by name, and what it takes over of the build before: an instance stays when nothing that it was made
 * of has changed.
 *
 * @module
 */

import type { Consumer, Lifecycle } from "../contract/consumer.ts";
import { describeError } from "../core/log/logger.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import { fanOut } from "../queue/fan_out.ts";
import { type Component, GraphError } from "./graph.ts";
import { Inlet } from "./inlet.ts";

/** Instances by name; one is taken over by the next build when nothing that it was made of has changed. */
export type Instances = ReadonlyMap<string, Instance>;

export interface Instance {
  /** Of what it was made: its configuration, and the instances that it feeds. */
  readonly fingerprint: string;
  readonly feeds: readonly Consumer[];
  readonly component: Component | undefined;
  readonly consumer: Consumer;
}

/** The instances of one build: made, or taken over from the build before. */
export class InstanceSet {
  readonly all = new Map<string, Instance>();
  readonly #before: Instances;

  constructor(before: Instances) {
    this.#before = before;
  }

  /** The instance of that name, asked for more than once by several pipelines. */
  take(name: string, fingerprint: string, feeds: readonly Consumer[], make: () => Part, size?: Counter): Instance {
    const made = this.#same(name, fingerprint, feeds) ?? newInstance(name, fingerprint, feeds, make, size);
    this.all.set(name, made);
    return made;
  }

  /** One consumer in front of several; the same ones have the same as before, so that what feeds it stays too. */
  fanOut(name: string, feeds: readonly Consumer[]): Consumer {
    const known = this.#same(name, "", feeds);
    const made = known ?? { fingerprint: "", feeds, component: undefined, consumer: fanOut(feeds) };
    this.all.set(name, made);
    return made.consumer;
  }

  #same(name: string, fingerprint: string, feeds: readonly Consumer[]): Instance | undefined {
    const before = this.#before.get(name);
    if (before === undefined || before.fingerprint !== fingerprint || before.feeds.length !== feeds.length) return;
    return before.feeds.every((consumer, i) => consumer === feeds[i]) ? before : undefined;
  }
}

/** A component, or a switch. Who asks for a receiver or an extension does not look at its consumer. */
type Part = Lifecycle | Consumer;

function newInstance(
  name: string,
  fingerprint: string,
  feeds: readonly Consumer[],
  make: () => Part,
  size: Counter | undefined,
): Instance {
  const made = create(name, make);
  return { fingerprint, feeds, component: { name, lifecycle: made as Lifecycle }, consumer: inletOf(made, size) };
}

/** Receivers and extensions take no data. */
function inletOf(made: Part, size: Counter | undefined): Consumer {
  return "consume" in made && !(made instanceof Inlet) ? new Inlet(made, size) : made as Consumer;
}

/** @throws {GraphError} It could not be made; the failure names it. */
export function create<Made>(name: string, make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    throw new GraphError("build", [`${name}: ${describeError(thrown)}`], thrown);
  }
}
