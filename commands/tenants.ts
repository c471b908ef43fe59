/**
 * `sluice admin tenants`: who may send.
 *
 * @module
 */

import { Command, Option } from "commander";
import type { UsageFlags } from "../gateway/admin/cli/tenants.ts";
import { SIGNAL_NAMES } from "../pipeline/otlp/signals.ts";
import { adminViews } from "./admin_views.ts";
import { durationOption } from "./options.ts";

/** Of all subcommands of `admin tenants`; each has its own. */
interface TenantFlags extends UsageFlags {
  readonly ifVersion?: string;
  readonly key: boolean;
  readonly unknown: boolean;
  /** Milliseconds. */
  readonly overlap: number;
}

export function createTenantsCommand(done: (code: number) => void): Command {
  const tenants = new Command("tenants").description("who may send: their keys, limits and usage").exitOverride();
  type Views = typeof import("../gateway/admin/cli/tenants.ts");
  const add = adminViews<Views, TenantFlags>(tenants, () => import("../gateway/admin/cli/tenants.ts"), done);
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
  add(
    "refusals [id]",
    "what a tenant was refused lately, and why",
    (all, { unknown }, id) => unknown ? all.showUnknownRefusals(id) : all.showRefusals(id),
  ).option("--unknown", "instead, whose credentials were refused, by address", false);
  add("fleet", "how limits are shared with other gateways now", (all) => all.showFleet);
  add("usage [id]", "what a tenant used, or all did", (all, flags, id) => all.showUsage(id, flags))
    .addOption(new Option("--step <step>", "what one line is of").choices(["minute", "hour", "day"]).default("hour"))
    .addOption(new Option("--signal <signal>", "of one signal").choices([...SIGNAL_NAMES]))
    .addOption(durationOption("--since <duration>", "how far back", 86_400_000))
    .option("--csv", "as CSV", false);
  return tenants;
}
