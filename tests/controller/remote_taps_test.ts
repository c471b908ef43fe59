/** Taps of agents by way of the controller, over a fleet without sockets. */

import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { GRACE_MS, MAX_TAPS, MAX_WAITING_SAMPLES, RemoteTaps, TAP_CAPABILITY } from "../../controller/remote_taps.ts";
import { ALL_SERVER_CAPABILITIES } from "../../opamp/protocol/capabilities.ts";
import { ConflictError } from "../../opamp/rollouts/mod.ts";
import { bytesToHex } from "../../opamp/protocol/hashes.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { type AgentTapEvent, agentTapQuerySchema } from "../../routes/controller/tap_schemas.ts";
import { type FakeLink, FleetProbe, uidOf } from "../support/opamp_fleet.ts";

const QUERY = agentTapQuerySchema.parse({ node: "exporter:debug:logs" });
const SAMPLE = { thread: "worker-1", at_ms: 5, signal: "logs", items: 1, bytes: 9, payload: { resourceLogs: [] } };
const END = { reason: "duration", samples: 1, dropped: 0, unsent: 0 };
const keyOf = (n: number) => bytesToHex(uidOf(n));
const bytesOf = (body: object) => new TextEncoder().encode(JSON.stringify(body));

async function setUp() {
  const face = { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [TAP_CAPABILITY] };
  const probe = new FleetProbe({}, { face });
  let ids = 0;
  const taps = new RemoteTaps({ ...probe, fleet: probe.fleet, meter: silentMeter, newId: () => `tap-${++ids}` });
  const link = probe.link();
  await probe.hello(link, 1, { customCapabilities: { capabilities: [TAP_CAPABILITY] } });
  const say = (type: string, body: object, from: FakeLink = link, n = 1) =>
    probe.report(from, n, { customMessage: { capability: TAP_CAPABILITY, type, data: bytesOf(body) } });
  const asked = () =>
    link.pushes.flatMap(({ customMessage }) =>
      customMessage === undefined
        ? []
        : [{ type: customMessage.type, ...JSON.parse(new TextDecoder().decode(customMessage.data)) }]
    );
  return { probe, taps, link, say, asked };
}

async function all(events: AsyncIterable<AgentTapEvent>): Promise<AgentTapEvent[]> {
  const seen: AgentTapEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const reasonsOf = (events: readonly AgentTapEvent[]) => events.map((event) => event.type === "end" && event.reason);

Deno.test("a tap of an agent", async (t) => {
  await t.step("asks, gives samples, and ends when the agent says so", async () => {
    const { probe, taps, say, asked } = await setUp();
    const seen = all(taps.open(keyOf(1), QUERY));
    await probe.turn();
    deepStrictEqual(asked(), [{ type: "request", id: "tap-1", ...QUERY }]);
    await say("sample", { id: "tap-1", ...SAMPLE });
    await say("sample", { id: "of another", ...SAMPLE });
    await say("end", { id: "tap-1", ...END, dropped: 2, unsent: 3 });
    deepStrictEqual(await seen, [
      { type: "sample", ...SAMPLE },
      { type: "end", reason: "duration", text: "", samples: 1, dropped: 5 },
    ]);
  });

  await t.step("what the agent refuses, and what it sends in another form", async () => {
    const { taps, say } = await setUp();
    const seen = all(taps.open(keyOf(1), QUERY));
    await say("sample", { id: "tap-1", ...SAMPLE, items: -1 });
    await say("refused", { id: "tap-1", reason: "Cannot find the node" });
    deepStrictEqual(await seen, [
      { type: "end", reason: "refused", text: "Cannot find the node", samples: 0, dropped: 1 },
    ]);
  });

  await t.step("who does not read holds up no more than so many samples", async () => {
    const { taps, say } = await setUp();
    const tap = taps.open(keyOf(1), QUERY);
    for (let n = 0; n <= MAX_WAITING_SAMPLES; n++) await say("sample", { id: "tap-1", ...SAMPLE });
    await say("end", { id: "tap-1", ...END });
    const seen = await all(tap);
    strictEqual(seen.length, MAX_WAITING_SAMPLES + 1);
    const end = seen.at(-1);
    deepStrictEqual(end?.type === "end" && [end.samples, end.dropped], [MAX_WAITING_SAMPLES + 1, 1]);
  });

  await t.step("who leaves ends it at the agent", async () => {
    const { probe, taps, asked } = await setUp();
    const tap = taps.open(keyOf(1), QUERY);
    await tap.return?.();
    await probe.turn();
    deepStrictEqual(asked().map(({ type, id }) => [type, id]), [["request", "tap-1"], ["stop", "tap-1"]]);
    taps.open(keyOf(1), QUERY);
  });

  await t.step("an agent that goes, and one that says nothing", async () => {
    const { probe, taps, link } = await setUp();
    const gone = all(taps.open(keyOf(1), QUERY));
    probe.fleet.detach(link);
    await probe.clock.advance(1_000);
    deepStrictEqual(reasonsOf(await gone), ["disconnected"]);
    await probe.hello(link, 1, { customCapabilities: { capabilities: [TAP_CAPABILITY] } });
    const silent = all(taps.open(keyOf(1), QUERY));
    await probe.clock.advance(QUERY.duration_ms + GRACE_MS);
    deepStrictEqual(reasonsOf(await silent), ["no_answer"]);
  });

  await t.step("is refused for an agent without the capability, away, or tapped, and past the bound", async () => {
    const { probe, taps, link } = await setUp();
    throws(() => taps.open(keyOf(9), QUERY), ConflictError);
    await probe.hello(link, 2);
    throws(() => taps.open(keyOf(2), QUERY), /takes no taps/);
    taps.open(keyOf(1), QUERY);
    throws(() => taps.open(keyOf(1), QUERY), /tapped already/);
    for (let n = 10; n < 10 + MAX_TAPS; n++) {
      await probe.hello(link, n, { customCapabilities: { capabilities: [TAP_CAPABILITY] } });
      if (n < 9 + MAX_TAPS) taps.open(keyOf(n), QUERY);
    }
    throws(() => taps.open(keyOf(9 + MAX_TAPS), QUERY), /there are 8 taps/);
  });
});
