/**
 * The documents that show figures: each table between marks is what this writes there.
 *
 * @module
 */

import type { Results } from "./results.ts";
import { costsTable, programTable, readmeFigures, type Source } from "./tables.ts";

const ROOT = new URL("../../../", import.meta.url);

interface Part {
  /** Alone on their lines. */
  readonly start: string;
  readonly end: string;
  readonly write: (results: Results) => string;
}

const program = (name: string): Part => ({
  start: `<!-- figures: ${name} -->`,
  end: "<!-- /figures -->",
  write: (results) => programTable(results, name),
});

/** What is shown of what was printed, by how a figure's name begins, and what is wanted of it. */
const TENANT_COSTS: readonly Source[] = [
  { program: "tenants_cost", shows: [["a request's head, and what is used", "1 us more"], ["a request's head", ""]] },
  { program: "tenants_share", shows: [["tenants' share", "2 %"]] },
  { program: "tenants_boot", shows: [["start, 100000 tenants: a file", "3 s"], ["start", ""]] },
  { program: "tenants_start", shows: [["table, bytes a tenant", "300"], ["one tenant changes", ""]] },
  { program: "tenants_refusal", shows: [["1 MB, refused", "5 %"], ["", ""]] },
  {
    program: "tenants_quiet",
    shows: [["p99 beside by p99 alone", "1.5"], ["p99", ""], ["the quiet", ""], ["refused", "0"]],
  },
  { file: "identity_bench.ts", name: "identify() an unknown key: 401", label: "a key that is not known, 401" },
  { program: "tenants_windows", shows: [["one gateway", "2 %"], ["three gateways", "2 %"]] },
];

/** By path in the repository. */
export const DOCUMENTS: Readonly<Record<string, readonly Part[]>> = {
  "README.md": [{ start: "<!-- bench -->", end: "<!-- /bench -->", write: readmeFigures }],
  "docs/controller.md": [program("rollout_damage"), program("controller_simulation")],
  "docs/opamp.md": [program("opamp_extension"), program("opamp_servers")],
  "docs/performance.md": [program("cpu_profile")],
  "docs/tenants.md": [
    program("fleet_simulation"),
    {
      start: "<!-- figures: tenants -->",
      end: "<!-- /figures -->",
      write: (results) => costsTable(results, TENANT_COSTS),
    },
  ],
};

export const urlOf = (path: string): URL => new URL(path, ROOT);

/**
 * `text` with all figures of the document written anew.
 *
 * @throws {TypeError} A mark is missing, or a table that it wants was never measured.
 */
export function withFigures(text: string, parts: readonly Part[], results: Results): string {
  return parts.reduce((whole, { start, end, write }) => {
    const from = whole.indexOf(start);
    const to = whole.indexOf(end, from + start.length);
    if (from < 0 || to < 0) {
      throw new TypeError(`Cannot write the figures: "${start}" or its end is missing, wanted both`);
    }
    return `${whole.slice(0, from + start.length)}\n\n${write(results)}\n\n${whole.slice(to)}`;
  }, text);
}

/** Writes all documents. */
export async function writeDocuments(results: Results): Promise<void> {
  for (const [path, parts] of Object.entries(DOCUMENTS)) {
    const url = urlOf(path);
    await Deno.writeTextFile(url, withFigures(await Deno.readTextFile(url), parts, results));
  }
}
