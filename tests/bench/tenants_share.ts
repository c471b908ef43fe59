/**
 * What share of a gateway's work is that of its tenants, under as much load as it can take: of the samples of the data thread
 * those in whose calls there is a function of the tenants' own folders, and what these call. A thousand tenants, each with
 * limits of requests, items and bytes; SENDERS of them send. Two gateways beside each other differ by more than this is.
 *
 *   deno run -A --config deno.json tests/bench/tenants_share.ts [SECONDS] [SHAPES]
 *
 * @module
 */

import { type Profile, type ProfileNode, takeProfile } from "./profile.ts";
import { report, tenant } from "./tenants_support.ts";

const [seconds = "20", shapes = "p1,p100"] = Deno.args;
const TENANTS = 1_000;
const SENDERS = 16;
const CONNECTIONS = 4;
const WARM_UP_SECONDS = 6;
const OWN = /\/(?:pipeline|gateway)\/tenants\//;
const ROOT = new URL("../../", import.meta.url);

const all = { requests_per_second: 1e5, items_per_second: 1e7, bytes_per_second: 1e9 };
const tenants = Array.from({ length: TENANTS }, () => tenant());

/** Samples below `id`, by whether a function of the tenants is above them. */
function samplesOf(profile: Profile): { readonly busy: number; readonly own: number } {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  let [busy, own] = [0, 0];
  const visit = (node: ProfileNode, isBelowOwn: boolean) => {
    const { callFrame: { functionName, url }, hitCount, children = [] } = node;
    const isOwn = isBelowOwn || OWN.test(url);
    if (functionName !== "(idle)") busy += hitCount;
    if (isOwn) own += hitCount;
    for (const id of children) visit(nodes.get(id)!, isOwn);
  };
  visit(profile.nodes[0]!, false);
  return { busy, own };
}

const directory = await Deno.makeTempDir();
const lines = tenants.map(({ key: { id, hash } }, at) =>
  JSON.stringify({ id: `t${at}`, keys: [{ id, hash }], limits: { all } })
);
await Deno.writeTextFile(`${directory}/fleet.jsonl`, `${lines.join("\n")}\n`);
const base = await Deno.readTextFile(new URL("tests/peers/configs/base.yaml", ROOT));
const config = `${base}\ntenants_dir: ${directory}\n`;
for (const shape of shapes.split(",")) {
  const loads = Array.from({ length: SENDERS }, (_, at) => [
    ...["-shape", shape, "-connections", String(CONNECTIONS)],
    ...["-header", `Authorization: Bearer ${tenants[at * TENANTS / SENDERS | 0]!.key.key}`],
  ]);
  const profile = await takeProfile(config, loads, { seconds: Number(seconds), warmupSeconds: WARM_UP_SECONDS });
  const { busy, own } = samplesOf(profile);
  report(`tenants' share of the work, ${shape}`, `${(100 * own / busy).toFixed(1)} %`, `of ${busy} samples`);
}
await Deno.remove(directory, { recursive: true });
