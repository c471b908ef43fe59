/**
 * `sluice controller` with a word: a controller that runs, seen and changed through its REST API.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { ControllerFlags, ControllerView } from "../controller/cli/run.ts";
import type { AgentFilter, PackageFlags, RolloutFlags, UploadFlags } from "../controller/cli/views.ts";
import type { TapFlags } from "../gateway/admin/cli/run.ts";
import { parseDurationMs } from "../pipeline/config/schema.ts";
import { CONTROLLER_API, durationOption, parseDuration, parseItemNumber, textsOption, withApi } from "./options.ts";

/** Of all subcommands of `controller`; each has its own. */
interface ControllerViewFlags extends AgentFilter, UploadFlags, RolloutFlags, PackageFlags {
  readonly dryRun: boolean;
  readonly rollback: boolean;
  readonly reason: string;
  readonly rollout?: string;
}

type ControllerViews = typeof import("../controller/cli/views.ts");
type PickView = (all: ControllerViews, flags: ControllerViewFlags, words: string[]) => ControllerView;
/** Makes subcommands of a command. */
type AddTo = (parent: Command) => (usage: string, what: string, pick: PickView) => Command;

export function addControllerViews(controller: Command, done: (code: number) => void): void {
  /** A subcommand that shows what `pick` chooses, of its options and words. */
  const addTo: AddTo = (parent) => (usage, what, pick) =>
    withApi(parent.command(usage), CONTROLLER_API).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = command.opts<ControllerFlags & ControllerViewFlags>();
      const { runControllerView } = await import("../controller/cli/run.ts");
      done(await runControllerView(flags, pick(await import("../controller/cli/views.ts"), flags, command.args)));
    });
  const group = (name: string, what: string) => controller.command(name).description(what).exitOverride();
  const add = addTo(controller);

  add("status", "agents, and whether they have what they are to have", (all) => all.showControllerStatus);
  addAgentViews(group("agents", "agents: who they are, how they are, what they have and why"), addTo, done);
  addConfigViews(group("configs", "configurations: named, versioned, never changed"), addTo);
  addSelectorViews(group("selectors", "which agents are to have which configuration"), addTo);
  addRolloutViews(group("rollouts", "how a version gets to a fleet in stages"), addTo);
  addPackageViews(group("packages", "packages for agents: bundles of files, who is to have them"), addTo);
  addTokenViews(group("tokens", "tokens of agents"), addTo);
  add("events", "decisions with the numbers that led to them", (all, { rollout }) => all.showEvents(rollout))
    .option("--rollout <id>", "only of this one");
  add("audit", "what operators asked for", (all) => all.showControllerAudit);
}

function addAgentViews(command: Command, addTo: AddTo, done: (code: number) => void): void {
  const agents = addTo(command);
  agents("list", "agents, connected or not", (all, flags) => all.showAgents(flags))
    .option("--selector <selector>", "only those that it matches, like region=eu,label:ring=canary")
    .addOption(
      new Option("--sync <state>", "only those in this state")
        .choices(["unmanaged", "in_sync", "pending", "applying", "failed", "drifted"]),
    )
    .option("--columns <attributes>", "show these attributes of its description too, like region,host.id")
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
  withApi(command.command("tap <agent> <node>"), CONTROLLER_API)
    .description("a sample of what goes through a node of a gateway, live")
    .addOption(durationOption("--duration <duration>", "when it ends", 10_000))
    .option("--samples <count>", "how many at the most", parseItemNumber, 10)
    .addOption(textsOption("mask", "an attribute whose values are masked besides"))
    .action(async (id: string, node: string, flags: ControllerFlags & TapFlags) => {
      const { runAgentTap } = await import("../controller/cli/tap.ts");
      done(await runAgentTap(flags, id, node, flags));
    });
  agents("restart <agent>", "tell it to restart", (all, _, [id = ""]) => all.restartAgent(id));
  agents("forget <agent>", "forget one that is gone", (all, _, [id = ""]) => all.forgetAgent(id));
}

function addConfigViews(command: Command, addTo: AddTo): void {
  const configs = addTo(command);
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
}

function addSelectorViews(command: Command, addTo: AddTo): void {
  const selectors = addTo(command);
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
}

function addRolloutViews(command: Command, addTo: AddTo): void {
  const rollouts = addTo(command);
  rollouts("list", "rollouts, the newest first", (all) => all.showRollouts);
  rollouts("get <id>", "one, with its stages", (all, _, [id = ""]) => all.showRollout(id));
  rollouts(
    "start <selector> <config>",
    "roll out name or name@version (default: one agent, 1m; 2%, 5m; 10%, 10m; 100%, 5m)",
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
}

function addTokenViews(command: Command, addTo: AddTo): void {
  const tokens = addTo(command);
  tokens("list", "without the tokens themselves", (all) => all.showTokens);
  tokens("make <label>", "print a new one, once", (all, _, [label = ""]) => all.makeToken(label));
  tokens("revoke <id>", "make it worthless and cut who came with it", (all, _, [id = ""]) => all.revokeToken(id));
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

function priorityOption(): Option {
  return new Option("--priority <number>", "the higher wins").argParser(Number).default(0);
}
