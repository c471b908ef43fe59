/**
 * Requests in `tests/golden/json/<signal>_<what>.json`, as senders write them, and beside each, in `…_out.json`, what
 * the gateway writes of it. To accept a change: `deno test -A tests/pipeline/otlp/json_golden_test.ts -- --accept`.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { payloadToJson } from "../../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { isSignal } from "../../../pipeline/otlp/signals.ts";

const FOLDER = new URL("../../golden/json/", import.meta.url);
const accept = Deno.args.includes("--accept");

function rewrite(name: string, json: Uint8Array): string {
  const signal = name.split(/[_.]/)[0] ?? "";
  ok(isSignal(signal), `${name} begins with no signal`);
  const payload = readJsonPayload(signal, json, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  return new TextDecoder().decode(payloadToJson(payload)) + "\n";
}

Deno.test("requests that senders write", async (t) => {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => !name.endsWith("_out.json"));
  ok(names.length >= 4, "the golden files are missing");
  for (const name of names.toSorted()) {
    await t.step(name, () => {
      const outUrl = new URL(name.replace(".json", "_out.json"), FOLDER);
      const got = rewrite(name, Deno.readFileSync(new URL(name, FOLDER)));
      if (accept) Deno.writeTextFileSync(outUrl, got);
      strictEqual(got, Deno.readTextFileSync(outUrl));
      strictEqual(rewrite(name, new TextEncoder().encode(got)), got, "it does not come back the same");
    });
  }
});
