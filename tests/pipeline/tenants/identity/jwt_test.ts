import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { UnavailableError } from "../../../../pipeline/core/errors.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { MAX_JWKS_BYTES, MIN_REFRESH_MS } from "../../../../pipeline/tenants/identity/jwks.ts";
import { TokenVerifier } from "../../../../pipeline/tenants/identity/jwt.ts";
import { identityShape } from "../../../../pipeline/tenants/identity/schema.ts";
import { section } from "../../../../pipeline/config/schema.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { asYaml } from "../../../support/otlp_edge.ts";

const NOW_S = 1_780_000_000;
const ISSUER = "https://issuer.example";
const schema = section(identityShape);

const rsa = await generateKeyPair("RS256", { extractable: true });
const other = await generateKeyPair("RS256", { extractable: true });
const curve = await generateKeyPair("ES256", { extractable: true });
const jwk = (key: CryptoKey, kid: string) => exportJWK(key).then((each) => ({ ...each, kid }));
const rsaJwk = await jwk(rsa.publicKey, "rsa");
const otherJwk = await jwk(other.publicKey, "other");
const KEYS = { keys: [rsaJwk, await jwk(curve.publicKey, "curve")] };

const CLAIMS: JWTPayload = { iss: ISSUER, aud: "sluice", sub: "agent", tenant: "acme", exp: NOW_S + 60 };
const sign = (claims: JWTPayload, header = { alg: "RS256", kid: "rsa" }, key = rsa.privateKey) =>
  new SignJWT(claims).setProtectedHeader(header).sign(key);
const without = (claim: string) => Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim));
const b64 = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const hmac = (text: string, secret: string) => createHmac("sha256", secret).update(text).digest("base64url");

function parseJwt(settings: Record<string, unknown>) {
  return schema.parse(asYaml({ jwt: [{ issuer: ISSUER, audience: ["sluice", "edge"], ...settings }] })).jwt;
}

/** A verifier whose keys are in a file. */
async function withFile<T>(
  keys: unknown,
  settings: Record<string, unknown>,
  run: (verifier: TokenVerifier) => Promise<T>,
): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, typeof keys === "string" ? keys : JSON.stringify(keys));
    const clock = new FakeClock(NOW_S * 1_000);
    const verifier = new TokenVerifier(parseJwt({ jwks_file: path, ...settings }), { clock, logger: silentLogger });
    await verifier.start();
    return await run(verifier);
  } finally {
    await Deno.remove(path);
  }
}

interface Case {
  readonly name: string;
  readonly token: string | Promise<string>;
  readonly settings?: Record<string, unknown>;
  /** Why it is refused; undefined: it is good. */
  readonly refusal?: string;
  readonly untimely?: "expired" | "not_yet";
}

const spki = await exportSPKI(rsa.publicKey);
const unsigned = `${b64({ alg: "none" })}.${b64(CLAIMS)}`;
const confused = `${b64({ alg: "HS256", kid: "rsa" })}.${b64(CLAIMS)}`;
const [head = "", , signature = ""] = (await sign(CLAIMS)).split(".");
const MALFORMED = "the token is malformed";
const NO_ISSUER = "the token's issuer is not known";
const ALGORITHM = "the token's algorithm is not allowed";
const SIGNATURE = "the token's signature is wrong";
const EXPIRED = { refusal: "the token has expired", untimely: "expired" } as const;
const NOT_YET = { refusal: "the token's nbf is not as wanted", untimely: "not_yet" } as const;

/** With a number that JSON may write and no calendar has. */
const endless = (claim: string) => {
  const text = JSON.stringify({ ...CLAIMS, [claim]: 0 }).replace(`"${claim}":0`, `"${claim}":1e999`);
  return new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(rsa.privateKey);
};
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const CASES: readonly Case[] = [
  { name: "a good token", token: sign(CLAIMS) },
  { name: "padding behind the signature", token: sign(CLAIMS).then((token) => `${token}==`), refusal: MALFORMED },
  {
    name: "bits behind the signature's last byte",
    token: sign(CLAIMS).then((token) => `${token.slice(0, -1)}${ALPHABET[ALPHABET.indexOf(token.slice(-1)) + 1]}`),
    refusal: MALFORMED,
  },
  { name: "an end that never comes", token: endless("exp"), refusal: "the token's exp is not as wanted" },
  { name: "an issue that never was", token: endless("iat"), refusal: "the token's iat is not as wanted" },
  { name: "one of several audiences", token: sign({ ...CLAIMS, aud: ["other", "edge"] }) },
  {
    name: "another algorithm of the configuration",
    token: sign(CLAIMS, { alg: "ES256", kid: "curve" }, curve.privateKey),
    settings: { algorithms: ["RS256", "ES256"] },
  },
  { name: "another claim", token: sign({ ...CLAIMS, org: "acme" }), settings: { tenant_claim: "org" } },
  { name: "expired, within the skew", token: sign({ ...CLAIMS, exp: NOW_S - 59 }) },
  { name: "none", token: `${unsigned}.`, refusal: ALGORITHM },
  { name: "none with a signature", token: `${unsigned}.${signature}`, refusal: ALGORITHM },
  { name: "None", token: `${b64({ alg: "None" })}.${b64(CLAIMS)}.`, refusal: ALGORITHM },
  {
    name: "the public key used as a secret (PEM)",
    token: `${confused}.${hmac(confused, spki)}`,
    refusal: ALGORITHM,
  },
  {
    name: "the public key used as a secret (JWK)",
    token: `${confused}.${hmac(confused, JSON.stringify(rsaJwk))}`,
    refusal: ALGORITHM,
  },
  {
    name: "an algorithm that is not configured",
    token: sign(CLAIMS, { alg: "ES256", kid: "curve" }, curve.privateKey),
    refusal: ALGORITHM,
  },
  { name: "no algorithm", token: `${b64({ kid: "rsa" })}.${b64(CLAIMS)}.${signature}`, refusal: MALFORMED },
  { name: "another key under the same id", token: sign(CLAIMS, undefined, other.privateKey), refusal: SIGNATURE },
  {
    name: "an unknown key id",
    token: sign(CLAIMS, { alg: "RS256", kid: "no" }),
    refusal: "the token's key is not known",
  },
  {
    name: "a key that the token brings",
    token: new SignJWT(CLAIMS).setProtectedHeader({ alg: "RS256", kid: "rsa", jwk: otherJwk }).sign(other.privateKey),
    refusal: SIGNATURE,
  },
  {
    name: "a header that must be understood",
    token: new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: "RS256", kid: "rsa", crit: ["x"], x: 1 }).sign(rsa.privateKey, { crit: { x: true } }),
    refusal: MALFORMED,
  },
  {
    name: "other contents under the signature",
    token: `${head}.${b64({ ...CLAIMS, tenant: "x" })}.${signature}`,
    refusal: SIGNATURE,
  },
  { name: "no signature", token: `${head}.${b64(CLAIMS)}.`, refusal: SIGNATURE },
  { name: "another issuer", token: sign({ ...CLAIMS, iss: `${ISSUER}/` }), refusal: NO_ISSUER },
  { name: "no issuer", token: sign(without("iss")), refusal: NO_ISSUER },
  { name: "another audience", token: sign({ ...CLAIMS, aud: "x" }), refusal: "the token's aud is not as wanted" },
  { name: "no audience", token: sign(without("aud")), refusal: "the token's aud is not as wanted" },
  { name: "expired, at the skew", token: sign({ ...CLAIMS, exp: NOW_S - 60 }), ...EXPIRED },
  { name: "no expiry", token: sign(without("exp")), refusal: "the token's exp is not as wanted" },
  { name: "not yet, within the skew", token: sign({ ...CLAIMS, nbf: NOW_S + 60 }) },
  { name: "not yet", token: sign({ ...CLAIMS, nbf: NOW_S + 61 }), ...NOT_YET },
  { name: "no time from which on", token: sign({ ...CLAIMS, nbf: "soon" as never }), refusal: NOT_YET.refusal },
  { name: "no tenant", token: sign(without("tenant")), refusal: "the token names no tenant" },
  {
    name: "a tenant that is no text",
    token: sign({ ...CLAIMS, tenant: ["acme"] }),
    refusal: "the token names no tenant",
  },
  {
    name: "a tenant of the prototype",
    token: sign(CLAIMS),
    settings: { tenant_claim: "constructor" },
    refusal: "the token names no tenant",
  },
  {
    name: "a longer tenant than any",
    token: sign({ ...CLAIMS, tenant: "x".repeat(257) }),
    refusal: "the token names no tenant",
  },
  { name: "no token", token: "x", refusal: NO_ISSUER },
  { name: "contents that are no JSON", token: `${head}.${b64("x")}.${signature}`, refusal: NO_ISSUER },
  { name: "contents that are null", token: `${head}.${b64("null")}.${signature}`, refusal: NO_ISSUER },
  { name: "five parts", token: `${head}.${b64(CLAIMS)}.${signature}.a.b`, refusal: MALFORMED },
];

Deno.test("TokenVerifier.verify()", async (t) => {
  for (const { name, token, settings = {}, refusal, untimely } of CASES) {
    await t.step(name, async () => {
      const answer = await withFile(KEYS, settings, async (verifier) => verifier.verify(await token));
      if (refusal !== undefined) {
        return deepStrictEqual(answer, untimely === undefined ? { refusal } : { refusal, untimely });
      }
      ok(!("refusal" in answer));
      const { tenantId, issuer, subject } = answer;
      deepStrictEqual({ tenantId, issuer, subject }, { tenantId: "acme", issuer: ISSUER, subject: "agent" });
    });
  }
});

Deno.test("a shared secret in a set of keys signs nothing", async () => {
  const secret = { kty: "oct", kid: "s", k: b64("secret"), alg: "HS256" };
  const token = `${b64({ alg: "HS256", kid: "s" })}.${b64(CLAIMS)}`;
  const answer = await withFile(
    { keys: [rsaJwk, secret] },
    {},
    (verifier) => verifier.verify(`${token}.${hmac(token, "secret")}`),
  );
  deepStrictEqual(answer, { refusal: ALGORITHM });
});

Deno.test("the configuration of tokens", async (t) => {
  const cases: { name: string; settings: Record<string, unknown>; message: RegExp }[] = [
    {
      name: "an algorithm with a shared secret",
      settings: { jwks_file: "a", algorithms: ["HS256"] },
      message: /RS256/,
    },
    { name: "none", settings: { jwks_file: "a", algorithms: ["none"] }, message: /RS256/ },
    { name: "no algorithm", settings: { jwks_file: "a", algorithms: [] }, message: /one or more/ },
    { name: "no audience", settings: { jwks_file: "a", audience: [] }, message: /one or more/ },
    { name: "neither file nor URL", settings: {}, message: /exactly one/ },
    { name: "both", settings: { jwks_file: "a", jwks_url: "https://a" }, message: /exactly one/ },
    { name: "plain HTTP", settings: { jwks_url: "http://a/keys" }, message: /https/ },
    { name: "a file's URL", settings: { jwks_url: "file:///etc/passwd" }, message: /https/ },
  ];
  for (const { name, settings, message } of cases) {
    await t.step(name, async () => {
      await rejects(async () => await Promise.resolve(parseJwt(settings)), message);
    });
  }
});

/** A verifier that asks a server for its keys. */
async function withServer(
  answer: { body: string; status: number },
  run: (verifier: TokenVerifier, clock: FakeClock, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked++;
    return new Response(answer.body, { status: answer.status });
  });
  try {
    const clock = new FakeClock(NOW_S * 1_000);
    const jwt = parseJwt({ jwks_url: `http://127.0.0.1:${server.addr.port}/keys`, jwks_refresh_interval: "10m" });
    await run(new TokenVerifier(jwt, { clock, logger: silentLogger }), clock, () => asked);
  } finally {
    await server.shutdown();
  }
}

const LATER = { ...CLAIMS, exp: NOW_S + 7_200 };

Deno.test("keys of a URL are kept, and read again for a key that is not known, but not for each", async () => {
  const answer = { body: JSON.stringify({ keys: [rsaJwk] }), status: 200 };
  await withServer(answer, async (verifier, clock, asked) => {
    await verifier.start();
    ok("tenantId" in await verifier.verify(await sign(LATER)));
    strictEqual(asked(), 1);
    const rotated = await sign(LATER, { alg: "RS256", kid: "other" }, other.privateKey);
    answer.body = JSON.stringify({ keys: [otherJwk] });
    for (let i = 0; i < 100; i++) ok("refusal" in await verifier.verify(rotated));
    strictEqual(asked(), 1, "too soon after the last");
    await clock.advance(MIN_REFRESH_MS);
    ok("tenantId" in await verifier.verify(rotated));
    strictEqual(asked(), 2);
    deepStrictEqual(await verifier.verify(await sign(LATER)), { refusal: "the token's key is not known" });
    strictEqual(asked(), 2);
  });
});

Deno.test("keys are read again after their time; when that fails the old ones go on", async () => {
  const answer = { body: JSON.stringify({ keys: [rsaJwk] }), status: 200 };
  await withServer(answer, async (verifier, clock, asked) => {
    await verifier.start();
    answer.status = 500;
    await clock.advance(600_000);
    ok("tenantId" in await verifier.verify(await sign(LATER)));
    while (asked() < 2) await settle();
    ok("tenantId" in await verifier.verify(await sign(LATER)));
    strictEqual(asked(), 2);
  });
});

Deno.test("without keys a token is neither good nor bad: 503, and asked for again later", async (t) => {
  const good = JSON.stringify({ keys: [rsaJwk] });
  const cases = [
    { name: "an error", body: "", status: 500 },
    { name: "no JSON", body: "<html>", status: 200 },
    { name: "another JSON", body: `{"keys":1}`, status: 200 },
    { name: "null", body: "null", status: 200 },
    { name: "too large", body: good + " ".repeat(MAX_JWKS_BYTES), status: 200 },
    { name: "a redirect", body: "", status: 302 },
  ];
  for (const { name, ...bad } of cases) {
    await t.step(name, async () => {
      const answer = { ...bad };
      await withServer(answer, async (verifier, clock, asked) => {
        await verifier.start();
        for (let i = 0; i < 10; i++) await rejects(verifier.verify(await sign(LATER)), UnavailableError);
        strictEqual(asked(), 1);
        Object.assign(answer, { body: good, status: 200 });
        await clock.advance(MIN_REFRESH_MS);
        ok("tenantId" in await verifier.verify(await sign(LATER)));
      });
    });
  }
});
