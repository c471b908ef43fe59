import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { DeadlineExceededError, RejectedError, UnavailableError } from "../../../pipeline/core/errors.ts";
import { transformFactory } from "../../../pipeline/processors/transform.ts";
import { Keeper, payloadOfJson, spanNames, spansOf, tracesOf } from "../../support/json_payload.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;

function create(section: unknown) {
  const next = new Keeper();
  const deps = testDeps();
  return { next, deps, processor: transformFactory.create(transformFactory.schema.parse(section), deps, next) };
}

async function transform(section: unknown, request: unknown) {
  const { next, deps, processor } = create(section);
  await processor.consume(payloadOfJson("traces", request), NEVER);
  return { payload: next.payloads[0]!, deps };
}

/** Problems of a section: path and first line of the message. */
function problemsOf(section: unknown): string[] {
  const { error } = transformFactory.schema.safeParse(section);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join("::")} ${message.split("\n")[0]}`);
}

Deno.test("transform changes what statements say, and nothing else", async (t) => {
  const request = tracesOf([{ env: "prod" }, ["a", "b"]], [{}, ["c"]]);

  await t.step("a batch that no statement changes is handed on as it is", async () => {
    const { next, processor } = create({ trace_statements: ['set(span.name, "x") where span.name == "zzz"'] });
    const payload = payloadOfJson("traces", request);
    await processor.consume(payload, NEVER);
    strictEqual(next.payloads[0], payload);
  });

  await t.step("groups see what groups before them did", async () => {
    const section = {
      trace_statements: [
        { context: "span", statements: ['set(name, Concat([name, "1"], ""))'] },
        { conditions: ['span.name == "b1"'], statements: ['set(span.name, "found")'] },
      ],
    };
    deepStrictEqual(spanNames((await transform(section, request)).payload), ["a1", "found", "c1"]);
  });

  await t.step("statements of other signals do nothing", async () => {
    const { payload } = await transform({ log_statements: ['set(log.severity_text, "x")'] }, request);
    deepStrictEqual(spanNames(payload), ["a", "b", "c"]);
  });
});

Deno.test("transform's error modes", async (t) => {
  const statements = ['set(span.attributes["x"], span.start_time)', 'set(span.status.message, "after")'];
  const request = tracesOf([{}, ["a", "b"]]);

  await t.step("ignore: the rest runs, one line a batch tells the statement and how many items", async () => {
    const { payload, deps } = await transform({ trace_statements: statements }, request);
    deepStrictEqual(spansOf(payload).map(({ status }) => status.message), ["after", "after"]);
    const told = deps.lines.map(({ level, fields }) => [level, fields["statement"], fields["items"]]);
    deepStrictEqual(told, [["warn", statements[0], 2]]);
    match(String(deps.lines[0]?.fields["first_error"]), /unsupported type time/);
    strictEqual(deps.meter.get("sluice_ottl_errors"), 2);
  });

  await t.step("silent: counted and not told", async () => {
    const { deps } = await transform({ error_mode: "silent", trace_statements: statements }, request);
    deepStrictEqual([deps.lines.length, deps.meter.get("sluice_ottl_errors")], [0, 2]);
  });

  await t.step("propagate: the batch is refused for good, with the statement", async () => {
    const { next, processor } = create({ error_mode: "PROPAGATE", trace_statements: statements });
    await rejects(processor.consume(payloadOfJson("traces", request), NEVER), (error) => {
      ok(error instanceof RejectedError);
      deepStrictEqual([error.code, error.retryable], ["invalid_argument", false]);
      match(error.message, /failed to execute statement: set\(span\.attributes\["x"\], span\.start_time\)/);
      return true;
    });
    strictEqual(next.payloads.length, 0);
  });

  await t.step("a group's own mode", async () => {
    const groups = [{ error_mode: "silent", statements }];
    const { deps } = await transform({ error_mode: "propagate", trace_statements: groups }, request);
    strictEqual(deps.lines.length, 0);
  });
});

Deno.test("transform takes no longer than max_batch_duration", async (t) => {
  const names = Array.from({ length: 200 }, (_, i) => `s${i}`);
  const request = payloadOfJson("traces", tracesOf([{}, names]));
  for (const [stepMs, refused] of [[0.2, false], [1, true]] as const) {
    await t.step(`${stepMs} ms a look at the clock`, async () => {
      const { next, deps, processor } = create({
        max_batch_duration: "2ms",
        trace_statements: ['set(span.name, "x")'],
      });
      let nowMs = 0;
      deps.clock.monotonicMs = () => nowMs += stepMs;
      const consumed = processor.consume(request, NEVER);
      if (refused) await rejects(consumed, DeadlineExceededError);
      else await consumed;
      strictEqual(next.payloads.length, refused ? 0 : 1);
    });
  }
});

Deno.test("transform grows no batch without a bound", async (t) => {
  const grow = (times: number) => Array(times).fill('set(span.name, Concat([span.name, span.name], ""))');
  const request = tracesOf([{}, ["0123456789abcdef"]]);

  await t.step("a string up to 16 MiB", async () => {
    const { payload } = await transform({ trace_statements: grow(20) }, request);
    strictEqual(spanNames(payload)[0]?.length, 16 * 2 ** 20);
  });

  await t.step("past it the statement fails and the string stays", async () => {
    const { payload, deps } = await transform({ trace_statements: grow(21) }, request);
    strictEqual(spanNames(payload)[0]?.length, 16 * 2 ** 20);
    strictEqual(deps.meter.get("sluice_ottl_errors"), 1);
  });
});

Deno.test("transform tells everything that is wrong, each at its place", async (t) => {
  const cases: { name: string; section: unknown; want: readonly (string | RegExp)[] }[] = [
    {
      name: "every text of every signal",
      section: {
        trace_statements: ["set(span.nam, 1)", "set(", { statements: [] }],
      },
      want: [/^trace_statements::2 mixes texts and groups/],
    },
    {
      name: "several groups",
      section: {
        trace_statements: [{ context: "span", statements: ["set(nam, 1)", "nope()"] }],
        log_statements: [{ conditions: ["log.body =="], statements: ["set(log.body, 1)"] }],
      },
      want: [
        /^trace_statements::0::statements::0 does not load: 1:5: .*"nam"/,
        /^trace_statements::0::statements::1 does not load: 1:1: undefined function "nope"/,
        /^log_statements::0::conditions::0 does not load: 1:12: /,
      ],
    },
    {
      name: "a context of another signal",
      section: { trace_statements: [{ context: "log", statements: ["set(body, 1)"] }] },
      want: [
        /^trace_statements::0::context is the context "log", wanted one of traces: resource, scope, span, spanevent/,
      ],
    },
    {
      name: "no context to infer",
      section: { metric_statements: ["convert_sum_to_gauge()"] },
      want: [/^metric_statements::0 does not load: /],
    },
    {
      name: "a gate that there is not",
      section: { flatten: { log: new Scalar(true, "true") } },
      want: [/^flatten::log .*gate/],
    },
    {
      name: "an unknown key",
      section: { trace_statements: [{ statement: ["x"] }] },
      want: [/^trace_statements::0 /],
    },
  ];
  for (const { name, section, want } of cases) {
    await t.step(name, () => {
      const got = problemsOf(section);
      strictEqual(got.length, want.length, got.join("\n"));
      want.forEach((pattern, i) => match(got[i]!, pattern as RegExp));
    });
  }
});

Deno.test("transform asks the next consumer before a body is read", () => {
  const { processor, next } = create({});
  Object.assign(next, {
    admit: () => {
      throw new UnavailableError("Cannot queue: full");
    },
  });
  throws(() => processor.admit?.(1), UnavailableError);
});
