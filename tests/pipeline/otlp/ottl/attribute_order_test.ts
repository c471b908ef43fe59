/**
 * Attributes are read as far as somebody asks, and edited meanwhile: the answers are those of a plain list, also for keys
 * that come twice and in either order of key and value. Where only keys of statements are asked for, places of others are
 * not noted: all of them are as soon as somebody asks for all, whatever was edited before.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import type { PathAccess } from "../../../../ottl/compile/context.ts";
import { type Cursor, openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { WireMap } from "../../../../pipeline/otlp/ottl/wire_map.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { decodeRequest, encodeMessage } from "../../../support/otlp_proto.ts";
import { messagesOf, read } from "../../../support/otlp_levels.ts";

/** Long ones are read another way than short ones. */
const KEYS = ["a", "bb", "http.request.method", "k".repeat(130)];

const key = fc.constantFrom(...KEYS);

const KINDS = [
  "get",
  "equals",
  "set",
  "setConstant",
  "copy",
  "delete",
  "keys",
  "deleteInMap",
  "name",
  "rename",
] as const;

interface Step {
  readonly kind: typeof KINDS[number];
  readonly key: string;
  readonly from: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  key,
  from: key,
});

/** A key and its value; nil where it has none. */
type Entry = readonly [string, string | null];

/** What the steps do to a plain list, and what they answer. */
function expected(list: Entry[], steps: readonly Step[]): unknown[] {
  const answers: unknown[] = [];
  let name = "one";
  const valueOf = (key: string) => list.find(([known]) => known === key)?.[1] ?? null;
  const put = (key: string, value: string | null) => {
    const at = list.findIndex(([known]) => known === key);
    if (at === -1) list.push([key, value]);
    else list[at] = [key, value];
  };
  for (const { kind, key, from } of steps) {
    if (kind === "get") answers.push(valueOf(key));
    else if (kind === "equals") answers.push(valueOf(key) === "1");
    else if (kind === "set") put(key, "set");
    else if (kind === "setConstant") put(key, "constant");
    else if (kind === "copy") put(key, valueOf(from));
    else if (kind === "keys") answers.push(list.map(([known]) => known));
    else if (kind === "name") answers.push(name);
    else if (kind === "rename") name = "renamed";
    else {
      const at = list.findIndex(([known]) => known === key);
      if (at !== -1) list.splice(at, 1);
    }
  }
  return answers;
}

/** The same by the paths of a span. */
function runner() {
  const { resolver, cursor } = openContext("traces", "span");
  const pathTo = (keys: string[]): PathAccess =>
    resolver.resolve({
      context: "span",
      fields: [{ name: "attributes", keys: keys.map((text) => ({ constant: text, evaluate: () => text })) }],
      text: "",
    });
  const map = new WireMap(cursor.item);
  const paths = new Map(KEYS.map((key) => {
    const path = pathTo([key]);
    return [key, {
      ...path,
      isOne: path.comparison!("==", "1")!,
      setConstant: path.constantSetter!("constant")!,
      copiers: new Map(KEYS.map((from) => [from, path.copier!(pathTo([from]))!])),
      remove: pathTo([]).keyDeleter!(key)!,
    }];
  }));
  const run = (item: Cursor, { kind, key, from }: Step, answers: unknown[]) => {
    const path = paths.get(key)!;
    if (kind === "get") answers.push(path.get(item));
    else if (kind === "equals") answers.push(path.isOne(item));
    else if (kind === "set") path.set(item, "set");
    else if (kind === "setConstant") path.setConstant(item);
    else if (kind === "copy") path.copiers.get(from)!(item);
    else if (kind === "keys") answers.push(map.keys());
    else if (kind === "deleteInMap") map.delete(key);
    else if (kind === "name") answers.push(item.spanName());
    else if (kind === "rename") item.setSpanName("renamed");
    else path.remove(item);
  };
  return { cursor, run };
}

const { cursor, run } = runner();

for (const order of ["sdk", "collector"] as const) {
  Deno.test(`attributes answer and change as a list does, written as by ${order === "sdk" ? "an SDK" : "a collector"}`, () => {
    const lists = fc.array(fc.tuple(key, fc.constantFrom("1", "2", "v".repeat(130))), { maxLength: 6 });
    // How much of an item is read goes by what was asked of the one before: of the first nothing but a key.
    const first: Step = { kind: "get", key: "a", from: "a" };
    const goneAndAsked = (["delete", "keys", "get"] as const).map((kind): Step => ({ kind, key: "a", from: "a" }));
    fc.assert(
      fc.property(lists, fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 3 }), (list, steps) => {
        const attributes = list.map(([key, value]) => ({ key, value: { string_value: value } }));
        const spans = [{ name: "first" }, ...steps.map(() => ({ name: "one", attributes, kind: 2 })), { name: "last" }];
        const request = { resource_spans: [{ scope_spans: [{ spans }] }] };
        const bytes = encodeMessage("ExportTraceServiceRequest", request, { order });
        const answers: unknown[][] = spans.map(() => []);
        const span = (item: Cursor) => {
          const { index } = item.frames[3]!;
          for (const each of index === 0 ? [first] : steps[index - 1] ?? []) run(item, each, answers[index]!);
          return true;
        };
        const got = payloadBytes(walk(read("traces", bytes), cursor, { visit: { span } }));

        steps.forEach((each, i) => {
          const after: Entry[] = [...list];
          deepStrictEqual(answers[i + 1], expected(after, each));
          deepStrictEqual(attributesOf(got, i + 1), after);
        });
      }),
      { numRuns: 700, examples: [[[["a", "1"]], [goneAndAsked]]] },
    );
  });
}

function attributesOf(bytes: Uint8Array, span: number): Entry[] {
  const { message } = messagesOf("traces", 2, decodeRequest("traces", bytes))[span]!;
  const attributes = (message["attributes"] ?? []) as { key: string; value?: { string_value?: string } }[];
  return attributes.map(({ key, value }) => [key, value?.string_value ?? null]);
}
