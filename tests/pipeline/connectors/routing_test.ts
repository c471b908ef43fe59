import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { routingConnectorFactory } from "../../../pipeline/connectors/routing.ts";
import { RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import type { Origin } from "../../../pipeline/otlp/payload.ts";
import { Keeper, payloadOfJson, spanNames, tracesOf } from "../../support/json_payload.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;

const REQUEST = tracesOf([{ env: "prod" }, ["get", "put"]], [{ env: "dev" }, ["get", "del"]], [{}, ["x"]]);
const ORIGIN: Origin = { metadata: new Map([["x-tenant", ["acme", "b"]]]) };

function create(section: unknown) {
  const pipelines = new Map(["a", "b", "rest"].map((name) => [`traces/${name}`, new Keeper()]));
  const config = routingConnectorFactory.schema.parse(section);
  const deps = testDeps();
  const connector = routingConnectorFactory.create(config, { ...deps, from: "traces", to: "traces" }, pipelines);
  return { connector, pipelines, deps };
}

/** Names of the spans in each batch that each pipeline got. */
async function route(section: unknown): Promise<Record<string, string[]>> {
  const { connector, pipelines } = create(section);
  await connector.consume(payloadOfJson("traces", REQUEST, ORIGIN), NEVER);
  return Object.fromEntries(
    [...pipelines].filter(([, { payloads }]) => payloads.length > 0)
      .map(([id, { payloads }]) => [id, payloads.map((payload) => spanNames(payload).join(" "))]),
  );
}

const row = (condition: string, pipelines: readonly string[], more: object = {}) => ({ condition, pipelines, ...more });
const default_pipelines = ["traces/rest"];

Deno.test("routing sends data where its table says", async (t) => {
  const cases: { name: string; section: unknown; want: Record<string, string[]> }[] = [
    {
      name: "by resource; what is left goes to the default",
      section: {
        default_pipelines,
        table: [row('attributes["env"] == "prod"', ["traces/a"]), row('attributes["env"] == "dev"', ["traces/b"])],
      },
      want: { "traces/a": ["get put"], "traces/b": ["get del"], "traces/rest": ["x"] },
    },
    {
      name: "without a default what is left is dropped",
      section: { table: [row('attributes["env"] == "dev"', ["traces/a"])] },
      want: { "traces/a": ["get del"] },
    },
    {
      name: "by span, its context meant; resources are repeated",
      section: { default_pipelines, table: [row('span.name == "get"', ["traces/a"])] },
      want: { "traces/a": ["get get"], "traces/rest": ["put del x"] },
    },
    {
      name: "move: the first that matches; to several pipelines",
      section: {
        table: [
          row('name == "get"', ["traces/a", "traces/b"], { context: "span" }),
          row("true", ["traces/b"], { context: "span" }),
        ],
      },
      want: { "traces/a": ["get get"], "traces/b": ["get get", "put del x"] },
    },
    {
      name: "copy: later routes see it too; one pipeline gets one batch",
      section: {
        default_pipelines,
        table: [
          row('attributes["env"] == "dev"', ["traces/a"], { action: "copy" }),
          row('span.name == "get"', ["traces/a"], { action: "copy" }),
        ],
      },
      want: { "traces/a": ["get del get get"], "traces/rest": ["get put get del x"] },
    },
    {
      name: "one pipeline of two routes gets what the first takes first; a route that asks the same again is none",
      section: {
        table: [
          row('span.name == "del"', ["traces/a"]),
          row('span.name == "put"', ["traces/a"]),
          row('span.name == "put"', ["traces/b"]),
        ],
      },
      want: { "traces/a": ["del put"] },
    },
    {
      name: "by what the client said",
      section: {
        default_pipelines,
        table: [row('request["X-Tenant"] == "acme"', ["traces/a"], { context: "request" })],
      },
      want: { "traces/a": ["get put get del x"] },
    },
    {
      name: "!= of a header that is not there does not match",
      section: { default_pipelines, table: [row('request["y"] != "acme"', ["traces/a"], { context: "request" })] },
      want: { "traces/rest": ["get put get del x"] },
    },
    {
      name: "rules: drop and route",
      section: {
        default_pipelines,
        rules: [
          'resource.attributes["env"] == "dev" > drop()',
          'span.name == "get" > route("traces/a", "traces/b")',
        ],
      },
      want: { "traces/a": ["get"], "traces/b": ["get"], "traces/rest": ["put x"] },
    },
  ];
  for (const { name, section, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await route(section), want));
  }

  await t.step("a whole batch is handed on as it is", async () => {
    const { connector, pipelines } = create({ table: [row("true", ["traces/a"], { context: "resource" })] });
    const payload = payloadOfJson("traces", REQUEST);
    await connector.consume(payload, NEVER);
    strictEqual(pipelines.get("traces/a")?.payloads[0], payload);
  });
});

Deno.test("routing's errors", async (t) => {
  const failing = row('span.name["x"] == 1 or resource.attributes["env"]["x"] == 1', ["traces/a"]);
  const deep = row('resource.attributes["env"]["x"] == 1', ["traces/a"]);

  await t.step("propagate, the default: nothing is sent, also of what routes before took", async () => {
    const { connector, pipelines } = create({ table: [row('attributes["env"] == "prod"', ["traces/b"]), deep] });
    await rejects(connector.consume(payloadOfJson("traces", REQUEST), NEVER), RejectedError);
    deepStrictEqual([...pipelines.values()].flatMap(({ payloads }) => payloads), []);
  });

  await t.step("ignore: what fails goes on to later routes", async () => {
    const want = { "traces/rest": ["get put get del x"] };
    deepStrictEqual(await route({ error_mode: "ignore", default_pipelines, table: [deep] }), want);
  });

  await t.step("a pipeline that fails fails the batch; the others have got theirs", async () => {
    const { connector, pipelines } = create({ default_pipelines, table: [row('span.name == "get"', ["traces/a"])] });
    Object.assign(pipelines.get("traces/a")!, { consume: () => Promise.reject(new UnavailableError("Cannot: away")) });
    await rejects(connector.consume(payloadOfJson("traces", REQUEST), NEVER), UnavailableError);
    strictEqual(pipelines.get("traces/rest")?.payloads.length, 1);
  });

  await t.step("a text that does not load", () => {
    const [issue] = routingConnectorFactory.schema.safeParse({ table: [failing] }).error?.issues ?? [];
    deepStrictEqual(issue?.path, ["table", 0, "condition"]);
  });
});

Deno.test("routing refuses a table that says nothing, or too much", async (t) => {
  const cases: { name: string; section: unknown; want: RegExp }[] = [
    { name: "no route", section: { table: [] }, want: /^table is empty/ },
    { name: "no pipeline", section: { table: [row("true", [])] }, want: /^table::0 has no pipelines/ },
    {
      name: "condition and statement",
      section: { table: [row("true", ["traces/a"], { statement: "route()" })] },
      want: /^table::0 has a condition and a statement/,
    },
    { name: "neither", section: { table: [{ pipelines: ["traces/a"] }] }, want: /^table::0 has neither/ },
    {
      name: "request without a condition",
      section: { table: [{ context: "request", statement: "route()", pipelines: ["traces/a"] }] },
      want: /^table::0 has the context "request" and no condition/,
    },
    {
      name: "another editor",
      section: { table: [{ context: "span", statement: 'set(name, "x")', pipelines: ["traces/a"] }] },
      want: /^table::0::statement does not load: 1:1: undefined function "set"/,
    },
    {
      name: "a rule that does something else",
      section: { rules: ['span.name == "a" > set(span.name, "b")'] },
      want: /^rules::0 /,
    },
    {
      name: "a context of another signal",
      section: { rules: ['log.severity_text == "x" > route("traces/a")'] },
      want: /^rules::0 means the context "log", which traces do not have, wanted one of resource, span$/,
    },
    {
      name: "rules beside a table",
      section: { table: [row("true", ["traces/a"], { context: "span" })], rules: ["true > drop()"] },
      want: /^rules stands beside a table/,
    },
  ];
  for (const { name, section, want } of cases) {
    await t.step(name, () => {
      const [issue] = routingConnectorFactory.schema.safeParse(section).error?.issues ?? [];
      match(`${issue?.path.join("::")} ${issue?.message}`, want);
    });
  }

  await t.step("a context of another signal, where its path is wrong too", () => {
    const section = { rules: ['span.status.cod == 1 > route("logs/a")', 'log.sevrity == 1 > route("logs/a")'] };
    const { issues = [] } = routingConnectorFactory.schema.safeParse(section).error ?? {};
    deepStrictEqual(issues.map(({ path, message }) => [path.join("::"), /did you mean "(.+)"/.exec(message)?.[1]]), [
      ["rules::0", undefined],
      ["rules::0", "span.status.code"],
      ["rules::1", "log.severity_number"],
    ]);
  });

  await t.step("a pipeline that does not begin with it", () => {
    throws(() => create({ table: [row('span.name == "a"', ["traces/zzz"])] }), /"traces\/zzz".*wanted traces\/a/);
  });
});
