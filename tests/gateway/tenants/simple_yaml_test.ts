/**
 * The reader of plain YAML says what the whole reader says, or nothing.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readSimpleYaml } from "../../../gateway/tenants/simple_yaml.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { DEFAULT_TREE_LIMITS, toPlain } from "../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";

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
