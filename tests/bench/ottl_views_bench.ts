/**
 * What it costs to walk over items on the wire, to change and to drop them. Single conditions are in `ottl_conditions.ts`.
 *
 * @module
 */

import type { ContextPath } from "../../ottl/compile/context.ts";
import { type Cursor, openContext, walk } from "../../pipeline/otlp/ottl/mod.ts";
import { NO_ORIGIN, payloadOf } from "../../pipeline/otlp/payload.ts";
import { requestBytes } from "../support/otlp_samples.ts";

function attribute(key: string): ContextPath {
  return {
    context: "span",
    fields: [{ name: "attributes", keys: [{ constant: key, evaluate: () => key }] }],
    text: "",
  };
}

const traces = payloadOf("traces", requestBytes("traces", 100), 100, NO_ORIGIN);

for (const key of ["http.route", "new.key"]) {
  const { resolver, cursor } = openContext("traces", "span");
  const set = resolver.resolve(attribute(key)).constantSetter!("x")!;
  const visit = {
    span: (item: Cursor) => {
      set(item);
      return true;
    },
  };
  Deno.bench(`walk() of 100 spans that sets ${key}`, () => {
    walk(traces, cursor, { visit });
  });
}

{
  const { resolver, cursor } = openContext("traces", "span");
  const condition = resolver.resolve(attribute("http.route")).comparison!("==", "none")!;
  Deno.bench("walk() of 100 spans with one condition", () => {
    walk(traces, cursor, { visit: { span: (item) => !condition(item) }, prune: true });
  });
  Deno.bench("walk() of 100 spans that drops every other", () => {
    let i = 0;
    walk(traces, cursor, { visit: { span: () => i++ % 2 === 0 }, prune: true });
  });
}
