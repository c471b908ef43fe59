/**
 * What is asked of a resource from its items is worked out once, and never told of another or of one that was edited.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import { type Cursor, openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { WireMap } from "../../../../pipeline/otlp/ottl/wire_map.ts";
import { encodeMessage } from "../../../support/otlp_proto.ts";
import { read } from "../../../support/otlp_levels.ts";

const resourceSpans = (...attributes: [string, string][]) => ({
  resource: { attributes: attributes.map(([key, value]) => ({ key, value: { string_value: value } })) },
  scope_spans: [{ spans: [{ name: "first" }, { name: "second" }, { name: "third" }] }],
});

const payload = read(
  "traces",
  encodeMessage("ExportTraceServiceRequest", {
    resource_spans: [resourceSpans(["env", "prod"]), resourceSpans(), resourceSpans(["env", "test"], ["env", "prod"])],
  }),
);

/** Answers of `resource.attributes["env"] == "prod"` for each span, when `edit` is done at each second span. */
function answers(edit: (item: Cursor) => void): boolean[] {
  const { resolver, cursor } = openContext("traces", "span");
  const env = resolver.resolve({
    context: "resource",
    fields: [{ name: "attributes", keys: [{ constant: "env", evaluate: () => "env" }] }],
    text: "",
  });
  const isProd = env.comparison!("==", "prod")!;
  const found: boolean[] = [];
  const span = (item: Cursor) => {
    if (found.length % 3 === 1) edit(item);
    found.push(isProd(item));
    return true;
  };
  walk(payload, cursor, { visit: { span } });
  return found;
}

Deno.test("A condition on a resource answers for the resource that the item is in, as it was edited", async (t) => {
  const cases: { name: string; edit: (item: Cursor) => void; want: readonly number[] }[] = [
    { name: "no edit", edit: () => {}, want: [1, 1, 1, 0, 0, 0, 0, 0, 0] },
    {
      name: "set",
      edit: ({ resource }) => new WireMap(resource).set("env", "prod"),
      want: [1, 1, 1, 0, 1, 1, 0, 1, 1],
    },
    {
      name: "the first of two taken out",
      edit: ({ resource }) => void new WireMap(resource).delete("env"),
      want: [1, 0, 0, 0, 0, 0, 0, 1, 1],
    },
    { name: "cleared", edit: ({ resource }) => resource.attributes.clear(), want: [1, 0, 0, 0, 0, 0, 0, 0, 0] },
  ];
  for (const { name, edit, want } of cases) {
    await t.step(name, () => deepStrictEqual(answers(edit).map(Number), want));
  }
});
