import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { GatewayError } from "../../../pipeline/core/errors.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { requestToJson } from "../../../pipeline/otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { arbitraryRequest } from "../../support/otlp_arbitrary.ts";
import {
  arbitraryMessage,
  CANONICAL,
  type Choose,
  fromJson,
  jsonText,
  randomChoices,
  withoutUnset,
} from "../../support/json_oracle.ts";
import { decodeRequest, encodeMessage, type Plain, REQUEST_TYPES } from "../../support/otlp_proto.ts";

/** Deep enough for an attribute of an exemplar to hold a list. */
const LEVELS = 9;
const RUNS = 60;

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function read(signal: Signal, json: Uint8Array): Uint8Array {
  return payloadBytes(readJsonPayload(signal, json, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN));
}

function arbitraryRequestMessage(signal: Signal): fc.Arbitrary<Plain> {
  return arbitraryMessage(REQUEST_TYPES[signal], LEVELS);
}

function content(signal: Signal, bytes: Uint8Array): Plain {
  return withoutUnset(REQUEST_TYPES[signal], decodeRequest(signal, bytes));
}

function assertReads(signal: Signal, message: Plain, choose: Choose): void {
  const name = REQUEST_TYPES[signal];
  const wire = read(signal, utf8.encode(jsonText(name, message, choose)));
  deepStrictEqual(content(signal, wire), content(signal, encodeMessage(name, message)));
}

for (const signal of SIGNAL_NAMES) {
  Deno.test(`${signal}: JSON of any message reads as the message`, () => {
    fc.assert(fc.property(arbitraryRequestMessage(signal), (message) => assertReads(signal, message, CANONICAL)), {
      numRuns: RUNS,
    });
  });

  Deno.test(`${signal}: so it does in every form that a sender may choose`, () => {
    fc.assert(
      fc.property(arbitraryRequestMessage(signal), fc.integer(), (message, seed) => {
        assertReads(signal, message, randomChoices(seed));
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`${signal}: wire bytes in any form write the JSON of their message`, () => {
    fc.assert(
      fc.property(arbitraryRequest(signal), (wire) => {
        const json = fromJson(REQUEST_TYPES[signal], JSON.parse(text.decode(requestToJson(signal, wire))));
        deepStrictEqual(withoutUnset(REQUEST_TYPES[signal], json), content(signal, wire));
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`${signal}: wire bytes come back from JSON with the same content and count`, () => {
    fc.assert(
      fc.property(arbitraryRequestMessage(signal), (message) => {
        const wire = encodeMessage(REQUEST_TYPES[signal], message);
        const json = requestToJson(signal, wire);
        const payload = readJsonPayload(signal, json, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
        deepStrictEqual(content(signal, payloadBytes(payload)), content(signal, wire));
        strictEqual(payload.itemCount, readPayload(signal, wire, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN).itemCount);
        deepStrictEqual(requestToJson(signal, payloadBytes(payload)), json);
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`${signal}: concatenated requests write one JSON of both`, () => {
    const requests = fc.array(arbitraryRequest(signal), { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(requests, (parts) => {
        const wire = new Uint8Array(parts.flatMap((part) => [...part]));
        const json = fromJson(REQUEST_TYPES[signal], JSON.parse(text.decode(requestToJson(signal, wire))));
        deepStrictEqual(withoutUnset(REQUEST_TYPES[signal], json), content(signal, wire));
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`${signal}: mutated JSON is taken or refused, and what is taken is valid`, () => {
    fc.assert(
      fc.property(
        arbitraryRequestMessage(signal),
        fc.array(mutation(), { minLength: 1, maxLength: 4 }),
        (message, cuts) => {
          const json = mutate(utf8.encode(jsonText(REQUEST_TYPES[signal], message)), cuts);
          try {
            const wire = read(signal, json);
            readPayload(signal, wire, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
            decodeRequest(signal, wire);
            if (json.length > 0) JSON.parse(text.decode(json)); // whatever is taken is JSON
          } catch (error) {
            ok(error instanceof GatewayError, String(error));
          }
        },
      ),
      { numRuns: 4 * RUNS },
    );
  });
}

/** Where, relative to the length, how many bytes go, and what comes in. */
interface Mutation {
  readonly at: number;
  readonly removed: number;
  readonly inserted: Uint8Array;
}

const SNIPPETS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\\u",
  "\\ud800",
  "null",
  "true",
  "-",
  "1e9",
  "0",
  " ",
  "9".repeat(25),
];

function mutation(): fc.Arbitrary<Mutation> {
  return fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat({ max: 8 }),
    inserted: fc.oneof(
      fc.constantFrom(...SNIPPETS.map((snippet) => utf8.encode(snippet))),
      fc.uint8Array({ maxLength: 3 }),
    ),
  });
}

function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  for (const { at, removed, inserted } of mutations) {
    const from = Math.floor(at * bytes.length);
    bytes = new Uint8Array([...bytes.subarray(0, from), ...inserted, ...bytes.subarray(from + removed)]);
  }
  return bytes;
}
