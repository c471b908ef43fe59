/**
 * The resident set of a process of its own: nothing else that the tests do moves it.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** A program, in lines of TypeScript; modules are named from the project's root, `./pipeline/…`. */
export interface Program {
  readonly imports: string;
  /** Runs before the resident set is read for the first time. */
  readonly setup?: string;
  readonly body: string;
}

/** By how many bytes the resident set has grown while `body` ran. @throws {Error} The program failed. */
export async function residentSetGrowth({ imports, setup = "", body }: Program): Promise<number> {
  const program = `${imports}
    ${setup}
    const before = Deno.memoryUsage().rss;
    ${body}
    console.log(Deno.memoryUsage().rss - before);`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}
