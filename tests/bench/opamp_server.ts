/**
 * The OpAMP server alone, with an endpoint to push a configuration to all agents, for a measure from outside:
 *
 *     deno run -A tests/bench/opamp_server.ts 4320 4321 [store.db]
 *
 * Agents come to the first port. `POST :4321/push` makes its body the configuration of every agent; `GET :4321/summary`
 * counts them by hash and status.
 *
 * @module
 */

import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { ALL_SERVER_CAPABILITIES, nameOf, RemoteConfigStatuses } from "../../opamp/protocol/capabilities.ts";
import { createRemoteConfigOffer } from "../../opamp/server/offers.ts";
import { OpampServer } from "../../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS } from "../../opamp/server/settings.ts";
import { OpampStore } from "../../opamp/server/store/store.ts";

const [opampPort = "4320", controlPort = "4321", storePath] = Deno.args;

const server = new OpampServer({
  settings: { ...DEFAULT_OPAMP_SERVER_SETTINGS, acceptsPerSecond: 10_000 },
  face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [] },
  clock: systemClock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  logger: silentLogger,
  meter: silentMeter,
  store: storePath === undefined ? undefined : OpampStore.open(storePath),
});
await server.start({ hostname: "127.0.0.1", port: Number(opampPort) });

/** What the fleet runs, counted from its changes and not by asking every agent. */
const statusOf = new Map<string, string>();
const byHashAndStatus = new Map<string, number>();

function count(key: string | undefined, by: number): void {
  if (key !== undefined) byHashAndStatus.set(key, (byHashAndStatus.get(key) ?? 0) + by);
}

server.fleet.onChanges((changes) => {
  for (const { uid } of changes) {
    const status = server.fleet.get(uid)?.configStatus;
    const key = status && `${status.hash} ${nameOf(RemoteConfigStatuses, status.status)}`;
    if (statusOf.get(uid) === key) continue;
    count(statusOf.get(uid), -1);
    count(key, 1);
    if (key !== undefined) statusOf.set(uid, key);
  }
});

async function push(request: Request): Promise<void> {
  const body = new Uint8Array(await request.arrayBuffer());
  const offer = createRemoteConfigOffer({ configMap: new Map([["", { body, contentType: "text/yaml" }]]) });
  server.fleet.setDesired(server.fleet.uids(), offer);
}

Deno.serve({ hostname: "127.0.0.1", port: Number(controlPort), onListen: () => {} }, async (request) => {
  if (request.method === "POST") await push(request);
  return Response.json({
    byHashAndStatus: Object.fromEntries([...byHashAndStatus].filter(([, agents]) => agents > 0)),
  });
});
