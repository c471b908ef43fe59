import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import { mergePayloads, NO_ORIGIN, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import { type ItemFate, rewriteItems } from "../../../pipeline/otlp/rewrite.ts";
import { SIGNAL_NAMES, SIGNALS } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { decodeRequest } from "../../support/otlp_proto.ts";
import { requestBytes } from "../../support/otlp_samples.ts";

const read = (signal: Payload["signal"], bytes: Uint8Array) =>
  readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);

/** Some items of two requests in one payload, where that can be. */
function sample(signal: Payload["signal"], seed: number): Payload {
  const bytes = [seed, seed + 1].map((seed) => read(signal, requestBytes(signal, 12, { seed, resources: 2 })));
  return SIGNALS[signal].mergeable ? mergePayloads(bytes, NO_ORIGIN) : bytes[0] as Payload;
}

/** Lists from the request down to the items, as the oracle names them. */
const LISTS: Readonly<Record<Payload["signal"], readonly string[]>> = {
  traces: ["resource_spans", "scope_spans", "spans"],
  metrics: ["resource_metrics", "scope_metrics", "metrics", "data_points"],
  logs: ["resource_logs", "scope_logs", "log_records"],
  profiles: ["resource_profiles", "scope_profiles", "profiles", "samples"],
};
const DATA = ["gauge", "sum", "histogram", "exponential_histogram", "summary"];

type Message = Record<string, unknown>;

/** Takes items out of a decoded message; false when it had some and has none left. */
function dropItems(message: Message, [list = "", ...deeper]: readonly string[], keep: () => boolean): boolean {
  const data = DATA.map((name) => message[name]).find((value) => value !== undefined && value !== null);
  const holder = list === "data_points" ? data as Message : message;
  const all = holder[list] as Message[];
  const kept = all.filter((each) => deeper.length === 0 ? keep() : dropItems(each, deeper, keep));
  holder[list] = kept;
  return kept.length > 0;
}

Deno.test("rewriteItems() drops what it is told, and counts what is left", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    await t.step(signal, () => {
      fc.assert(
        fc.property(fc.nat(1_000), fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (seed, drops) => {
          const payload = sample(signal, seed);
          let place = 0;
          const rewritten = rewriteItems(payload, () => drops[place++ % drops.length] ? "drop" : "keep");
          place = 0;
          let kept = 0;
          const expected = decodeRequest(signal, payloadBytes(payload)) as Message;
          const keep = () => {
            const stays = drops[place++ % drops.length] !== true;
            kept += Number(stays);
            return stays;
          };
          dropItems(expected, LISTS[signal], keep);
          strictEqual(rewritten.itemCount, kept);
          strictEqual(rewritten.byteLength, payloadBytes(rewritten).length);
          // Without items nobody looks at the rest: a dictionary may stay or go.
          if (kept === 0) return;
          deepStrictEqual(decodeRequest(signal, payloadBytes(rewritten)), expected);
        }),
        { numRuns: 50 },
      );
    });
  }
});

Deno.test("rewriteItems() puts other messages in place, of any length", async (t) => {
  for (const signal of ["traces", "logs", "metrics"] as const) {
    await t.step(signal, () => {
      const payload = sample(signal, 7);
      const items: Uint8Array[] = [];
      rewriteItems(payload, (bytes, start, end) => (items.push(bytes.slice(start, end)), "keep"));
      // A copy with an unknown field of 300 bytes behind it: every length around it grows by a byte or more.
      const extra = Uint8Array.of(0x82, 0x7d, 0xac, 0x02, ...new Uint8Array(300));
      const longer = rewriteItems(
        payload,
        (bytes, start, end) => Uint8Array.of(...bytes.subarray(start, end), ...extra),
      );
      strictEqual(longer.itemCount, payload.itemCount);
      strictEqual(read(signal, payloadBytes(longer)).itemCount, payload.itemCount);
      const back = rewriteItems(longer, (bytes, start, end) => bytes.slice(start, end - extra.length));
      deepStrictEqual(decodeRequest(signal, payloadBytes(back)), decodeRequest(signal, payloadBytes(payload)));
      const seen: Uint8Array[] = [];
      rewriteItems(back, (bytes, start, end): ItemFate => (seen.push(bytes.slice(start, end)), "keep"));
      deepStrictEqual(seen, items);
    });
  }
});

Deno.test("rewriteItems() gives the payload itself back when all is kept", () => {
  const payload = sample("traces", 1);
  strictEqual(rewriteItems(payload, () => "keep"), payload);
});
