/**
 * Reads where tenants come from, the configuration and the files of `tenants_dir`: only what has changed since.
 *
 * @module
 */

import { errorAt, type Problem } from "../../pipeline/config/problem.ts";
import type { Place } from "../../pipeline/config/tree/node.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import { nextTurn } from "../../pipeline/core/slices.ts";
import type { TenantSources } from "../../pipeline/tenants/sources.ts";
import type { LoadedSource, LoadedTenant } from "./load_tenants.ts";
import { pathIn, type TenantFiles } from "./tenant_files.ts";

/**
 * Files that are read one behind the other before others have their turn: 50 ms, and 10 where none has changed. A turn itself
 * takes a millisecond of waiting, and ten on a busy machine.
 */
const FILES_A_TURN = 2_048;

/** Whether a file is whole: not in the middle of being written. */
export type IsSettled = (path: string, mark: string) => boolean;

/** Where tenants come from: the configuration, or a file. */
export interface Source {
  /** A file's path; undefined: the configuration. */
  readonly path: string | undefined;
  /** What the file was when it was read; undefined: it could not be, and is read again. */
  readonly mark: string | undefined;
  /** No two of one id. */
  readonly tenants: readonly LoadedTenant[];
  readonly problems: readonly Problem[];
}

/** All sources of one moment. */
export interface State {
  readonly sources: TenantSources | undefined;
  readonly inline: Source;
  /** By path, sorted. */
  readonly files: ReadonlyMap<string, Source>;
  /** Why the directory itself cannot be read. */
  readonly trouble: readonly Problem[];
}

const NO_SOURCE: Source = { path: undefined, mark: undefined, tenants: [], problems: [] };
export const NO_STATE: State = { sources: undefined, inline: NO_SOURCE, files: new Map(), trouble: [] };

/** What reads tenants is loaded where there are some. */
const loading = () => import("./load_tenants.ts");

/**
 * Reads what `sources` names; undefined: nothing.
 *
 * @param before What was read last: a file that is the same is not read again.
 * @param files Absent: there are none here.
 * @param isSettled Files that are not are left for later.
 */
export async function readSources(
  sources: TenantSources | undefined,
  before: State,
  files: TenantFiles | undefined,
  isSettled: IsSettled,
): Promise<State> {
  if (sources === undefined) return NO_STATE;
  const { loadInline, loadFile, LoadingTools } = await loading();
  const { tenants, problems } = loadInline(sources);
  const inline: Source = { ...NO_SOURCE, tenants, problems };
  const { directory } = sources;
  if (directory === undefined) return { sources, inline, files: new Map(), trouble: [] };
  const known = before.sources?.directory === directory ? before.files : NO_STATE.files;
  try {
    if (files === undefined) throw new Error("there are no files here");
    const tools = new LoadingTools();
    const reader = new DirectoryReader({
      ...{ files, known, isSettled },
      isReadable: before.sources?.defaultsFingerprint === sources.defaultsFingerprint,
      load: (path) => loadFile(path, files, sources, tools),
    });
    return { sources, inline, files: await reader.read(directory), trouble: [] };
  } catch (thrown) {
    const kept = known === NO_STATE.files ? "" : ", so that its tenants stay as they are";
    const message = `cannot be read${kept}: ${describeError(thrown)}`;
    return { sources, inline, files: known, trouble: [errorAt(wholeOf(directory), ["tenants_dir"], message)] };
  }
}

interface DirectoryReaderOptions {
  readonly files: TenantFiles;
  /** As they were read last, by path. */
  readonly known: ReadonlyMap<string, Source>;
  /** Whether those would be read as the same again: the defaults have not changed. */
  readonly isReadable: boolean;
  readonly isSettled: IsSettled;
  readonly load: (path: string) => LoadedSource | Promise<LoadedSource>;
}

class DirectoryReader {
  readonly #options: DirectoryReaderOptions;

  constructor(options: DirectoryReaderOptions) {
    this.#options = options;
  }

  /** @throws {Error} The directory itself cannot be read. */
  async read(directory: string): Promise<ReadonlyMap<string, Source>> {
    const sources = new Map<string, Source>();
    const above = pathIn(directory, "");
    let looks = 0;
    for (const name of await this.#options.files.list(directory)) {
      const path = above + name;
      const source = this.#read(path);
      const read = source instanceof Promise ? await source : source;
      if (read !== undefined) sources.set(path, read);
      if (++looks % FILES_A_TURN === 0) await nextTurn();
    }
    return sources;
  }

  /** @returns undefined when it is gone. */
  #read(path: string): Source | undefined | Promise<Source> {
    const { files, isReadable, isSettled, load } = this.#options;
    const known = this.#options.known.get(path);
    const mark = files.mark(path);
    if (mark === undefined) return undefined;
    if ((isReadable && known?.mark === mark) || !isSettled(path, mark)) return known;
    const done = (loaded: LoadedSource) => withOld(path, mark, loaded, known);
    const failed = (thrown: unknown) => unreadable(path, mark, thrown, known);
    try {
      const loaded = load(path);
      return loaded instanceof Promise ? loaded.then(done, failed) : done(loaded);
    } catch (thrown) {
      return failed(thrown);
    }
  }
}

/** A file as it is now, with the tenants of before that are broken in it, or may be. */
function withOld(
  path: string,
  mark: string,
  { tenants, problems, broken, isWhole }: LoadedSource,
  known: Source | undefined,
): Source {
  if (known === undefined || (isWhole && broken.size === 0)) return { path, mark, tenants, problems };
  const now = new Set(tenants.map(({ id }) => id));
  const old = known.tenants.filter(({ id }) => !now.has(id) && (broken.has(id) || !isWhole));
  return { path, mark, tenants: [...tenants, ...old], problems };
}

/** Its tenants stay. */
function unreadable(path: string, mark: string, thrown: unknown, known: Source | undefined): Source {
  const problem = errorAt(wholeOf(path), [], `cannot be read: ${describeError(thrown)}`);
  return { path, mark, tenants: known?.tenants ?? [], problems: [problem] };
}

const wholeOf = (file: string): Place => ({ file, line: 0, column: 0 });
