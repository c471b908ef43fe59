/**
 * The process's own variables and files, for `loadConfig`. On Deno Deploy hand in one of your own.
 *
 * @module
 */

import { resolve } from "node:path";
import { checkRegularFile, IrregularFileError, readAtMost, readRegularText, utf8Of } from "../core/regular_file.ts";
import type { ConfigEnvironment } from "./source.ts";
import { DEFAULT_TREE_LIMITS } from "./tree/node.ts";

export const processEnvironment: ConfigEnvironment = {
  env: (name) => Deno.env.get(name),
  readFile: (path) => reading(path, readSourceText),
};

/** Makes an empty variable one that is not there: a Compose file or a chart has no other way to say so. */
export function forgetEmptyVariable(name: string): void {
  if (Deno.env.get(name) === "") Deno.env.delete(name);
}

/** A file that somebody named cannot be read: the message says which, where it was looked for, and why. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

/**
 * Reads a file that a command line names.
 *
 * @param named How it does: `--input spans.json`.
 * @throws {UnreadableFileError} It cannot be read.
 */
export async function readNamedFile<T>(named: string, path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await reading(path, read);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableFileError)) throw thrown;
    throw new UnreadableFileError(`${named}: cannot be read: ${thrown.message}`, { cause: thrown });
  }
}

/** A relative path counts from where the process runs, which is not always where somebody called it. */
async function reading<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (cause) {
    throw new UnreadableFileError(whyUnreadable(resolve(path), cause), { cause });
  }
}

/** Why a file cannot be read, without reading it; undefined when it can. */
export function whyUnreadableFile(path: string): string | undefined {
  try {
    checkRegularFile(path, Infinity);
    Deno.openSync(path).close();
    return undefined;
  } catch (thrown) {
    return whyUnreadable(resolve(path), thrown);
  }
}

function whyUnreadable(path: string, thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return `there is no file ${path}`;
  if (thrown instanceof Deno.errors.PermissionDenied) return `this user may not read ${path}`;
  if (thrown instanceof Deno.errors.NotCapable) return `the process may not read ${path} (${permissionFor(path)})`;
  if (thrown instanceof IrregularFileError) return `${path} is ${thrown.kind}, wanted a regular file`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What the runtime wants for it: devices and descriptors are not within `--allow-read`. */
function permissionFor(path: string): string {
  return /^\/(?:dev|proc|sys)\//.test(path) ? "--allow-all" : "--allow-read";
}

/** What the command line hands over as one of the process's own descriptors: `<(…)` of a shell, or its standard input. */
const OWN_DESCRIPTOR = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

async function readSourceText(path: string): Promise<string> {
  const { maxSourceBytes } = DEFAULT_TREE_LIMITS;
  if (!OWN_DESCRIPTOR.test(path)) return await readRegularText(path, maxSourceBytes);
  using file = await Deno.open(path);
  return utf8Of(await readAtMost(file, maxSourceBytes));
}
