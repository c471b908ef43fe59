/**
 * What every exporter keeps to, run over its whole chain against a destination that a test makes slow, silent or gone.
 *
 * An exporter answers when its destination has the data and not before; whoever stops waiting ends the work, not only
 * the wait; bytes are read no more once a call has settled; nothing is left open behind a shutdown; and senders hear
 * neither where their data went nor what was in it.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../../pipeline/contract/consumer.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { NO_ORIGIN, type Payload } from "../../pipeline/otlp/payload.ts";
import { type TestDeps, testDeps, watch } from "../support/component_deps.ts";
import { eventually } from "../support/eventually.ts";
import { settle } from "../support/fake_clock.ts";
import { logRequestBytes } from "../support/otlp_samples.ts";
import type { TcpRelay } from "../support/tcp_relay.ts";

/** Where an exporter under test delivers to. */
export interface ExporterDestination {
  /**
   * The exporter that delivers here: no sending queue, no retries, no compression.
   *
   * @param timeout As in its section: what one attempt may take.
   */
  make(deps: TestDeps, timeout: string): Consumer & Lifecycle;
  /** All that has come, in any framing. */
  received?(): Uint8Array | Promise<Uint8Array>;
  /** There is nothing to compare. Whoever has no `received` says so, or an exporter that writes nothing would pass. */
  readonly keepsNothing?: true;
  /** In front of it. Absent: there is no socket. */
  readonly relay?: TcpRelay;
  /**
   * Requests of several calls share a connection: a call that is given up ends by itself, and the connection goes on
   * with what was written whole.
   */
  readonly sharesConnections?: boolean;
  /**
   * The connection of a call that was given up is used no more, but closed only later: when its client has other work,
   * or is shut down.
   */
  readonly closesLater?: boolean;
  close(): Promise<void>;
}

export interface ExporterUnderTest {
  readonly name: string;
  open(): Promise<ExporterDestination>;
  /** The runner looks for what is left open. Not for clients whose package keeps timers of its own. */
  readonly sanitizeResources?: boolean;
}

type NetworkDestination = ExporterDestination & Required<Pick<ExporterDestination, "relay" | "received">>;

/** Written over what is no longer the exporter's: a run of it at a destination was read too late. */
const OVERWRITTEN = 0xee;
const STAIN = new Uint8Array(64).fill(OVERWRITTEN);
/** More than the buffers of two sockets hold, so that a write to who does not read comes to a stop. Records. */
const LARGE_RECORDS = 12_000;
/** What the exporter looks at now and then it has looked at, milliseconds; no `timeout` is over. */
const A_WHILE_MS = 500;
/** Shorter than a sender that waits is held, which would end an attempt as well. */
const TIMEOUT_MS = 1_000;
/** In every sample, and never in an answer. */
const IN_THE_DATA = "shop.access";

const never = new AbortController().signal;

/** Registers the suite as one test with a step a rule. */
export function testExporter({ name, open, sanitizeResources = false }: ExporterUnderTest): void {
  Deno.test({ name: `an exporter's contract: ${name}`, sanitizeResources }, async (t) => {
    const step = (what: string, run: (running: Running) => Promise<void>, timeout = "1h") =>
      t.step(what, async () => {
        const running = await Running.begin(await open(), timeout);
        try {
          await run(running);
        } finally {
          await running.end();
        }
      });

    await step("a payload is there when it is answered, chunks one behind the other", keepsWhatItAnswers);
    await step("a payload without items is taken", takesNothing);
    await step("many at once do not disturb each other", keepsManyAtOnce);
    await step("what is answered is no longer read", readsNothingAfterTheAnswer);
    await step("shutdown leaves no timer and no connection", leavesNothing);

    const { relay } = await open().then(async (probe) => (await probe.close(), probe));
    if (relay === undefined) return;
    const network = (
      what: string,
      run: (running: Running, destination: NetworkDestination) => Promise<void>,
      timeout?: string,
    ) => step(what, (running) => run(running, running.destination as NetworkDestination), timeout);
    await network("no answer, no outcome", waitsForTheAnswer);
    await network("who leaves before it begins sends nothing that is read later", refusesWhoHasLeft);
    await network(
      "who leaves while it waits ends the exchange",
      (running, destination) => endsWhenLeft(running, destination, "mute", 3),
    );
    await network(
      "who leaves while it is written ends the writing",
      (running, destination) => endsWhenLeft(running, destination, "deaf", LARGE_RECORDS),
    );
    await network("a destination that is away is told as one that may come back", tellsOfAbsence);
    await network("an attempt ends with `timeout`", endsInTime, `${TIMEOUT_MS}ms`);
    await network("shutdown ends what is under way", endsAtShutdown);
  });
}

/** An exporter that has started, with its destination. */
class Running {
  readonly deps = testDeps("logs", { id: "under/test" });
  readonly exporter: Consumer & Lifecycle;
  #isDown = false;

  private constructor(readonly destination: ExporterDestination, timeout: string) {
    this.exporter = destination.make(this.deps, timeout);
  }

  static async begin(destination: ExporterDestination, timeout: string): Promise<Running> {
    const { received, keepsNothing = false } = destination;
    strictEqual(received === undefined, keepsNothing, "wanted received(), or keepsNothing");
    const running = new Running(destination, timeout);
    await running.exporter.start?.();
    return running;
  }

  consume(payload: Payload, abort: AbortSignal = never): Promise<Outcome> {
    return this.exporter.consume(payload, abort);
  }

  async has(bytes: Uint8Array): Promise<boolean> {
    const received = await this.destination.received?.();
    return received === undefined || Buffer.from(received.buffer, received.byteOffset, received.length).includes(bytes);
  }

  /** The destination has none of what was written over a payload. */
  async isClean(): Promise<boolean> {
    return this.destination.received === undefined || !await this.has(STAIN);
  }

  async shutdown(): Promise<void> {
    if (this.#isDown) return;
    this.#isDown = true;
    await this.exporter.shutdown?.(AbortSignal.abort());
  }

  async end(): Promise<void> {
    await this.shutdown();
    await this.destination.close();
  }
}

/** A payload of `records` in `parts` chunks, whose bytes nobody else has. */
function sample(records: number, seed = 1, parts = 1): Payload {
  const chunks = Array.from(
    { length: parts },
    (_, part) => logRequestBytes({ records, seed: seed * 100 + part }).slice(),
  );
  const byteLength = chunks.reduce((sum, { length }) => sum + length, 0);
  return { signal: "logs", chunks, itemCount: records * parts, byteLength, origin: NO_ORIGIN };
}

function bytesOf({ chunks }: Payload): Uint8Array {
  return Buffer.concat(chunks);
}

/** As the receiver does when it has its answer: the memory is somebody else's. */
function overwrite({ chunks }: Payload): void {
  for (const chunk of chunks) chunk.fill(OVERWRITTEN);
}

async function keepsWhatItAnswers(running: Running): Promise<void> {
  for (const parts of [1, 3]) {
    const payload = sample(5, parts, parts);
    const want = bytesOf(payload);
    deepStrictEqual((await running.consume(payload)).rejectedItems, 0);
    ok(await running.has(want), `${parts} chunks are at the destination`);
  }
}

async function takesNothing(running: Running): Promise<void> {
  const empty: Payload = { signal: "logs", chunks: [new Uint8Array()], itemCount: 0, byteLength: 0, origin: NO_ORIGIN };
  strictEqual((await running.consume(empty)).rejectedItems, 0);
}

async function keepsManyAtOnce(running: Running): Promise<void> {
  const payloads = Array.from({ length: 20 }, (_, at) => sample(at + 1, at + 1));
  await Promise.all(payloads.map((payload) => running.consume(payload)));
  for (const payload of payloads) ok(await running.has(bytesOf(payload)), `${payload.itemCount} records`);
}

async function readsNothingAfterTheAnswer(running: Running): Promise<void> {
  const payloads = [sample(3), sample(LARGE_RECORDS, 2), sample(3, 3, 3)];
  await Promise.all(payloads.map((payload) => running.consume(payload).then(() => overwrite(payload))));
  await running.shutdown();
  ok(await running.isClean());
}

async function leavesNothing(running: Running): Promise<void> {
  await running.consume(sample(3));
  await running.shutdown();
  strictEqual(running.deps.clock.pending, 0, "timers");
  await connectionsClose(running);
}

async function waitsForTheAnswer(running: Running, { relay }: NetworkDestination): Promise<void> {
  await running.consume(sample(1, 9)); // what it asks first it has asked
  relay.mode = "mute";
  const payload = sample(3);
  const want = bytesOf(payload);
  const result = watch(running.consume(payload));
  await eventually(() => running.has(want));
  await settle();
  strictEqual(result.settled, undefined, "the destination has it, and has not said so");
  relay.mode = "open";
  await eventually(() => result.settled !== undefined);
  deepStrictEqual(result.settled, KEPT);
}

async function refusesWhoHasLeft(running: Running): Promise<void> {
  const payload = sample(3);
  const result = watch(running.consume(payload, AbortSignal.abort()));
  await running.deps.clock.advance(A_WHILE_MS);
  await eventually(() => result.settled !== undefined);
  overwrite(payload);
  await stillDelivers(running);
}

/** @param mode What the destination does, so that the call of `records` cannot end by itself. */
async function endsWhenLeft(
  running: Running,
  { relay, sharesConnections = false, closesLater = false }: NetworkDestination,
  mode: "mute" | "deaf",
  records: number,
): Promise<void> {
  await running.consume(sample(1, 9));
  relay.mode = mode;
  const caller = new AbortController();
  const payload = sample(records);
  const want = bytesOf(payload);
  const result = watch(running.consume(payload, caller.signal));
  if (mode === "mute") await eventually(() => running.has(want));
  else await settle();
  strictEqual(result.settled, undefined);
  caller.abort();
  await running.deps.clock.advance(A_WHILE_MS);
  await eventually(() => result.settled !== undefined);
  saysNothing(running, result.error);
  overwrite(payload);
  relay.mode = "open"; // an exchange that went on would have its answer now, and its connection be kept
  // A client may have opened another one in its place, for what comes next.
  if (!sharesConnections && !closesLater) {
    await eventually(() => relay.ended > 0, () => `${relay.connections} are open`);
  }
  await stillDelivers(running);
}

async function tellsOfAbsence(running: Running, { relay }: NetworkDestination): Promise<void> {
  await relay.close();
  const result = watch(running.consume(sample(3)));
  await eventually(async () => (await running.deps.clock.advance(A_WHILE_MS), result.settled !== undefined));
  strictEqual(result.error.retryable, true);
  saysNothing(running, result.error);
}

async function endsInTime(running: Running, { relay }: NetworkDestination): Promise<void> {
  await running.consume(sample(1, 9));
  relay.mode = "mute";
  const payload = sample(3);
  const want = bytesOf(payload);
  const result = watch(running.consume(payload));
  await eventually(() => running.has(want));
  await running.deps.clock.advance(TIMEOUT_MS);
  await eventually(() => result.settled !== undefined);
  strictEqual(result.error.retryable, true);
  saysNothing(running, result.error);
}

async function endsAtShutdown(running: Running, { relay }: NetworkDestination): Promise<void> {
  relay.mode = "mute";
  const payload = sample(3);
  const result = watch(running.consume(payload));
  await eventually(() => relay.connections > 0);
  await running.shutdown();
  await eventually(() => result.settled !== undefined);
  saysNothing(running, result.error);
  overwrite(payload);
  await eventually(() => running.deps.clock.pending === 0, () => `${running.deps.clock.pending} timers`);
  relay.mode = "open";
  await connectionsClose(running);
  ok(await running.isClean());
}

/** The next payload arrives whole, and nothing of the one before was read after it had settled. */
async function stillDelivers(running: Running): Promise<void> {
  const next = sample(7, 50);
  const want = bytesOf(next);
  await running.consume(next);
  ok(await running.has(want));
  ok(await running.isClean());
}

async function connectionsClose({ destination: { relay } }: Running): Promise<void> {
  if (relay !== undefined) await eventually(() => relay.connections === 0, () => `${relay.connections} are open`);
}

/** Senders get the message alone: the causes are the log's. */
function saysNothing({ destination: { relay } }: Running, error: GatewayError): void {
  for (const hidden of ["127.0.0.1", "localhost", String(relay?.port), IN_THE_DATA]) {
    ok(!error.message.includes(hidden), `a sender is told ${JSON.stringify(error.message)}`);
  }
}
