/**
 * The reader of plain YAML says what the whole reader says, or nothing.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { SimpleYaml } from "../../../gateway/tenants/simple_yaml.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { DEFAULT_TREE_LIMITS, toPlain } from "../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";

/** One for all: what it remembers of one document is to be right for the next. */
const yaml = new SimpleYaml(["keys"]);
const readSimpleYaml = (text: string) => yaml.read(text);

/** As the whole reader has it; undefined for what it refuses. */
function wholly(text: string): unknown {
  const { node, problems } = parseYaml(text, "t.yaml", DEFAULT_TREE_LIMITS);
  return problems.length > 0 ? undefined : withoutScalars(toPlain(node));
}

/** A scalar is as good as its value where its text is the value's. */
function withoutScalars(value: unknown): unknown {
  if (value instanceof Scalar) return String(value.value) === value.text ? value.value : value;
  if (Array.isArray(value)) return value.map(withoutScalars);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutScalars(each)]));
}

const WHOLE = `# of the billing team
keys:
  - id: abcdefghijkl
    hash: "sha256:00:11"
    expires: 2031-01-31T12:00:00Z
  -   id: 'mnopqrstuvwx'
limits:
  all:
    requests_per_second: 0.5
    burst: 2s

  traces:
    items_per_second: -1
signals: [traces, logs]
pipelines:
- traces/one
enabled: false
id: 12-a`;

Deno.test("readSimpleYaml()", async (t) => {
  await t.step("a whole tenant", () => {
    deepStrictEqual(readSimpleYaml(WHOLE), wholly(WHOLE));
    deepStrictEqual(readSimpleYaml(WHOLE)?.["signals"], ["traces", "logs"]);
  });
  const others = [
    ...[
      "a: &x 1",
      "a: *x",
      "a: !!str 1",
      "a: |\n  text",
      "a: {b: 1}",
      "a: [1, [2]]",
      "a: b # c",
      "---\na: 1",
      "a: 1\n...",
    ],
    ...["a:", "a: ~", "a: 1_000", "a: 0x10", "a: 1.50", "a: b: c", "a: -", "a: - b", "? a\n: b", 'a: "\\n"', "<<: x"],
    ...[
      "a: 1\na: 2",
      "__proto__: 1",
      "true: 1",
      "a:\tb",
      "a: b\r",
      "  a: 1\nb: 2",
      "a:\n   b: 1\n  c: 2",
      "a: 1\n  b: 2",
    ],
    ...[
      "a: é",
      "- a",
      "a",
      "",
      "a: b ",
      "a:\n  - b\n c",
      "a: 'it''s'",
      `${"a:\n ".repeat(3)}`,
      "a: @b",
      "a: %b",
      "a: x:",
    ],
  ];
  for (const text of others) {
    await t.step(`not plain: ${JSON.stringify(text)}`, () => strictEqual(readSimpleYaml(text), undefined));
  }
  await t.step("what stands below a key is read once, but what is each document's own", () => {
    const document = (id: string) => `keys:\n- id: ${id}\nlimits:\n  all:\n    burst: 2s\n`;
    const [one, other] = [readSimpleYaml(document("a")), readSimpleYaml(document("b"))];
    strictEqual(one?.["limits"], other?.["limits"]);
    deepStrictEqual([one?.["keys"], other?.["keys"]], [[{ id: "a" }], [{ id: "b" }]]);
  });
  await t.step("it remembers blocks of up to 1,024 characters", () => {
    for (const [chars, isRemembered] of [[1_024, true], [1_025, false]] as const) {
      const text = "limits:\n a: 1".padEnd(chars, "\n");
      strictEqual(readSimpleYaml(text)?.["limits"] === readSimpleYaml(text)?.["limits"], isRemembered, `${chars}`);
    }
  });
  await t.step("it remembers 1,024 blocks, and reads further ones", () => {
    const reader = new SimpleYaml();
    for (let number = 1; number <= 1_025; number++) {
      const read = () => reader.read(`a${number}:\n  b: 1\n`)?.[`a${number}`];
      deepStrictEqual(read(), { b: 1 });
      strictEqual(read() === read(), number <= 1_024, `${number}`);
    }
  });
  await t.step("whatever it reads is what the whole reader reads", () => {
    const pieces = fc.constantFrom(
      ...[
        "a",
        "b: ",
        "c:",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        " ",
        "1",
        "true",
        "0x1",
        "0o7",
        "0b1",
        "7e5",
        "2abcdef",
        "7lwoxg",
        "false",
        "falsehood",
        "null",
        ".5",
        "~",
        '"x"',
        "'y'",
        "#",
      ],
      ...[
        "[a, b]",
        "[",
        "{",
        ":",
        "z",
        "-",
        "T12:00:00Z",
        "1e3",
        "_",
        "/",
        "@",
        "é",
        "\t",
        "on",
        "?",
        "!",
        "&a",
        "*a",
        "|",
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 24 }).map((all) => all.join("")), (text) => {
        const read = readSimpleYaml(text);
        if (read !== undefined) deepStrictEqual(read, wholly(text));
      }),
      { numRuns: 3_000 },
    );
  });
});
