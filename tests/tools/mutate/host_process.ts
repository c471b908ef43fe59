/**
 * The mutator's end of a `test_host.ts`.
 *
 * @module
 */

import { type Answer, ANSWER_MARK, type Request } from "./messages.ts";
import { MUTANT_VARIABLE } from "./switch.ts";

/** Enough for any target's tests; a mutant that fills memory ends its process, and not the machine's peace. */
const MAX_HEAP_MB = 1_024;

/** To load sources and tests, milliseconds, on a machine that does other things too. */
const LOAD_LIMIT_MS = 120_000;

/** What became of a request: an answer, or none. */
export type Reply = Answer | "its process ended" | "no end in time";

export class HostProcess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  /**
   * @param root Of the copy of the tree.
   * @param mutant Alive from the start; 0 for none.
   */
  constructor(root: string, tests: readonly string[], mutant: number) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--v8-flags=--max-old-space-size=${MAX_HEAP_MB}`,
        "tests/tools/mutate/test_host.ts",
        ...tests,
      ],
      cwd: root,
      env: { NO_COLOR: "1", [MUTANT_VARIABLE]: String(mutant) },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  /** Waits until all is loaded. */
  loaded(): Promise<Reply> {
    return this.#answer(LOAD_LIMIT_MS);
  }

  async ask(request: Request, limitMs: number): Promise<Reply> {
    try {
      await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    } catch {
      return "its process ended";
    }
    return await this.#answer(limitMs);
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.#child.status;
    while (!(await this.#lines.next()).done);
  }

  async #answer(limitMs: number): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"no end in time">((resolve) =>
      timer = setTimeout(() => resolve("no end in time"), limitMs)
    );
    const reply = await Promise.race([this.#nextAnswer(), late]);
    clearTimeout(timer);
    return reply;
  }

  async #nextAnswer(): Promise<Reply> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) return "its process ended";
      if (value.startsWith(ANSWER_MARK)) return JSON.parse(value.slice(ANSWER_MARK.length));
    }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  return undefined;
}
