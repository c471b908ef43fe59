/** docs/migrating.md says of every component what the gateway itself says. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { COMPONENT_SECTIONS, type ComponentSection } from "../../../pipeline/config/gateway_config.ts";
import { componentSuggestion, INSTEAD } from "../../../pipeline/config/suggest.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";

await loadComponents();

const page = await Deno.readTextFile(new URL("../../../docs/migrating.md", import.meta.url));
const reference = await Deno.readTextFile(new URL("../../../docs/configuration.md", import.meta.url));

interface Row {
  readonly section: ComponentSection;
  readonly names: readonly string[];
  readonly advice: string;
}

function cellsBelow(heading: string): string[][] {
  const [, text = ""] = page.split(`## ${heading}\n`);
  const rows = text.split("\n## ")[0]!.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

const ROWS: readonly Row[] = cellsBelow("Components").map(([section = "", names = "", advice = ""]) => ({
  section: section as ComponentSection,
  names: quoted(names),
  advice,
}));

/** How the page words what the gateway says. */
const SAID: readonly (readonly [page: string, gateway: RegExp])[] = [
  ["keep a collector in front", /keep a collector for it in front$/],
  ["keep a collector behind", /keep a collector for it behind$/],
  ["use `transform`", /^use transform$/],
  ["use `debug`", /^use debug$/],
  ["use `otlp_http`: gRPC is not there yet", /^use otlp_http \(gRPC is not there yet\)$/],
  ["use `sluice admin profile`", /^use `sluice admin profile`$/],
  ["use the admin API, `sluice top`", /^use the admin API, `sluice top`$/],
  ["remove it, and `sending_queue::storage`:", /^remove it: with wait_for_result/],
];

Deno.test("the page about going over from a collector", async (t) => {
  await t.step("names all components that there are, and no other, as running here", () => {
    for (const section of Object.keys(COMPONENT_SECTIONS) as ComponentSection[]) {
      const here = ROWS.filter((row) => row.section === section && row.advice === "runs here");
      const names = here.flatMap((row) => row.names).sort();
      deepStrictEqual(
        names,
        REGISTRY[section].flatMap(({ type, aliases = [] }) => [type, ...aliases]).sort(),
        `${section} of docs/migrating.md`,
      );
    }
  });

  await t.step("says of all others what validate says", () => {
    for (const { section, names, advice } of ROWS.filter((row) => row.advice !== "runs here")) {
      const said = SAID.find(([words]) => advice.startsWith(words))?.[1];
      for (const name of names) ok(said?.test(componentSuggestion(section, name, [])), `${section} ${name}: ${advice}`);
    }
  });

  await t.step("has every component of which validate has something to say", () => {
    for (const [section, advice] of Object.entries(INSTEAD)) {
      const listed = ROWS.filter((row) => row.section === section && row.advice !== "runs here");
      deepStrictEqual(listed.flatMap((row) => row.names).sort(), Object.keys(advice).sort(), section);
    }
  });

  await t.step("has the defaults of the reference", () => {
    const rows = cellsBelow("Defaults that differ");
    ok(rows.length > 5);
    for (const [component = "", key = "", ours = ""] of rows) {
      const [, name] = /`(.+)`/.exec(component) ?? [];
      const part = name === undefined ? reference : reference.split(`\n### ${name}\n`)[1]?.split("\n### ")[0] ?? "";
      const row = part.split("\n").find((line) => line.startsWith(`| ${key} |`));
      const cell = row?.split(" | ")[2];
      ok(cell?.replaceAll("`", "") === ours.replaceAll("`", ""), `${component} ${key}: ${ours}, not ${cell}`);
    }
  });
});
