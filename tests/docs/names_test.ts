/** What pages and comments name is there: files, folders, and names of the code. */

import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const TOP_FOLDERS = [
  "commands",
  "controller",
  "deploy",
  "docs",
  "gateway",
  "opamp",
  "ottl",
  "pipeline",
  "routes",
  "tests",
];

/** What CONTRIBUTING.md has somebody write. */
const NOT_YET = ["snake_case.ts", "pipeline/exporters/stdout.ts", "tests/pipeline/exporters/stdout_test.ts"];

/** Pages about the code, whose names must be the code's. */
const PAGES_OF_CODE = ["CONTRIBUTING.md", "docs/architecture.md"];

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (name.startsWith(".") || name === "node_modules") continue;
    if (isDirectory) yield* filesBelow(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const files = [...filesBelow("./")].map((path) => path.slice("./".length));
const sources = files.filter((path) => path.endsWith(".ts"));
const pages = files.filter((path) => path.endsWith(".md") && !path.startsWith("tests/"));

/** Ways to name a file: from the top, or only its end; a folder's ends with a slash. */
const ends = new Set(files.flatMap((path) => {
  const names = path.split("/");
  return names.map((_, i) => names.slice(i).join("/"));
}));
const folders = new Set(files.flatMap((path) => {
  const names = path.split("/").slice(0, -1);
  return names.flatMap((_, i) => names.slice(i).map((_, j) => `${names.slice(i, i + j + 1).join("/")}/`));
}));

const isThere = (name: string) => ends.has(name) || folders.has(name) || folders.has(`${name}/`);

/** Of what these files name, what is wrong, and how much was looked at. */
function wrongNames(
  paths: readonly string[],
  namesIn: (text: string) => readonly string[],
  isWrong: (name: string) => boolean,
) {
  let seen = 0;
  const wrong = paths.flatMap((path) => {
    const names = namesIn(read(path));
    seen += names.length;
    return names.filter(isWrong).map((name) => `${path}: ${name}`);
  });
  return { wrong, seen };
}

const allOf = (pattern: RegExp) => (text: string) => Array.from(text.matchAll(pattern), ([, name = ""]) => name);

Deno.test("pages name files and folders that are there", () => {
  const named = new RegExp(`\`((?:${TOP_FOLDERS.join("|")})/[\\w./-]*|[\\w./-]+\\.ts|[\\w.-]+(?:/[\\w.-]+)*/)\``, "g");
  const isWrong = (name: string) => !isThere(name) && !NOT_YET.includes(name);
  const { wrong, seen } = wrongNames(pages, allOf(named), isWrong);
  ok(seen > 150, `only ${seen} names are seen`);
  deepStrictEqual(wrong, []);
});

Deno.test("comments name files that are there", () => {
  const comment = /\/\*\*?[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
  const named = allOf(/(?<![\w/.-])((?:[\w-]+\/)*[a-z0-9]\w*\.ts)\b/g);
  const inComments = (text: string) => (text.match(comment) ?? []).flatMap(named);
  const { wrong, seen } = wrongNames(sources, inComments, (name) => !isThere(name));
  ok(seen > 50, `only ${seen} names are seen`);
  deepStrictEqual(wrong, []);
});

Deno.test("pages about the code name what the code has", () => {
  const words = new Set(sources.flatMap((path) => read(path).match(/\w+/g) ?? []));
  const inProse = (text: string) =>
    allOf(/`([A-Za-z][\w.]*)(?:\([^`]*\))?`/g)(text.replace(/^ *```[\s\S]*?^ *```/gm, ""))
      .filter((name) => /[a-z][A-Z]|^[A-Z][a-z]+/.test(name) && !name.includes(".ts"));
  const { wrong, seen } = wrongNames(
    PAGES_OF_CODE,
    inProse,
    (name) => name.split(".").some((word) => !words.has(word)),
  );
  ok(seen > 20, `only ${seen} names are seen`);
  deepStrictEqual(wrong, []);
});

Deno.test("a row of docs/architecture.md names a place from the top, and others as seen from there", () => {
  const isPlace = (path: string) =>
    files.includes(path) || path.endsWith("/") && files.some((each) => each.startsWith(path));
  const wrong: string[] = [];
  const rows = read("docs/architecture.md").split("\n").filter((line) => /^\| \d+ \|/.test(line));
  for (const row of rows) {
    const [first = "", ...others] = allOf(/`([^`]+)`/g)(row.split("|")[2] ?? "").map((name) => name.replace("…", ""));
    const folder = first.slice(0, first.lastIndexOf("/", first.length - 2) + 1);
    if (!isPlace(first)) wrong.push(first);
    wrong.push(
      ...others.filter((name) => !isPlace(name) && !isPlace(folder + name) && !isPlace(parentOf(folder) + name)),
    );
  }
  ok(rows.length > 20, `only ${rows.length} rows are seen`);
  deepStrictEqual(wrong, []);
});

function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1);
}
