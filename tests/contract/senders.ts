/**
 * What every server of the `otlp` receiver must do with those who send: tell who they are, and refuse whom it must before
 * it reads what they send.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Authenticator } from "../../pipeline/contract/authenticator.ts";
import type { ComponentDeps, ReceiverDeps } from "../../pipeline/contract/component.ts";
import type { Identity, TenantGate, Visit } from "../../pipeline/contract/tenants.ts";
import { section } from "../../pipeline/config/schema.ts";
import { PermissionDeniedError } from "../../pipeline/core/errors.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { basicAuthFactory } from "../../pipeline/extensions/basicauth.ts";
import { bearerTokenAuthFactory } from "../../pipeline/extensions/bearertokenauth.ts";
import { decodeStatus, decodeStatusJson } from "../../pipeline/otlp/status.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier } from "../../pipeline/tenants/identity/mod.ts";
import { identityShape } from "../../pipeline/tenants/identity/schema.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { asYaml, type HttpSettings, openEdge, type Serve } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { type RawRequest, sendRaw } from "../support/raw_http.ts";
import { basicOf, tenantTable } from "../support/tenant_table.ts";

const PROTOBUF = "Content-Type: application/x-protobuf";
const JSON_TYPE = "Content-Type: application/json";
const SPANS = traceRequestBytes({ spans: 3 });
const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;

const acme = mintApiKey();
const asleep = mintApiKey();
const unknown = mintApiKey();
const table = tenantTable({
  acme: { keys: [{ id: acme.id, hash: acme.hash }] },
  asleep: { keys: [{ id: asleep.id, hash: asleep.hash }] },
});

const deps: ComponentDeps = {
  id: "auth",
  logger: silentLogger,
  meter: silentMeter,
  clock: new FakeClock(),
  random: () => 0.5,
  memory: createMemoryBudget(),
};

/** Finds tenants as the gateway does, and lets in whoever is one, but `asleep`. */
function gateOf(options: Record<string, unknown> = {}): TenantGate {
  const identifier = createIdentifier(section(identityShape).parse(asYaml(options)), () => table, deps);
  const visitOf = (identity: Identity): Visit => {
    if (identity.tenant.id === "asleep") throw new PermissionDeniedError("Cannot take data: not of this one");
    return {
      identity,
      maxBodyBytes: Infinity,
      owner: identity.tenant.id,
      originOf: (origin) => ({ ...origin, tenant: identity.tenant }),
      read: () => {},
      take: (payload) => ({ payload, rejectedItems: 0, message: "" }),
      leave: () => {},
    };
  };
  return {
    pipelinesOf: () => undefined,
    enter: (signal, sender) => {
      strictEqual(sender.signal, signal, "whoever is told of a refusal is told what was sent");
      const identity = identifier.identify(sender);
      return identity instanceof Promise ? identity.then(visitOf) : visitOf(identity);
    },
  };
}

const AUTHENTICATORS: Readonly<Record<string, () => Authenticator | undefined>> = {
  bearertokenauth: () => bearerTokenAuthFactory.createAuthenticator?.(parse(bearerTokenAuthFactory, TOKEN), deps),
  basicauth: () => basicAuthFactory.createAuthenticator?.(parse(basicAuthFactory, USERS), deps),
};
const TOKEN = { token: "s3cret" };
const USERS = { htpasswd: { inline: "agent:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nplain:text" } };

function parse<Config>(factory: { readonly schema: { parse(value: unknown): Config } }, settings: unknown): Config {
  return factory.schema.parse(asYaml(settings));
}

interface Case {
  readonly name: string;
  /** Of `tenancy`; absent: there are no tenants. */
  readonly tenancy?: Record<string, unknown>;
  /** The receiver's. */
  readonly authenticator?: string;
  /** Lines beside Content-Type. */
  readonly headers: readonly string[];
  /** google.rpc.Code of the refusal, and its status; absent: kept. */
  readonly refused?: { readonly status: number; readonly code: number; readonly headers?: Record<string, string> };
  readonly tenant?: string;
  readonly attributes?: readonly (readonly [string, string])[];
}

const CHALLENGE = { "www-authenticate": 'Bearer realm="sluice"' };
const INVALID = { "www-authenticate": 'Bearer realm="sluice", error="invalid_token"' };
const NO_KEY = { status: 401, code: UNAUTHENTICATED, headers: INVALID };
const bearer = (token: string) => `Authorization: Bearer ${token}`;
const LOCAL = { trusted_proxy: { peers: ["127.0.0.1"] } };

const CASES: readonly Case[] = [
  { name: "a key", tenancy: {}, headers: [bearer(acme.key)], tenant: "acme" },
  { name: "a key in a header of its own", tenancy: {}, headers: [`X-API-Key: ${acme.key}`], tenant: "acme" },
  { name: "no key", tenancy: {}, headers: [], refused: { status: 401, code: UNAUTHENTICATED, headers: CHALLENGE } },
  { name: "an unknown key", tenancy: {}, headers: [bearer(unknown.key)], refused: NO_KEY },
  { name: "Authorization twice", tenancy: {}, headers: [bearer(acme.key), bearer(asleep.key)], refused: NO_KEY },
  {
    name: "Authorization twice, the same",
    tenancy: {},
    headers: [bearer(acme.key), bearer(acme.key)],
    refused: NO_KEY,
  },
  {
    name: "keys of two tenants",
    tenancy: {},
    headers: [bearer(acme.key), `x-api-key: ${asleep.key}`],
    refused: NO_KEY,
  },
  {
    name: "whoever may not",
    tenancy: {},
    headers: [bearer(asleep.key)],
    refused: { status: 403, code: PERMISSION_DENIED },
  },
  { name: "a proxy's word", tenancy: LOCAL, headers: ["X-Scope-OrgID: acme"], tenant: "acme" },
  {
    name: "anybody's word",
    tenancy: { trusted_proxy: { peers: ["10.0.0.0/8"] } },
    headers: ["X-Scope-OrgID: acme"],
    refused: { status: 401, code: UNAUTHENTICATED, headers: CHALLENGE },
  },
  { name: "a token", authenticator: "bearertokenauth", headers: [bearer("s3cret")] },
  {
    name: "another token",
    authenticator: "bearertokenauth",
    headers: [bearer("s3creT")],
    refused: { status: 401, code: UNAUTHENTICATED, headers: CHALLENGE },
  },
  { name: "no token", authenticator: "bearertokenauth", headers: [], refused: { status: 401, code: UNAUTHENTICATED } },
  {
    name: "a user",
    authenticator: "basicauth",
    headers: [`Authorization: ${basicOf("agent", "password")}`],
    attributes: [["username", "agent"], ["raw", btoa("agent:password")]],
  },
  {
    name: "a user with another password",
    authenticator: "basicauth",
    headers: [`Authorization: ${basicOf("agent", "Password")}`],
    refused: {
      status: 401,
      code: UNAUTHENTICATED,
      headers: { "www-authenticate": 'Basic realm="sluice", charset="UTF-8"' },
    },
  },
  {
    name: "a user with a key, where both are asked",
    authenticator: "basicauth",
    tenancy: {},
    headers: [`Authorization: ${basicOf("plain", "text")}`, `x-api-key: ${acme.key}`],
    tenant: "acme",
    attributes: [["username", "plain"], ["raw", btoa("plain:text")]],
  },
  {
    name: "a user without a key, where both are asked",
    authenticator: "basicauth",
    tenancy: {},
    headers: [`Authorization: ${basicOf("plain", "text")}`],
    refused: { status: 401, code: UNAUTHENTICATED, headers: CHALLENGE },
  },
  {
    name: "a key without a user, where both are asked",
    authenticator: "basicauth",
    tenancy: {},
    headers: [`x-api-key: ${acme.key}`],
    refused: { status: 401, code: UNAUTHENTICATED },
  },
];

export function sendersContract(binding: string, serve: Serve): void {
  Deno.test(`senders on ${binding}`, async (t) => {
    for (const one of CASES) await t.step(one.name, () => runCase(serve, one));
  });

  Deno.test(`senders on ${binding}: too many unknown credentials of one address`, async () => {
    const tenants = gateOf({ unknown_limit: { attempts_per_second: 0.4, burst: 2 } });
    const edge = await openEdge(serve, {}, ["traces"], { tenants });
    const send = (key: string) => sendRaw(edge.port, { headers: [PROTOBUF, bearer(key)], body: SPANS });
    for (const want of [401, 401, 429]) strictEqual((await send(mintApiKey().key))?.status, want);
    const answer = await send(mintApiKey().key);
    strictEqual(answer?.headers.get("retry-after"), "3");
    strictEqual(decodeStatus(answer.body)?.code, RESOURCE_EXHAUSTED);
    strictEqual((await send(acme.key))?.status, 200, "a good one is let in all the same");
    await edge.close();
  });
}

async function runCase(serve: Serve, one: Case): Promise<void> {
  const edge = await openEdge(serve, settingsOf(one), ["traces"], await askedBy(one));
  try {
    const request: RawRequest = { headers: [PROTOBUF, ...one.headers], body: SPANS };
    const answer = await sendRaw(edge.port, request);
    ok(answer !== undefined);
    if (one.refused === undefined) {
      strictEqual(answer.status, 200);
      const origin = edge.payloads[0]?.origin;
      strictEqual(origin?.tenant?.id, one.tenant);
      deepStrictEqual([...origin?.client?.authAttributes ?? []], one.attributes ?? []);
      return;
    }
    strictEqual(answer.status, one.refused.status);
    for (const [name, value] of Object.entries(one.refused.headers ?? {})) strictEqual(answer.headers.get(name), value);
    strictEqual(decodeStatus(answer.body)?.code, one.refused.code);
    const json = await sendRaw(edge.port, { headers: [JSON_TYPE, ...one.headers], body: "{}" });
    strictEqual(decodeStatusJson(json?.body ?? new Uint8Array())?.code, one.refused.code);
    strictEqual(edge.payloads.length, 0);
    strictEqual(edge.counts.get("sluice_receiver_refused_requests"), 2);
  } finally {
    await edge.close();
  }
}

function settingsOf({ authenticator }: Case): HttpSettings {
  return authenticator === undefined ? {} : { auth: { authenticator } };
}

async function askedBy({ tenancy, authenticator }: Case): Promise<Pick<ReceiverDeps, "tenants" | "authenticators">> {
  const made = authenticator === undefined ? undefined : AUTHENTICATORS[authenticator]?.();
  await made?.start?.();
  return {
    ...(tenancy === undefined ? {} : { tenants: gateOf(tenancy) }),
    ...(made === undefined ? {} : { authenticators: () => made }),
  };
}
