/**
 * The same configuration resolved here and by a real collector (`otelcol print-config`): expansion, defaults, typing
 * into text, merging and `--set`.
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readText } from "../../../pipeline/config/schema.ts";
import { loadConfig, parseConfigSource, parseSetSource } from "../../../pipeline/config/source.ts";
import { type ConfigNode, DEFAULT_TREE_LIMITS, nearestNode, toPlain } from "../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";
import { missingForPeers, peerBinary } from "../../support/peers.ts";
import { skipWithout } from "../../support/real_parts.ts";
import { environmentOf } from "./support.ts";
import { plainValue } from "./tree/plain_value.ts";

const ENV: Record<string, string> = {
  MAP: "a: b",
  LIST: "[1,2]",
  BROKEN: "[1,",
  OCTAL: "0123",
  EXP: "1e3",
  UNDERSCORE: "1_000",
  BOOL: "True",
  ON: "on",
  NULL: "null",
  EMPTY: "",
  HASH: "#x",
  DOLLARS: "q$$r",
  NESTED: "z${env:OCTAL}",
  WHOLE: "${env:OCTAL}",
  DATE: "2026-01-02",
  ALIAS: "*abc",
  TAG: "!foo bar",
  QUOTED: '"q"',
  LINES: "a\n---\nb",
  PERCENT: "%41",
  NAME: "OCTAL",
};

/** Values of string fields, as written in a single-quoted scalar. */
const VALUES = [
  ...Object.keys(ENV).flatMap((name) => [`\${env:${name}}`, `<\${env:${name}}>`]),
  "${OCTAL}",
  "$OCTAL",
  "${OCTAL",
  "}${OCTAL}",
  "$${OCTAL}",
  "$$${OCTAL}",
  "$$$${OCTAL}",
  "a$$b",
  "$",
  "${env:UNSET}",
  "${env:UNSET:-}",
  "${env:UNSET:-d}",
  "${env:UNSET:-a:-b}",
  "${env:UNSET:-007}",
  "${env:UNSET:-${env:OCTAL}}",
  "${env:UNSET:-{a: b}}",
  "${env:EMPTY:-d}",
  "${env:${env:NAME}}",
  "${yaml:[1, a]}",
  "x${yaml:1.50}",
  "${env:OCTAL}${env:OCTAL}",
];

/** How a value may be written in place, without quotes. */
const PLAIN = ["&x v", "!!str 0123", '"\\u00e9"', "'it''s'", "|\n        a\n         b", ">-\n        a\n        b"];

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;
const headers = [...VALUES.map(quoted), ...PLAIN].map((value, index) =>
  `      h${String(index).padStart(3, "0")}: ${value}`
);

const FIRST = `
receivers: { otlp: { protocols: { http: } } }
processors: { batch: { timeout: 1s, metadata_keys: [a, b] } }
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:1
    headers:
${headers.join("\n")}
service: { pipelines: { traces: { receivers: [otlp], processors: [batch], exporters: [otlp_http] } } }
`;
const SECOND = "processors: { batch: { metadata_keys: [c] } }\n";
const ARGUMENT = "yaml:processors::batch::send_batch_size: 0x10";
const SET = "processors.batch.timeout=2s";

const missing = await missingForPeers();

Deno.test({
  name: "a configuration is resolved as a real collector resolves it",
  ignore: skipWithout("collector", missing),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/first.yaml`, FIRST);
      await Deno.writeTextFile(`${folder}/second.yaml`, SECOND);
      const configs = [`${folder}/first.yaml`, `${folder}/second.yaml`, ARGUMENT];
      const theirs = parseYaml(await printConfig(configs), "collector", DEFAULT_TREE_LIMITS).node;

      const { tree: ours } = await loadConfig([...configs.map(parseConfigSource), parseSetSource(SET)], {
        ...environmentOf(ENV),
        readFile: (path) => Deno.readTextFile(path),
      });
      deepStrictEqual(headerTexts(ours), headerTexts(theirs));
      const batch = ["processors", "batch"];
      deepStrictEqual(plainValue(nearestNode(ours, [...batch, "metadata_keys"])), ["c"]);
      for (const key of ["metadata_keys", "timeout", "send_batch_size"]) {
        deepStrictEqual(
          plainValue(nearestNode(ours, [...batch, key])),
          plainValue(nearestNode(theirs, [...batch, key])),
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function printConfig(configs: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(await peerBinary("otelcol"), {
    args: ["print-config", "--mode=unredacted", ...configs.flatMap((config) => ["--config", config]), `--set=${SET}`],
    env: ENV,
  }).output();
  strictEqual(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Header values as string fields take them; the collector prints the map as a list of {name, value}. */
function headerTexts(tree: ConfigNode): Record<string, string | undefined> {
  const plain = toPlain(nearestNode(tree, ["exporters", "otlp_http", "headers"]));
  const pairs = Array.isArray(plain)
    ? plain.map((item: { name: unknown; value: unknown }) => [readText(item.name), readText(item.value)])
    : Object.entries(plain as Record<string, unknown>).map(([name, value]) => [name, readText(value)]);
  return Object.fromEntries(pairs.toSorted(([a = ""], [b = ""]) => a < b ? -1 : 1));
}
