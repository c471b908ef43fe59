/**
 * Which resource goes into which file.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { groupByResource, groupPath } from "../../../../pipeline/exporters/file/grouping.ts";
import { NO_ORIGIN, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { decodeMessage, encodeMessage, type FieldOrder, REQUEST_TYPES } from "../../../support/otlp_proto.ts";

const paths: { name: string; pattern: string; segment: string; want: string }[] = [
  { name: "a plain value", pattern: "/data/*.json", segment: "shop", want: "/data/shop.json" },
  { name: "directories", pattern: "/data/*.json", segment: "eu/shop", want: "/data/eu/shop.json" },
  { name: "a leading slash", pattern: "/data/*.json", segment: "/shop", want: "/data/shop.json" },
  { name: "a leading ./", pattern: "/data/*.json", segment: "./shop", want: "/data/shop.json" },
  { name: "a leading ../", pattern: "/data/*.json", segment: "../shop", want: "/data/shop.json" },
  { name: "out of the prefix", pattern: "/data/*.json", segment: "../../etc/passwd", want: "/data/etc/passwd.json" },
  { name: "out of it later on", pattern: "/data/*.json", segment: "a/../../../etc/x", want: "/data/etc/x.json" },
  { name: "a prefix inside a name", pattern: "/data/t-*", segment: "a/../../x", want: "/data/t-/x" },
];

Deno.test("groupPath()", async (t) => {
  for (const { name, pattern, segment, want } of paths) {
    await t.step(name, () => strictEqual(groupPath(pattern, segment), want));
  }
});

const resource = (attributes: Record<string, unknown>, span: string) => ({
  resource: { attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })) },
  scope_spans: [{ spans: [{ name: span }] }],
});
const request = {
  resource_spans: [
    resource({ other: { string_value: "x" }, file: { string_value: "a" } }, "1"),
    resource({ file: { string_value: "b" } }, "2"),
    resource({ other: { string_value: "a" } }, "3"),
    resource({ file: { int_value: 7 } }, "4"),
    resource({ file: { string_value: "a\0b" } }, "5"),
    resource({ file: { string_value: "a" } }, "6"),
  ],
};

function names(chunks: readonly Uint8Array[]): string[] {
  return chunks.flatMap((chunk) => {
    const decoded = decodeMessage(REQUEST_TYPES.traces, chunk) as typeof request;
    return decoded.resource_spans.map((spans) => spans.scope_spans[0]?.spans[0]?.name ?? "");
  });
}

Deno.test("groupByResource()", async (t) => {
  for (const order of ["sdk", "collector"] satisfies FieldOrder[]) {
    await t.step(`fields in the order of the ${order}`, () => {
      const bytes = encodeMessage(REQUEST_TYPES.traces, request, { order });
      const { bySegment, rest } = groupByResource(payloadOf("traces", bytes, 6, NO_ORIGIN), "file");
      const groups = Object.fromEntries(Array.from(bySegment, ([segment, chunks]) => [segment, names(chunks).sort()]));
      deepStrictEqual(groups, { a: ["1", "6"], b: ["2"] });
      deepStrictEqual(names(rest).sort(), ["3", "4", "5"]);
    });
  }

  await t.step("what profiles share goes with every group", () => {
    const profiles = {
      resource_profiles: ["a", "b"].map((name) => ({
        resource: { attributes: [{ key: "file", value: { string_value: name } }] },
      })),
      dictionary: { string_table: ["", "cpu"] },
    };
    const bytes = encodeMessage(REQUEST_TYPES.profiles, profiles);
    const { bySegment } = groupByResource(payloadOf("profiles", bytes, 0, NO_ORIGIN), "file");
    const tables = Array.from(bySegment.values(), (chunks) => {
      const whole = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
      return (decodeMessage(REQUEST_TYPES.profiles, whole) as typeof profiles).dictionary.string_table;
    });
    deepStrictEqual(tables, [["", "cpu"], ["", "cpu"]]);
  });
});
