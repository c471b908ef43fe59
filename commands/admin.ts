/**
 * `sluice admin` and `sluice top`: a gateway that runs, seen and changed through its admin API.
 *
 * @module
 */

import { Command, Option } from "commander";
import type { AdminFlags, TapFlags, TokenFlags } from "../gateway/admin/cli/run.ts";
import { type AddView, adminViews } from "./admin_views.ts";
import { ADMIN_API, durationOption, givenOptions, parseItemNumber, textsOption, withApi } from "./options.ts";
import { createTenantsCommand } from "./tenants.ts";

/** Of all subcommands of `admin`; each has its own. */
interface ViewFlags {
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly thread: string;
  readonly statement: readonly string[];
  readonly condition: readonly string[];
}

export function createAdminCommand(done: (code: number) => void): Command {
  const admin = new Command("admin").description("look into a gateway that runs, and change it").exitOverride();
  const add: Add = adminViews(admin, () => import("../gateway/admin/cli/views.ts"), done);
  add("status", "build, state, threads, how exporters do, and the configuration that runs", (all) => all.showStatus);
  addConfigViews(admin, done);
  add("graph", "components and what flows between them", (all) => all.showGraph);
  add(
    "components [id]",
    "components, or one with its configuration and counters",
    (all, _, id) => all.showComponents(id),
  );
  addQueueViews(add);
  addDebugViews(add);
  add("log-level [level]", "the level of the log, or set it", (all, _, level) => all.logLevel(level));
  add("audit", "what was changed, by whom", (all) => all.showAudit);
  addTap(admin, done);
  addToken(admin, done);
  admin.addCommand(createTenantsCommand(done));
  return admin;
}

type Add = AddView<typeof import("../gateway/admin/cli/views.ts"), ViewFlags>;

/** Of the subcommands that change the configuration. */
interface ChangeFlags {
  readonly ifVersion?: string;
  readonly wait: boolean;
}

function addConfigViews(admin: Command, done: (code: number) => void): void {
  const add = adminViews<typeof import("../gateway/admin/cli/config_views.ts"), ChangeFlags>(
    admin,
    () => import("../gateway/admin/cli/config_views.ts"),
    done,
  );
  const change: typeof add = (usage, what, pick) =>
    add(usage, what, pick)
      .option("--if-version <version>", "which must run (default: the one that runs when the command does)")
      .option("--wait", "until its health window is over; exit code 1 when it does not stay", false);
  add("config", "the effective configuration, secrets masked", (all) => all.showConfig);
  add("values [prefix]", "each value with where it comes from", (all, _, prefix = "") => all.showValues(prefix));
  add("validate <files...>", "every problem of a configuration", (all, _, ...files) => all.checkConfig(files));
  add("diff <files...>", "what a configuration would change", (all, _, ...files) => all.diffConfig(files));
  change("apply <files...>", "go over to a configuration", (all, flags, ...files) => all.applyConfig(files, flags));
  change("reload", "read again what the process was started with", (all, flags) => all.reloadConfig(flags));
  change(
    "rollback <entry>",
    "go to a configuration of the history",
    (all, flags, entry = "") => all.rollbackConfig(Number(entry), flags),
  );
  add("history", "configurations that ran or were meant to", (all) => all.showHistory);
}

function addQueueViews(add: Add): void {
  add("queues", "the sending queues", (all) => all.showQueues);
  add("pause <queue>", "send nothing of a queue", (all, _, id = "") => all.setQueueState(id, "paused"));
  add("resume <queue>", "let a queue go on", (all, _, id = "") => all.setQueueState(id, "running"));
  add("drain <queue>", "send what is queued now", (all, flags, id = "") => all.drainQueue(id, flags.timeout))
    .addOption(durationOption("--timeout <duration>", "how long to wait for it", 10_000));
}

/** What runs, looked at more closely. */
function addDebugViews(add: Add): void {
  const thread = () => new Option("--thread <name>", "one that `status` names").default("control");
  add(
    "ottl <file>",
    "run OTTL over a file of OTLP/JSON and explain it",
    (all, flags, input = "") => all.tryOttl({ ...flags, input }),
  )
    .addOption(textsOption("statement", "a statement")).addOption(textsOption("condition", "a condition"));
  add(
    "profile <file>",
    "write what a thread spends its time on, for Chrome DevTools",
    (all, flags, path = "") => all.cpuProfile(flags.thread, flags.duration, path),
  )
    .addOption(thread()).addOption(durationOption("--duration <duration>", "how long", 5_000));
  add(
    "heap",
    "write what a thread holds into the gateway's state directory",
    (all, flags) => all.heapSnapshot(flags.thread),
  ).addOption(thread());
}

function addTap(admin: Command, done: (code: number) => void): void {
  withApi(admin.command("tap <node>"), ADMIN_API).description("a sample of what goes through a node of the graph, live")
    .addOption(durationOption("--duration <duration>", "when it ends", 30_000))
    .option("--samples <count>", "how many at the most", parseItemNumber, 100)
    .addOption(textsOption("mask", "an attribute whose values are masked"))
    .action(async (node: string, _: unknown, command: Command) => {
      const flags = givenOptions<AdminFlags & TapFlags>(command);
      const { runTap } = await import("../gateway/admin/cli/run.ts");
      done(await runTap(flags, node, flags));
    });
}

function addToken(admin: Command, done: (code: number) => void): void {
  admin.command("token").description("make a token, which is printed once; only its hash is kept")
    .requiredOption("--name <name>", "whose it is, for the audit log")
    .addOption(new Option("--scope <scope>", "what it may").choices(["read", "write"]).default("read"))
    .option("--tokens <file>", "the file of --admin-tokens, to add its line to")
    .action(async (flags: TokenFlags) => {
      const { printToken } = await import("../gateway/admin/cli/run.ts");
      done(await printToken(flags));
    });
}

export function addTopCommand(program: Command, done: (code: number) => void): void {
  withApi(program.command("top"), ADMIN_API).description("show what flows through a gateway that runs, live")
    .option("--once", "look once", false)
    .action(async ({ once, ...flags }: AdminFlags & { readonly once: boolean }) => {
      const { runView } = await import("../gateway/admin/cli/run.ts");
      const { showTop } = await import("../gateway/admin/cli/top.ts");
      done(await runView({ ...flags, watch: !once }, showTop));
    });
}
