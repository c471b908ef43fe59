/** Every key of the configuration has a default and a text that says what it means, and no text is of no key. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describeCatalog, describeSettings } from "../../pipeline/config/describe.ts";
import { loadComponents, REGISTRY } from "../../pipeline/graph/registry.ts";
import { MEANINGS, MeaningTable } from "./key_meanings/meaning_of.ts";

Deno.test("MeaningTable.find() takes the text that says the most", async (t) => {
  const table = new MeaningTable({
    "tls.ca_file": "of any",
    "kafka.tls.ca_file": "of kafka",
    "*.tls": "the section",
    "server.*.endpoint": "of a server",
    "*[].key": "of a list",
    "*.key": "of anything",
    "actions[].key": "of an action",
  });
  const cases: readonly (readonly [path: string, want: string | undefined])[] = [
    ["exporters.otlp_http.tls.ca_file", "of any"],
    ["exporters.kafka.tls.ca_file", "of kafka"],
    ["exporters.kafka.tls", "the section"],
    ["extensions.opamp.server.ws.endpoint", "of a server"],
    ["processors.attributes.actions[].key", "of an action"],
    ["processors.filter.rules[].key", "of a list"],
    ["processors.filter.key", "of anything"],
    ["ca_file", undefined],
    ["exporters.kafka.ca_file", undefined],
    ["exporters.kafka.xtls.ca_file", undefined],
  ];
  for (const [path, want] of cases) await t.step(path, () => strictEqual(table.find(path)?.text, want));
});

Deno.test("every key has a meaning and a default, every meaning a key", async () => {
  await loadComponents();
  const table = new MeaningTable();
  const used = new Set<string>();
  const without: string[] = [];
  const note = (path: string): string => {
    const found = table.find(path);
    if (found === undefined) without.push(path);
    else used.add(found.key);
    return "known";
  };
  const reference = `${describeCatalog(REGISTRY, note)}\n${describeSettings(REGISTRY, note)}`;
  deepStrictEqual(without, [], "keys without a text in tests/tools/key_meanings");
  deepStrictEqual(Object.keys(MEANINGS).filter((key) => !used.has(key)), [], "texts of no key");
  const bare = reference.split("\n").filter((line) => /^\| `.*\|\s*\| known \|$/.test(line));
  deepStrictEqual(bare, [], "keys without a default");
});

Deno.test("a meaning is told of two names at least, in words without a period at the end", () => {
  const wrong = Object.entries(MEANINGS).filter(([key, text]) => !key.includes(".") || /^\s*$|[.\s]$/.test(text));
  deepStrictEqual(wrong, []);
});
