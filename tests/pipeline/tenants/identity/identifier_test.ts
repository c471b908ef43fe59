import { match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { section } from "../../../../pipeline/config/schema.ts";
import {
  GatewayError,
  ThrottledError,
  UnauthenticatedError,
  UnavailableError,
} from "../../../../pipeline/core/errors.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { hashSecret, mintApiKey } from "../../../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier, KNOWN_MS } from "../../../../pipeline/tenants/identity/mod.ts";
import { isPasswordHash } from "../../../../pipeline/tenants/identity/password_hash.ts";
import { identityShape } from "../../../../pipeline/tenants/identity/schema.ts";
import type { TenantTable } from "../../../../pipeline/tenants/table/table.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { basicOf, senderOf, type SenderOptions, tenantTable } from "../../../support/tenant_table.ts";

const START_MS = Date.parse("2026-06-01T00:00:00Z");
const SHA_OF_PASSWORD = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";
const schema = section(identityShape);

const acme = mintApiKey();
const second = mintApiKey();
const future = mintApiKey();
const past = mintApiKey();
const umbrella = mintApiKey();
const asleep = mintApiKey();

const TENANTS = {
  acme: {
    keys: [
      { id: acme.id, hash: acme.hash },
      { id: second.id, hash: second.hash, expires: "2026-06-01T00:01:00Z" },
      { id: future.id, hash: future.hash, not_before: "2026-06-01T00:01:00Z" },
      { id: past.id, hash: past.hash, expires: "2026-06-01T00:00:00Z" },
    ],
    basic: [{ username: "agent", password_hash: SHA_OF_PASSWORD }],
    certificates: [{ uri: "spiffe://acme/agent" }, { subject: "CN=agent,O=acme" }, { dns: "agent.acme" }],
  },
  umbrella: { keys: [{ id: umbrella.id, hash: umbrella.hash }], certificates: [{ email: "ops@umbrella" }] },
  asleep: { enabled: false, keys: [{ id: asleep.id, hash: asleep.hash }] },
  everybody: {},
};

function identifierOf(options: Record<string, unknown> = {}, tenants: Record<string, unknown> = TENANTS) {
  const clock = new FakeClock(START_MS);
  const state: { table: TenantTable } = { table: tenantTable(tenants) };
  const deps = { clock, logger: silentLogger, meter: silentMeter };
  const identifier = createIdentifier(schema.parse(asYaml(options)), () => state.table, deps);
  const identify = async (sender: SenderOptions) => await identifier.identify(senderOf(sender));
  return { clock, state, identifier, identify };
}

const bearer = (credential: string) => ({ headers: { authorization: `Bearer ${credential}` } });
const PROXY = { trusted_proxy: { peers: ["10.0.0.0/8", "fd00::/8", "192.0.2.200"] } };
const fromProxy = (headers: Record<string, string>, peerAddress = "10.1.1.1") => ({ headers, peerAddress });
const secretOf = (key: string) => key.slice(-43);

interface Case {
  readonly name: string;
  readonly options?: Record<string, unknown>;
  readonly sender: SenderOptions;
  /** The tenant, or the status of the refusal. */
  readonly want: string | number;
  readonly credential?: string;
}

const CASES: readonly Case[] = [
  { name: "an API key", sender: bearer(acme.key), want: "acme", credential: acme.id },
  { name: "its scheme in other letters", sender: { headers: { authorization: `bEARER ${acme.key}` } }, want: "acme" },
  { name: "the other tenant's", sender: bearer(umbrella.key), want: "umbrella" },
  { name: "an API key in x-api-key", sender: { headers: { "x-api-key": acme.key } }, want: "acme" },
  {
    name: "an API key in a header of the configuration",
    options: { api_keys: { headers: ["DD-API-KEY"] } },
    sender: { headers: { "dd-api-key": acme.key } },
    want: "acme",
  },
  {
    name: "x-api-key where another header is configured",
    options: { api_keys: { headers: ["dd-api-key"] } },
    sender: { headers: { "x-api-key": acme.key } },
    want: 401,
  },
  { name: "Basic with a key's id and secret", sender: basic(acme.id, secretOf(acme.key)), want: "acme" },
  { name: "Basic with a key's id and the key", sender: basic(acme.id, acme.key), want: "acme" },
  { name: "Basic with another key's id", sender: basic(umbrella.id, acme.key), want: 401 },
  { name: "a key before its expiry", sender: bearer(second.key), want: "acme" },
  { name: "a key before its not_before", sender: bearer(future.key), want: 401 },
  { name: "a key at its expiry", sender: bearer(past.key), want: 401 },
  { name: "an unknown key id", sender: bearer(mintApiKey().key), want: 401 },
  { name: "a wrong secret", sender: bearer(acme.key.slice(0, -1) + (acme.key.endsWith("A") ? "B" : "A")), want: 401 },
  { name: "the other key's secret", sender: bearer(`slk_${acme.id}_${secretOf(umbrella.key)}`), want: 401 },
  { name: "a key that is cut off", sender: bearer(acme.key.slice(0, -1)), want: 401 },
  { name: "a key that is too long", sender: bearer(`${acme.key}A`), want: 401 },
  { name: "a key in capitals", sender: bearer(acme.key.toUpperCase()), want: 401 },
  { name: "a huge token", sender: bearer("A".repeat(60_000)), want: 401 },
  { name: "a key without a scheme", sender: { headers: { authorization: acme.key } }, want: 401 },
  { name: "another scheme", sender: { headers: { authorization: `Digest ${acme.key}` } }, want: 401 },
  { name: "an empty Authorization", sender: { headers: { authorization: "" } }, want: 401 },
  { name: "no credentials", sender: {}, want: 401 },
  {
    name: "Authorization twice, the same",
    sender: { headers: { authorization: `Bearer ${acme.key}, Bearer ${acme.key}` } },
    want: 401,
  },
  {
    name: "Authorization twice",
    sender: { headers: { authorization: `Bearer ${acme.key}, Bearer ${umbrella.key}` } },
    want: 401,
  },
  { name: "x-api-key twice", sender: { headers: { "x-api-key": `${acme.key}, ${umbrella.key}` } }, want: 401 },
  { name: "a token where none are taken", sender: bearer("eyJhbGciOiJub25lIn0.e30."), want: 401 },
  { name: "a user", sender: basic("agent", "password"), want: "acme", credential: "basic:agent" },
  { name: "a user with another password", sender: basic("agent", "Password"), want: 401 },
  { name: "an unknown user", sender: basic("nobody", "password"), want: 401 },
  { name: "Basic without a colon", sender: { headers: { authorization: `Basic ${btoa("agent")}` } }, want: 401 },
  { name: "Basic that is no base64", sender: { headers: { authorization: "Basic ====" } }, want: 401 },
  {
    name: "Basic that is no UTF-8",
    sender: { headers: { authorization: `Basic ${btoa("agent:\xff")}` } },
    want: 401,
  },
  {
    name: "a URI in the certificate",
    sender: { certificate: { uris: ["spiffe://acme/agent"] } },
    want: "acme",
    credential: "certificate:uri:spiffe://acme/agent",
  },
  { name: "the certificate's subject", sender: { certificate: { subject: "CN=agent,O=acme" } }, want: "acme" },
  { name: "an address in it", sender: { certificate: { emails: ["ops@umbrella"] } }, want: "umbrella" },
  { name: "a DNS name that is a URI's", sender: { certificate: { dnsNames: ["spiffe://acme/agent"] } }, want: 401 },
  { name: "a certificate of nobody", sender: { certificate: { subject: "CN=other" } }, want: 401 },
  {
    name: "a certificate of nobody, and a key",
    sender: { ...bearer(acme.key), certificate: { subject: "CN=other" } },
    want: "acme",
  },
  {
    name: "a certificate of two tenants",
    sender: { certificate: { uris: ["spiffe://acme/agent"], emails: ["ops@umbrella"] } },
    want: 401,
  },
  {
    name: "a certificate and a key of another tenant",
    sender: { ...bearer(umbrella.key), certificate: { uris: ["spiffe://acme/agent"] } },
    want: 401,
  },
  {
    name: "a certificate and a user of one tenant",
    sender: { ...basic("agent", "password"), certificate: { uris: ["spiffe://acme/agent"] } },
    want: "acme",
  },
  {
    name: "a certificate and a user of two",
    sender: { ...basic("agent", "password"), certificate: { emails: ["ops@umbrella"] } },
    want: 401,
  },
  {
    name: "a good key and a bad one",
    sender: { headers: { authorization: `Bearer ${acme.key}`, "x-api-key": mintApiKey().key } },
    want: 401,
  },
  {
    name: "two keys of one tenant",
    sender: { headers: { authorization: `Bearer ${acme.key}`, "x-api-key": second.key } },
    want: "acme",
    credential: acme.id,
  },
  { name: "a plain header from a proxy", options: PROXY, sender: fromProxy({ "x-scope-orgid": "acme" }), want: "acme" },
  {
    name: "one from a proxy's IPv6 address",
    options: PROXY,
    sender: fromProxy({ "x-scope-orgid": "acme" }, "fd12::1"),
    want: "acme",
  },
  {
    name: "one from a lone address",
    options: PROXY,
    sender: fromProxy({ "x-scope-orgid": "acme" }, "192.0.2.200"),
    want: "acme",
  },
  {
    name: "one from a mapped address",
    options: PROXY,
    sender: fromProxy({ "x-scope-orgid": "acme" }, "::ffff:10.1.1.1"),
    want: "acme",
  },
  {
    name: "one from next to the network",
    options: PROXY,
    sender: fromProxy({ "x-scope-orgid": "acme" }, "11.0.0.0"),
    want: 401,
  },
  { name: "one from nowhere", options: PROXY, sender: fromProxy({ "x-scope-orgid": "acme" }, ""), want: 401 },
  { name: "one without a proxy configured", sender: fromProxy({ "x-scope-orgid": "acme" }), want: 401 },
  { name: "one twice", options: PROXY, sender: fromProxy({ "x-scope-orgid": "acme, umbrella" }), want: 401 },
  { name: "one of nobody", options: PROXY, sender: fromProxy({ "x-scope-orgid": "other" }), want: 401 },
  {
    name: "one that a stranger added to his key",
    options: PROXY,
    sender: { headers: { authorization: `Bearer ${acme.key}`, "x-scope-orgid": "umbrella" } },
    want: "acme",
  },
  {
    name: "one that contradicts a key",
    options: PROXY,
    sender: fromProxy({ authorization: `Bearer ${acme.key}`, "x-scope-orgid": "umbrella" }),
    want: 401,
  },
  { name: "nothing, with a default", options: { default_tenant: "everybody" }, sender: {}, want: "everybody" },
  {
    name: "something bad, with a default",
    options: { default_tenant: "everybody" },
    sender: bearer(mintApiKey().key),
    want: 401,
  },
  { name: "nothing, with a default that is no tenant", options: { default_tenant: "no" }, sender: {}, want: 401 },
  { name: "a key of a tenant that is disabled: the gate says so", sender: bearer(asleep.key), want: "asleep" },
];

function basic(username: string, password: string): SenderOptions {
  return { headers: { authorization: basicOf(username, password) } };
}

Deno.test("identify()", async (t) => {
  for (const { name, options, sender, want, credential } of CASES) {
    await t.step(name, async () => {
      const { identify, identifier } = identifierOf(options);
      for (const time of ["first", "again"]) {
        const found = await outcomeOf(() => identify(sender));
        strictEqual(found.what, want, time);
        if (credential !== undefined) strictEqual(found.credential, credential);
      }
      await identifier.shutdown?.(AbortSignal.abort());
    });
  }
});

async function outcomeOf(
  identify: () => Promise<{ readonly tenant: { readonly id: string }; readonly credential: string }>,
): Promise<{ what: string | number; credential: string }> {
  try {
    const { tenant, credential } = await identify();
    return { what: tenant.id, credential };
  } catch (error) {
    if (error instanceof GatewayError) return { what: error.httpStatus, credential: "" };
    throw error;
  }
}

Deno.test("a refusal holds no credential, and says what would be taken", async () => {
  for (const { options, sender, want } of CASES.filter(({ want }) => want === 401)) {
    const { identify } = identifierOf(options);
    await rejects(identify(sender), (error) => {
      ok(error instanceof UnauthenticatedError);
      match(error.challenge, /^Bearer realm="sluice"/);
      for (const secret of Object.values(sender.headers ?? {}).flatMap((text) => text.split(/[ ,_]+/))) {
        if (secret.length >= 12) ok(!error.message.includes(secret), `${want}: ${error.message}`);
      }
      return true;
    });
  }
});

Deno.test("a known credential is answered without a promise, and as the same object", () => {
  const { identifier } = identifierOf();
  const first = identifier.identify(senderOf(bearer(acme.key)));
  ok(!(first instanceof Promise));
  strictEqual(identifier.identify(senderOf(bearer(`${acme.key}`))), first);
});

Deno.test("a password is checked once for all that come with it at a time, and then not again", async () => {
  const asked: string[] = [];
  let settle = (_: boolean) => {};
  const table = tenantTable(TENANTS);
  const identifier = createIdentifier(schema.parse({}), () => table, {
    clock: new FakeClock(START_MS),
    logger: silentLogger,
    meter: silentMeter,
    passwords: {
      verify: (_, hash) => {
        asked.push(hash);
        return new Promise((resolve) => settle = resolve);
      },
      close: () => {},
    },
  });
  const sender = senderOf(basic("agent", "password"));
  const [one, other] = [identifier.identify(sender), identifier.identify(sender)];
  settle(true);
  strictEqual(await one, await other);
  strictEqual(identifier.identify(sender), await one);
  strictEqual(asked.length, 1);
});

Deno.test("a user that is not known costs what a known one costs", async () => {
  const asked: string[] = [];
  const table = tenantTable(TENANTS);
  const identifier = createIdentifier(schema.parse({}), () => table, {
    clock: new FakeClock(START_MS),
    logger: silentLogger,
    meter: silentMeter,
    passwords: { verify: (_, hash) => (asked.push(hash), true), close: () => {} },
  });
  const attempt = (user: string) => outcomeOf(() => Promise.resolve(identifier.identify(senderOf(basic(user, "x")))));
  strictEqual((await attempt("nobody")).what, 401);
  strictEqual((await attempt("agent")).what, "acme");
  strictEqual((await attempt("nobody else")).what, 401, "right for the decoy is wrong all the same");
  strictEqual(isPasswordHash(asked[0] ?? ""), true);
  strictEqual(asked[2], SHA_OF_PASSWORD);
});

Deno.test("a password thread that has too much to do is a 503, and no attempt", async () => {
  const table = tenantTable(TENANTS);
  const busy = () => {
    throw new UnavailableError("busy", { retryAfterMs: 1_000 });
  };
  const config = schema.parse(asYaml({ unknown_limit: { burst: 1 } }));
  const identifier = createIdentifier(config, () => table, {
    clock: new FakeClock(START_MS),
    logger: silentLogger,
    meter: silentMeter,
    passwords: { verify: busy, close: () => {} },
  });
  for (let i = 0; i < 3; i++) {
    const identify = () => Promise.resolve(identifier.identify(senderOf(basic("agent", "password"))));
    strictEqual((await outcomeOf(identify)).what, 503);
  }
});

Deno.test("a key counts until it expires, though it is remembered", async () => {
  const { clock, identify } = identifierOf();
  strictEqual((await identify(bearer(second.key))).tenant.id, "acme");
  await clock.advance(59_999);
  strictEqual((await identify(bearer(second.key))).tenant.id, "acme");
  await clock.advance(1);
  await rejects(identify(bearer(second.key)), UnauthenticatedError);
  strictEqual((await identify(bearer(future.key))).tenant.id, "acme", "and the next one has begun to");
});

Deno.test("another table: a key that was taken away is refused at once, a new one is taken", async () => {
  const { state, identify } = identifierOf();
  const next = mintApiKey();
  strictEqual((await identify(bearer(acme.key))).tenant.id, "acme");
  await rejects(identify(bearer(next.key)), UnauthenticatedError);
  state.table = tenantTable({ acme: { keys: [{ id: next.id, hash: next.hash }] } });
  await rejects(identify(bearer(acme.key)), UnauthenticatedError);
  strictEqual((await identify(bearer(next.key))).tenant.id, "acme");
});

Deno.test("unknown credentials of one address are limited; it says when the next may come, and that is so", async () => {
  const { clock, identify } = identifierOf({ unknown_limit: { attempts_per_second: 2, burst: 3 } });
  const attempt = (peerAddress: string) =>
    outcomeOf(() => identify({ ...bearer(mintApiKey().key), peerAddress })).then(({ what }) => what);
  for (let i = 0; i < 3; i++) strictEqual(await attempt("192.0.2.1"), 401);
  strictEqual(await attempt("192.0.2.1"), 429);
  strictEqual(await attempt("192.0.2.2"), 401, "another address");
  strictEqual((await identify(bearer(acme.key))).tenant.id, "acme", "a good key from there");
  await rejects(identify(bearer(mintApiKey().key)), (error) => {
    ok(error instanceof ThrottledError);
    strictEqual(error.retryAfterMs, 500);
    return true;
  });
  await clock.advance(499);
  strictEqual(await attempt("192.0.2.1"), 429);
  await clock.advance(1);
  strictEqual(await attempt("192.0.2.1"), 401);
});

Deno.test("an IPv6 host has one limit for its whole /64", async () => {
  const { identify } = identifierOf({ unknown_limit: { burst: 1 } });
  const attempt = (peerAddress: string) =>
    outcomeOf(() => identify({ ...bearer(mintApiKey().key), peerAddress })).then(({ what }) => what);
  strictEqual(await attempt("2001:db8::1"), 401);
  strictEqual(await attempt("2001:db8:0:0:ffff::9"), 429);
  strictEqual(await attempt("2001:db8:0:1::1"), 401);
});

Deno.test("behind a trusted proxy the limit is of whom it asks for", async () => {
  const { identify } = identifierOf({ ...PROXY, unknown_limit: { burst: 1 } });
  const attempt = (forwarded: string, peerAddress = "10.1.1.1") => {
    const headers = { authorization: `Bearer ${mintApiKey().key}`, "x-forwarded-for": forwarded };
    return outcomeOf(() => identify({ headers, peerAddress })).then(({ what }) => what);
  };
  strictEqual(await attempt("198.51.100.7"), 401);
  strictEqual(await attempt("198.51.100.8"), 401);
  strictEqual(await attempt("203.0.113.1, 198.51.100.7"), 429, "what a sender has written before it is not looked at");
  strictEqual(await attempt("198.51.100.7, 10.2.2.2"), 429, "another proxy on the way");
  strictEqual(await attempt("198.51.100.9", "192.0.2.9"), 401);
  strictEqual(await attempt("198.51.100.10", "192.0.2.9"), 429, "who is no proxy cannot choose an address");
});

Deno.test("a good password is not an attempt, and one that was good may be checked again whatever others do", async () => {
  const { clock, identify } = identifierOf({ unknown_limit: { attempts_per_second: 0.001, burst: 1 } });
  for (let i = 0; i < 3; i++) strictEqual((await identify(basic("agent", "password"))).tenant.id, "acme");
  strictEqual((await outcomeOf(() => identify(bearer(mintApiKey().key)))).what, 401);
  await clock.advance(KNOWN_MS);
  strictEqual((await outcomeOf(() => identify(basic("nobody", "password")))).what, 429);
  strictEqual((await identify(basic("agent", "password"))).tenant.id, "acme");
});

Deno.test("one secret makes another hash each time, and a malformed one is none", () => {
  ok(hashSecret("a") !== hashSecret("a"));
  throws(() => tenantTable({ acme: { keys: [{ id: acme.id, hash: acme.hash.slice(0, -1) }] } }));
});
