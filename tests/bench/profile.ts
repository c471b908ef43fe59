/**
 * What V8's profiler sees in the data thread of a gateway under as much load as it can take.
 *
 * @module
 */

import { freePort, startGateway } from "../support/gateway_process.ts";
import { runLoad, startSink } from "../support/peers.ts";

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly hitCount: number;
  readonly children?: readonly number[];
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** As the inspector writes it. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
}

/**
 * @param config As of `tests/peers/configs`: `IN_PORT`, `OUT_PORT`, `METRICS_PORT` and `QUEUE` are in its environment.
 * @param loads Arguments of one otlpload each, beside its address and times.
 * @throws {Error} The gateway refused the profile.
 */
export async function takeProfile(
  config: string,
  loads: readonly (readonly string[])[],
  { seconds, warmupSeconds }: { readonly seconds: number; readonly warmupSeconds: number },
): Promise<Profile> {
  await using sink = await startSink();
  const [port, adminPort, metricsPort] = [freePort(), freePort(), freePort()];
  await using _gateway = await startGateway(config, {
    args: ["--admin-listen", `127.0.0.1:${adminPort}`],
    env: {
      // Without it V8 knows of optimized code only where its function begins.
      DENO_V8_FLAGS: "--detailed-line-info",
      IN_PORT: `${port}`,
      OUT_PORT: new URL(sink.url).port,
      METRICS_PORT: `${metricsPort}`,
      QUEUE: "false",
    },
  });
  const times = ["-warmup", `${warmupSeconds}s`, "-duration", `${seconds}s`];
  const loaded = Promise.all(loads.map((load) => runLoad(`http://127.0.0.1:${port}`, ...load, ...times)));
  await new Promise((resolve) => setTimeout(resolve, warmupSeconds * 1_000));
  const admin = `http://127.0.0.1:${adminPort}/api/v1`;
  const { threads } = await (await fetch(`${admin}/status`)).json() as { readonly threads: readonly string[] };
  const response = await fetch(`${admin}/profiles/cpu`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ thread: threads.at(-1), duration_ms: seconds * 900 }),
  });
  if (!response.ok) throw new Error(`Cannot profile: ${response.status} ${await response.text()}`);
  const profile = await response.json();
  await loaded;
  return profile;
}
