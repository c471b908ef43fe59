/**
 * Writes docs/licences.md: every npm package of deno.lock with its licence, as its own package.json in Deno's cache says:
 * `deno task licences`, after `deno install`. tests/docs/licences_test.ts fails while the page lacks a package, or one has a
 * licence that is not allowed.
 *
 * Binaries for other platforms are not in the cache: they are a part of the package that names them, and stand in its row.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };

export const LICENCE_DOCS = new URL("../../docs/licences.md", import.meta.url);

/** Licences that ask for no more than to be named: SPDX. */
export const ALLOWED_LICENCES: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
];

/** A package of deno.lock. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Packages with its binaries, one a platform. */
  readonly binaries: readonly string[];
}

interface LockEntry {
  readonly optionalDependencies?: readonly string[];
}

/** A key of the lock: `@scope/name@1.2.3`, with peers behind a `_`. */
function readKey(key: string): { readonly name: string; readonly version: string } {
  const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  return { name, version };
}

/** What `npm` of deno.lock has. */
export async function readLock(): Promise<Readonly<Record<string, LockEntry>>> {
  const text = await Deno.readTextFile(new URL("../../deno.lock", import.meta.url));
  return (JSON.parse(text) as { readonly npm: Readonly<Record<string, LockEntry>> }).npm;
}

/** All packages but binaries, each once. @param npm Of deno.lock. */
export function lockedPackages(npm: Readonly<Record<string, LockEntry>>): readonly LockedPackage[] {
  const entries = Object.entries(npm).map(([key, { optionalDependencies: binaries = [] }]) => ({
    ...readKey(key),
    binaries: binaries.map((each) => readKey(`${each}@`).name || each),
  }));
  const isBinary = new Set(entries.flatMap(({ binaries }) => binaries));
  const packages = new Map(
    entries.filter(({ name }) => !isBinary.has(name)).map((each) => [`${each.name}@${each.version}`, each]),
  );
  return [...packages.values()].sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}

/** What a package says of itself. @returns undefined when it is not in the cache. */
export async function licenceIn(cache: string, { name, version }: LockedPackage): Promise<string | undefined> {
  for await (const registry of Deno.readDir(cache)) {
    const folder = `${cache}/${registry.name}/${name}/${version}`;
    const { license } = JSON.parse(await readOr(`${folder}/package.json`, "{}")) as { readonly license?: unknown };
    if (typeof license === "string") return license;
    if (/^Apache License,? Version 2\.0/.test((await readOr(`${folder}/LICENSE`, "")).trim())) return "Apache-2.0";
  }
  return undefined;
}

async function readOr(path: string, absent: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return absent;
    throw error;
  }
}

/** Where Deno keeps npm's packages. */
export async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { readonly npmCache: string }).npmCache;
}

/** One row of the page. */
export function licenceRow({ name, version, binaries }: LockedPackage, licence: string): string {
  const direct = Object.values(manifest.imports).some((target) =>
    target.replace(/^npm:\/?|\/$/g, "") === `${name}@${version}`
  );
  const platforms = binaries.length === 0 ? "" : `${binaries.length} with its binaries`;
  return `| \`${name}\` | ${version} | ${licence} | ${direct ? "deno.json" : "another package"} | ${platforms} |`;
}

const HEAD = `# Licences

Sluice is under [Apache-2.0](../LICENSE). Its packages, as \`deno.lock\` has them; each says so itself. Binaries for other
platforms are packages of their own, named after the one that they are a part of. Which of these are for tests alone says the
README, "What it is made of". Written by \`deno task licences\`.

| Package | Version | Licence | Asked for by | Platform packages |
| --- | --- | --- | --- | --- |
`;

if (import.meta.main) {
  const cache = await npmCache();
  const rows: string[] = [];
  for (const each of lockedPackages(await readLock())) {
    const licence = await licenceIn(cache, each);
    if (licence === undefined) {
      throw new TypeError(
        `Cannot tell the licence of ${each.name}: it is not in the cache, wanted \`deno install\` first`,
      );
    }
    rows.push(licenceRow(each, licence));
  }
  await Deno.writeTextFile(LICENCE_DOCS, `${HEAD}${rows.join("\n")}\n`);
}
