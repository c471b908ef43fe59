/**
 * The process: from a command line's sources to an exit code. Starts the gateway, changes its configuration when it is
 * asked to, waits for a signal, drains.
 *
 * @module
 */

import { systemClock } from "../pipeline/core/clock.ts";
import { describeError } from "../pipeline/core/log/logger.ts";
import { serveHttp } from "../routes/listener.ts";
import { type AdminOptions, type AdminServer, checkAdminOptions, checkAdminPort, openAdmin } from "./admin/listen.ts";
import { FileWatch, lookAtFile } from "./config/file_watch.ts";
import { DEFAULT_HEALTH_LIMITS, sampleHealth } from "./config/health.ts";
import { HealthWatch } from "./config/health_watch.ts";
import { ConfigHistory } from "./config/history.ts";
import { NO_OVERLAY, readOverlaid } from "./config/overlay.ts";
import { openHistoryFile } from "./config/history_file.ts";
import { ConfigBusyError, type ConfigOrigin } from "./config/config_manager.ts";
import { explainFailure, writeLine } from "./console.ts";
import { welcome } from "./config/default_config.ts";
import { preflight } from "./preflight.ts";
import { startGateway } from "./control_thread.ts";
import type { Gateway } from "./gateway.ts";
import { LiveConfig } from "./config/live_config.ts";
import { reasonsOf, versionOf } from "./config/shown.ts";
import type { OpampPlan } from "./opamp/follow.ts";
import { OpampLoader, planOpamp } from "./opamp/load.ts";
import { type ReadConfig, readSources, type Sources } from "./config/sources.ts";
import { stopSignal } from "./stop_signals.ts";
import { diskTenantFiles } from "./tenants/tenant_files.ts";

/** One process runs one gateway. */
const ADMIN_CHANNEL = "sluice admin";

export interface RunOptions extends Sources {
  readonly workers: number;
  readonly drainTimeoutMs: number;
  readonly version: string;
  /** Whether a change of the configuration's files changes the gateway. */
  readonly watch: boolean;
  /** How long a change is watched, milliseconds; 0: not at all. */
  readonly healthWindowMs: number;
  /** Where the history of configurations is kept. Absent: in memory. */
  readonly stateDir: string | undefined;
  /** Whether the last good configuration is used when the given one does not load. */
  readonly useLastGood: boolean;
  readonly admin: AdminOptions;
}

/** A gateway that runs, and what changes its configuration. */
interface Running {
  readonly gateway: Gateway;
  readonly live: LiveConfig;
  readonly admin: AdminServer | undefined;
  readonly opamp: OpampLoader;
  /** Settles when the process is asked to begin anew. */
  readonly restart: Promise<"restart">;
}

/**
 * Runs until a signal comes. A second one, a second or more after the first, ends the process at once.
 *
 * @returns The exit code: 0 when everything was drained; 1 when the start failed, when something was given up, or when
 * the gateway could not go on.
 */
export async function runGateway(options: RunOptions): Promise<number> {
  let running: Running | undefined = undefined; // until it has started
  const stopped = stopSignal({
    listen: (signal, onSignal) => Deno.addSignalListener(signal, onSignal),
    monotonicMs: systemClock.monotonicMs,
    onSecond: () => {
      running?.gateway.logger.error("second signal: gives up what is held");
      Deno.exit(1);
    },
  });
  // From the first moment on: unheard it would end the process.
  let onReload = () => void (isReloadDue = true);
  let isReloadDue = false;
  Deno.addSignalListener("SIGHUP", () => onReload());

  for (let isFirst = true;; isFirst = false) {
    const started = await Promise.race([start(options), tooLateToStart(stopped, options)]);
    if (started === "late") {
      const { drainTimeoutMs: ms } = options;
      writeLine(Deno.stderr, `Cannot start: a stop was asked for, and the start is not over after ${ms} ms`);
    }
    if (started === undefined || started === "late") return 1;
    running = started;
    const current = running;
    onReload = () => void reload(current, "SIGHUP", "signal");
    if (isReloadDue) onReload();
    isReloadDue = false;
    if (isFirst && options.configs.length === 0) writeLine(Deno.stdout, welcome(current.gateway.config));
    const end = await runOne(current, options, stopped);
    if (end !== "restart") return end;
    onReload = () => {}; // the next one reads it anyway
  }
}

/**
 * A stop that comes during the start waits for it, because what has started is drained, but no longer than a drain may
 * take: a component may take a minute to find out that it cannot start.
 */
async function tooLateToStart(stopped: Promise<void>, { drainTimeoutMs }: RunOptions): Promise<"late"> {
  await stopped;
  await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, drainTimeoutMs)));
  return "late";
}

/** @returns The exit code, or that another one is to begin. */
async function runOne(running: Running, options: RunOptions, stopped: Promise<void>): Promise<number | "restart"> {
  const { gateway, live, admin, opamp, restart } = running;
  const watch = options.watch ? watchFiles(running) : undefined;
  const reason = await Promise.race([
    stopped.then(() => undefined),
    gateway.broken.then((error) => ({ error })),
    restart,
  ]);
  if (typeof reason === "object") gateway.logger.error("The gateway cannot go on", { error: reason.error });
  watch?.stop();
  admin?.stopping();
  await opamp.stop();
  await live.close();
  const drained = await gateway.shutdown(options.drainTimeoutMs);
  await admin?.close();
  if (reason === "restart") return reason;
  return drained && reason === undefined ? 0 : 1;
}

async function start(options: RunOptions): Promise<Running | undefined> {
  let gateway: Gateway | undefined = undefined;
  const onTrouble = (what: string, thrown: unknown) => {
    const error = describeError(thrown);
    if (gateway === undefined) writeLine(Deno.stderr, `${what}: ${error}`);
    else gateway.logger.error(what, { error });
  };
  try {
    const { stateDir } = options;
    checkAdminOptions(options.admin);
    checkAdminPort(options.admin);
    const history = new ConfigHistory(stateDir === undefined ? undefined : await openHistoryFile(stateDir), onTrouble);
    await history.load();
    const base = await readSources(options);
    const plan = await planOpamp(base.resolved.tree, stateDir);
    const given = plan.overlay === NO_OVERLAY ? base : await readOverlaid(options, plan.overlay, readSources);
    const started = await startOne(options, { base, given, instanceId: plan.instanceUid }, history);
    gateway = started.gateway;
    const live = openLiveConfig(options, plan, given, started, history);
    warnOfShortWindow(options, gateway);
    const admin = await openAdminOf(options, gateway, live);
    const { promise: restart, resolve } = Promise.withResolvers<"restart">();
    const { version } = options;
    const opamp = new OpampLoader(plan, {
      ...{ gateway, live, version, stateDir, clock: systemClock, adminChannel: ADMIN_CHANNEL },
      remoteProblem: started.remoteProblem,
      onRestart: () => resolve("restart"),
    });
    await opamp.start();
    return { gateway, live, admin, opamp, restart };
  } catch (thrown) {
    await gateway?.shutdown(0);
    writeLine(Deno.stderr, explainFailure(thrown));
    return undefined;
  }
}

/** A gateway, and what it was started with. */
interface Started {
  readonly gateway: Gateway;
  readonly read: ReadConfig;
  /** Why what a server had added to the local configuration is not in it; undefined: it is, or there is nothing. */
  readonly remoteProblem?: string;
}

/** What the process is to start with: the local configuration, and that with what goes over it. */
interface Given {
  readonly base: ReadConfig;
  readonly given: ReadConfig;
  /** What an OpAMP server knows the gateway as; undefined: no server does yet. */
  readonly instanceId: string | undefined;
}

/**
 * Starts with the given configuration; else with the local one alone, where a server had added to it; else with the last
 * good one, where that is wanted.
 */
async function startOne(
  options: RunOptions,
  { base, given, instanceId }: Given,
  history: ConfigHistory,
): Promise<Started> {
  const { useLastGood } = options;
  const startWith = async (read: ReadConfig): Promise<Started> => {
    const { resolved } = read;
    return {
      read,
      gateway: await startGateway({
        ...options,
        resolved,
        instanceId,
        serveHttp,
        preflight,
        tenantFiles: diskTenantFiles,
        adminChannel: ADMIN_CHANNEL,
      }),
    };
  };
  try {
    return await startWith(given);
  } catch (thrown) {
    if (versionOf(given.resolved) !== versionOf(base.resolved)) {
      writeLine(Deno.stderr, explainFailure(thrown));
      const started = await startOne(options, { base, given: base, instanceId }, history);
      started.gateway.logger.error("Runs without the remote configuration: it does not load with the local one");
      return { ...started, remoteProblem: reasonsOf(thrown).join("\n") };
    }
    const good = useLastGood ? history.lastGood() : undefined;
    if (good === undefined) throw thrown;
    writeLine(Deno.stderr, explainFailure(thrown));
    const started = await startWith(await readSources(good.sources));
    history.add({
      ...{ atMs: systemClock.nowMs(), who: "command line", origin: "start", outcome: "failed", diff: "", tookMs: 0 },
      ...{ reasons: reasonsOf(thrown), version: versionOf(given.resolved) },
    }, given.sources);
    const { id, version: which } = good.entry;
    started.gateway.logger.error("Runs with the last good configuration: the given one does not load", { id, which });
    return started;
  }
}

/** Where a sender is held, an export fails for good only then: what is watched for less has not failed yet. */
const SHORT_WINDOW_MS = 10_000;

function warnOfShortWindow({ healthWindowMs }: RunOptions, { logger }: Gateway): void {
  if (healthWindowMs === 0 || healthWindowMs >= SHORT_WINDOW_MS) return;
  const message =
    "--health-window is too short to see a destination that does not answer: an export is tried for 8 s " +
    "before it fails, wanted 10 s or more";
  logger.warn(message, { health_window_ms: healthWindowMs });
}

function openAdminOf(options: RunOptions, gateway: Gateway, manager: LiveConfig): Promise<AdminServer | undefined> {
  const { version, stateDir } = options;
  const deps = { gateway, manager, version, stateDir, serveHttp, clock: systemClock, channel: ADMIN_CHANNEL };
  return openAdmin(options.admin, { ...deps, tenantFiles: diskTenantFiles });
}

function openLiveConfig(
  { configs, sets, healthWindowMs }: RunOptions,
  { overlay }: OpampPlan,
  { files }: ReadConfig,
  { gateway, read: started, remoteProblem }: Started,
  history: ConfigHistory,
): LiveConfig {
  const clock = systemClock;
  const health = new HealthWatch({
    windowMs: healthWindowMs,
    limits: DEFAULT_HEALTH_LIMITS,
    sample: () => sampleHealth(gateway.collect(), clock.monotonicMs()),
    clock,
  });
  health.start();
  return new LiveConfig({
    gateway,
    started,
    sources: { configs, sets },
    overlay: remoteProblem === undefined ? overlay : NO_OVERLAY,
    files,
    read: readSources,
    history,
    health,
    clock,
  });
}

/** @returns false when there was no turn for it: what is wrong with the configuration has been told. */
async function reload({ gateway, live }: Running, who: string, origin: ConfigOrigin): Promise<boolean> {
  try {
    await live.reload(who, origin);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof ConfigBusyError)) return true;
    gateway.logger.warn("The configuration was not read again", { who, error: describeError(thrown) });
    return false;
  }
}

function watchFiles(running: Running): FileWatch {
  const watch = new FileWatch({
    paths: () => running.live.files,
    look: lookAtFile,
    onChange: () => reload(running, "--watch", "watch"),
    clock: systemClock,
  });
  watch.start();
  return watch;
}
