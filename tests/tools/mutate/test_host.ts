/**
 * A process that runs a target's tests again and again, each time with another mutant alive.
 *
 * It stands in for the runner behind `Deno.test`, so that sources and tests are loaded once. Properties get one seed, and
 * end with their first failure. Requests come as lines of JSON on stdin, read when nothing runs: what hangs leaves the
 * event loop empty, and is seen by that. Answers go to stdout, behind a mark, for tests may print too.
 *
 * Run in the copy of the tree: `test_host.ts <file of tests>…`.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { type Answer, ANSWER_MARK, type Request } from "./messages.ts";
import { activate, seen } from "./switch.ts";

type Body = (context: Deno.TestContext) => void | Promise<void>;

interface Test {
  readonly name: string;
  readonly body: Body;
}

const tests: Test[] = [];

/** Errors outside of any test's promises, since the last request. */
let strayError: string | undefined;

function say(answer: Answer): void {
  const line = new TextEncoder().encode(`\n${ANSWER_MARK}${JSON.stringify(answer)}\n`);
  for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
}

/** The next line of stdin. @returns undefined at its end. */
function readRequest(): Request | undefined {
  const byte = new Uint8Array(1);
  const line: number[] = [];
  while (Deno.stdin.readSync(byte) !== null) {
    if (byte[0] === 10) return JSON.parse(new TextDecoder().decode(Uint8Array.from(line)));
    line.push(byte[0]!);
  }
  return undefined;
}

/** The shapes in which `Deno.test` and `t.step` are called. */
function testOf(args: readonly unknown[]): Test & { readonly ignore: boolean } {
  const options = args.filter((arg) => typeof arg === "object" && arg !== null)
    .reduce<Partial<Deno.TestDefinition>>((all, some) => ({ ...all, ...some as object }), {});
  const body = args.find((arg) => typeof arg === "function") as Body | undefined ?? options.fn;
  const name = args.find((arg) => typeof arg === "string") as string | undefined ?? options.name ?? body?.name ?? "";
  if (body === undefined) throw new TypeError(`Cannot register the test ${name}: it has no body`);
  return { name, body, ignore: options.ignore === true };
}

function replaceDenoTest(): void {
  const register = (...args: unknown[]) => {
    const { name, body, ignore } = testOf(args);
    if (!ignore) tests.push({ name, body });
  };
  Object.defineProperty(Deno, "test", { value: register });
}

/** A failed step ends its test: one failure is enough. */
async function run({ name, body }: Test, parent?: Deno.TestContext): Promise<void> {
  const context: Deno.TestContext = {
    name,
    origin: "",
    ...parent === undefined ? {} : { parent },
    async step(...args: unknown[]): Promise<boolean> {
      const step = testOf(args);
      if (!step.ignore) await run(step, context);
      return true;
    },
  } as Deno.TestContext;
  await body(context);
  if (strayError !== undefined) throw new Error(strayError);
}

async function fails(test: Test): Promise<boolean> {
  try {
    await run(test);
    return false;
  } catch {
    return true;
  }
}

/** Whether the test fails with the mutant, and by the mutant's doing: without it the test passes again. */
async function tryMutant({ mutant, test, maxTurns }: Request): Promise<Answer> {
  strayError = undefined;
  activate(mutant, maxTurns);
  if (!await fails(tests[test]!)) return {};
  strayError = undefined;
  activate(0, maxTurns);
  return { failure: "failed", isSure: !await fails(tests[test]!) };
}

/** What each test reaches and costs, without a mutant. */
async function measure(): Promise<Answer> {
  const measured = [];
  for (const test of tests) {
    activate(0, Infinity);
    const begin = performance.now();
    const isFailed = await fails(test);
    measured.push({ name: test.name, isFailed, ms: performance.now() - begin, ...seen() });
  }
  return { measured };
}

let current = 0;

/** Serves requests until stdin ends. */
async function serve(): Promise<void> {
  const mine = ++current;
  for (let request = readRequest(); request !== undefined; request = readRequest()) {
    const answer = request.mutant === 0 ? await measure() : await tryMutant(request);
    if (mine !== current) return;
    say(answer);
  }
  Deno.exit(0);
}

/** The event loop is empty while a test runs: it waits for what nobody will do. */
function onIdle(event: Event): void {
  event.preventDefault();
  say({ failure: "waits for ever", isSure: false });
  void serve();
}

function onStray(event: PromiseRejectionEvent | ErrorEvent): void {
  event.preventDefault();
  strayError = "an error that no promise of the test holds";
}

async function main(): Promise<void> {
  fc.configureGlobal({ seed: 1, endOnFailure: true });
  replaceDenoTest();
  globalThis.addEventListener("unhandledrejection", onStray);
  globalThis.addEventListener("error", onStray);
  for (const path of Deno.args) await import(pathToFileURL(resolve(path)).href);
  say({ loaded: seen().reached });
  globalThis.addEventListener("beforeunload", onIdle);
  void serve();
}

await main();
