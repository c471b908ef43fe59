/**
 * Runs the tests: `deno task test [paths or options of deno test]`.
 *
 * Streams what `deno test` prints, and closes with one line that a machine can read: `N passed, M failed`, with
 * `, K skipped` when tests were. A step counts as a test does. The permissions that the tests get are named here.
 *
 * @module
 */

const PERMISSIONS = ["net", "env", "read", "write", "run", "sys", "ffi"];

/** Tests, and not the benchmarks or the Go programs of the peers. */
const IGNORED = ["tests/bench", "tests/peers", "tests/golden"];

/** What `deno test` says at its end: `FAILED | 1 passed (2 steps) | 1 failed (1 step) | 1 ignored (3ms)`. */
const SUMMARY = /^(?:ok|FAILED) \| \d+ passed.*$/gm;

/** Between two lines of output. The longest step, of hostile bytes, takes three minutes on a busy machine. */
const QUIET_LIMIT_MS = 10 * 60_000;

/** Between SIGTERM, at which `deno test` still says what has failed, and SIGKILL. */
const GRACE_MS = 10_000;

/** Tests and steps by result. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads the counts from the output of `deno test`.
 *
 * @returns undefined when it ended before it had a summary: a type error, a crash.
 */
export function readCounts(output: string): Counts | undefined {
  const summary = [...output.matchAll(SUMMARY)].at(-1)?.[0];
  if (summary === undefined) return undefined;
  const count = (word: string) => {
    const [, tests = "0", steps = "0"] = new RegExp(`(\\d+) ${word}(?: \\((\\d+) steps?\\))?`).exec(summary) ?? [];
    return Number(tests) + Number(steps);
  };
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** The closing line. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The arguments of `deno test`; without a path among `extra` it is all of `tests/`. */
function denoArguments(extra: readonly string[]): string[] {
  const named = extra.some((argument) => /^(?:\.\/)?tests(?:\/|$)/.test(argument));
  return [
    "test",
    "--no-prompt",
    ...PERMISSIONS.map((name) => `--allow-${name}`),
    `--ignore=${IGNORED.join(",")}`,
    ...extra,
    ...named ? [] : ["tests/"],
  ];
}

/** A file, a test or a step that has begun: its result would stand behind the dots. */
const BEGUN = /^(?:running \d+ tests? from (?<file>\S+)|(?<test> *\S.*? \.\.\.))\s*$/;

/**
 * The test that the output ends in, with its file and the steps above it.
 *
 * @returns "" when none has begun.
 */
export function openTest(output: string): string {
  let file = "";
  const open: { readonly indent: number; readonly name: string }[] = [];
  for (const line of output.split("\n")) {
    const { groups } = BEGUN.exec(line) ?? {};
    const indent = line.search(/\S/);
    if (groups?.["file"] !== undefined) file = groups["file"];
    if (groups === undefined && !/ \.\.\. (?:ok|FAILED|ignored)/.test(line)) continue; // a test's own words
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    if (groups?.["test"] !== undefined) open.push({ indent, name: groups["test"].trim().replace(/ \.\.\.$/, "") });
  }
  return [file, ...open.map(({ name }) => name)].filter((part) => part !== "").join(" > ");
}

/**
 * Copies the child's output to ours and keeps its last part, where the summary is.
 *
 * @param onQuiet Called with what was kept when nothing has come for `quietLimitMs`.
 */
export async function streamAndKeepTail(
  output: ReadableStream<Uint8Array>,
  { maxTailChars, quietLimitMs, onQuiet, print }: {
    readonly maxTailChars: number;
    readonly quietLimitMs: number;
    readonly onQuiet: (tail: string) => void;
    readonly print: (chunk: Uint8Array) => Promise<unknown>;
  },
): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  const watch = () => setTimeout(() => onQuiet(tail), quietLimitMs);
  let quiet = watch();
  for await (const chunk of output) {
    clearTimeout(quiet);
    await print(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-maxTailChars);
    quiet = watch();
  }
  clearTimeout(quiet);
  return tail;
}

/** Ends a run that hangs, with its name. */
function endHung(child: Deno.ChildProcess, tail: string): void {
  // deno-lint-ignore no-console
  console.error(`\nNothing for ${QUIET_LIMIT_MS / 60_000} minutes: ended while it ran ${openTest(tail) || "no test"}`);
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  child.status.then(() => clearTimeout(kill));
}

async function main(): Promise<never> {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArguments(Deno.args),
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const tail = await streamAndKeepTail(child.stdout, {
    maxTailChars: 64 * 1024,
    quietLimitMs: QUIET_LIMIT_MS,
    onQuiet: (tail) => endHung(child, tail),
    print: (chunk) => Deno.stdout.write(chunk),
  });
  const { code } = await child.status;
  const counts = readCounts(tail) ?? { passed: 0, failed: 0, skipped: 0 };
  // A run that failed without a failed test (type error, crash, leak) is still a failure that the line must show.
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  // deno-lint-ignore no-console
  console.log(closingLine({ ...counts, failed }));
  Deno.exit(failed > 0 && code === 0 ? 1 : code);
}

if (import.meta.main) await main();
