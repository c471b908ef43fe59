import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { maskJson, MAX_SAMPLED_BYTES, sampleOf } from "../../../../gateway/admin/taps/mask_payload.ts";
import { payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { NO_ORIGIN } from "../../../../pipeline/otlp/payload.ts";
import { payloadOfJson } from "../../../support/json_payload.ts";

const MASKED = { stringValue: "[REDACTED]" };
const cases: { name: string; json: unknown; want: unknown }[] = [
  {
    name: "an attribute called like a secret",
    json: { key: "db.password", value: { stringValue: "x" } },
    want: { key: "db.password", value: MASKED },
  },
  {
    name: "one that was chosen, whatever its type",
    json: { key: "user.id", value: { kvlistValue: { values: [] } } },
    want: { key: "user.id", value: MASKED },
  },
  {
    name: "another stays",
    json: { key: "user.ids", value: { intValue: "7" } },
    want: { key: "user.ids", value: { intValue: "7" } },
  },
  {
    name: "in a map inside a value",
    json: { key: "a", value: { kvlistValue: { values: [{ key: "token", value: { stringValue: "x" } }] } } },
    want: { key: "a", value: { kvlistValue: { values: [{ key: "token", value: MASKED }] } } },
  },
  {
    name: "user and password of a URL",
    json: { body: { stringValue: "GET https://ada:pw@host/x failed" } },
    want: { body: { stringValue: "GET https://[REDACTED]@host/x failed" } },
  },
  {
    name: "parameters of a URL called like a secret",
    json: { key: "url.full", value: { stringValue: "https://host/x?a=1&token=zzz&Access_Key=y#top" } },
    want: { key: "url.full", value: { stringValue: "https://host/x?a=1&token=[REDACTED]&Access_Key=[REDACTED]#top" } },
  },
  {
    name: "of a query by itself",
    json: { key: "url.query", value: { stringValue: "sig=zzz&page=2" } },
    want: { key: "url.query", value: { stringValue: "sig=[REDACTED]&page=2" } },
  },
  {
    name: "a bearer token in a text",
    json: { name: "header authorization: bearer abcdefgh12345 sent" },
    want: { name: "header authorization: [REDACTED] sent" },
  },
  {
    name: "a JSON Web Token in a text",
    json: ["t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature;"],
    want: ["t=[REDACTED];"],
  },
];

Deno.test("maskJson()", async (t) => {
  for (const { name, json, want } of cases) {
    await t.step(name, () => deepStrictEqual(maskJson(json, new Set(["user.id"])), want));
  }
});

const spans = (count: number, name = "s") => ({
  resourceSpans: [{
    scopeSpans: [{
      spans: Array.from({ length: count }, () => ({ traceId: "01".repeat(16), spanId: "02".repeat(8), name })),
    }],
  }],
});

Deno.test("sampleOf()", async (t) => {
  await t.step("shows the first items", () => {
    const sample = JSON.stringify(sampleOf(payloadOfJson("traces", spans(5)), 2, new Set()));
    strictEqual(sample.match(/"spanId"/g)?.length, 2);
  });
  await t.step("shows nothing of a payload past the bound", () => {
    const bytes = new Uint8Array(MAX_SAMPLED_BYTES + 1);
    strictEqual(sampleOf(payloadOf("traces", bytes, 1, NO_ORIGIN), 1, new Set()), null);
  });
  await t.step("shows nothing of a sample past the bound", () => {
    strictEqual(sampleOf(payloadOfJson("traces", spans(1, "x".repeat(70_000))), 1, new Set()), null);
    ok(sampleOf(payloadOfJson("traces", spans(1, "x".repeat(60_000))), 1, new Set()) !== null);
  });
});
