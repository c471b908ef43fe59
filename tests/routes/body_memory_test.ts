/**
 * The memory of a body, over real sockets: given back as soon as its data is delivered, and not a moment before.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import zlib from "node:zlib";
import { KEPT, type Outcome, QUEUED } from "../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { payloadBytes } from "../../pipeline/otlp/payload.ts";
import { payloadToJson } from "../../pipeline/otlp/json_encode.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";
import { openEdge } from "../support/otlp_edge.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { OTLP_SERVERS } from "../support/otlp_servers.ts";

const PROTOBUF = "application/x-protobuf";
const SPANS = traceRequestBytes({ spans: 100 }) as Uint8Array<ArrayBuffer>;
const JSON_TEXT = payloadToJson(readPayload("traces", SPANS, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN)) as Uint8Array<
  ArrayBuffer
>;

const BODIES: { readonly name: string; readonly body: BodyInit; readonly headers: Record<string, string> }[] = [
  { name: "plain", body: SPANS, headers: { "content-type": PROTOBUF } },
  {
    name: "compressed",
    body: new Uint8Array(zlib.gzipSync(SPANS)),
    headers: { "content-type": PROTOBUF, "content-encoding": "gzip" },
  },
  { name: "JSON", body: JSON_TEXT, headers: { "content-type": "application/json" } },
];

const OUTCOMES: { readonly name: string; readonly outcome: Outcome | Error; readonly isGivenBack: boolean }[] = [
  { name: "delivered", outcome: KEPT, isGivenBack: true },
  { name: "delivered in part", outcome: { rejectedItems: 3, message: "too old" }, isGivenBack: true },
  { name: "queued", outcome: QUEUED, isGivenBack: false },
  { name: "refused", outcome: new UnavailableError("Cannot send: away"), isGivenBack: false },
];

for (const { name: server, serve } of OTLP_SERVERS) {
  Deno.test(`${server} gives the memory of a body back when its data is delivered`, async (t) => {
    for (const { name: kind, body, headers } of BODIES) {
      for (const { name, outcome, isGivenBack } of OUTCOMES) {
        await t.step(`${kind}, ${name}`, async () => {
          const edge = await openEdge(serve, {}, ["traces"]);
          const seen: Uint8Array[] = [];
          edge.pipeline = (payload) => {
            seen.push(payloadBytes(payload).slice());
            return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
          };
          try {
            const url = `http://127.0.0.1:${edge.port}/v1/traces`;
            const response = await fetch(url, { method: "POST", body, headers });
            await response.arrayBuffer();
            strictEqual(response.status, outcome instanceof Error ? 503 : 200);
            const [payload] = edge.payloads;
            const lengths = payload?.chunks.map((chunk) => chunk.length);
            deepStrictEqual(lengths, isGivenBack ? [0] : [seen[0]?.length]);
            if (!isGivenBack) deepStrictEqual(payloadBytes(payload!), seen[0]);
          } finally {
            await edge.close();
          }
        });
      }
    }
  });
}
