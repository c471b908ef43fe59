/**
 * Writes batches into a store for ever, for a test that kills it: `store_writer.ts PATH AGENTS`. Every agent of a batch has
 * the batch's number as its time; the number is printed when the batch is kept.
 *
 * @module
 */

import { OpampStore } from "../../opamp/server/store/store.ts";
import { uidOf } from "./opamp_fleet.ts";

const [path = "", agents = "1"] = Deno.args;
const store = OpampStore.open(path);
for (let round = Date.now();; round++) {
  store.write({
    agents: Array.from({ length: Number(agents) }, (_, n) => ({
      uid: uidOf(n),
      capabilities: 1,
      description: new Uint8Array(300),
      health: undefined,
      configStatus: undefined,
      failedConfig: undefined,
      connectionStatus: undefined,
      desiredConfig: undefined,
      desiredConnection: undefined,
      labels: {},
      lastSeenMs: round,
    })),
    removed: [],
    events: [{ atMs: round, uid: uidOf(0), kind: "round", text: String(round) }],
    nowMs: round,
  });
  Deno.stdout.writeSync(new TextEncoder().encode(`${round}\n`));
}
