import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import {
  DeadlineExceededError,
  type GatewayError,
  InvalidPayloadError,
  RejectedError,
  ThrottledError,
  UnavailableError,
} from "../../../pipeline/core/errors.ts";
import {
  decodeStatus,
  decodeStatusJson,
  encodeStatus,
  encodeStatusJson,
  MAX_MESSAGE_LENGTH,
  MAX_RESPONSE_BYTES,
} from "../../../pipeline/otlp/status.ts";

const { root } = protobuf.parse(
  `syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Detail details = 3; }
  message Detail { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
  message FieldViolation { string field = 1; string description = 2; }`,
  { keepCase: true },
);

interface Detail {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** A Status by the oracle, its details decoded by their type. */
function oracle(bytes: Uint8Array): Record<string, unknown> {
  const plain = (name: string, bytes: Uint8Array) =>
    root.lookupType(name).toObject(root.lookupType(name).decode(bytes), { longs: String, defaults: false });
  const { details = [], ...status } = plain("Status", bytes) as { details?: Detail[] };
  return {
    ...status,
    details: details.map(({ type_url, value }) => {
      const [prefix, name] = type_url.split("/google.rpc.");
      strictEqual(prefix, "type.googleapis.com");
      return { [name!]: plain(name!, value) };
    }),
  };
}

const cases: { name: string; error: GatewayError; protobuf: Record<string, unknown>; json: Record<string, unknown> }[] =
  [
    {
      name: "bad data, with BadRequest",
      error: new InvalidPayloadError("Cannot read it", { offset: 3 }),
      protobuf: {
        code: 3,
        message: "Cannot read it",
        details: [{ BadRequest: { field_violations: [{ field: "body", description: "Cannot read it" }] } }],
      },
      json: {
        code: 3,
        message: "Cannot read it",
        details: [{
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "body", description: "Cannot read it" }],
        }],
      },
    },
    {
      name: "throttled for 7 s, with RetryInfo",
      error: new ThrottledError("Too much", { retryAfterMs: 7_000 }),
      protobuf: { code: 8, message: "Too much", details: [{ RetryInfo: { retry_delay: { seconds: "7" } } }] },
      json: {
        code: 8,
        message: "Too much",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" }],
      },
    },
    {
      name: "away for 1,050 ms",
      error: new UnavailableError("Away", { retryAfterMs: 1_050 }),
      protobuf: {
        code: 14,
        message: "Away",
        details: [{ RetryInfo: { retry_delay: { seconds: "1", nanos: 50_000_000 } } }],
      },
      json: {
        code: 14,
        message: "Away",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.050s" }],
      },
    },
    {
      name: "retryable, nobody says when",
      error: new DeadlineExceededError("Late"),
      protobuf: { code: 4, message: "Late", details: [] },
      json: { code: 4, message: "Late" },
    },
    {
      name: "final: a wait says nothing",
      error: new RejectedError("No", "permission_denied", { retryAfterMs: 7_000 }),
      protobuf: { code: 7, message: "No", details: [] },
      json: { code: 7, message: "No" },
    },
  ];

Deno.test("encodeStatus() and encodeStatusJson()", async (t) => {
  for (const { name, error, protobuf, json } of cases) {
    await t.step(name, () => {
      deepStrictEqual(oracle(encodeStatus(error)), protobuf);
      deepStrictEqual(JSON.parse(encodeStatusJson(error)), json);
    });
  }
  await t.step("a wait of more than 2^32 s", () => {
    const error = new ThrottledError("Long", { retryAfterMs: 5e15 });
    deepStrictEqual(oracle(encodeStatus(error))["details"], [
      { RetryInfo: { retry_delay: { seconds: "5000000000000" } } },
    ]);
  });
  await t.step("a message past the bound is cut", () => {
    strictEqual(messageOf("x".repeat(MAX_MESSAGE_LENGTH)).length, MAX_MESSAGE_LENGTH);
    strictEqual(messageOf("x".repeat(MAX_MESSAGE_LENGTH + 1)).length, MAX_MESSAGE_LENGTH);
  });
  await t.step("a surrogate pair that is cut leaves no half", () => {
    ok(messageOf("x".repeat(MAX_MESSAGE_LENGTH - 1) + "😀").isWellFormed());
  });
});

function messageOf(message: string): string {
  return String(oracle(encodeStatus(new UnavailableError(message)))["message"]);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("decodeStatus() and decodeStatusJson() read what we write", async (t) => {
  for (const { name, error } of cases) {
    await t.step(name, () => {
      const want = { code: error.rpcCode, message: error.message };
      deepStrictEqual(decodeStatus(encodeStatus(error)), want);
      deepStrictEqual(decodeStatusJson(utf8(encodeStatusJson(error))), want);
    });
  }
});

Deno.test("decodeStatus() of a peer's bytes", async (t) => {
  const table: { name: string; bytes: Uint8Array; want: unknown }[] = [
    { name: "no bytes", bytes: utf8(""), want: { code: 0, message: "" } },
    { name: "HTML", bytes: utf8("<html>502</html>"), want: undefined },
    { name: "cut off", bytes: Uint8Array.of(8, 3, 18, 9, 65), want: undefined },
    { name: "text that is not UTF-8", bytes: Uint8Array.of(18, 1, 0xff), want: { code: 0, message: "\ufffd" } },
    {
      name: "a negative code",
      bytes: Uint8Array.of(8, ...new Array(9).fill(0xff), 1),
      want: { code: -1, message: "" },
    },
    {
      name: "at the bound",
      bytes: padded(MAX_RESPONSE_BYTES),
      want: { code: 0, message: "x".repeat(MAX_MESSAGE_LENGTH) },
    },
    { name: "past the bound", bytes: padded(MAX_RESPONSE_BYTES + 1), want: undefined },
  ];
  for (const { name, bytes, want } of table) await t.step(name, () => deepStrictEqual(decodeStatus(bytes), want));
  await t.step("any bytes: never a throw", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      decodeStatus(bytes);
      decodeStatusJson(bytes);
    }));
  });
});

/** A Status of `length` bytes with a message that fills it. */
function padded(length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x78);
  const size = length - 5;
  bytes.set([18, size & 0x7f | 0x80, size >>> 7 & 0x7f | 0x80, size >>> 14 & 0x7f | 0x80, size >>> 21]);
  return bytes;
}

Deno.test("decodeStatusJson() of a peer's text", async (t) => {
  const table: { name: string; text: string; want: unknown }[] = [
    { name: "full", text: '{"code":14,"message":"away","details":[]}', want: { code: 14, message: "away" } },
    { name: "nothing in it", text: "{}", want: { code: 0, message: "" } },
    { name: "other types", text: '{"code":"x","message":7}', want: { code: 0, message: "" } },
    { name: "no object", text: "null", want: undefined },
    { name: "a string", text: '"away"', want: undefined },
    { name: "no JSON", text: "away", want: undefined },
    { name: "no text", text: "", want: undefined },
    { name: "deep", text: "[".repeat(200_000), want: undefined },
  ];
  for (const { name, text, want } of table) {
    await t.step(name, () => deepStrictEqual(decodeStatusJson(utf8(text)), want));
  }
});
