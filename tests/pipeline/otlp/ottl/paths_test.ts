/**
 * Paths over random payloads: what they read is what the oracle decodes, and what they write is what it decodes then,
 * with all else as it was.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import type { PathAccess } from "../../../../ottl/compile/context.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { compareValues } from "../../../../ottl/values/compare.ts";
import { Id, OttlList, OttlMap, Time, type Value } from "../../../../ottl/values/value.ts";
import { InvalidPayloadError } from "../../../../pipeline/core/errors.ts";
import { MAX_VALUE_DEPTH } from "../../../../pipeline/otlp/ottl/any_value.ts";
import {
  contextDefinition,
  contextsOf,
  type Cursor,
  openContext,
  pathTable,
  walk,
} from "../../../../pipeline/otlp/ottl/mod.ts";
import { NO_ORIGIN, payloadBytes, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../../../pipeline/otlp/signals.ts";
import { arbitraryRequest } from "../../../support/otlp_arbitrary.ts";
import { type Message, messagesOf, read } from "../../../support/otlp_levels.ts";
import { decodeRequest, encodeMessage, REQUEST_TYPES } from "../../../support/otlp_proto.ts";

const RUNS = { numRuns: 20 };

/** How a field is told by the oracle, with a value to write: in OTTL, and as the oracle tells it. */
interface Form {
  readonly told: (field: unknown) => unknown;
  readonly value: Value;
  readonly written: unknown;
}

const ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

const FORMS = {
  text: { told: (field = "") => field, value: "new é", written: "new é" },
  int32: { told: (field = 0) => String(field), value: -7n, written: -7 },
  uint32: { told: (field = 0) => String(field), value: 2n ** 32n - 2n, written: 2 ** 32 - 2 },
  sint32: { told: (field = 0) => String(field), value: -70_000n, written: -70_000 },
  // What is past int64 is negative.
  uint64: { told: (field = "0") => signed(field as string), value: -2n, written: String(2n ** 64n - 2n) },
  instant: {
    told: (field = "0") => signed(field as string),
    value: new Time(2n ** 62n + 1n),
    written: String(2n ** 62n + 1n),
  },
  double: { told: (field = 0) => field, value: -0.5, written: -0.5 },
  bool: { told: (field = false) => field, value: true, written: true },
  traceId: {
    told: (field = "") => field === "" ? new Uint8Array(16).toBase64() : field,
    value: new Id("trace_id", ID),
    written: ID.toBase64(),
  },
  spanId: {
    told: (field = "") => field === "" ? new Uint8Array(8).toBase64() : field,
    value: new Id("span_id", ID.slice(8)),
    written: ID.slice(8).toBase64(),
  },
} satisfies Record<string, Form>;

function signed(unsigned: string): string {
  return String(BigInt.asIntN(64, BigInt(unsigned)));
}

/** Path, the oracle's field, form. A field with a dot lies in a message. */
type Row = readonly [path: string, field: string, form: keyof typeof FORMS];

const FIELDS: readonly { readonly signal: Signal; readonly context: string; readonly rows: readonly Row[] }[] = [
  ...SIGNAL_NAMES.flatMap((signal) => [
    {
      signal,
      context: "resource",
      rows: [
        ["dropped_attributes_count", "resource.dropped_attributes_count", "uint32"],
        ["schema_url", "schema_url", "text"],
      ] as const,
    },
    {
      signal,
      context: "scope",
      rows: [
        ["name", "scope.name", "text"],
        ["version", "scope.version", "text"],
        ["dropped_attributes_count", "scope.dropped_attributes_count", "uint32"],
        ["schema_url", "schema_url", "text"],
      ] as const,
    },
  ]),
  {
    signal: "traces",
    context: "span",
    rows: [
      ["trace_id", "trace_id", "traceId"],
      ["span_id", "span_id", "spanId"],
      ["parent_span_id", "parent_span_id", "spanId"],
      ["trace_state", "trace_state", "text"],
      ["name", "name", "text"],
      ["kind", "kind", "int32"],
      ["start_time_unix_nano", "start_time_unix_nano", "uint64"],
      ["end_time_unix_nano", "end_time_unix_nano", "uint64"],
      ["start_time", "start_time_unix_nano", "instant"],
      ["end_time", "end_time_unix_nano", "instant"],
      ["dropped_attributes_count", "dropped_attributes_count", "uint32"],
      ["dropped_events_count", "dropped_events_count", "uint32"],
      ["dropped_links_count", "dropped_links_count", "uint32"],
      ["status.code", "status.code", "int32"],
      ["status.message", "status.message", "text"],
      ["flags", "flags", "uint32"],
    ],
  },
  {
    signal: "traces",
    context: "spanevent",
    rows: [["time_unix_nano", "time_unix_nano", "uint64"], ["time", "time_unix_nano", "instant"], [
      "name",
      "name",
      "text",
    ]],
  },
  {
    signal: "logs",
    context: "log",
    rows: [
      ["time_unix_nano", "time_unix_nano", "uint64"],
      ["observed_time", "observed_time_unix_nano", "instant"],
      ["severity_number", "severity_number", "int32"],
      ["severity_text", "severity_text", "text"],
      ["flags", "flags", "uint32"],
      ["trace_id", "trace_id", "traceId"],
      ["span_id", "span_id", "spanId"],
      ["event_name", "event_name", "text"],
    ],
  },
  {
    signal: "metrics",
    context: "metric",
    rows: [["name", "name", "text"], ["description", "description", "text"], ["unit", "unit", "text"]],
  },
  {
    signal: "metrics",
    context: "datapoint",
    rows: [
      ["start_time_unix_nano", "start_time_unix_nano", "uint64"],
      ["time", "time_unix_nano", "instant"],
      ["flags", "flags", "uint32"],
    ],
  },
  {
    signal: "metrics",
    context: "exemplar",
    rows: [
      ["time_unix_nano", "time_unix_nano", "uint64"],
      ["trace_id", "trace_id", "traceId"],
      ["span_id", "span_id", "spanId"],
    ],
  },
  { signal: "profiles", context: "profile", rows: [["time_unix_nano", "time_unix_nano", "uint64"]] },
];

/** Paths to attributes by context. */
const ATTRIBUTES: Readonly<Record<string, string>> = { metric: "metadata", exemplar: "filtered_attributes" };

/** A path of `context` with literal keys. */
function resolve(signal: Signal, context: string, name: string, ...keys: (string | bigint)[]) {
  const { resolver, cursor } = openContext(signal, context);
  const fields = name.split(".").map((field) => ({
    name: field,
    keys: [] as { constant: Value; evaluate(): Value }[],
  }));
  fields.at(-1)!.keys.push(...keys.map((key) => ({ constant: key, evaluate: () => key })));
  return { path: resolver.resolve({ context, fields, text: `${context}.${name}` }), cursor };
}

function visitAll(signal: Signal, bytes: Uint8Array, cursor: Cursor, context: string, visit: (cursor: Cursor) => void) {
  const visitor = (item: Cursor) => {
    visit(item);
    return true;
  };
  return walk(read(signal, bytes), cursor, { visit: { [context]: visitor } });
}

function fieldOf(message: Message, field: string): unknown {
  return field.split(".").reduce<unknown>((at, name) => (at as Message | undefined)?.[name], message);
}

function setField(message: Message, field: string, value: unknown): void {
  const names = field.split(".");
  const last = names.pop()!;
  const holder = names.reduce<Message>((at, name) => (at[name] ??= {}) as Message, message);
  holder[last] = value;
}

/** A value as the oracle tells it. */
function told(value: Value): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return value.toBase64();
  if (value instanceof Id) return value.bytes.toBase64();
  if (value instanceof Time) return String(value.unixNano);
  if (value instanceof OttlList) return value.items.map(told);
  if (value instanceof OttlMap) return value.entries().map(([key, entry]) => [key, told(entry)]);
  return value;
}

Deno.test("fields read and written", async (t) => {
  for (const { signal, context, rows } of FIELDS) {
    const depth = contextsOf(signal).indexOf(context as never);
    for (const [name, field, formName] of rows) {
      const form: Form = FORMS[formName];
      const { path, cursor } = resolve(signal, context, name);
      await t.step(`${signal}: ${context}.${name}`, () => {
        fc.assert(
          fc.property(arbitraryRequest(signal), (bytes) => {
            const got: unknown[] = [];
            const after: unknown[] = [];
            const output = visitAll(signal, bytes, cursor, context, (item) => {
              got.push(told(path.get(item)));
              path.set(item, form.value);
              after.push(told(path.get(item)));
            });
            const request = decodeRequest(signal, bytes);
            const messages = messagesOf(signal, depth, request).map(({ message }) => message);
            deepStrictEqual(got, messages.map((message) => form.told(fieldOf(message, field))));
            deepStrictEqual(after, messages.map(() => told(form.value)));
            for (const message of messages) setField(message, field, form.written);
            deepStrictEqual(decodeRequest(signal, payloadBytes(output)), request);
          }),
          RUNS,
        );
      });
    }
  }
});

/** The value of an AnyValue, as `told` tells it. */
function anyValue(any: Message | undefined): unknown {
  const { array_value, kvlist_value, ...scalar } = any ?? {};
  if (array_value !== undefined) return (((array_value as Message)["values"] ?? []) as Message[]).map(anyValue);
  if (kvlist_value !== undefined) return entriesOf((kvlist_value as Message)["values"] as Message[] | undefined, true);
  // An index into a dictionary that is not there.
  if ("string_value_strindex" in scalar) return "";
  return Object.values(scalar)[0] ?? null;
}

function entriesOf(pairs: readonly Message[] = [], firstOnly = false): [string, unknown][] {
  const entries = pairs.map(({ key = "", value }) =>
    [key as string, anyValue(value as Message | undefined)] as [string, unknown]
  );
  return firstOnly ? entries.filter(([key], i) => entries.findIndex(([other]) => other === key) === i) : entries;
}

Deno.test("attributes read", async (t) => {
  for (const { signal, context } of FIELDS) {
    if (signal === "profiles") continue;
    const depth = contextsOf(signal).indexOf(context as never);
    const field = ATTRIBUTES[context] ?? "attributes";
    const { path, cursor } = resolve(signal, context, field);
    const { path: onePath, cursor: oneCursor } = resolve(signal, context, field, "a");
    await t.step(`${signal}: ${context}`, () => {
      fc.assert(
        fc.property(arbitraryRequest(signal), (bytes) => {
          const got: unknown[] = [];
          visitAll(signal, bytes, cursor, context, (item) => {
            const map = path.get(item) as OttlMap;
            got.push(told(map));
            strictEqual(map.size, map.keys().length);
            for (const [key] of map.entries()) ok(map.get(key) !== undefined);
          });
          const holder = depth < 2 ? `${context}.${field}` : field;
          const want = messagesOf(signal, depth, decodeRequest(signal, bytes))
            .map(({ message }) => entriesOf(fieldOf(message, holder) as Message[] | undefined));
          deepStrictEqual(got, want);
          const ones: unknown[] = [];
          visitAll(signal, bytes, oneCursor, context, (item) => ones.push(told(onePath.get(item))));
          deepStrictEqual(ones, want.map((entries) => entries.find(([key]) => key === "a")?.[1] ?? null));
        }),
        RUNS,
      );
    });
  }
});

Deno.test("a log's body", async (t) => {
  const { path, cursor } = resolve("logs", "log", "body");
  await t.step("read", () => {
    fc.assert(
      fc.property(arbitraryRequest("logs"), (bytes) => {
        const got: unknown[] = [];
        visitAll("logs", bytes, cursor, "log", (item) => got.push(told(path.get(item))));
        const logs = messagesOf("logs", 2, decodeRequest("logs", bytes)).map(({ message }) => message);
        deepStrictEqual(got, logs.map(({ body }) => anyValue(body as Message | undefined)));
      }),
      RUNS,
    );
  });
  await t.step("copied to an attribute and back", () => {
    const { resolver, cursor } = openContext("logs", "log");
    const key = { constant: "copy", evaluate: () => "copy" };
    const body = resolver.resolve({ context: "log", fields: [{ name: "body", keys: [] }], text: "" });
    const copy = resolver.resolve({ context: "log", fields: [{ name: "attributes", keys: [key] }], text: "" });
    fc.assert(
      fc.property(arbitraryRequest("logs"), (bytes) => {
        visitAll("logs", bytes, cursor, "log", (item) => {
          const before = told(body.get(item));
          copy.set(item, body.get(item));
          body.set(item, null);
          deepStrictEqual(told(body.get(item)), null);
          body.set(item, copy.get(item));
          deepStrictEqual(told(body.get(item)), before);
        });
      }),
      RUNS,
    );
  });
});

const CONSTANTS: readonly Value[] = ["", "a", "b", 0n, -1n, 2n ** 62n, 0, 1.5, NaN, true, false, null];
const OPERATORS = ["==", "!=", "<", "<=", ">", ">="] as const;

Deno.test("comparison() answers what compareValues() answers", async (t) => {
  const paths: readonly (readonly [string, string, ...string[]])[] = [
    ["log", "attributes", "a"],
    ["log", "body"],
    ["log", "severity_number"],
    ["log", "severity_text"],
    ["log", "time_unix_nano"],
    ["log", "flags"],
    ["log", "trace_id"],
  ];
  for (const [context, name, ...keys] of paths) {
    await t.step(name, () => {
      const { path, cursor } = resolve("logs", context, name, ...keys);
      const set = name === "attributes" || name === "body" ? path : undefined;
      fc.assert(
        fc.property(
          arbitraryRequest("logs"),
          fc.constantFrom(...CONSTANTS),
          fc.constantFrom(...CONSTANTS),
          fc.constantFrom(...OPERATORS),
          (bytes, value, constant, operator) => {
            const compare = path.comparison?.(operator, constant);
            if (compare === undefined) return;
            visitAll("logs", bytes, cursor, context, (item) => {
              strictEqual(compare(item), compareValues(path.get(item), operator, constant));
              set?.set(item, value);
              strictEqual(compare(item), compareValues(path.get(item), operator, constant));
            });
          },
        ),
        { numRuns: 100 },
      );
    });
  }
});

/** One log record with these attributes, as a map that edits them. */
function editLog(
  entries: readonly (readonly [string, string])[],
  edit: (map: OttlMap, one: PathAccess) => void,
): unknown {
  const { resolver, cursor } = openContext("logs", "log");
  const key = { constant: "b", evaluate: () => "b" };
  const map = resolver.resolve({ context: "log", fields: [{ name: "attributes", keys: [] }], text: "" });
  const one = resolver.resolve({ context: "log", fields: [{ name: "attributes", keys: [key] }], text: "" });
  const bytes = encodeLog(entries);
  const output = visitAll("logs", bytes, cursor, "log", (item) => edit(map.get(item) as OttlMap, one));
  const [log] = messagesOf("logs", 2, decodeRequest("logs", payloadBytes(output)));
  return entriesOf(log!.message["attributes"] as Message[] | undefined);
}

/** A request of one log record. */
function encodeLog(entries: readonly (readonly [string, string])[]): Uint8Array {
  const attributes = entries.map(([key, value]) => ({ key, value: { string_value: value } }));
  const log = { attributes };
  return encodeMessage(REQUEST_TYPES.logs, { resource_logs: [{ scope_logs: [{ log_records: [log] }] }] });
}

Deno.test("edits of attributes", async (t) => {
  const long = "x".repeat(200);
  const given = [["a", "1"], ["b", "2"], ["a", "3"], [long, "4"], ["e", long]] as const;
  const cases: {
    name: string;
    edit: (map: OttlMap, one: PathAccess) => void;
    want: readonly (readonly [string, unknown])[];
  }[] = [
    { name: "none", edit: () => {}, want: given },
    { name: "the first of a key counts", edit: (map) => strictEqual(map.get("a"), "1"), want: given },
    { name: "replaced", edit: (map) => map.set("b", 5n), want: given.with(1, ["b", "5"] as never) },
    { name: "added", edit: (map) => map.set("n", true), want: [...given, ["n", true]] },
    {
      name: "taken out, then added",
      edit: (map) => {
        strictEqual(map.delete("b"), true);
        strictEqual(map.delete("b"), false);
        map.set("b", "n");
      },
      want: [...given.toSpliced(1, 1), ["b", "n"]],
    },
    {
      name: "the second of a key stands when the first is gone",
      edit: (map) => {
        map.delete("a");
        strictEqual(map.get("a"), "3");
      },
      want: given.slice(1),
    },
    {
      name: "cleared and filled",
      edit: (map, one) => {
        map.clear();
        strictEqual(map.size, 0);
        strictEqual(one.get({}), null);
        map.set("b", "n");
        strictEqual(one.get({}), "n");
      },
      want: [["b", "n"]],
    },
    {
      name: "a wanted key follows every edit",
      edit: (map, one) => {
        map.set("b", "n");
        strictEqual(one.get({}), "n");
        map.delete("b");
        strictEqual(one.get({}), null);
        one.set({}, 1.5);
        strictEqual(map.get("b"), 1.5);
        one.constantSetter!("c")!({});
        strictEqual(one.get({}), "c");
      },
      want: [...given.toSpliced(1, 1), ["b", "c"]],
    },
    {
      name: "deleteKeys",
      edit: (map) => map.deleteKeys((key) => key === "a"),
      want: given.filter(([key]) => key !== "a"),
    },
    {
      name: "replaceStrings of a length",
      edit: (map) => map.replaceStrings((text) => text.slice(0, 3), 4),
      want: given.with(4, ["e", "xxx"] as never),
    },
    { name: "assign itself", edit: (map) => map.assign(map), want: given },
    {
      name: "what cannot be kept leaves nil behind",
      edit: (map) => throws(() => map.set("n", new Time(1n)), OttlError),
      want: [...given, ["n", null]],
    },
    {
      name: "nil in place of a value",
      edit: (_, one) => one.set({}, null),
      want: given.with(1, ["b", null] as never),
    },
  ];
  for (const { name, edit, want } of cases) {
    await t.step(name, () => deepStrictEqual(editLog(given, edit), want));
  }
});

Deno.test("a value may be as deep as a receiver takes it, and no deeper", () => {
  const nested = (levels: number): Value => {
    let value: Value = "x";
    for (let i = 0; i < levels; i++) value = new OttlList([value]);
    return value;
  };
  const { path, cursor } = resolve("logs", "log", "attributes", "deep");
  const output = visitAll("logs", encodeLog([]), cursor, "log", (item) => {
    path.set(item, nested(MAX_VALUE_DEPTH));
    deepStrictEqual(path.get(item), nested(MAX_VALUE_DEPTH));
    throws(
      () => path.set(item, nested(MAX_VALUE_DEPTH + 1)),
      (error) => error instanceof OttlError && error.category === "limit",
    );
  });
  strictEqual(read("logs", payloadBytes(output)).itemCount, 1);
});

Deno.test("paths that a context does not have", async (t) => {
  const cases: { context: string; fields: string; keys?: Value[]; on?: string; want: string }[] = [
    { context: "span", fields: "nope", want: "unknown_path" },
    { context: "span", fields: "", want: "unknown_path" },
    { context: "span", fields: "attributes.x", want: "unknown_path" },
    { context: "span", fields: "cache", on: "resource", want: "path_context" },
    { context: "resource", fields: "name", on: "scope", want: "unknown_path" },
    { context: "span", fields: "name", keys: ["a"], want: "path_keys" },
    { context: "span", fields: "trace_state", keys: ["a", "b"], want: "path_keys" },
  ];
  for (const { context, fields, keys = [], on = context, want } of cases) {
    await t.step(`${on}.${fields} in ${context}`, () => {
      const { resolver } = openContext("traces", context);
      const names = fields === "" ? [] : fields.split(".");
      const path = {
        context: on,
        fields: names.map((name, i) => ({
          name,
          keys: i < names.length - 1 ? [] : keys.map((key) => ({ constant: key, evaluate: () => key })),
        })),
        text: `${on}.${fields}`,
      };
      throws(() => resolver.resolve(path), (error) => error instanceof OttlError && error.category === want);
    });
  }
  await t.step("a context of another signal", () => {
    throws(() => openContext("logs", "span"), RangeError);
    throws(() => contextDefinition("spanlink"), RangeError);
  });
});

Deno.test("every path of the table opens in its context", () => {
  const table = pathTable();
  for (const signal of SIGNAL_NAMES) {
    for (const context of contextsOf(signal)) {
      const { definition } = openContext(signal, context);
      for (const { path } of table.get(context)!) ok(definition.pathNames.includes(path), path);
      for (const { path } of table.get(context)!) resolve(signal, context, path.slice(context.length + 1));
    }
  }
});

Deno.test("reads and edits of damaged messages throw InvalidPayloadError or OttlError, or give a payload", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    for (const context of contextsOf(signal)) {
      const { resolver, cursor } = openContext(signal, context);
      const key = { constant: "a", evaluate: () => "a" };
      const paths = contextDefinition(context).pathNames.filter((name) => !name.startsWith("otelcol.")).map((name) => {
        const [prefix, ...fields] = name.split(".");
        const keys = ["attributes", "filtered_attributes", "metadata"].includes(name.slice(name.lastIndexOf(".") + 1));
        const all = fields.map((field) => ({ name: field, keys: [] as { constant: Value; evaluate(): Value }[] }));
        if (keys) all.at(-1)!.keys.push(key);
        return resolver.resolve({ context: prefix!, fields: all, text: name });
      });
      const visit = (item: Cursor) => {
        for (const path of paths) {
          const value = orFailure(() => path.get(item)) ?? null;
          orFailure(() => path.set(item, value));
          orFailure(() => path.set(item, "x"));
        }
        return true;
      };
      await t.step(`${signal}: ${context}`, () => {
        fc.assert(
          fc.property(arbitraryRequest(signal), fc.nat(), fc.nat({ max: 255 }), (bytes, at, byte) => {
            const damaged = bytes.slice();
            if (damaged.length > 0) damaged[at % damaged.length] = byte;
            orFailure(() => walk(payloadOf(signal, damaged, 0, NO_ORIGIN), cursor, { visit: { [context]: visit } }));
          }),
          { numRuns: 60 },
        );
      });
    }
  }
});

/** What `run` gives; undefined when it throws what may be thrown. */
function orFailure<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof InvalidPayloadError || thrown instanceof OttlError) return undefined;
    throw thrown;
  }
}
