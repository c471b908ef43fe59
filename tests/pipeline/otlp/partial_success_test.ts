import { deepStrictEqual, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  decodeResponse,
  decodeResponseJson,
  encodeResponse,
  encodeResponseJson,
  type PartialSuccess,
} from "../../../pipeline/otlp/partial_success.ts";
import { SIGNAL_NAMES, SIGNALS } from "../../../pipeline/otlp/signals.ts";
import { MAX_MESSAGE_LENGTH } from "../../../pipeline/otlp/status.ts";
import { decodeMessage, encodeMessage, messageType, RESPONSE_TYPES } from "../../support/otlp_proto.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

const cases: { name: string; response: PartialSuccess; fields: Record<string, string> }[] = [
  { name: "rejected", response: { rejectedItems: 3, message: "no" }, fields: { "1": "3", error_message: "no" } },
  { name: "without a message", response: { rejectedItems: 3, message: "" }, fields: { "1": "3" } },
  { name: "a warning", response: { rejectedItems: 0, message: "soon" }, fields: { error_message: "soon" } },
  {
    name: "more than 2^32",
    response: { rejectedItems: 5_000_000_000, message: "" },
    fields: { "1": "5000000000" },
  },
];

Deno.test("Export*ServiceResponse in both encodings", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    const partialType = messageType(RESPONSE_TYPES[signal]).fieldsById[1]!.resolvedType!;
    const rejectedName = messageType(partialType.name).fieldsById[1]!.name;
    for (const { name, response, fields } of cases) {
      await t.step(`${signal}, ${name}`, () => {
        const { "1": rejected, ...rest } = fields;
        const want = { ...(rejected === undefined ? {} : { [rejectedName]: rejected }), ...rest };
        const bytes = encodeResponse(response);
        deepStrictEqual(decodeMessage(RESPONSE_TYPES[signal], bytes), { partial_success: want });
        deepStrictEqual(decodeResponse(bytes), response);

        const json = encodeResponseJson(signal, response);
        const { error_message: errorMessage } = rest;
        deepStrictEqual(JSON.parse(json), {
          partialSuccess: {
            ...(rejected === undefined ? {} : { [SIGNALS[signal].rejectedKey]: rejected }),
            ...(errorMessage === undefined ? {} : { errorMessage }),
          },
        });
        deepStrictEqual(decodeResponseJson(signal, utf8(json)), response);
      });
    }
    await t.step(`${signal}, all kept`, () => {
      const kept = { rejectedItems: 0, message: "" };
      strictEqual(encodeResponse(kept).length, 0);
      strictEqual(encodeResponseJson(signal, kept), "{}");
      strictEqual(decodeResponse(encodeResponse(kept)), undefined);
      strictEqual(decodeResponseJson(signal, utf8("{}")), undefined);
    });
  }
});

Deno.test("decodeResponse() of a peer's bytes", async (t) => {
  const response = (partial_success: Record<string, unknown>) =>
    encodeMessage("ExportTraceServiceResponse", { partial_success });
  const table: { name: string; bytes: Uint8Array; want: PartialSuccess | undefined }[] = [
    { name: "the collector's empty partial success", bytes: Uint8Array.of(0x0a, 0), want: undefined },
    { name: "written zeros", bytes: response({ rejected_spans: "0", error_message: "" }), want: undefined },
    { name: "a negative count", bytes: response({ rejected_spans: "-1" }), want: undefined },
    { name: "no response", bytes: utf8("<html>"), want: undefined },
    {
      name: "a long message",
      bytes: response({ error_message: "é".repeat(MAX_MESSAGE_LENGTH + 1) }),
      want: { rejectedItems: 0, message: "é".repeat(MAX_MESSAGE_LENGTH) },
    },
    {
      name: "an unknown field before it",
      bytes: new Uint8Array([0x18, 1, ...response({ rejected_spans: "2" })]),
      want: { rejectedItems: 2, message: "" },
    },
  ];
  for (const { name, bytes, want } of table) await t.step(name, () => deepStrictEqual(decodeResponse(bytes), want));
  await t.step("any bytes: never a throw", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeResponse(bytes)));
  });
});

Deno.test("decodeResponseJson() of a peer's text", async (t) => {
  const table: { name: string; text: string; want: PartialSuccess | undefined }[] = [
    { name: "the collector's empty partial success", text: '{"partialSuccess":{}}', want: undefined },
    { name: "a number", text: '{"partialSuccess":{"rejectedSpans":2}}', want: { rejectedItems: 2, message: "" } },
    { name: "another signal's count", text: '{"partialSuccess":{"rejectedLogRecords":"2"}}', want: undefined },
    { name: "no number", text: '{"partialSuccess":{"rejectedSpans":"many"}}', want: undefined },
    { name: "null", text: '{"partialSuccess":null,"and":"more"}', want: undefined },
    { name: "no object", text: "[1, 2, 3, 4, 5, 6, 7, 8, 9]", want: undefined },
    { name: "no JSON", text: "this is not JSON, but it is long", want: undefined },
  ];
  for (const { name, text, want } of table) {
    await t.step(name, () => deepStrictEqual(decodeResponseJson("traces", utf8(text)), want));
  }
});
