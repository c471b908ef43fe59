/**
 * What a change of a tenant's settings changed, in the words of `sluice admin tenants set`.
 *
 * @module
 */

import { REDACTED, SECRET_NAME } from "../../../pipeline/core/log/mask.ts";

type Settings = Readonly<Record<string, unknown>>;

/** `limits.all.requests_per_second=50` for what is new or another, `without weight` for what is gone. */
export function changedSettings(before: Settings, after: Settings): string[] {
  const [was, is] = [new Map(leavesOf(before)), new Map(leavesOf(after))];
  return [
    ...[...is].filter(([path, value]) => was.get(path) !== value).map(([path, value]) => `${path}=${value}`),
    ...[...was.keys()].filter((path) => !is.has(path)).map((path) => `without ${path}`),
  ];
}

/** Lists stand as they are. */
function* leavesOf(settings: Settings, above = ""): Generator<readonly [path: string, value: string]> {
  for (const [key, value] of Object.entries(settings)) {
    const path = `${above}${key}`;
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isMap) yield* leavesOf(value as Settings, `${path}.`);
    else yield [path, SECRET_NAME.test(key) ? REDACTED : typeof value === "string" ? value : JSON.stringify(value)];
  }
}
