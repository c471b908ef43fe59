/** Who is told of credentials that are refused, and what: more than the sender is. */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { section } from "../../../../pipeline/config/schema.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { mintApiKey } from "../../../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier } from "../../../../pipeline/tenants/identity/mod.ts";
import { CREDENTIAL_REFUSALS } from "../../../../pipeline/tenants/identity/refused.ts";
import { identityShape } from "../../../../pipeline/tenants/identity/schema.ts";
import { RecordingMeter } from "../../../support/component_deps.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { basicOf, senderOf, type SenderOptions, tenantTable } from "../../../support/tenant_table.ts";

const START_MS = Date.parse("2026-06-01T00:00:00Z");
const [acme, past, future, globex] = [mintApiKey(), mintApiKey(), mintApiKey(), mintApiKey()];
const TABLE = tenantTable({
  acme: {
    keys: [
      { id: acme.id, hash: acme.hash },
      { id: past.id, hash: past.hash, expires: "2026-06-01T00:00:00Z" },
      { id: future.id, hash: future.hash, not_before: "2026-06-01T00:00:01Z" },
    ],
    basic: [{ username: "agent", password_hash: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" }],
  },
  globex: { keys: [{ id: globex.id, hash: globex.hash }] },
});

function open() {
  const meter = new RecordingMeter();
  const told: unknown[][] = [];
  const clock = new FakeClock(START_MS);
  const options = { unknown_limit: { attempts_per_second: 1, burst: 1 }, trusted_proxy: { peers: ["10.0.0.0/8"] } };
  const identifier = createIdentifier(section(identityShape).parse(asYaml(options)), () => TABLE, {
    ...{ clock, logger: silentLogger, meter },
    refused: {
      untimely: ({ id }, ...what) => void told.push([id, ...what]),
      unknown: (...what) => void told.push(what),
    },
    passwords: { verify: () => Promise.resolve(false), close() {} },
  });
  const counted = () => CREDENTIAL_REFUSALS.filter((reason) => (meter.values.get(countOf(reason)) ?? 0) > 0);
  const identify = async (sender: SenderOptions) => await identifier.identify(senderOf({ signal: "logs", ...sender }));
  return { told, counted, identify, identifier, clock };
}

const countOf = (reason: string) => `sluice_tenant_refused_credentials reason=${reason}`;
const PEER = "192.0.2.1";
const bearer = (key: string): SenderOptions => ({ headers: { authorization: `Bearer ${key}` }, peerAddress: PEER });

interface Case {
  readonly name: string;
  readonly sender: SenderOptions;
  readonly reason: typeof CREDENTIAL_REFUSALS[number];
  readonly told: readonly (readonly unknown[])[];
}

const EXPIRED = "the API key has expired";
const EARLY = "the API key does not count yet";
const MALFORMED = "Authorization is no single Bearer or Basic credential";
const CASES: readonly Case[] = [
  {
    name: "nothing",
    sender: { peerAddress: PEER },
    reason: "missing",
    told: [[PEER, "logs", "missing", "the request has no credentials"]],
  },
  {
    name: "no credential",
    sender: { headers: { authorization: "x" }, peerAddress: PEER },
    reason: "malformed",
    told: [[PEER, "logs", "malformed", MALFORMED]],
  },
  {
    name: "an unknown key",
    sender: bearer(mintApiKey().key),
    reason: "unknown",
    told: [[PEER, "logs", "unknown", "the API key is not known"]],
  },
  {
    name: "the id of an expired key with another secret",
    sender: bearer(`${past.key.slice(0, -43)}${acme.key.slice(-43)}`),
    reason: "unknown",
    told: [[PEER, "logs", "unknown", "the API key is not known"]],
  },
  {
    name: "an expired key",
    sender: bearer(past.key),
    reason: "expired",
    told: [["acme", "logs", "expired", `${EXPIRED}: ${past.id}`], [PEER, "logs", "expired", EXPIRED]],
  },
  {
    name: "a key before its time",
    sender: bearer(future.key),
    reason: "not_yet",
    told: [["acme", "logs", "not_yet", `${EARLY}: ${future.id}`], [PEER, "logs", "not_yet", EARLY]],
  },
  {
    name: "keys of two tenants",
    sender: { headers: { authorization: `Bearer ${acme.key}`, "x-api-key": globex.key }, peerAddress: PEER },
    reason: "contradictory",
    told: [[PEER, "logs", "contradictory", "the credentials are of several tenants"]],
  },
  {
    name: "a wrong password",
    sender: { headers: { authorization: basicOf("agent", "wrong") }, peerAddress: PEER },
    reason: "unknown",
    told: [[PEER, "logs", "unknown", "the user is not known, or the password is another"]],
  },
  {
    name: "behind a trusted proxy",
    sender: { headers: { "x-forwarded-for": "198.51.100.7" }, peerAddress: "10.0.0.1" },
    reason: "missing",
    told: [["198.51.100.7", "logs", "missing", "the request has no credentials"]],
  },
];

Deno.test("a refused credential is told of once, with its reason", async (t) => {
  for (const { name, sender, reason, told } of CASES) {
    await t.step(name, async () => {
      const test = open();
      await rejects(test.identify(sender), { httpStatus: 401 });
      deepStrictEqual(test.told, told);
      deepStrictEqual(test.counted(), [reason]);
    });
  }
  for (
    const sender of [bearer(mintApiKey().key), {
      headers: { authorization: basicOf("agent", "wrong") },
      peerAddress: PEER,
    }]
  ) {
    await t.step("of too many the last is told as that", async () => {
      const { identify, told, counted } = open();
      await rejects(identify(sender), { httpStatus: 401 });
      await rejects(identify(sender), { httpStatus: 429 });
      deepStrictEqual(told.map(([, , reason]) => reason), ["unknown", "limited"]);
      deepStrictEqual(counted(), ["unknown", "limited"]);
    });
  }
  await t.step("a good one is not told of", async () => {
    const { identify, told, counted } = open();
    strictEqual((await identify(bearer(acme.key))).tenant.id, "acme");
    deepStrictEqual([told, counted()], [[], []]);
  });
});
