/**
 * Where the CPU goes: the ten dearest lines of a gateway under full load, as V8's profiler sees them, as a table.
 *
 *   deno run -A tests/bench/cpu_profile.ts SCENARIOS SECONDS WARMUP_SECONDS
 *
 * Shares are of the time that the data thread was not idle. "native code" is all that is not JavaScript: the kernel's
 * sockets, the runtime, the C library; what a line calls there is counted there. Inlined functions stand at their own lines.
 *
 * @module
 */

import { SourceMap } from "node:module";
import { type Profile, takeProfile } from "./profile.ts";

/** What is sent and what is configured, as `tests/peers/measure` does it. */
const SCENARIOS: Readonly<Record<string, { readonly config: string; readonly load: readonly string[] }>> = {
  p100: { config: "base", load: [] },
  transform20: { config: "transform20", load: [] },
  json: { config: "base", load: ["-encoding", "json"] },
};
const LINES = 10;
const ROOT = new URL("../../", import.meta.url).href;

const maps = new Map<string, SourceMap>();
const emitted = await emittedFolder();
const [names = Object.keys(SCENARIOS).join(","), seconds = "10", warmup = "10"] = Deno.args;
printRow(["Requests", "Share", "Line", "Function"]);
printRow(["---", "---", "---", "---"]);
for (const name of names.split(",")) {
  for (const [share, line, caller] of dearest(await profileOf(name))) {
    printRow([name, `${(share * 100).toFixed(1)} %`, line, caller]);
  }
}

async function profileOf(name: string): Promise<Profile> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    throw new TypeError(`Cannot profile ${name}, wanted ${Object.keys(SCENARIOS).join(", ")}`);
  }
  const config = await Deno.readTextFile(new URL(`tests/peers/configs/${scenario.config}.yaml`, ROOT));
  const load = [["-shape", "p100", "-connections", "32", ...scenario.load]];
  return await takeProfile(config, load, { seconds: Number(seconds), warmupSeconds: Number(warmup) });
}

/** Share, place and function of the dearest lines. */
function dearest({ nodes }: Profile): [share: number, line: string, caller: string][] {
  const ticksByLine = new Map<string, number>();
  let busy = 0;
  for (const { callFrame: { functionName, url }, hitCount, positionTicks = [] } of nodes) {
    if (functionName === "(idle)") continue;
    busy += hitCount;
    for (const [place, ticks] of placesOf(functionName, url, hitCount, positionTicks)) {
      ticksByLine.set(place, (ticksByLine.get(place) ?? 0) + ticks);
    }
  }
  const rows = [...ticksByLine].sort(([, a], [, b]) => b - a).slice(0, LINES);
  return rows.map(([place, ticks]) => {
    const [line = "", caller = ""] = place.split(" ", 2);
    return line === "" ? [ticks / busy, "", nativeName(caller)] : [ticks / busy, `\`${line}\``, `\`${caller}\``];
  });
}

function placesOf(
  name: string,
  url: string,
  hits: number,
  lines: NonNullable<Profile["nodes"][number]["positionTicks"]>,
): [place: string, ticks: number][] {
  if (url === "") return [[` ${name}`, hits]];
  const path = url.replace(ROOT, "");
  return lines.map(({ line, ticks }) => [`${path}:${sourceLine(path, line)} ${name || "(anonymous)"}`, ticks]);
}

/** The line in TypeScript of one in the JavaScript that the runtime has made of it. */
function sourceLine(path: string, line: number): number {
  const map = sourceMapOf(path);
  if (map === undefined) return line;
  const entry = map.findEntry(line - 1, Infinity);
  return "originalLine" in entry ? entry.originalLine + 1 : line;
}

/** undefined: not of this project. */
function sourceMapOf(path: string): SourceMap | undefined {
  if (path.includes(":")) return undefined;
  const known = maps.get(path);
  if (known !== undefined) return known;
  const made = Deno.readTextFileSync(`${emitted}/${new URL(path, ROOT).href.replace("://", "")}.js`);
  const map = new SourceMap(JSON.parse(atob(/sourceMappingURL=[^,]*,([\w+/=]+)/.exec(made)?.[1] ?? "")));
  maps.set(path, map);
  return map;
}

/** The folder in which the runtime keeps the JavaScript that it made. */
async function emittedFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).typescriptCache;
}

function nativeName(name: string): string {
  return name === "(program)" ? "native code" : name === "(garbage" ? "garbage collection" : `native \`${name}\``;
}

function printRow(cells: readonly string[]): void {
  // deno-lint-ignore no-console
  console.log(`| ${cells.join(" | ")} |`);
}
