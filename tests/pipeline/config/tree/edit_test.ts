import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import * as YAML from "yaml";
import { editYaml } from "../../../../pipeline/config/tree/edit.ts";

const cases: { name: string; source: string; wanted: Record<string, unknown>; want: string }[] = [
  { name: "nothing", source: "", wanted: { weight: 2 }, want: "weight: 2\n" },
  { name: "comments alone", source: "# ours\n", wanted: { weight: 2 }, want: "# ours\n\nweight: 2\n" },
  {
    name: "one value, with the comments around it",
    source: "# ours\nweight: 2 # heavy\npriority: 5 # as all\n",
    wanted: { weight: 3, priority: 5 },
    want: "# ours\nweight: 3 # heavy\npriority: 5 # as all\n",
  },
  {
    name: "a key below others, and one that goes",
    source: "limits:\n  all: { requests_per_second: 1 } # few\n  logs:\n    burst: 1s\npriority: 1\n",
    wanted: { limits: { all: { requests_per_second: 2 }, logs: { burst: "1s", items_per_second: 3 } } },
    want: "limits:\n  all: { requests_per_second: 2 } # few\n  logs:\n    burst: 1s\n    items_per_second: 3\n",
  },
  {
    name: "an item of a list, found by its id",
    source: "keys:\n  - id: a # Ann's\n    hash: x\n  - id: b # Bob's\n    hash: y\n",
    wanted: { keys: [{ id: "b", hash: "y", expires: "2030-01-01T00:00:00Z" }, { id: "c", hash: "z" }] },
    want: "keys:\n  - id: b # Bob's\n    hash: y\n    expires: 2030-01-01T00:00:00Z\n  - id: c\n    hash: z\n",
  },
];

Deno.test("editYaml()", async (t) => {
  for (const { name, source, wanted, want } of cases) {
    await t.step(name, () => strictEqual(editYaml(source, wanted), want));
  }
});

Deno.test("editYaml() gives what is wanted, whatever was there", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("any"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).any;
  const map = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), value, { maxKeys: 5, noNullPrototype: true });
  fc.assert(
    fc.property(map, map, (before, wanted) => {
      deepStrictEqual(YAML.parse(editYaml(YAML.stringify(before), wanted)), wanted);
    }),
    { numRuns: 200 },
  );
});
