/**
 * Broken configurations, each with the exact list of its problems beside it; and those that measure Sluice against the
 * collector, which must load as they are.
 *
 * `deno run -A tests/pipeline/config/golden_test.ts --update` writes the lists anew: read the diff.
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { ConfigError } from "../../../pipeline/config/problem.ts";
import { loadConfig } from "../../../pipeline/config/source.ts";
import { catalog, environmentOf, problemLines } from "./support.ts";

const BROKEN = new URL("../../golden/config/broken/", import.meta.url);
const PEERS = new URL("../../peers/configs/", import.meta.url);

function yamlFiles(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".yaml")).sort();
}

async function actualProblems(name: string): Promise<string> {
  const lines = await problemLines(await Deno.readTextFile(new URL(name, BROKEN)));
  return `${lines.join("\n")}\n`;
}

const goldenOf = (name: string) => new URL(name.replace(".yaml", ".problems"), BROKEN);

Deno.test("every problem of a broken configuration", async (t) => {
  for (const name of yamlFiles(BROKEN)) {
    await t.step(name, async () => strictEqual(await actualProblems(name), await Deno.readTextFile(goldenOf(name))));
  }
});

const ENV = { IN_PORT: "4318", OUT_PORT: "4319", METRICS_PORT: "8888", KAFKA_BOOTSTRAP: "h:9092", KAFKA_TOPIC: "t" };

Deno.test("the configurations of the measured scenarios have no problem but parts that are not in this catalog", async (t) => {
  for (const name of yamlFiles(PEERS)) {
    await t.step(name, async () => {
      const text = await Deno.readTextFile(new URL(name, PEERS));
      const resolved = await loadConfig([{ kind: "text", name, text }], environmentOf(ENV));
      deepStrictEqual(resolved.problems, []);
      const unknown =
        /is of the unknown (?:processor|exporter|connector) type "(?:attributes|filter|transform|kafka|routing)"/;
      deepStrictEqual(errorsOf(() => parseConfig(resolved, catalog)).filter((message) => !unknown.test(message)), []);
    });
  }
});

function errorsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems.map(({ message }) => message);
    throw thrown;
  }
}

if (import.meta.main && Deno.args.includes("--update")) {
  for (const name of yamlFiles(BROKEN)) await Deno.writeTextFile(goldenOf(name), await actualProblems(name));
}
