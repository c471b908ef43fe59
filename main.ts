/**
 * The command line, and what `deno serve` serves.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ControllerFlags, ControllerView } from "./controller/cli/run.ts";
import type { AgentFilter, PackageFlags, RolloutFlags, UploadFlags } from "./controller/cli/views.ts";
import type { AdminFlags, TapFlags, TokenFlags } from "./gateway/admin/cli/run.ts";
import type { UsageFlags } from "./gateway/admin/cli/tenants.ts";
import type { View } from "./gateway/admin/cli/views.ts";
import type { FetchGateway } from "./gateway/fetch_gateway.ts";
import type { CheckFlags } from "./gateway/ottl/check.ts";
import type { ExplainFlags } from "./gateway/ottl/explain.ts";
import type { RunFlags } from "./gateway/ottl/run.ts";
import { explainFailure, writeLine } from "./gateway/console.ts";
import { DEFAULT_DRAIN_TIMEOUT_MS, DEFAULT_HEALTH_WINDOW_MS, MAX_WORKERS } from "./gateway/limits.ts";
import { parseDurationMs } from "./pipeline/config/schema.ts";
import { type ConfigSource, parseConfigSource, parseSetSource } from "./pipeline/config/source.ts";
import type { LogLevel } from "./pipeline/core/log.ts";
import { suggestion } from "./pipeline/config/suggest.ts";
import { SIGNAL_NAMES } from "./pipeline/otlp/signals.ts";
import manifest from "./deno.json" with { type: "json" };

/** The exit code for a command line that cannot be understood. */
const EXIT_USAGE = 2;

interface SourceFlags {
  readonly config: readonly ConfigSource[];
  readonly set: readonly ConfigSource[];
}

interface GatewayFlags extends SourceFlags {
  readonly workers: number;
  /** Milliseconds. */
  readonly drainTimeout: number;
  readonly watch: boolean;
  /** Milliseconds. */
  readonly healthWindow: number;
  readonly stateDir?: string;
  readonly useLastGood: boolean;
  readonly adminListen?: string;
  readonly adminTokens?: string;
  readonly adminTlsCert?: string;
  readonly adminTlsKey?: string;
}

/**
 * Runs a command line.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram((result) => code = result);
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE; // it has told why
    writeLine(Deno.stderr, explainFailure(thrown));
    return 1;
  }
}

/** Subcommands load what they need when they run, so that the gateway's process holds nothing else. */
function createProgram(done: (code: number) => void): Command {
  const program = new Command("sluice")
    .description("Observability gateway: takes OTLP over HTTP, runs it through pipelines, delivers it.")
    .version(manifest.version)
    .exitOverride();

  withSources(program.command("gateway", { isDefault: true }))
    .description("run the gateway (the default)")
    .addOption(workersOption())
    .addOption(drainTimeoutOption())
    .option("--watch", "go over to the configuration when its files change (SIGHUP does so at any time)", false)
    .addOption(healthWindowOption())
    .addOption(
      new Option("--state-dir <directory>", "keep the history of configurations there").env("SLUICE_STATE_DIR"),
    )
    .option("--use-last-good", "start with the last good configuration when the given one does not load", false)
    .addOption(
      new Option("--admin-listen <address>", "where the admin API is served, or off (default: 127.0.0.1:8887)")
        .env("SLUICE_ADMIN_LISTEN"),
    )
    .addOption(
      new Option(
        "--admin-tokens <file>",
        "who may use it: lines of `sluice admin token`; wanted where others can reach it",
      )
        .env("SLUICE_ADMIN_TOKENS"),
    )
    .addOption(
      new Option("--admin-tls-cert <file>", "its certificate, PEM; with it the admin API is served by https")
        .env("SLUICE_ADMIN_TLS_CERT"),
    )
    .addOption(
      new Option("--admin-tls-key <file>", "the key of the certificate, PEM").env("SLUICE_ADMIN_TLS_KEY"),
    )
    .action(async ({ config, set, workers, drainTimeout, ...live }: GatewayFlags, command: Command) => {
      refuseWords(program, command);
      const { runGateway } = await import("./gateway/run.ts");
      const { version } = manifest;
      const { watch, healthWindow: healthWindowMs, stateDir, useLastGood } = live;
      const admin = {
        listen: live.adminListen || undefined,
        tokens: live.adminTokens || undefined,
        tlsCert: live.adminTlsCert || undefined,
        tlsKey: live.adminTlsKey || undefined,
      };
      if (useLastGood && stateDir === undefined) program.error("error: --use-last-good needs --state-dir");
      done(
        await runGateway({
          ...{ configs: config, sets: set, workers, drainTimeoutMs: drainTimeout, version },
          ...{ watch, healthWindowMs, stateDir, useLastGood, admin },
        }),
      );
    });

  withSources(program.command("validate"))
    .description("check a configuration and tell every problem with its place; exit code 1 when it cannot run")
    .action(async ({ config, set }: SourceFlags, command: Command) => {
      refuseWords(program, command);
      const { validate } = await import("./gateway/inspect.ts");
      done(await validate({ configs: config, sets: set }));
    });

  withSources(program.command("print-config"))
    .description("print the configuration as it is after merging and expansion, without its secrets")
    .action(async ({ config, set }: SourceFlags) => {
      const { printConfig } = await import("./gateway/inspect.ts");
      done(await printConfig({ configs: config, sets: set }));
    });

  program.command("components")
    .description("list the components that a configuration can name")
    .option("--json", "for programs", false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const { printComponents } = await import("./gateway/inspect.ts");
      await printComponents(json);
    });

  program.addCommand(createOttlCommand(done));
  program.addCommand(createAdminCommand(done));
  program.addCommand(createControllerCommand(done));
  withAdmin(program.command("top")).description("show what flows through a gateway that runs, live")
    .option("--once", "look once", false)
    .action(async ({ once, ...flags }: AdminFlags & { readonly once: boolean }) => {
      const { runView } = await import("./gateway/admin/cli/run.ts");
      const { showTop } = await import("./gateway/admin/cli/top.ts");
      done(await runView({ ...flags, watch: !once }, showTop));
    });
  return program;
}

function createOttlCommand(done: (code: number) => void): Command {
  const ottl = new Command("ottl").description("try OTTL without a gateway").exitOverride();

  withInput(withTexts(ottl.command("run")))
    .description("run statements over OTLP/JSON: prints what comes out, and on standard error what changed")
    .addOption(
      new Option("--error-mode <mode>", "what an error does").choices(["propagate", "ignore", "silent"])
        .default("propagate"),
    )
    .action(async (file: string | undefined, flags: RunFlags) => {
      const { runStatements } = await import("./gateway/ottl/run.ts");
      done(await runStatements({ ...flags, file }));
    });

  withTexts(ottl.command("check"))
    .description(
      "tell every problem of statements and conditions with its place, and what can never work; exit code 1 when they " +
        "do not load",
    )
    .option("--strict", "exit code 1 for warnings too", false)
    .action(async (file: string | undefined, flags: CheckFlags) => {
      const { checkTexts } = await import("./gateway/ottl/check.ts");
      done(await checkTexts({ ...flags, file }));
    });

  withInput(withTexts(ottl.command("explain")))
    .description("for one item of OTLP/JSON: what each statement read, matched and changed, and how long it took")
    .addOption(
      new Option("--item <number>", "which item of the context, from 1").argParser(parseItemNumber).default(1),
    )
    .action(async (file: string | undefined, flags: ExplainFlags) => {
      const { explainStatements } = await import("./gateway/ottl/explain.ts");
      done(await explainStatements({ ...flags, file }));
    });

  ottl.command("functions").description("print the table of functions (Markdown)").action(async () => {
    const { functionReference } = await import("./gateway/ottl/reference.ts");
    writeLine(Deno.stdout, functionReference());
  });

  ottl.command("paths").description("print the tables of paths and symbols by context (Markdown)").action(async () => {
    const { pathReference } = await import("./gateway/ottl/reference.ts");
    writeLine(Deno.stdout, pathReference());
  });
  return ottl;
}

function createAdminCommand(done: (code: number) => void): Command {
  const admin = new Command("admin").description("look into a gateway that runs, and change it").exitOverride();
  const views = () => import("./gateway/admin/cli/views.ts");
  type Views = Awaited<ReturnType<typeof views>>;

  /** A subcommand that shows what `pick` chooses, of its options and words. */
  const add = (usage: string, what: string, pick: (all: Views, flags: ViewFlags, ...words: string[]) => View) =>
    withAdmin(admin.command(usage)).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = command.opts<AdminFlags & ViewFlags>();
      const { runView } = await import("./gateway/admin/cli/run.ts");
      done(await runView(flags, pick(await views(), flags, ...command.args)));
    });
  const ifVersion = () =>
    new Option("--if-version <version>", "which must run (default: the one that runs when the command does)");
  const thread = () => new Option("--thread <name>", "one that `status` names").default("control");

  add("status", "build, state, threads, and the configuration that runs", (all) => all.showStatus);
  add("config", "the effective configuration, secrets masked", (all) => all.showConfig);
  add("values [prefix]", "each value with where it comes from", (all, _, prefix = "") => all.showValues(prefix));
  add("validate <files...>", "every problem of a configuration", (all, _, ...files) => all.checkConfig(files));
  add("diff <files...>", "what a configuration would change", (all, _, ...files) => all.diffConfig(files));
  add(
    "apply <files...>",
    "go over to a configuration",
    (all, flags, ...files) => all.applyConfig(files, flags.ifVersion),
  ).addOption(ifVersion());
  add("reload", "read again what the process was started with", (all, flags) => all.reloadConfig(flags.ifVersion))
    .addOption(ifVersion());
  add(
    "rollback <entry>",
    "go to a configuration of the history",
    (all, flags, entry = "") => all.rollbackConfig(Number(entry), flags.ifVersion),
  ).addOption(ifVersion());
  add("history", "configurations that ran or were meant to", (all) => all.showHistory);
  add("graph", "components and what flows between them", (all) => all.showGraph);
  add(
    "components [id]",
    "components, or one with its configuration and counters",
    (all, _, id) => all.showComponents(id),
  );
  add("queues", "the sending queues", (all) => all.showQueues);
  add("pause <queue>", "send nothing of a queue", (all, _, id = "") => all.setQueueState(id, "paused"));
  add("resume <queue>", "let a queue go on", (all, _, id = "") => all.setQueueState(id, "running"));
  add("drain <queue>", "send what is queued now", (all, flags, id = "") => all.drainQueue(id, flags.timeout))
    .addOption(durationOption("--timeout <duration>", "how long to wait for it", 10_000));
  add("log-level [level]", "the level of the log, or set it", (all, _, level) => all.logLevel(level));
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
  add("audit", "what was changed, by whom", (all) => all.showAudit);

  withAdmin(admin.command("tap <node>")).description("a sample of what goes through a node of the graph, live")
    .addOption(durationOption("--duration <duration>", "when it ends", 30_000))
    .option("--samples <count>", "how many at the most", parseItemNumber, 100)
    .addOption(textsOption("mask", "an attribute whose values are masked"))
    .action(async (node: string, flags: AdminFlags & TapFlags) => {
      const { runTap } = await import("./gateway/admin/cli/run.ts");
      done(await runTap(flags, node, flags));
    });

  admin.addCommand(createTenantsCommand(done));

  admin.command("token").description("make a token, which is printed once; only its hash is kept")
    .requiredOption("--name <name>", "whose it is, for the audit log")
    .addOption(new Option("--scope <scope>", "what it may").choices(["read", "write"]).default("read"))
    .option("--tokens <file>", "the file of --admin-tokens, to add its line to")
    .action(async (flags: TokenFlags) => {
      const { printToken } = await import("./gateway/admin/cli/run.ts");
      done(await printToken(flags));
    });
  return admin;
}

function createTenantsCommand(done: (code: number) => void): Command {
  const tenants = new Command("tenants").description("who may send: their keys, limits and usage").exitOverride();
  const views = () => import("./gateway/admin/cli/tenants.ts");
  type Views = Awaited<ReturnType<typeof views>>;

  /** A subcommand that shows what `pick` chooses, of its options and words. */
  const add = (usage: string, what: string, pick: (all: Views, flags: TenantFlags, ...words: string[]) => View) =>
    withAdmin(tenants.command(usage)).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = command.opts<AdminFlags & TenantFlags>();
      const { runView } = await import("./gateway/admin/cli/run.ts");
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

/** Of all subcommands of `admin tenants`; each has its own. */
interface TenantFlags extends UsageFlags {
  readonly ifVersion?: string;
  readonly key: boolean;
  /** Milliseconds. */
  readonly overlap: number;
}

/** Of all subcommands of `admin`; each has its own. */
interface ViewFlags {
  readonly ifVersion?: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly thread: string;
  readonly statement: readonly string[];
  readonly condition: readonly string[];
}

function withAdmin(command: Command): Command {
  return command
    .addOption(
      new Option("--address <address>", "where its admin API is").env("SLUICE_ADMIN_ADDRESS").default("127.0.0.1:8887"),
    )
    .option("--token-file <file>", "the token's file (default: SLUICE_ADMIN_TOKEN)")
    .addOption(new Option("--ca <file>", "who signed its certificate, PEM").env("SLUICE_ADMIN_CA"))
    .option("--json", "for programs", false)
    .option("--watch", "look again and again", false);
}

interface ControllerServeFlags {
  readonly listen: string;
  readonly stateDir?: string;
  readonly tokens?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly publicUrl?: string;
  readonly logLevel: LogLevel;
}

/** Of all subcommands of `controller`; each has its own. */
interface ControllerViewFlags extends AgentFilter, UploadFlags, RolloutFlags, PackageFlags {
  readonly dryRun: boolean;
  readonly rollback: boolean;
  readonly reason: string;
  readonly rollout?: string;
}

function createControllerCommand(done: (code: number) => void): Command {
  const controller = new Command("controller").exitOverride()
    .description("run the controller of a fleet: OpAMP server, rollouts, REST API; or, with a word, ask one that runs");
  const env = (flags: string, what: string, name: string) => new Option(flags, what).env(`SLUICE_CONTROLLER_${name}`);
  controller
    .addOption(env("--listen <address>", "where agents and operators reach it", "LISTEN").default("127.0.0.1:4320"))
    .addOption(env("--state-dir <directory>", "where it keeps all that it knows (must be given)", "STATE_DIR"))
    .addOption(
      env(
        "--tokens <file>",
        "who may operate it: lines of `sluice admin token`; with it agents need tokens too; wanted where others can reach it",
        "TOKENS",
      ),
    )
    .addOption(env("--tls-cert <file>", "its certificate, PEM", "TLS_CERT"))
    .addOption(env("--tls-key <file>", "the key of the certificate, PEM", "TLS_KEY"))
    .addOption(
      env("--tls-client-ca <file>", "who signs clients' certificates, PEM: each must show one", "TLS_CLIENT_CA"),
    )
    .addOption(env("--public-url <url>", "how agents reach it, for their metrics (default: --listen)", "PUBLIC_URL"))
    .addOption(
      new Option("--log-level <level>", "the least that is logged").choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(async ({ stateDir, ...flags }: ControllerServeFlags) => {
      if (stateDir === undefined) return controller.error("error: wanted --state-dir, a directory of its own");
      const { runController } = await import("./controller/run.ts");
      const { listen, tokens, tlsCert, tlsKey, tlsClientCa, publicUrl, logLevel } = flags;
      const { version } = manifest;
      done(
        await runController({
          ...{ listen, stateDir, tokens, tlsCert, tlsKey, tlsClientCa, publicUrl, logLevel, version },
        }),
      );
    });
  addControllerViews(controller, done);
  return controller;
}

type ControllerViews = typeof import("./controller/cli/views.ts");
type PickView = (all: ControllerViews, flags: ControllerViewFlags, words: string[]) => ControllerView;
/** Makes subcommands of a command. */
type AddTo = (parent: Command) => (usage: string, what: string, pick: PickView) => Command;

function addControllerViews(controller: Command, done: (code: number) => void): void {
  /** A subcommand that shows what `pick` chooses, of its options and words. */
  const addTo: AddTo = (parent) => (usage, what, pick) =>
    withController(parent.command(usage)).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = command.opts<ControllerFlags & ControllerViewFlags>();
      const { runControllerView } = await import("./controller/cli/run.ts");
      done(await runControllerView(flags, pick(await import("./controller/cli/views.ts"), flags, command.args)));
    });
  const groupCommand = (name: string, what: string) => controller.command(name).description(what).exitOverride();
  const group = (name: string, what: string) => addTo(groupCommand(name, what));
  const add = addTo(controller);

  add("status", "agents, and whether they have what they are to have", (all) => all.showControllerStatus);
  const agentsCommand = groupCommand("agents", "agents: who they are, how they are, what they have and why");
  const agents = addTo(agentsCommand);
  agents("list", "agents, connected or not", (all, flags) => all.showAgents(flags))
    .option("--selector <selector>", "only those that it matches, like region=eu,label:ring=canary")
    .addOption(
      new Option("--sync <state>", "only those in this state")
        .choices(["unmanaged", "in_sync", "pending", "applying", "failed", "drifted"]),
    )
    .option("--disconnected", "only those that are not connected", false)
    .option("--unhealthy", "only those that report no good health", false);
  agents("get <agent>", "all that an agent has said of itself", (all, _, [id = ""]) => all.showAgent(id));
  agents("explain <agent>", "why it is to have what it is to have", (all, _, [id = ""]) => all.explainAgent(id));
  agents("events <agent>", "what befell it", (all, _, [id = ""]) => all.showAgentEvents(id));
  agents(
    "label <agent> [labels...]",
    "put name=value labels on it, in the place of those it has",
    (all, _, [id = "", ...labels]) => all.setLabels(id, labels),
  );
  withController(agentsCommand.command("tap <agent> <node>"))
    .description("a sample of what goes through a node of a gateway, live")
    .addOption(durationOption("--duration <duration>", "when it ends", 10_000))
    .option("--samples <count>", "how many at the most", parseItemNumber, 10)
    .addOption(textsOption("mask", "an attribute whose values are masked besides"))
    .action(async (id: string, node: string, flags: ControllerFlags & TapFlags) => {
      const { runAgentTap } = await import("./controller/cli/tap.ts");
      done(await runAgentTap(flags, id, node, flags));
    });
  agents("restart <agent>", "tell it to restart", (all, _, [id = ""]) => all.restartAgent(id));
  agents("forget <agent>", "forget one that is gone", (all, _, [id = ""]) => all.forgetAgent(id));

  const configs = group("configs", "configurations: named, versioned, never changed");
  configs("list", "configurations, each with its newest version", (all) => all.showConfigs);
  configs("versions <name>", "versions of one", (all, _, [name = ""]) => all.showVersions(name));
  configs("show <name> [version]", "its files", (all, _, [name = "", version]) => all.showConfig(name, version));
  configs(
    "diff <name> [versions...]",
    "from one version to another",
    (all, _, [name = "", ...versions]) => all.diffConfig(name, versions),
  );
  configs(
    "upload <name> <files...>",
    "make a version; no agent gets it by that",
    (all, flags, [name = "", ...files]) => all.uploadConfig(name, files, flags),
  )
    .option("--note <text>", "why", "")
    .addOption(
      new Option("--base <file>", "what the gateways have of their own, for the check; repeatable")
        .argParser((path, before: readonly string[]) => [...before, path]).default([], "none"),
    )
    .option("--no-validate", "do not check it by the gateway's rules: it is for other agents");

  const selectors = group("selectors", "which agents are to have which configuration");
  selectors("list", "assignments, the strongest first", (all) => all.showAssignments);
  selectors("match <selector>", "which agents it matches", (all, _, [text = ""]) => all.resolveSelector(text));
  selectors(
    "assign <selector> <config>",
    "give name or name@version to all of them at once; a rollout is the careful way",
    (all, { priority }, [selector = "", config = ""]) => all.assign(selector, config, priority),
  ).addOption(priorityOption());
  selectors(
    "unassign <selector>",
    "take it back",
    (all, { priority }, [selector = ""]) => all.unassign(selector, priority),
  ).addOption(priorityOption());

  const rollouts = group("rollouts", "how a version gets to a fleet in stages");
  rollouts("list", "rollouts, the newest first", (all) => all.showRollouts);
  rollouts("get <id>", "one, with its stages", (all, _, [id = ""]) => all.showRollout(id));
  rollouts(
    "start <selector> <config>",
    "roll out name or name@version (default: 1%, 5m; 10%, 10m; 100%, 5m)",
    (all, flags, [selector = "", config = ""]) => all.startRollout(selector, config, flags, parseDurationMs),
  )
    .addOption(textsOption("stage", "how far and how long it is watched, like 10%:5m or 3:30s"))
    .addOption(priorityOption())
    .option("--dry-run", "only show which agents would change, and how", false)
    .option("--queue", "wait for rollouts over the same agents, and do not fail", false)
    .addOption(new Option("--apply-timeout <duration>", "from the offer to APPLIED").argParser(parseDuration))
    .addOption(new Option("--threshold <share>", "what may go wrong, like 0.01, for every gate").argParser(Number));
  rollouts("pause <id>", "give it to no further agent", (all, _, [id = ""]) => all.tellRollout("pauseRollout", id));
  rollouts("resume <id>", "go on", (all, _, [id = ""]) => all.tellRollout("resumeRollout", id));
  rollouts("promote <id>", "skip the soak", (all, _, [id = ""]) => all.tellRollout("promoteRollout", id));
  rollouts("retry <id>", "try again what failed", (all, _, [id = ""]) => all.tellRollout("retryRollout", id));
  rollouts(
    "abort <id>",
    "end it; agents get back what they had",
    (all, { rollback, reason }, [id = ""]) => all.tellRollout("abortRollout", id, { rollback, reason }),
  ).option("--no-rollback", "agents keep the version").option("--reason <text>", "why", "");
  rollouts("unpin <id>", "agents that kept it follow the rules again", (all, _, [id = ""]) => all.unpinAgents(id));
  rollouts("agents <id>", "agents that were given it", (all, _, [id = ""]) => all.showRolloutAgents(id));

  addPackageViews(groupCommand("packages", "packages for agents: bundles of files, who is to have them"), addTo);

  add("events", "decisions with the numbers that led to them", (all, { rollout }) => all.showEvents(rollout))
    .option("--rollout <id>", "only of this one");
  const tokens = group("tokens", "tokens of agents");
  tokens("list", "without the tokens themselves", (all) => all.showTokens);
  tokens("make <label>", "print a new one, once", (all, _, [label = ""]) => all.makeToken(label));
  tokens("revoke <id>", "make it worthless and cut who came with it", (all, _, [id = ""]) => all.revokeToken(id));
  add("audit", "what operators asked for", (all) => all.showControllerAudit);
}

function addPackageViews(command: Command, addTo: AddTo): void {
  const packages = addTo(command);
  packages("list", "every version", (all) => all.showPackages);
  packages(
    "add <name> <version> <source>",
    "keep a file of at most 8 MiB, or a URL where agents find it; no agent gets it by that",
    (all, flags, [name = "", version = "", source = ""]) => all.addPackage(name, version, source, flags),
  )
    .option("--sha256 <hash>", "of the content; wanted with a URL")
    .option("--signature <file>", "over the content, as bytes")
    .option("--note <text>", "why", "");
  packages(
    "remove <name> <version>",
    "forget one that is not offered",
    (all, _, [name = "", version = ""]) => all.removePackage(name, version),
  );
  packages("offers", "which agents are to have which", (all) => all.showPackageOffers);
  packages(
    "offer <selector> <packages...>",
    "offer name@version to all of them, now and later",
    (all, _, [selector = "", ...names]) => all.offerPackages(selector, names),
  );
  packages("withdraw <selector>", "take an offer back", (all, _, [selector = ""]) => all.withdrawPackages(selector));
  packages(
    "status [selector]",
    "what agents have, and how far they are",
    (all, _, [selector]) => all.showPackageStatuses(selector),
  );
}

function withController(command: Command): Command {
  return command
    .addOption(
      new Option("--address <address>", "where the controller is").env("SLUICE_CONTROLLER_ADDRESS")
        .default("127.0.0.1:4320"),
    )
    .option("--token-file <file>", "the token's file (default: SLUICE_CONTROLLER_TOKEN)")
    .addOption(new Option("--ca <file>", "who signed its certificate, PEM").env("SLUICE_CONTROLLER_CA"))
    .option("--json", "for programs", false)
    .option("--watch", "look again and again", false);
}

function priorityOption(): Option {
  return new Option("--priority <number>", "the higher wins").argParser(Number).default(0);
}

function durationOption(flags: string, what: string, defaultMs: number): Option {
  return new Option(flags, what).argParser(parseDuration).default(defaultMs, `${defaultMs / 1_000}s`);
}

function textsOption(name: string, what: string): Option {
  return new Option(`--${name} <text>`, `${what}; repeatable`)
    .argParser((text, before: readonly string[]) => [...before, text]).default([], "none");
}

/** Statements, and what they are for. */
function withTexts(command: Command): Command {
  return command
    .argument(
      "[file]",
      "statements, one a line; lines that begin with a space go on, lines that begin with # do not count",
    )
    .addOption(textsOption("statement", "a statement, or condition > editor(…)"))
    .addOption(textsOption("condition", "a condition, of which one must hold for the statements to run"))
    .addOption(new Option("--signal <signal>", "else the input or the context tells").choices([...SIGNAL_NAMES]))
    .option("--context <name>", "of the items, such as span; else the paths tell")
    .addOption(textsOption("feature-gates", "an OTTL feature gate to turn on"))
    .addOption(configOption().default([], "none"))
    .addOption(setOption().default([], "none"))
    .option(
      "--component <id>",
      "of the configuration: run the texts of this transform, filter or routing, like filter/x",
    );
}

function withInput(command: Command): Command {
  return command
    .option("--input <file>", "OTLP/JSON, a document or a request a line, or - for standard input", "-")
    .addOption(
      new Option("--metadata <key=value>", "what otelcol.client.metadata has; repeatable")
        .argParser((pair, before: readonly (readonly [string, string])[]) => [...before, parsePair(pair)])
        .default([], "none"),
    );
}

function parsePair(argument: string): readonly [string, string] {
  const at = argument.indexOf("=");
  if (at > 0) return [argument.slice(0, at), argument.slice(at + 1)];
  throw new InvalidArgumentError("Wanted key=value.");
}

function parseItemNumber(argument: string): number {
  if (/^[1-9]\d{0,8}$/.test(argument)) return Number(argument);
  throw new InvalidArgumentError("Wanted a number from 1.");
}

function withSources(command: Command): Command {
  return command
    .allowExcessArguments() // refuseWords() says more about them
    .addOption(configOption().default([], "the built-in configuration"))
    .addOption(setOption().default([], "none"));
}

function configOption(): Option {
  const what = "FILE, env:NAME or yaml:TEXT; repeatable, later ones are merged over earlier ones";
  return repeatable(new Option("--config <source>", what), parseConfigSource);
}

function setOption(): Option {
  const what = "one value over all sources, like exporters.debug.verbosity=normal; repeatable";
  return repeatable(new Option("--set <key=value>", what), parseSetSource);
}

function repeatable(option: Option, parse: (argument: string) => ConfigSource): Option {
  return option.argParser((argument, before: readonly ConfigSource[]) => [...before, parse(argument)]);
}

/**
 * No command takes a word: it is a mistyped command, or a configuration without its `--config`.
 *
 * @throws {CommanderError} There is one.
 */
function refuseWords(program: Command, command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const isPath = /[./]/.test(word);
  const hint = isPath
    ? `wanted --config ${word} for a configuration`
    : suggestion(word, program.commands.map((each) => each.name()));
  program.error(`error: unknown command '${word}': ${hint}`);
}

function workersOption(): Option {
  return new Option("--workers <count>", "threads that take data, or auto: one a core; 0 and 1 are a single thread")
    .argParser((argument) => {
      const workers = argument === "auto" ? oneACore() : /^\d+$/.test(argument) ? Number(argument) : NaN;
      if (workers <= MAX_WORKERS) return workers;
      throw new InvalidArgumentError(`Wanted a number from 0 to ${MAX_WORKERS}, or auto.`);
    })
    .default(oneACore(), "auto");
}

function oneACore(): number {
  return Math.min(MAX_WORKERS, navigator.hardwareConcurrency);
}

function drainTimeoutOption(): Option {
  return new Option("--drain-timeout <duration>", "how long a stop may take to deliver what is held")
    .env("SLUICE_DRAIN_TIMEOUT")
    .argParser(parseDuration)
    .default(DEFAULT_DRAIN_TIMEOUT_MS, "30s");
}

function healthWindowOption(): Option {
  return new Option(
    "--health-window <duration>",
    "how long a new configuration is watched, to go back from; 0: not at all",
  )
    .env("SLUICE_HEALTH_WINDOW")
    .argParser(parseDuration)
    .default(DEFAULT_HEALTH_WINDOW_MS, "30s");
}

function parseDuration(argument: string): number {
  const durationMs = parseDurationMs(argument);
  const hasUnit = /[a-z]/.test(argument); // without one it would be nanoseconds, as in a configuration
  if (durationMs !== undefined && (durationMs === 0 || (durationMs > 0 && hasUnit))) return durationMs;
  throw new InvalidArgumentError("Wanted a duration with its unit, like 30s.");
}

/** Whether `deno serve` runs this module: it calls `onListen` right after the module is evaluated; `deno run` never. */
let isServed = false;

/** Made at the first request. */
let gateway: Promise<FetchGateway> | undefined;

/** For `deno serve`: the configuration is YAML in SLUICE_CONFIG, else the built-in one without files. */
export default {
  async fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    gateway ??= import("./gateway/fetch_gateway.ts").then(({ createServedGateway }) => createServedGateway());
    return await (await gateway).fetch(request, info);
  },
  onListen({ hostname, port }: Deno.NetAddr) {
    isServed = true;
    writeLine(Deno.stderr, `Listening on http://${hostname}:${port}/`); // which Deno would say without an onListen
  },
};

if (import.meta.main) {
  // With arguments it can only be a command line, and waiting here keeps Deno from proposing `deno serve`.
  if (Deno.args.length > 0) Deno.exit(await main(Deno.args));
  setTimeout(async () => {
    if (!isServed) Deno.exit(await main(Deno.args));
  }, 0);
}
