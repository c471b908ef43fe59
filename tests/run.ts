/**
 * Runs the tests: `deno task test [paths or options of deno test]`.
 *
 * Streams what `deno test` prints, and closes with one line that a machine can read: `N passed, M failed`, with
 * `, K skipped` when tests were. A step counts as a test does. The permissions that the tests get are named here.
 *
 * Types are checked first, once, as `deno task check` does (what that has found is cached). `deno test` would check
 * again, and in the middle of a test each worker that it starts, with all that this imports: on a fresh clone a second
 * of work becomes a minute. After a type error nothing runs; `--no-check` leaves the types out.
 *
 * All of them run several files at a time (`DENO_JOBS`, one more than there are cores): most that take long wait for
 * processes they have started. Named paths run one after another, and show their own output where it arises.
 *
 * @module
 */

const ROOT = new URL("..", import.meta.url);

const PERMISSIONS = ["net", "env", "read", "write", "run", "sys", "ffi"];

/** Tests, and not the benchmarks or the Go programs of the peers. */
const IGNORED = ["tests/bench", "tests/peers", "tests/golden"];

const NO_CHECK = "--no-check";

/** What `deno test` says at its end: `FAILED | 1 passed (2 steps) | 1 failed (1 step) | 1 ignored (3ms)`. */
const SUMMARY = /^(?:ok|FAILED) \| \d+ passed.*$/gm;

/** Between two lines of output. The longest step, of hostile bytes, takes three minutes on a busy machine. */
const QUIET_LIMIT_MS = 10 * 60_000;

/** Between SIGINT, at which `deno test` says what has failed and what goes on, and SIGKILL. */
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
 * @returns undefined when it ended before it had a summary: a module that does not load, a crash.
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

const isPath = (argument: string) => /^(?:\.\/)?tests(?:\/|$)/.test(argument);

/** The arguments of `deno check`, for the named paths or the whole tree; undefined where types are left out. */
export function checkArguments(extra: readonly string[]): string[] | undefined {
  if (extra.includes(NO_CHECK)) return undefined;
  const named = extra.filter(isPath);
  return ["check", ...named.length > 0 ? named : ["."]];
}

/** The arguments of `deno test`; without a path among `extra` it is all of `tests/`. */
export function testArguments(extra: readonly string[]): string[] {
  return [
    "test",
    "--no-prompt",
    NO_CHECK,
    ...PERMISSIONS.map((name) => `--allow-${name}`),
    `--ignore=${IGNORED.join(",")}`,
    ...extra.filter((argument) => argument !== NO_CHECK),
    ...extra.some(isPath) ? [] : ["--parallel", "tests/"],
  ];
}

/**
 * Copies the child's output to ours and keeps its last part, where the summary is.
 *
 * @param onQuiet Called when nothing has come for `quietLimitMs`.
 */
export async function streamAndKeepTail(
  output: ReadableStream<Uint8Array>,
  { maxTailChars, quietLimitMs, onQuiet, print }: {
    readonly maxTailChars: number;
    readonly quietLimitMs: number;
    readonly onQuiet: () => void;
    readonly print: (chunk: Uint8Array) => Promise<unknown>;
  },
): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  const watch = () => setTimeout(onQuiet, quietLimitMs);
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

/** Ends a run that hangs; it names the tests that have not ended. */
function endHung(child: Deno.ChildProcess): void {
  // deno-lint-ignore no-console
  console.error(`\nNothing for ${QUIET_LIMIT_MS / 60_000} minutes: ended`);
  child.kill("SIGINT");
  const kill = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  child.status.then(() => clearTimeout(kill));
}

/** @returns Whether the types hold; what does not is printed. */
async function typesHold(args: readonly string[]): Promise<boolean> {
  const check = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  return (await check.spawn().status).success;
}

async function main(): Promise<never> {
  const check = checkArguments(Deno.args);
  if (check !== undefined && !await typesHold(check)) end({ passed: 0, failed: 1, skipped: 0 }, 1);
  const child = new Deno.Command(Deno.execPath(), {
    args: testArguments(Deno.args),
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(navigator.hardwareConcurrency + 1) },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const tail = await streamAndKeepTail(child.stdout, {
    maxTailChars: 64 * 1024,
    quietLimitMs: QUIET_LIMIT_MS,
    onQuiet: () => endHung(child),
    print: (chunk) => Deno.stdout.write(chunk),
  });
  const { code } = await child.status;
  const counts = readCounts(tail) ?? { passed: 0, failed: 0, skipped: 0 };
  // A run that failed without a failed test (crash, leak) is still a failure that the line must show.
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  end({ ...counts, failed }, failed > 0 && code === 0 ? 1 : code);
}

function end(counts: Counts, code: number): never {
  // deno-lint-ignore no-console
  console.log(closingLine(counts));
  Deno.exit(code);
}

if (import.meta.main) await main();
