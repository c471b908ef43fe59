/**
 * The gateway as its users run it: a process started from main.ts, with a configuration as text.
 *
 * ```ts
 * const port = freePort();
 * await using gateway = await startGateway(yamlWith(port), { workers: 2 });
 * await fetch(`http://127.0.0.1:${port}/v1/traces`, …);
 * const { code, stderr } = await gateway.stop();
 * ```
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };

/** What the gateway logs once it takes data; the collector's words. */
export const READY_LINE = "Everything is ready. Begin running and processing data.";

const ROOT = new URL("../../", import.meta.url).pathname;
const MAIN = `${ROOT}main.ts`;
/** V8's flags of the task that runs a subcommand. */
function v8FlagsOf(subcommand: string | undefined): string {
  const task = manifest.tasks[subcommand === "controller" ? "controller" : "start"];
  return /--v8-flags=\S+/.exec(task)?.[0] ?? "";
}

export interface GatewayProcessOptions {
  /** Default 1. */
  readonly workers?: number | "auto";
  /** Where the gateway's own metrics are served. Absent: nowhere, so that tests do not meet on one port. */
  readonly metricsPort?: number;
  /** More arguments after `gateway`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How long to wait until it is ready, milliseconds. Default 30,000. */
  readonly readyTimeoutMs?: number;
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it has written to stderr, its log included. */
  stderr(): string;
  stdout(): string;
  /** Waits for a line on stderr or stdout that has `text` in it. @throws {Error} Not within the time, or it ended. */
  waitForLine(text: string, timeoutMs?: number): Promise<string>;
  signal(signal: Deno.Signal): void;
  /** Waits for its end. */
  ended(): Promise<Ended>;
  /** Sends a signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Ended>;
}

/** Ports that were given out: one that is not bound yet would be free again. */
const given = new Set<number>();

/** A TCP port that was free a moment ago; another each time. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}

/** Runs main.ts with any arguments to its end: `runMain(["validate", "--config", path])`. */
export async function runMain(
  args: readonly string[],
  options: Pick<GatewayProcessOptions, "env" | "cwd"> = {},
): Promise<Ended> {
  return await spawnMain(args, options).ended();
}

/**
 * Starts the gateway and waits until it takes data.
 *
 * @param config YAML text; undefined for the built-in default.
 * @throws {Error} It ended or was not ready in time; with what it wrote.
 */
export async function startGateway(
  config: string | undefined,
  options: GatewayProcessOptions = {},
): Promise<GatewayProcess> {
  const gateway = spawnGateway(config, options);
  try {
    await gateway.waitForLine(READY_LINE, options.readyTimeoutMs ?? 30_000);
    return gateway;
  } catch (thrown) {
    await gateway[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Starts the gateway without waiting, for a start that is meant to fail. */
export function spawnGateway(config: string | undefined, options: GatewayProcessOptions = {}): GatewayProcess {
  const { workers = 1, metricsPort, args = [] } = options;
  const metrics = metricsPort === undefined
    ? "service.telemetry.metrics.level=none"
    : `service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]`;
  const source = config === undefined ? [] : ["--config", `yaml:${config}`];
  return spawnMain(["gateway", ...source, "--workers", String(workers), "--set", metrics, ...args], options);
}

/** Starts `deno serve main.ts` and waits until it listens. @returns Its process; it has no stop but a signal. */
export async function serveMain(port: number, env: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const permissions = ["--allow-net", "--allow-env"];
  const served = spawnDeno(["serve", "--host", "127.0.0.1", "--port", String(port), ...permissions, MAIN], { env });
  await served.waitForLine("Listening on", 30_000);
  return served;
}

/**
 * Starts main.ts with any arguments and waits for a line that has `text` in it.
 *
 * @throws {Error} It ended or did not write it in time; with what it wrote.
 */
export async function startMain(args: readonly string[], text: string): Promise<GatewayProcess> {
  const started = spawnMain(args, {});
  try {
    await started.waitForLine(text, 30_000);
    return started;
  } catch (thrown) {
    await started[Symbol.asyncDispose]();
    throw thrown;
  }
}

function spawnMain(args: readonly string[], options: Pick<GatewayProcessOptions, "env" | "cwd">): GatewayProcess {
  return spawnDeno(["run", v8FlagsOf(args[0]), "-A", MAIN, ...args], options);
}

function spawnDeno(
  args: readonly string[],
  { env = {}, cwd = ROOT }: Pick<GatewayProcessOptions, "env" | "cwd">,
): GatewayProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1", SLUICE_ADMIN_LISTEN: "off", ...env }, // tests must not meet on one port
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return watch(child);
}

function watch(child: Deno.ChildProcess): GatewayProcess {
  const transcript = new Transcript(child.stderr, child.stdout);
  const ended = async (): Promise<Ended> => {
    const [{ code }] = await Promise.all([child.status, transcript.complete]);
    return { code, stdout: transcript.stdout, stderr: transcript.stderr };
  };
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown; // it has ended by itself
    }
  };
  return {
    pid: child.pid,
    stderr: () => transcript.stderr,
    stdout: () => transcript.stdout,
    signal,
    ended,
    waitForLine: (text, timeoutMs = 10_000) => transcript.waitFor(text, timeoutMs),
    stop: (name = "SIGTERM") => {
      signal(name);
      return ended();
    },
    [Symbol.asyncDispose]: async () => {
      signal("SIGKILL");
      await ended();
    },
  };
}

/** What a process writes; it is kept, and can be waited on. */
class Transcript {
  stderr = "";
  stdout = "";
  readonly complete: Promise<void>;
  #isComplete = false;
  #changed = Promise.withResolvers<void>();

  constructor(stderr: ReadableStream<Uint8Array>, stdout: ReadableStream<Uint8Array>) {
    const reading = [
      this.#read(stderr, (text) => this.stderr += text),
      this.#read(stdout, (text) => this.stdout += text),
    ];
    this.complete = Promise.all(reading).then(() => {
      this.#isComplete = true;
      this.#wake();
    });
  }

  async waitFor(text: string, timeoutMs: number): Promise<string> {
    let inTime = true;
    const timer = setTimeout(() => {
      inTime = false;
      this.#wake();
    }, timeoutMs);
    try {
      while (inTime) {
        const line = `${this.stderr}\n${this.stdout}`.split("\n").find((one) => one.includes(text));
        if (line !== undefined) return line;
        if (this.#isComplete) break;
        await this.#changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new Error(`Cannot find ${JSON.stringify(text)} in the output:\n${this.stderr}\n${this.stdout}`);
  }

  async #read(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const part of stream) {
      add(decoder.decode(part, { stream: true }));
      this.#wake();
    }
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}
