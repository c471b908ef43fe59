/**
 * The program's own sources, for tests that hold a page or a table against them.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Folders of the program, tests and tools left out. */
export const PROGRAM_FOLDERS = [
  "commands/",
  "controller/",
  "gateway/",
  "opamp/",
  "ottl/",
  "pipeline/",
  "routes/",
] as const;

export interface Source {
  /** From the root of the repository on. */
  readonly path: string;
  readonly text: string;
  /** Without its comments. */
  readonly code: string;
}

/** Every source file below these folders, each of which ends with a slash. */
export async function* sourcesBelow(...folders: readonly string[]): AsyncGenerator<Source> {
  for (const folder of folders) {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
      const path = `${folder}${name}`;
      if (isDirectory) yield* sourcesBelow(`${path}/`);
      else if (name.endsWith(".ts")) {
        const text = await Deno.readTextFile(new URL(path, ROOT));
        yield { path, text, code: withoutComments(text) };
      }
    }
  }
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}
