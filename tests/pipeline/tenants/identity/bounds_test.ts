import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { bcrypt } from "hash-wasm";
import fc from "fast-check";
import { ThrottledError, UnauthenticatedError, UnavailableError } from "../../../../pipeline/core/errors.ts";
import { isSameText } from "../../../../pipeline/core/constant_time.ts";
import { AnswerCache } from "../../../../pipeline/tenants/identity/answer_cache.ts";
import { hashSecret, mintApiKey, parseApiKey, parseSecretHash } from "../../../../pipeline/tenants/identity/api_key.ts";
import { MAX_CREDENTIAL_CHARS, readAuthorization } from "../../../../pipeline/tenants/identity/authorization.ts";
import {
  type Checked,
  GuardedChecks,
  MAX_CHECKS,
  REFUSED_MS,
} from "../../../../pipeline/tenants/identity/guarded_checks.ts";
import { MAX_WAITING_PASSWORDS, Passwords } from "../../../../pipeline/tenants/identity/passwords.ts";
import { PeerLimit, peerOf } from "../../../../pipeline/tenants/identity/peer_limit.ts";
import { MAX_KEPT_ERRORS, RefusalErrors } from "../../../../pipeline/tenants/identity/refusal_errors.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { basicOf } from "../../../support/tenant_table.ts";

Deno.test("AnswerCache holds two generations, and what is asked for stays", () => {
  const cache = new AnswerCache<number>(2);
  for (const [at, key] of ["a", "b", "c", "d"].entries()) cache.put(key, at, 0);
  strictEqual(cache.size, 4);
  cache.put("e", 4, 0);
  deepStrictEqual(["a", "b", "c", "d", "e"].map((key) => cache.get(key)), [undefined, undefined, 2, 3, 4]);
  strictEqual(cache.size, 3, "what was asked for moved back while there was room");
  for (let i = 0; i < 1_000; i++) cache.put(`x${i}`, i, 0);
  strictEqual(cache.size <= 4, true);
});

Deno.test("AnswerCache forgets what nobody asks for, also when it is not full", () => {
  const cache = new AnswerCache<number>(100, 10);
  cache.put("a", 1, 0);
  cache.put("b", 2, 10);
  strictEqual(cache.size, 2);
  cache.put("c", 3, 20);
  strictEqual(cache.get("a"), undefined);
  strictEqual(cache.get("b"), 2);
});

Deno.test("PeerLimit lets in what a bucket has, however the attempts come", () => {
  const attempts = fc.array(fc.nat(3_000), { maxLength: 60 });
  fc.assert(fc.property(attempts, fc.integer({ min: 1, max: 5 }), (gaps, burst) => {
    const limit = new PeerLimit({ attempts_per_second: 1, burst });
    let nowMs = 0;
    let tokens = burst;
    for (const gap of gaps) {
      nowMs += gap;
      tokens = Math.min(burst, tokens + gap / 1_000);
      const waitMs = limit.take("192.0.2.1", nowMs);
      strictEqual(waitMs === 0, tokens >= 1 - 1e-9);
      if (waitMs === 0) tokens -= 1;
      else ok(Math.abs(waitMs - (1 - tokens) * 1_000) < 1e-6, "it says how long");
    }
  }));
});

Deno.test("PeerLimit remembers so many peers and no more", () => {
  const limit = new PeerLimit({ attempts_per_second: 1, burst: 1 }, 10);
  for (let i = 0; i < 1_000; i++) limit.take(`10.0.${i >> 8}.${i & 255}`, 0);
  strictEqual(limit.size, 20);
  ok(limit.take("10.0.3.231", 0) > 0, "the last of them");
});

Deno.test("readAuthorization() takes a header apart or says why not, whatever it is", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary-ascii" }),
      fc.constantFrom("", "Bearer ", "Basic ", "bearer slk_"),
      (text, scheme) => {
        ok(["key", "token", "password", "malformed"].includes(readAuthorization(scheme + text).kind));
      },
    ),
  );
  strictEqual(readAuthorization(`Bearer ${"a".repeat(MAX_CREDENTIAL_CHARS - 7)}`).kind, "token");
  strictEqual(readAuthorization(`Bearer ${"a".repeat(MAX_CREDENTIAL_CHARS - 6)}`).kind, "malformed");
});

Deno.test("a user and a password come out as they went in", () => {
  const name = fc.string({ unit: "grapheme" }).filter((text) => !text.includes(":"));
  fc.assert(fc.property(name, fc.string({ unit: "grapheme" }), (username, password) => {
    deepStrictEqual(readAuthorization(basicOf(username, password)), { kind: "password", username, password });
  }));
});

Deno.test("keys and hashes are read as they were written", () => {
  for (let i = 0; i < 50; i++) {
    const { id, key, hash } = mintApiKey();
    deepStrictEqual(parseApiKey(key), { id, secret: key.slice(-43) });
    const { salt } = parseSecretHash(hash) ?? {};
    strictEqual(hashSecret(key.slice(-43), salt), hash);
  }
  fc.assert(fc.property(fc.string(), (text) => strictEqual(parseApiKey(`slk_${text}`), undefined)));
});

Deno.test("isSameText()", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (one, other) => strictEqual(isSameText(one, other), one === other)));
  fc.assert(fc.property(fc.string(), (text) => strictEqual(isSameText(`${text}`, text), true)));
});

function guarded(burst = 1_000_000) {
  const clock = new FakeClock();
  const limit = new PeerLimit({ attempts_per_second: 1, burst });
  const checks = new GuardedChecks<string>({
    limit,
    clock,
    errors: new RefusalErrors(),
    challenge: "Bearer",
    refused: () => {},
  });
  const run = (header: string, check: () => Promise<Checked<string>>, generation = 0) =>
    checks.run({ header, address: "192.0.2.1", wasGood: false, generation }, check);
  return { clock, run };
}

Deno.test("GuardedChecks runs so many at once and no more", async () => {
  const { run } = guarded();
  const gate = Promise.withResolvers<Checked<string>>();
  const running = Array.from({ length: MAX_CHECKS }, (_, at) => run(`h${at}`, () => gate.promise));
  throws(() => run("one more", () => gate.promise), UnavailableError);
  strictEqual(run("h0", () => Promise.reject(new Error("not asked"))), running[0], "one that runs is joined");
  gate.resolve({ good: "yes" });
  deepStrictEqual(new Set(await Promise.all(running)), new Set(["yes"]));
  strictEqual(await run("one more", () => Promise.resolve({ good: "now" })), "now");
});

Deno.test("GuardedChecks remembers what was bad, for a while and a generation", async () => {
  const { clock, run } = guarded();
  let asked = 0;
  const bad = () => {
    asked++;
    return Promise.resolve({ refusal: "it is bad" });
  };
  await rejects(run("h", bad), UnauthenticatedError);
  throws(() => run("h", bad), UnauthenticatedError);
  strictEqual(asked, 1);
  await rejects(run("h", bad, 1), UnauthenticatedError);
  strictEqual(asked, 2);
  await clock.advance(REFUSED_MS);
  await rejects(run("h", bad, 1), UnauthenticatedError);
  strictEqual(asked, 3);
});

Deno.test("GuardedChecks: attempts that run at once are counted before they end; a good one is given back", async () => {
  const { run } = guarded(2);
  const slow = Promise.withResolvers<Checked<string>>();
  const first = run("a", () => slow.promise);
  const second = run("b", () => slow.promise);
  throws(() => run("c", () => slow.promise), ThrottledError);
  slow.resolve({ good: "yes" });
  await Promise.all([first, second]);
  for (let i = 0; i < 5; i++) strictEqual(await run(`d${i}`, () => Promise.resolve({ good: "yes" })), "yes");
});

Deno.test("Passwords: so many wait and no more; the thread ends when nobody asks, and begins again", async () => {
  const clock = new FakeClock();
  const passwords = new Passwords(clock);
  const hash = await bcrypt({ password: "a", salt: new Uint8Array(16), costFactor: 4, outputType: "encoded" });
  const waiting = Array.from(
    { length: MAX_WAITING_PASSWORDS },
    (_, at) => passwords.verify(at % 2 === 0 ? "a" : "b", hash),
  );
  throws(() => passwords.verify("a", hash), UnavailableError);
  const answers = await Promise.all(waiting);
  deepStrictEqual(answers, answers.map((_, at) => at % 2 === 0));
  strictEqual(clock.pending, 1);
  await clock.advance(60_000);
  strictEqual(clock.pending, 0);
  strictEqual(await passwords.verify("a", hash), true);
  const last = passwords.verify("a", hash);
  passwords.close();
  await rejects(Promise.resolve(last), UnavailableError);
});

Deno.test("RefusalErrors are made once, up to a number", () => {
  const errors = new RefusalErrors();
  strictEqual(errors.unauthenticated("it is bad", "Bearer"), errors.unauthenticated("it is bad", "Bearer"));
  for (let waitMs = 1; waitMs <= MAX_KEPT_ERRORS; waitMs++) errors.tooMany(waitMs);
  strictEqual(errors.tooMany(MAX_KEPT_ERRORS), errors.tooMany(MAX_KEPT_ERRORS));
  ok(errors.tooMany(MAX_KEPT_ERRORS + 1) !== errors.tooMany(MAX_KEPT_ERRORS + 1));
  strictEqual(errors.tooMany(0.2).retryAfterMs, 1);
});

Deno.test("peerOf() is one name for a host", async (t) => {
  const cases: readonly (readonly [address: string, want: string])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:0:7::1", "2001:db8:0:7::/64"],
    ["2001:db8:0:7:ffff:1:2:3", "2001:db8:0:7::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
    ["::nothing", "::nothing"],
  ];
  for (const [address, want] of cases) await t.step(address, () => strictEqual(peerOf(address), want));
});
