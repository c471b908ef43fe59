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

/** Copies the child's output to ours and keeps its last part, where the summary is. */
async function streamAndKeepTail(output: ReadableStream<Uint8Array>, maxTailChars: number): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of output) {
    await Deno.stdout.write(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-maxTailChars);
  }
  return tail;
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
  const tail = await streamAndKeepTail(child.stdout, 64 * 1024);
  const { code } = await child.status;
  const counts = readCounts(tail) ?? { passed: 0, failed: 0, skipped: 0 };
  // A run that failed without a failed test (type error, crash, leak) is still a failure that the line must show.
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  // deno-lint-ignore no-console
  console.log(closingLine({ ...counts, failed }));
  Deno.exit(failed > 0 && code === 0 ? 1 : code);
}

if (import.meta.main) await main();
