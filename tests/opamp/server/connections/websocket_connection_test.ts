/**
 * A WebSocket's side of the server over a stream that the test holds: what becomes of the memory that is read.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { Duplex } from "node:stream";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { encodeAgentToServer } from "../../../../opamp/protocol/messages.ts";
import { frame } from "../../../../opamp/protocol/framing.ts";
import { createListenerMetrics } from "../../../../opamp/server/connections/listener_metrics.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS } from "../../../../opamp/server/settings.ts";
import { WebSocketConnection } from "../../../../opamp/server/connections/websocket_connection.ts";
import { FleetProbe, fullReport, keyOf, uidOf, USUAL } from "../../../support/opamp_fleet.ts";
import { clientFrame } from "../../../support/raw_websocket.ts";

/** Agent 1's full report, with a configuration of 3,000 bytes. */
const REPORT = clientFrame(frame(encodeAgentToServer({
  instanceUid: uidOf(1),
  capabilities: USUAL,
  ...fullReport(1),
  effectiveConfig: { configMap: { configMap: new Map([["", { body: new Uint8Array(3_000).fill(120) }]]) } },
})));

Deno.test("the memory of a read is given back once its bytes are understood", async (t) => {
  const cases: { name: string; cuts: readonly number[] }[] = [
    { name: "a message in one read", cuts: [] },
    { name: "in two", cuts: [1_000] },
    { name: "in many, cut in the header too", cuts: [1, 2, 5, 6, 700, 701, 1_400, 2_900] },
  ];
  for (const { name, cuts } of cases) {
    await t.step(name, async () => {
      const { probe, read } = connect();
      const chunks = [0, ...cuts].map((from, index) => new Uint8Array(REPORT.slice(from, cuts[index])));
      for (const chunk of chunks) await read(chunk);
      deepStrictEqual(chunks.map(({ buffer }) => buffer.detached), chunks.map(() => true));
      const { body } = probe.fleet.get(keyOf(1))?.effectiveConfig()?.configMap?.configMap?.get("") ?? {};
      deepStrictEqual(body, new Uint8Array(3_000).fill(120));
    });
  }
  await t.step("not of one that is a part of a larger piece", async () => {
    const { probe, read } = connect();
    const piece = new Uint8Array(REPORT.length + 1);
    piece.set(REPORT);
    await read(piece.subarray(0, REPORT.length));
    strictEqual(piece.buffer.detached, false);
    strictEqual(probe.fleet.counts.connected, 1);
  });
});

function connect() {
  const probe = new FleetProbe();
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  new WebSocketConnection(socket, undefined, {
    fleet: probe.fleet,
    settings: DEFAULT_OPAMP_SERVER_SETTINGS,
    clock: probe.clock,
    traffic: createListenerMetrics(silentMeter).websocket,
    onEnd: () => {},
  });
  const read = (chunk: Uint8Array) => {
    socket.push(chunk);
    return new Promise((resolve) => setImmediate(resolve));
  };
  return { probe, read };
}
