/**
 * Packages on disk. `NAME/current` holds the files of the bundle that counts; each takes the place of the one before it
 * in one step, so that a `tenants_dir` or `${file:…}` below it never finds half a file. (A link that changes would do so
 * for all files together; the runtime makes links only for a process that may write anywhere.)
 *
 * ```
 * packages/installed.json      what is installed, by name
 * packages/partial/HASH        what has come of a content so far
 * packages/NAME/HASH.bundle    the content
 * packages/NAME/HASH/          unpacked, until its files are in their places
 * packages/NAME/current/       the files
 * ```
 *
 * @module
 */

import { dirname } from "node:path";
import type { InstalledPackage, InstalledPackages, PackageStore } from "../../../opamp/client/offers/package_sync.ts";
import type { Problem } from "../../../opamp/client/offers/offer_follower.ts";
import { bytesToHex, hexToBytes } from "../../../opamp/protocol/hashes.ts";
import { readRegularFile, readRegularText } from "../../../pipeline/core/regular_file.ts";
import { replaceFile } from "../../replace_file.ts";
import { readBundle, unpackBundle } from "./bundle.ts";

const MAX_INDEX_BYTES = 1024 * 1024;

/** Whether a package's name can be that of its directory. */
export function isPackageName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name) && name !== "partial" && name !== "installed.json";
}

interface IndexEntry {
  readonly type: number;
  readonly version: string;
  /** Hexadecimal. */
  readonly hash: string;
  readonly contentHash: string;
}

interface Index {
  readonly allPackagesHash?: string;
  readonly packages: Readonly<Record<string, IndexEntry>>;
}

export class DiskPackageStore implements PackageStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async installed(): Promise<InstalledPackages> {
    const { allPackagesHash, packages } = await this.#index();
    return {
      allPackagesHash: allPackagesHash === undefined ? undefined : hexToBytes(allPackagesHash),
      packages: new Map(Object.entries(packages).map(([name, entry]) => [name, fromIndex(entry)])),
    };
  }

  async content(name: string): Promise<Uint8Array> {
    const entry = (await this.#index()).packages[name];
    if (entry === undefined) throw new Error(`Cannot read the package ${JSON.stringify(name)}: it is not installed`);
    return await readRegularFile(`${this.#directory}/${name}/${entry.contentHash}.bundle`, Infinity);
  }

  async partial(contentHash: string): Promise<Uint8Array> {
    return await ifThere(() => readRegularFile(this.#partialPath(contentHash), Infinity)) ?? new Uint8Array();
  }

  async append(contentHash: string, chunk: Uint8Array): Promise<void> {
    await this.#makeDirectory("partial");
    using file = await Deno.open(this.#partialPath(contentHash), { append: true, create: true, mode: 0o600 });
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }

  async discard(contentHash: string): Promise<void> {
    await ifThere(() => Deno.remove(this.#partialPath(contentHash)));
  }

  async install(name: string, info: InstalledPackage, content: Uint8Array): Promise<Problem> {
    const files = readBundle(content);
    if (typeof files === "string") return files;
    const own = await this.#makeDirectory(name);
    const hash = bytesToHex(info.contentHash);
    await ifThere(() => Deno.remove(`${own}/${hash}`, { recursive: true })); // of a process that did not get to the end
    await unpackBundle(files, `${own}/${hash}`);
    await Deno.writeFile(`${own}/${hash}.bundle`, content, { mode: 0o600 });
    const paths = new Set(files.map(({ path }) => path));
    await this.#makeDirectory(`${name}/current`);
    await removeStale(`${own}/current`, "", paths);
    await moveInto(`${own}/current`, `${own}/${hash}`, paths);
    const { packages, ...rest } = await this.#index();
    await this.#write({ ...rest, packages: { ...packages, [name]: toIndex(info) } });
    await removeOthers(own, ["current", `${hash}.bundle`]);
    return undefined;
  }

  async remove(name: string): Promise<void> {
    const { packages, ...rest } = await this.#index();
    const { [name]: _, ...others } = packages;
    await this.#write({ ...rest, packages: others });
    await ifThere(() => Deno.remove(`${this.#directory}/${name}`, { recursive: true }));
  }

  async complete(allPackagesHash: Uint8Array): Promise<void> {
    await this.#write({ ...await this.#index(), allPackagesHash: bytesToHex(allPackagesHash) });
  }

  #partialPath(contentHash: string): string {
    return `${this.#directory}/partial/${contentHash}`;
  }

  async #makeDirectory(name: string): Promise<string> {
    const path = `${this.#directory}/${name}`;
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** What cannot be read counts as nothing installed: all of it comes again. */
  async #index(): Promise<Index> {
    const text = await ifThere(() => readRegularText(`${this.#directory}/installed.json`, MAX_INDEX_BYTES));
    return text === undefined ? { packages: {} } : parseIndex(text);
  }

  async #write(index: Index): Promise<void> {
    await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await replaceFile(`${this.#directory}/installed.json`, JSON.stringify(index));
  }
}

/** Removes what is not in `paths`, and directories that are empty then. @returns Whether `below` is empty. */
async function removeStale(root: string, below: string, paths: ReadonlySet<string>): Promise<boolean> {
  let isEmpty = true;
  for (const { name, isDirectory } of await Array.fromAsync(Deno.readDir(`${root}/${below}`))) {
    const path = `${below}${name}`;
    const isStale = isDirectory ? await removeStale(root, `${path}/`, paths) : !paths.has(path);
    if (isStale) await Deno.remove(`${root}/${path}`);
    isEmpty &&= isStale;
  }
  return isEmpty;
}

async function moveInto(target: string, source: string, paths: ReadonlySet<string>): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(dirname(`${target}/${path}`), { recursive: true, mode: 0o700 });
    await Deno.rename(`${source}/${path}`, `${target}/${path}`);
  }
}

async function removeOthers(directory: string, kept: readonly string[]): Promise<void> {
  for (const { name } of await Array.fromAsync(Deno.readDir(directory))) {
    if (!kept.includes(name)) await Deno.remove(`${directory}/${name}`, { recursive: true });
  }
}

async function ifThere<Found>(look: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await look();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

function toIndex({ type, version, hash, contentHash }: InstalledPackage): IndexEntry {
  return { type, version, hash: bytesToHex(hash), contentHash: bytesToHex(contentHash) };
}

function fromIndex({ type, version, hash, contentHash }: IndexEntry): InstalledPackage {
  return { type, version, hash: hexToBytes(hash), contentHash: hexToBytes(contentHash) };
}

function parseIndex(text: string): Index {
  try {
    const index = JSON.parse(text) as Partial<Index> | null;
    return typeof index?.packages === "object" ? { ...index, packages: index.packages } : { packages: {} };
  } catch {
    return { packages: {} };
  }
}
