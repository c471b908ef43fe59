/**
 * The house: which way imports point, and what may be used where, as data.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert";
import { dirname, join, relative } from "node:path/posix";
import manifest from "../deno.json" with { type: "json" };

const ROOT = new URL("..", import.meta.url).pathname;

/** Imports go down this list, never up; rooms of one row do not know each other. */
const FLOORS: readonly (readonly string[])[] = [
  ["deploy/"],
  ["main.ts"],
  ["commands/"],
  ["controller/"],
  ["gateway/"],
  ["routes/"],
  ["opamp/client/", "opamp/server/"],
  ["opamp/rollouts/"],
  ["opamp/protocol/"],
  ["pipeline/graph/"],
  [
    "pipeline/receivers/",
    "pipeline/processors/",
    "pipeline/connectors/",
    "pipeline/exporters/",
    "pipeline/extensions/",
  ],
  ["pipeline/tenants/"],
  ["pipeline/statements/"],
  ["pipeline/queue/"],
  ["pipeline/contract/"],
  ["pipeline/config/"],
  ["pipeline/otlp/"],
  ["pipeline/wire/"],
  ["pipeline/core/"],
  ["ottl/mod.ts"],
  ["ottl/compile/"],
  ["ottl/functions/"],
  ["ottl/data/"],
  ["ottl/text/"],
  ["ottl/time/"],
  ["ottl/syntax/"],
  ["ottl/values/"],
  ["ottl/limits.ts"],
];

/** Within the OpAMP server, as a report goes. Offers and settings are for all of its rooms. */
const SERVER_FLOORS: typeof FLOORS = [
  ["opamp/server/opamp_server.ts"],
  ["opamp/server/connections/"],
  ["opamp/server/fleet/"],
  ["opamp/server/agents/"],
  ["opamp/server/store/"],
  ["opamp/server/offers.ts", "opamp/server/settings.ts"],
];

/** Rooms in which each component is a file, or a file and a folder of its name, and knows no other component. */
const COMPONENT_ROOMS = FLOORS.find(([first]) => first === "pipeline/receivers/") ?? [];

/** Who may use a package. What is not listed is for tests only, and not used by the product at all. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@node-rs/crc32": ["pipeline/exporters/kafka/", "pipeline/queue/"],
  "@redis/client": ["gateway/tenants/fleet/"],
  commander: ["commands/"],
  "hash-wasm": ["ottl/data/", "pipeline/tenants/identity/"],
  hono: ["routes/"],
  "iconv-lite": ["ottl/data/"],
  jose: ["pipeline/tenants/identity/"],
  kafkajs: ["pipeline/exporters/kafka/kafkajs/"],
  "lz4-napi": ["pipeline/exporters/kafka/", "pipeline/wire/"],
  protobufjs: ["opamp/protocol/"],
  re2js: ["ottl/text/"],
  snappy: ["pipeline/exporters/kafka/", "pipeline/wire/"],
  "uap-core": ["ottl/data/"],
  undici: ["pipeline/exporters/otlp_http/"],
  unixcrypt: ["pipeline/tenants/identity/"],
  yaml: ["ottl/data/", "pipeline/config/"],
  ws: ["opamp/client/"],
  "xxhash-wasm": ["pipeline/otlp/"],
  zod: [
    "gateway/config/",
    "routes/admin/",
    "routes/api/",
    "routes/controller/",
    "pipeline/config/",
    "pipeline/queue/",
    "pipeline/tenants/",
    "pipeline/statements/",
    ...COMPONENT_ROOMS,
  ],
};

/** Packages that exactly one file of the product imports, so that replacing one is one file's matter. */
const ONE_IMPORTER = ["undici", "re2js", "unixcrypt", "ws", "protobufjs", "@redis/client"];

/** Words that only these places may have. */
const CONFINED: readonly { readonly word: RegExp; readonly why: string; readonly places: readonly string[] }[] = [
  {
    word: /\bDeno\.env\b/,
    why: "the environment is read where a configuration is resolved, and handed on",
    places: ["pipeline/config/environment.ts", "gateway/", "controller/cli/", "deploy/"],
  },
  {
    word: /\bDeno\.exit\b/,
    why: "only the top ends the process",
    places: ["main.ts", "gateway/run.ts", "controller/run.ts"],
  },
  { word: /\bconsole\.\w+\(/, why: "the log goes through Logger", places: [] },
  { word: /\bnew Function\b|\beval\(/, why: "some edges forbid code from text", places: [] },
  { word: /\bMath\.random\(/, why: "randomness is handed in", places: [] },
  {
    word: /\bDate\.now\(/,
    why: "time is handed in",
    places: ["pipeline/core/clock.ts"],
  },
  {
    word: /\bDeno\.(?:readTextFile|readFile)(?:Sync)?\b|\bDeno\.open(?:Sync)?\([^,()]+\)/,
    why: "who opens a pipe waits for ever: what is configured is read by pipeline/core/regular_file.ts",
    places: [
      "pipeline/core/regular_file.ts",
      "pipeline/config/environment.ts",
      "pipeline/processors/total_memory.ts", // of the kernel
      "gateway/tenants/tenant_files.ts", // what it has looked at
      "gateway/replace_file.ts", // a directory
      "gateway/admin/audit.ts", // what it writes itself
      "gateway/ottl/", // of a command line
      "gateway/admin/cli/",
      "controller/cli/",
    ],
  },
  {
    word: /"node:crypto"/,
    why: "its hashes leave native memory behind: items are hashed by ottl/data/hash_digest.ts",
    places: ["opamp/", "gateway/", "controller/", "routes/", "pipeline/tenants/identity/", "pipeline/exporters/kafka/"],
  },
];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** Files of this repository. */
  readonly local: readonly string[];
  /** Those of them that are loaded with it: not types, nor what it imports when it is needed. */
  readonly eager: readonly string[];
  /** Anything else, as written. */
  readonly bare: readonly string[];
}

const IMPORTS = [
  /\b(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/g,
  /\bimport\s*"([^"]+)"/g,
  /\bimport\(\s*"([^"]+)"\s*\)/g,
  /\bnew URL\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url\s*\)/g,
];

const EAGER_IMPORT = /^(?:import|export)\b(?! type\b)[^"';]*?(?:\bfrom\s*)?"([^"]+)"/gm;

function readSource(path: string): SourceFile {
  const text = Deno.readTextFileSync(join(ROOT, path));
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = IMPORTS.flatMap((pattern) => Array.from(code.matchAll(pattern), ([, specifier = ""]) => specifier));
  const local = found.filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(path), specifier)).filter((target) => target.endsWith(".ts"));
  const now = Array.from(code.matchAll(EAGER_IMPORT), ([, specifier = ""]) => join(dirname(path), specifier));
  const eager = now.filter((target) => local.includes(target));
  return { path, text, code, local, eager, bare: found.filter((specifier) => !specifier.startsWith(".")) };
}

function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else if (entry.name.endsWith(".ts")) yield relative(ROOT, path);
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch {
    return false;
  }
}

const product = FLOORS.flat().filter(exists)
  .flatMap((room) => room.endsWith("/") ? [...walk(join(ROOT, room))] : [room]).map(readSource);
const tests = [...walk(join(ROOT, "tests"))].map(readSource);

type Place = { readonly floor: number; readonly room: string };

function roomOf(path: string, floors: typeof FLOORS): Place | undefined {
  for (const [floor, rooms] of floors.entries()) {
    const room = rooms.find((name) => path.startsWith(name));
    if (room !== undefined) return { floor, room };
  }
  return undefined;
}

const isIn = (path: string, places: readonly string[]) => places.some((place) => path.startsWith(place));
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

/** Imports of these files, of other such files, that do not go down the list. */
function wrongImports(files: readonly SourceFile[], floors: typeof FLOORS, isMeant = (_path: string) => true) {
  const wrong: string[] = [];
  for (const { path, local } of files) {
    const from = roomOf(path, floors);
    for (const target of local.filter(isMeant)) {
      const to = roomOf(target, floors);
      const isDown = from !== undefined && to !== undefined && (to.floor > from.floor || to.room === from.room);
      if (!isDown) wrong.push(`${path} imports ${target}`);
    }
  }
  return wrong;
}

Deno.test("imports point down the list of rooms", () => deepStrictEqual(wrongImports(product, FLOORS), []));

Deno.test("imports within the OpAMP server go the way of a report", () => {
  const isServers = (path: string) => path.startsWith("opamp/server/");
  const files = product.filter(({ path }) => isServers(path));
  ok(files.length > 30, `only ${files.length} files are seen`);
  deepStrictEqual(wrongImports(files, SERVER_FLOORS, isServers), []);
});

Deno.test("a component knows no other component", () => {
  const components = new Set(
    product.filter(({ code }) => /^export const \w+Factory\b/m.test(code)).map(({ path }) => path),
  );
  const wrong: string[] = [];
  for (const { path, local } of product) {
    const room = COMPONENT_ROOMS.find((name) => path.startsWith(name));
    if (room === undefined) continue;
    const nameOf = (file: string) => /^[^/.]+/.exec(file.slice(room.length))?.[0];
    for (const target of local) {
      const isOthers = components.has(target) || target.slice(room.length).includes("/");
      if (target.startsWith(room) && isOthers && nameOf(target) !== nameOf(path)) {
        wrong.push(`${path} imports ${target}`);
      }
    }
  }
  deepStrictEqual(wrong, []);
});

Deno.test("no file imports itself by a detour", () => {
  const graph = new Map(product.map(({ path, local }) => [path, local]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  deepStrictEqual(cycles, []);
});

Deno.test("a gateway starts without what nobody may ask for: OTTL, and the admin API behind its listener", () => {
  const eager = new Map(product.map(({ path, eager }) => [path, eager]));
  const loaded = new Set(["gateway/run.ts"]);
  for (const path of loaded) for (const target of eager.get(path) ?? []) loaded.add(target);
  ok(loaded.size > 100, `only ${loaded.size} files are seen`);
  const late = ["ottl/", "pipeline/otlp/ottl/", "routes/admin/app.ts", "opamp/", "pipeline/exporters/"];
  deepStrictEqual([...loaded].filter((path) => isIn(path, late)), []);
});

Deno.test("packages are used where they may be", () => {
  const wrong: string[] = [];
  for (const { path, bare } of product) {
    for (const specifier of bare) {
      if (specifier.startsWith("node:")) continue;
      if (!isIn(path, PACKAGES[packageOf(specifier)] ?? [])) wrong.push(`${path} imports ${specifier}`);
    }
  }
  deepStrictEqual(wrong, []);
});

Deno.test("one file imports each replaceable package", () => {
  for (const name of ONE_IMPORTER) {
    const importers = product.filter(({ bare }) => bare.some((specifier) => packageOf(specifier) === name));
    ok(importers.length <= 1, `${name} is imported by ${importers.map(({ path }) => path).join(", ")}`);
  }
});

Deno.test("every package is from npm, pinned to one version, and imported by its name in deno.json", () => {
  const names = new Set(Object.keys(manifest.imports).map(packageOf));
  for (const [name, source] of Object.entries(manifest.imports)) {
    ok(/^npm:\/?(?:@[^/]+\/)?[^/@]+@\d+\.\d+\.\d+\/?$/.test(source), `${name}: ${source} is not pinned`);
  }
  const wrong = [...product, ...tests].flatMap(({ path, bare }) =>
    bare.filter((specifier) => !specifier.startsWith("node:") && !names.has(packageOf(specifier)))
      .map((specifier) => `${path} imports ${specifier}`)
  );
  deepStrictEqual(wrong, []);
});

Deno.test("the product imports no test", () => {
  deepStrictEqual(product.filter(({ local }) => local.some((target) => target.startsWith("tests/"))), []);
});

Deno.test("words that are confined to a place", async (t) => {
  for (const { word, why, places } of CONFINED) {
    await t.step(`${word.source}: ${why}`, () => {
      const wrong = product.filter(({ path, code }) => word.test(code) && !isIn(path, places));
      deepStrictEqual(wrong.map(({ path }) => path), []);
    });
  }
});

Deno.test("every file has a snake_case name, and says at its top what it is unless it is a test", () => {
  const misnamed = [...product, ...tests].filter(({ path }) => !/^[a-z0-9_.]+$/.test(path.split("/").at(-1) ?? ""));
  const silent = product.filter(({ text }) => !/^\/\*\*[\s\S]*?@module\n/.test(text));
  deepStrictEqual([...misnamed, ...silent].map(({ path }) => path), []);
});
