/**
 * The Go programs of `tests/peers` for tests: built from source on first use, then from a cache.
 *
 * @module
 */

import { freePort } from "./gateway_process.ts";
import { missingProgram } from "./real_parts.ts";

const PEERS = new URL("../peers/", import.meta.url).pathname;

export type PeerName =
  | "otelcol"
  | "otlpload"
  | "otlpsink"
  | "kafkasink"
  | "opampserver"
  | "opampagents"
  | "ottlengine";

/** What a machine lacks to build the peers; undefined when it lacks nothing. */
export function missingForPeers(): Promise<string | undefined> {
  return missingProgram("bash", "go", "sha256sum");
}

/** The path of a peer's binary. The first call on a machine builds it: the collector takes minutes. */
export async function peerBinary(name: PeerName): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("bash", { args: [`${PEERS}build`, name] }).output();
  if (!success) throw new Error(`Cannot build ${name}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

/** A peer that runs until it is stopped. */
export interface PeerProcess extends AsyncDisposable {
  /** What it has written to stderr. */
  stderr(): string;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts a peer and waits until something listens on `port`.
 *
 * @throws {Error} It ended, or nothing listens within 30 s; with what it wrote.
 */
export async function startPeer(name: PeerName, args: readonly string[], port: number): Promise<PeerProcess> {
  const child = new Deno.Command(await peerBinary(name), {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  let isRunning = true;
  const drained = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (stderr += text) }),
  );
  const ended = Promise.all([child.status, drained]).finally(() => isRunning = false);
  const stop = async () => {
    if (isRunning) child.kill("SIGTERM");
    await ended;
  };
  const peer = { stderr: () => stderr, stop, [Symbol.asyncDispose]: stop };
  for (const untilMs = Date.now() + 30_000; isRunning && Date.now() < untilMs;) {
    if (await isListening(port)) return peer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`Cannot start ${name}: nothing listens on port ${port}\n${stderr}`);
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** What `GET /stats` of an otlpsink says; see tests/peers/otlpsink. */
export interface SinkStats {
  readonly requests: number;
  readonly spans: number;
  readonly points: number;
  readonly records: number;
  /** Sum over the items of a hash of their identities, hexadecimal: the order does not matter. */
  readonly checksum: string;
  readonly items_by_path: Readonly<Record<string, number>>;
  readonly requests_by_encoding: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly closed: number;
  readonly undecodable: number;
}

/** How an otlpsink misbehaves; {} is healthy. */
export interface SinkMode {
  readonly status?: number;
  readonly statusShare?: number;
  readonly retryAfterS?: number;
  readonly delayMs?: number;
  readonly hang?: boolean;
  readonly closeShare?: number;
}

/** An upstream that counts and misbehaves. */
export interface Sink extends PeerProcess {
  /** Base URL, for an exporter's `endpoint`. */
  readonly url: string;
  stats(): Promise<SinkStats>;
  /** Forgets what it counted. */
  reset(): Promise<void>;
  control(mode: SinkMode): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const peer = await startPeer("otlpsink", ["-listen", `127.0.0.1:${port}`], port);
  const post = async (path: string, body = "") => {
    const response = await fetch(`${url}${path}`, { method: "POST", body });
    if (!response.ok) throw new Error(`Cannot ${path}: status ${response.status}, ${await response.text()}`);
    await response.body?.cancel();
  };
  return {
    ...peer,
    url,
    stats: async () => await (await fetch(`${url}/stats`)).json() as SinkStats,
    reset: () => post("/reset"),
    control: (mode) => post("/control", JSON.stringify(mode)),
  };
}

/** One run of otlpload; see tests/peers/otlpload for the figures. */
export interface LoadResult {
  readonly acked: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly acked_items_total: number;
  readonly checksum: string;
}

/** Runs otlpload against `url` to its end. */
export async function runLoad(url: string, ...args: string[]): Promise<LoadResult> {
  const { success, stdout, stderr } = await new Deno.Command(await peerBinary("otlpload"), {
    args: ["-url", url, ...args],
  }).output();
  if (!success) throw new Error(`Cannot run otlpload: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as LoadResult;
}
