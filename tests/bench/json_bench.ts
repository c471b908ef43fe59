/**
 * What OTLP/JSON costs, beside JSON.parse or JSON.stringify with protobufjs: `deno bench -A tests/bench/json_bench.ts`.
 *
 * @module
 */

import { readJsonPayload } from "../../pipeline/otlp/json_decode.ts";
import { requestToJson } from "../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { decodeMessage, messageType, REQUEST_TYPES } from "../support/otlp_proto.ts";
import { requestBytes } from "../support/otlp_samples.ts";

const text = new TextDecoder();
const utf8 = new TextEncoder();

for (const signal of SIGNAL_NAMES) {
  const typeName = REQUEST_TYPES[signal];
  const type = messageType(typeName);
  const wire = requestBytes(signal, 100);
  const json = requestToJson(signal, wire);
  // The other way has it easier: keys and ids as protobufjs wants them, so that nothing is left to map.
  const plainJson = utf8.encode(JSON.stringify(decodeMessage(typeName, wire)));
  const group = `${signal}, 100 items`;

  Deno.bench(`readJsonPayload() of ${json.length} bytes`, { group: `${group} to protobuf`, baseline: true }, () => {
    readJsonPayload(signal, json, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  });
  Deno.bench("JSON.parse() and protobufjs", { group: `${group} to protobuf` }, () => {
    type.encode(type.fromObject(JSON.parse(text.decode(plainJson)))).finish();
  });

  Deno.bench(`requestToJson() of ${wire.length} bytes`, { group: `${group} to JSON`, baseline: true }, () => {
    requestToJson(signal, wire);
  });
  Deno.bench("protobufjs and JSON.stringify()", { group: `${group} to JSON` }, () => {
    utf8.encode(JSON.stringify(type.toObject(type.decode(wire), { longs: String, bytes: String })));
  });
}
