import { deepStrictEqual, strictEqual, throws } from "node:assert";
import protobuf from "protobufjs";
import { type FieldSchema, messageSchema, REQUEST_SCHEMAS } from "../../../pipeline/otlp/schema.ts";
import { SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { messageNames, messageType, REQUEST_TYPES } from "../../support/otlp_proto.ts";

/** Those in others: the oracle has no nested names. */
const NESTED = ["Span.Event", "Span.Link", "ExponentialHistogramDataPoint.Buckets", "SummaryDataPoint.ValueAtQuantile"];

function oracleName(name: string): string {
  return name.replace("Span.", "Span").replace(/^\w+\./, "");
}

/** Kinds that are a way to write another one in JSON. */
const WIRE_KINDS: Readonly<Record<string, string>> = { hexId8: "bytes", hexId16: "bytes", enum: "int32" };

function ours(field: FieldSchema) {
  const { number, snakeName, repeated, packed, oneof, message, kind } = field;
  return {
    number,
    name: snakeName,
    type: message === undefined ? WIRE_KINDS[kind] ?? kind : oracleName(message.name),
    repeated,
    packed,
    oneof,
    presence: field.presence,
  };
}

function theirs(field: protobuf.Field): ReturnType<typeof ours> {
  const isMessage = field.resolvedType instanceof protobuf.Type;
  const isOptional = field.partOf?.isProto3Optional === true;
  return {
    number: field.id,
    name: field.name,
    type: field.type,
    repeated: field.repeated,
    packed: field.repeated && !isMessage && field.type !== "string" && field.type !== "bytes",
    oneof: isOptional ? undefined : field.partOf?.name,
    presence: field.partOf !== null || (isMessage && !field.repeated),
  };
}

Deno.test("the schema is that of the published descriptors", async (t) => {
  for (const theirName of messageNames()) {
    const name = NESTED.find((nested) => oracleName(nested) === theirName) ?? theirName;
    await t.step(name, () => {
      const want = messageType(theirName).fieldsArray.toSorted((a, b) => a.id - b.id).map(theirs);
      deepStrictEqual(messageSchema(name).fields.map(ours), want);
    });
  }
});

Deno.test("requests are the messages of their signals", () => {
  for (const signal of SIGNAL_NAMES) strictEqual(REQUEST_SCHEMAS[signal].name, REQUEST_TYPES[signal]);
});

Deno.test("severity numbers are named in steps of four", () => {
  const severity = messageSchema("LogRecord").fields.find(({ name }) => name === "severityNumber");
  const values = severity?.enumValues ?? {};
  strictEqual(Object.keys(values).length, 25);
  strictEqual(values["SEVERITY_NUMBER_TRACE"], 1);
  strictEqual(values["SEVERITY_NUMBER_INFO3"], 11);
  strictEqual(values["SEVERITY_NUMBER_FATAL4"], 24);
});

Deno.test("messageSchema() refuses a name that is none", () => {
  throws(() => messageSchema("Spam"), RangeError);
});
