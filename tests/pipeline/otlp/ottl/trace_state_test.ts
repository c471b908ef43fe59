import { strictEqual, throws } from "node:assert";
import { OttlError } from "../../../../ottl/values/errors.ts";
import type { Value } from "../../../../ottl/values/value.ts";
import { openContext } from "../../../../pipeline/otlp/ottl/mod.ts";
import { encodeMessage } from "../../../support/otlp_proto.ts";

Deno.test("trace_state by what is no literal string fails, unless the header does", async (t) => {
  for (const key of [1n, undefined]) {
    await t.step(String(key), () => {
      const { resolver, cursor } = openContext("traces", "span");
      const keys = [{ constant: key, evaluate: () => key ?? "a" }];
      const path = resolver.resolve({ context: "span", fields: [{ name: "trace_state", keys }], text: "" });
      const show = (header: string) => {
        const span = encodeMessage("Span", { trace_state: header });
        cursor.item.reset(span, 0, span.length);
      };
      show("a=1");
      throws(() => path.get(cursor), OttlError);
      throws(() => path.set(cursor, "x"), OttlError);
      show("junk");
      strictEqual(path.get(cursor), null);
      path.set(cursor, "x");
      strictEqual(cursor.item.text(3), "junk");
    });
  }
});

Deno.test("trace_state by key", async (t) => {
  const many = Array.from({ length: 32 }, (_, i) => `k${i}=v`);
  const cases: { name: string; header: string; key: string; got: Value; value: string; want: string }[] = [
    { name: "replaced, to the front", header: "a=1,b=2", key: "b", got: "2", value: "3", want: "b=3,a=1" },
    { name: "added to the front", header: "a=1", key: "b", got: "", value: "3", want: "b=3,a=1" },
    { name: "to an empty header", header: "", key: "b", got: "", value: "3", want: "b=3" },
    { name: "spaces", header: " a=1 ,\tb=2", key: "a", got: "1", value: "x y", want: "a=x y,b=2" },
    { name: "a value with a comma", header: "a=1", key: "a", got: "1", value: "1,2", want: "a=1" },
    { name: "an empty value", header: "a=1", key: "a", got: "1", value: "", want: "a=1" },
    { name: "a key in upper case", header: "a=1", key: "A", got: "", value: "1", want: "a=1" },
    { name: "a header with a key twice", header: "a=1,a=2", key: "a", got: null, value: "3", want: "a=1,a=2" },
    { name: "a header without values", header: "junk", key: "a", got: null, value: "3", want: "junk" },
    {
      name: "at 32 members the last goes",
      header: many.join(),
      key: "n",
      got: "",
      value: "1",
      want: ["n=1", ...many.slice(0, 31)].join(),
    },
    {
      name: "33 members",
      header: [...many, "z=1"].join(),
      key: "z",
      got: null,
      value: "1",
      want: [...many, "z=1"].join(),
    },
  ];
  for (const { name, header, key, got, value, want } of cases) {
    await t.step(name, () => {
      const { resolver, cursor } = openContext("traces", "span");
      const keys = [{ constant: key, evaluate: () => key }];
      const path = resolver.resolve({ context: "span", fields: [{ name: "trace_state", keys }], text: "" });
      const span = encodeMessage("Span", { trace_state: header });
      cursor.item.reset(span, 0, span.length);
      strictEqual(path.get(cursor), got);
      path.set(cursor, value);
      strictEqual(cursor.item.text(3), want);
    });
  }
});
