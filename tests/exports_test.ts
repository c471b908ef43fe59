/**
 * What is exported is asked for: a name that no other file imports is its file's own, and code that the product does not
 * use is not the product's.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { type ExportedName, exportedNames, exportLines, Importers } from "./support/module_names.ts";
import { PROGRAM_FOLDERS, type Source, sourcesBelow } from "./support/sources.ts";

const DOCS = "a reference in docs/ is made of it";
const MESSAGE = "one OTLP message, read back by another decoder";
const MEMORY = "a machine with the memory that the test says it has";

/** Functions and classes that only tests import, and why their file does not keep them to itself, or has them at all. */
const FOR_TESTS: Readonly<Record<string, string>> = {
  "commands/program.ts createProgram": DOCS,
  "gateway/admin/cli/tenants.ts assigned": "how settings are written on a command line, case by case",
  "gateway/admin/taps/mask_payload.ts maskJson": "what is a secret in a payload, case by case",
  "gateway/ottl/check.ts checkGroup": "what one group of texts is warned of",
  "gateway/telemetry/own_logs.ts writeRecord": MESSAGE,
  "gateway/telemetry/own_metrics_push.ts metricItems": MESSAGE,
  "gateway/telemetry/own_traces.ts RecordedSpan": MESSAGE,
  "gateway/telemetry/own_traces.ts samplerOf": "each way to configure a sampler, without a gateway",
  "opamp/rollouts/configs/configs.ts hashOfFiles": "what a hash is of, case by case",
  "opamp/rollouts/stages/gate.ts chanceOf": "a bound, held against the chance itself",
  "opamp/server/connections/http_exchange.ts acceptsGzip": "the grammar of a header, case by case",
  "ottl/values/index_keys.ts indexValue": "the evaluator that compiled statements are compared with takes it",
  "pipeline/config/describe.ts describeCatalog": DOCS,
  "pipeline/config/describe.ts describeSettings": DOCS,
  "pipeline/config/describe.ts describeTable": "each kind of key in a reference, without a catalog",
  "pipeline/config/describe.ts formatDurationMs": "each unit, without a schema",
  "pipeline/core/regular_file.ts FileTooLargeError": "a public function throws it, and no caller does otherwise for it",
  "pipeline/core/telemetry/table.ts metricsReference": DOCS,
  "pipeline/exporters/file/backups.ts backupTimeMs": "names that are none, which no exporter writes",
  "pipeline/exporters/kafka/client/sasl.ts authenticateScram": "with the nonce of RFC 7677 it says what is said there",
  "pipeline/exporters/kafka/kafka.ts KafkaPush": "one attempt, without a queue in front of it",
  "pipeline/exporters/otlp_http/otlp_http.ts signalUrl": "each way to write an endpoint, without a server",
  "pipeline/graph/authenticators.ts authenticatorsIn": "where an id may stand in a configuration, and what is none",
  "pipeline/processors/memory_limiter.ts MemoryLimiter": MEMORY,
  "pipeline/processors/memory_limiter.ts createMemoryWatch": MEMORY,
  "pipeline/processors/memory_limiter.ts gcWarnings": MEMORY,
  "pipeline/processors/memory_limiter.ts memoryLimits": MEMORY,
  "pipeline/tenants/identity/api_key.ts hashSecret": "with a salt of its own it is the same each time",
  "routes/api/openapi.ts statusesOf": DOCS,
  "routes/api/reference.ts apiReference": DOCS,
  "routes/controller/app.ts controllerDocument": DOCS,
  "routes/metrics.ts PrometheusPage": "the text of any series, without an app; and its benchmark",
};

const TEXTS = /"(?:[^"\\\n]|\\.)*"/g;

/** An exported name of the product. */
interface Exported extends ExportedName {
  readonly path: string;
  readonly importedBy: readonly string[];
  /** Whether its own file does something with it. */
  readonly isUsedAtHome: boolean;
}

const product: Source[] = [];
for await (const source of sourcesBelow(...PROGRAM_FOLDERS)) product.push(source);
const others: Pick<Source, "path" | "text">[] = [
  { path: "main.ts", text: await Deno.readTextFile(new URL("../main.ts", import.meta.url)) },
];
for await (const source of sourcesBelow("tests/", "deploy/")) others.push(source);

const importers = new Importers([...product, ...others]);
const exported = product.flatMap((source) => exportedNames(source).map((each) => exportedBy(source, each)));

function exportedBy({ path, code }: Source, { name, kind }: ExportedName): Exported {
  const mentions =
    code.replace(TEXTS, "").split(new RegExp(String.raw`(?<![\w$])${RegExp.escape(name)}(?![\w$])`)).length - 1;
  return { name, kind, path, importedBy: importers.of(path, name), isUsedAtHome: mentions > 1 };
}

function listed(names: readonly Exported[]): string[] {
  return names.map(({ path, name }) => `${path} ${name}`);
}

const isOfTests = (path: string) => path.startsWith("tests/");

Deno.test("every exported value, and every name that is handed on, is imported by another file", () => {
  ok(exported.length > 2_000, `only ${exported.length} names are seen`);
  deepStrictEqual(listed(exported.filter(({ kind, importedBy }) => kind !== "type" && importedBy.length === 0)), []);
});

Deno.test("every exported type is imported by another file, or is part of what its own exports", () => {
  const types = exported.filter(({ kind }) => kind === "type");
  deepStrictEqual(listed(types.filter(({ importedBy, isUsedAtHome }) => importedBy.length === 0 && !isUsedAtHome)), []);
});

Deno.test("what the product itself does not ask for says what it is for", () => {
  const found = listed(
    exported.filter(({ importedBy }) => importedBy.length > 0 && importedBy.every(isOfTests))
      .filter(({ kind, isUsedAtHome }) => kind === "function" || kind === "class" || !isUsedAtHome),
  );
  deepStrictEqual({
    withoutReason: found.filter((name) => !Object.hasOwn(FOR_TESTS, name)),
    notFound: Object.keys(FOR_TESTS).filter((name) => !found.includes(name)),
  }, { withoutReason: [], notFound: [] });
});

Deno.test("every line that exports is understood", () => {
  const count = product.reduce((sum, { code }) => sum + (code.match(/^export (?!default )/gm)?.length ?? 0), 0);
  const understood = product.reduce((sum, source) => sum + exportLines(source), 0);
  strictEqual(understood, count);
});

Deno.test("exportedNames() and Importers find exports and imports however they are written", async (t) => {
  const made = `export function plain() {}
export async function* asked() {}
export abstract class Base {}
export const table = 1;
export interface Shape {}
export type Word = "export { no } from here";
export type { Shape as Form, Word } from "./words.ts";
export default table;
function own() {}
`;
  await t.step("exports", () => {
    deepStrictEqual(exportedNames({ text: made }).map(({ kind, name }) => `${kind} ${name}`), [
      "function plain",
      "function asked",
      "class Base",
      "const table",
      "type Shape",
      "type Word",
      "handed on Form",
      "handed on Word",
    ]);
  });
  const cases = [
    { name: "a list", text: 'import { b, a } from "../made.ts";' },
    { name: "a list over lines, under another name", text: 'import {\n  type a as c,\n} from "../made.ts";' },
    { name: "beside a default", text: 'import made, { a } from "../made.ts";' },
    { name: "a type", text: 'import type { a } from "../made.ts";' },
    { name: "handed on", text: 'export { a as z } from "../made.ts";' },
    { name: "all of it, of which it says what it wants", text: 'import * as made from "../made.ts";\nmade.a();' },
    { name: "late", text: 'const { a } = await import("../made.ts");' },
  ];
  for (const { name, text } of cases) {
    await t.step(name, () => {
      const found = new Importers([{ path: "x/user.ts", text }]);
      deepStrictEqual([found.of("made.ts", "a"), found.of("made.ts", "aa")], [["x/user.ts"], []]);
    });
  }
  await t.step("from one that hands all of it on", () => {
    const found = new Importers([
      { path: "mod.ts", text: 'export * from "./made.ts";' },
      { path: "x/user.ts", text: 'import { a } from "../mod.ts";' },
    ]);
    deepStrictEqual([found.of("made.ts", "a"), found.of("made.ts", "b")], [["x/user.ts"], []]);
  });
  await t.step("a file of that name elsewhere", () => {
    deepStrictEqual(
      new Importers([{ path: "user.ts", text: 'import { a } from "./x/made.ts";' }]).of("made.ts", "a"),
      [],
    );
  });
});
