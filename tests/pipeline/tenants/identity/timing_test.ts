/**
 * What the time tells of a secret: unlike attempts are made by turns, and their medians compared, with a bound that a
 * machine under load keeps and a shortcut (no hash for an unknown id) does not.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { section } from "../../../../pipeline/config/schema.ts";
import { systemClock } from "../../../../pipeline/core/clock.ts";
import { isSameText } from "../../../../pipeline/core/constant_time.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../../../pipeline/core/telemetry/meter.ts";
import { isSecret, mintApiKey, parseSecretHash } from "../../../../pipeline/tenants/identity/api_key.ts";
import { createIdentifier } from "../../../../pipeline/tenants/identity/mod.ts";
import { identityShape } from "../../../../pipeline/tenants/identity/schema.ts";
import { asYaml } from "../../../support/otlp_edge.ts";
import { senderOf, tenantTable } from "../../../support/tenant_table.ts";

const ROUNDS = 1_000;
/** Between medians; a hash that is left out makes 10 and more of `isSecret`. */
const MAX_RATIO = 1.8;

/** The ratio of the medians of what the two take. */
function ratioOf(one: (round: number) => void, other: (round: number) => void): number {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, run] of [one, other].entries()) {
      const start = performance.now();
      for (let i = 0; i < 4; i++) run(round);
      times[at === 0 ? 0 : 1].push(performance.now() - start);
    }
  }
  const [first, second] = times.map(median) as [number, number];
  return Math.max(first / second, second / first);
}

function median(values: number[]): number {
  return values.slice(values.length / 4).sort((a, b) => a - b)[Math.floor(values.length * 3 / 8)] ?? NaN;
}

const acme = mintApiKey();
const secret = acme.key.slice(-43);
const withChar = (at: number) => secret.slice(0, at) + (secret[at] === "A" ? "B" : "A") + secret.slice(at + 1);

Deno.test("the time tells nothing of a key", async (t) => {
  const config = section(identityShape).parse(
    asYaml({ unknown_limit: { attempts_per_second: 1_000_000, burst: 1_000_000 } }),
  );
  const table = tenantTable({ acme: { keys: [{ id: acme.id, hash: acme.hash }] } });
  const deps = { clock: systemClock, logger: silentLogger, meter: silentMeter };
  const identifier = createIdentifier(config, () => table, deps);
  const attempt = (key: string) => {
    try {
      identifier.identify(senderOf({ headers: { authorization: `Bearer ${key}` } }));
    } catch {
      // refused, as it should be
    }
  };
  const strangers = Array.from({ length: ROUNDS }, () => mintApiKey().key);
  const prefix = acme.key.slice(0, -43);
  const cases: { name: string; one: (round: number) => void; other: (round: number) => void }[] = [
    {
      name: "an unknown id, and a known one with another secret",
      one: (round) => attempt(strangers[round] ?? ""),
      other: (round) => attempt(prefix + (strangers[round] ?? "").slice(-43)),
    },
    {
      name: "a secret that is wrong at its beginning, and at its end",
      one: () => attempt(prefix + withChar(0)),
      other: () => attempt(prefix + withChar(42)),
    },
    {
      name: "a secret that is wrong at its beginning, and at its end, while the right one is at hand",
      one: () => (attempt(acme.key), attempt(prefix + withChar(0))),
      other: () => (attempt(acme.key), attempt(prefix + withChar(42))),
    },
    {
      name: "no row, and a row",
      one: () => void isSecret(withChar(0), undefined),
      other: () => void isSecret(withChar(0), parsed),
    },
    {
      name: "texts that differ at their beginning, and at their end",
      one: () => repeat(withChar(0)),
      other: () => repeat(withChar(42)),
    },
  ];
  for (const { name, one, other } of cases) {
    await t.step(name, () => {
      const ratio = ratioOf(one, other);
      ok(ratio < MAX_RATIO, `medians differ by ${ratio.toFixed(2)}, wanted less than ${MAX_RATIO}`);
    });
  }
});

const parsed = parseSecretHash(acme.hash);

function repeat(given: string): void {
  for (let i = 0; i < 20; i++) isSameText(given, secret);
}
