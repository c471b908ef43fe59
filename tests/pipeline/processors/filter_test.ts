import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { RejectedError } from "../../../pipeline/core/errors.ts";
import { filterFactory } from "../../../pipeline/processors/filter.ts";
import { Keeper, payloadOfJson, spanNames, tracesOf } from "../../support/json_payload.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;

const REQUEST = tracesOf(
  [{ env: "prod", "service.name": "shop" }, ["get", "put", "health"]],
  [{ env: "dev", "service.name": "bill" }, ["get"]],
);

/** Names of the spans that stay; undefined when nothing is handed on. */
async function filter(section: unknown) {
  const next = new Keeper();
  const deps = testDeps();
  const processor = filterFactory.create(filterFactory.schema.parse(section), deps, next);
  strictEqual(await processor.consume(payloadOfJson("traces", REQUEST), NEVER), KEPT);
  const [kept] = next.payloads;
  return { names: kept && spanNames(kept), payload: kept, deps };
}

Deno.test("filter drops what a condition matches", async (t) => {
  const cases: { name: string; section: unknown; want: readonly string[] | undefined; filtered: number }[] = [
    { name: "nothing", section: {}, want: ["get", "put", "health", "get"], filtered: 0 },
    {
      name: "spans",
      section: { trace_conditions: ['span.name == "health"', 'span.name == "put"'] },
      want: ["get", "get"],
      filtered: 2,
    },
    {
      name: "a resource, with all that is in it",
      section: { trace_conditions: ['resource.attributes["env"] == "dev"'] },
      want: ["get", "put", "health"],
      filtered: 1,
    },
    { name: "everything", section: { trace_conditions: ["span.name != nil"] }, want: undefined, filtered: 4 },
    {
      name: "group after group",
      section: {
        trace_conditions: [{ context: "span", conditions: ['name == "put"'] }, { conditions: ['span.name == "get"'] }],
      },
      want: ["health"],
      filtered: 3,
    },
    {
      name: "older form: conditions",
      section: { traces: { span: ['name == "get"'] } },
      want: ["put", "health"],
      filtered: 2,
    },
    {
      name: "oldest form: include",
      section: { spans: { include: { match_type: "strict", services: ["shop"], span_names: ["get", "put"] } } },
      want: ["get", "put"],
      filtered: 2,
    },
    {
      name: "oldest form: include, without exclude",
      section: {
        spans: {
          include: { match_type: "regexp", span_names: ["^(get|put)$"] },
          exclude: { match_type: "strict", resources: [{ key: "env", value: "dev" }] },
        },
      },
      want: ["get", "put"],
      filtered: 2,
    },
  ];
  for (const { name, section, want, filtered } of cases) {
    await t.step(name, async () => {
      const { names, deps } = await filter(section);
      deepStrictEqual(names, want);
      strictEqual(deps.meter.get("otelcol_processor_filter_spans_filtered"), filtered);
    });
  }
});

Deno.test("filter's error modes", async (t) => {
  const failing = 'span.attributes["x"]["y"] == resource.attributes["env"]["z"]';

  await t.step("ignore: what fails does not match", async () => {
    const { names, deps } = await filter({ trace_conditions: [failing, 'span.name == "put"'] });
    deepStrictEqual(names, ["get", "health", "get"]);
    deepStrictEqual(deps.lines.map(({ fields }) => [fields["statement"], fields["items"]]), [[failing, 4]]);
  });

  await t.step("propagate: the batch is refused", async () => {
    await rejects(filter({ error_mode: "propagate", trace_conditions: [failing] }), RejectedError);
  });
});

Deno.test("filter refuses forms that cannot stand together", async (t) => {
  const cases: { name: string; section: unknown; want: RegExp }[] = [
    {
      name: "two forms of conditions",
      section: { trace_conditions: ['span.name == "a"'], traces: { span: ["true"] } },
      want: /^trace_conditions cannot stand beside an older form for traces/,
    },
    {
      name: "conditions and include",
      section: { metrics: { metric: ["true"], include: { match_type: "strict", metric_names: ["a"] } } },
      want: /^metrics has conditions, and include or exclude/,
    },
    {
      name: "another language",
      section: { metrics: { include: { match_type: "expr", expressions: ["true"] } } },
      want: /^metrics::include::match_type is "expr", a language that this gateway does not have/,
    },
    {
      name: "properties of another signal",
      section: { spans: { include: { match_type: "strict", log_bodies: ["a"] } } },
      want: /^spans::include::log_bodies is not a property of traces/,
    },
    {
      name: "texts and groups",
      section: { trace_conditions: [{ conditions: ["true"] }, "true"] },
      want: /^trace_conditions::1 mixes texts and groups/,
    },
  ];
  for (const { name, section, want } of cases) {
    await t.step(name, () => {
      const [issue] = filterFactory.schema.safeParse(section).error?.issues ?? [];
      match(`${issue?.path.join("::")} ${issue?.message}`, want);
    });
  }
});
