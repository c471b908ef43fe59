/**
 * How one configuration differs from another, file by file.
 *
 * @module
 */

import { diffLines } from "../../../pipeline/core/text_diff.ts";
import type { ConfigFile } from "../records.ts";
import type { FileDiff } from "../views.ts";

/** Characters of the diff of one file. */
export const MAX_DIFF_CHARS = 64 * 1024;

/** Files that are not the same, in the order of names. */
export function diffFiles(before: readonly ConfigFile[], after: readonly ConfigFile[]): FileDiff[] {
  const old = new Map(before.map((file) => [file.name, file]));
  const fresh = new Map(after.map((file) => [file.name, file]));
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return names.flatMap((name) => diffFile(name, old.get(name), fresh.get(name)));
}

function diffFile(file: string, before: ConfigFile | undefined, after: ConfigFile | undefined): FileDiff[] {
  const [old, fresh] = [textOf(before), textOf(after)];
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const diff = old === undefined || fresh === undefined ? "" : diffLines(old, fresh);
  if (change === "changed" && diff === "" && isSame(before, after)) return [];
  return [{ file, change, diff: diff.slice(0, MAX_DIFF_CHARS), isCut: diff.length > MAX_DIFF_CHARS }];
}

/** Empty for a file that is not there; undefined when it is no text. */
function textOf(file: ConfigFile | undefined): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(file?.body);
  } catch {
    return undefined;
  }
}

function isSame(a: ConfigFile | undefined, b: ConfigFile | undefined): boolean {
  if (a === undefined || b === undefined || a.body.length !== b.body.length) return false;
  return a.contentType === b.contentType && a.role === b.role && a.body.every((byte, at) => byte === b.body[at]);
}
