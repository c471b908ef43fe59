/**
 * `sluice admin tenants`: who may send.
 *
 * @module
 */

import { Command, Option } from "commander";
import type { AdminFlags } from "../gateway/admin/cli/run.ts";
import type { UsageFlags } from "../gateway/admin/cli/tenants.ts";
import type { View } from "../gateway/admin/cli/views.ts";
import { SIGNAL_NAMES } from "../pipeline/otlp/signals.ts";
import { durationOption, withAdmin } from "./options.ts";

/** Of all subcommands of `admin tenants`; each has its own. */
interface TenantFlags extends UsageFlags {
  readonly ifVersion?: string;
  readonly key: boolean;
  /** Milliseconds. */
  readonly overlap: number;
}

export function createTenantsCommand(done: (code: number) => void): Command {
  const tenants = new Command("tenants").description("who may send: their keys, limits and usage").exitOverride();
  const views = () => import("../gateway/admin/cli/tenants.ts");
  type Views = Awaited<ReturnType<typeof views>>;

  /** A subcommand that shows what `pick` chooses, of its options and words. */
  const add = (usage: string, what: string, pick: (all: Views, flags: TenantFlags, ...words: string[]) => View) =>
    withAdmin(tenants.command(usage)).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = command.opts<AdminFlags & TenantFlags>();
      const { runView } = await import("../gateway/admin/cli/run.ts");
      done(await runView(flags, pick(await views(), flags, ...command.args)));
    });
  const ifVersion = () =>
    new Option("--if-version <version>", "which must be there (default: the one that is there when the command runs)");

  add(
    "list [search]",
    "tenants, and what is wrong with those that are not used",
    (all, _, search = "") => all.listTenants(search),
  );
  add("get <id>", "one tenant, with what it has from the defaults", (all, _, id = "") => all.showTenant(id));
  add(
    "create <id> [settings...]",
    "make a tenant and print its key; settings like limits.all.requests_per_second=10",
    (all, flags, id = "", ...settings) => all.createTenant(id, settings, flags.key),
  ).option("--no-key", "without a key");
  add(
    "set <id> <settings...>",
    "change settings, like priority=7; priority= takes it away",
    (all, flags, id = "", ...settings) => all.setTenant(id, settings, flags.ifVersion),
  ).addOption(ifVersion());
  add("delete <id>", "remove a tenant", (all, flags, id = "") => all.removeTenant(id, flags.ifVersion))
    .addOption(ifVersion());
  add(
    "rotate-key <id>",
    "give a tenant another key and print it",
    (all, flags, id = "") => all.rotateKey(id, flags.overlap, flags.ifVersion),
  )
    .addOption(durationOption("--overlap <duration>", "how long its other keys still count", 86_400_000))
    .addOption(ifVersion());
  add("limits <id>", "what is left of each limit now", (all, _, id = "") => all.showLimits(id));
  add("refusals <id>", "what it was refused lately, and why", (all, _, id = "") => all.showRefusals(id));
  add("fleet", "how limits are shared with other gateways now", (all) => all.showFleet);
  add("usage [id]", "what a tenant used, or all did", (all, flags, id) => all.showUsage(id, flags))
    .addOption(new Option("--step <step>", "what one line is of").choices(["minute", "hour", "day"]).default("hour"))
    .addOption(new Option("--signal <signal>", "of one signal").choices([...SIGNAL_NAMES]))
    .addOption(durationOption("--since <duration>", "how far back", 86_400_000))
    .option("--csv", "as CSV", false);
  return tenants;
}
