/** The name that somebody probably meant. */

import { strictEqual } from "node:assert/strict";
import { nearest } from "../../../pipeline/config/suggest.ts";

const KNOWN = ["endpoint", "read_timeout", "tls", "timeout", "batch"];

const cases: [name: string, want: string | undefined][] = [
  ["endpiont", "endpoint"],
  ["Endpoint", "endpoint"],
  ["read-timeout", "read_timeout"],
  ["readtimeout", "read_timeout"],
  ["timeouts", "timeout"],
  ["tlss", "tls"],
  ["ab", undefined],
  ["compression", undefined],
  ["x".repeat(65), undefined],
];

Deno.test("nearest()", async (t) => {
  for (const [name, want] of cases) await t.step(name, () => strictEqual(nearest(name, KNOWN), want));
});
