/**
 * What own telemetry costs a gateway that does nothing else: CPU of a request with all of it off, as it is by default, and
 * with everything that can be exported, side by side at full load. The variants take turns, so that a noisy machine is
 * noisy for all; told are medians, and medians of the ratios to "off" of the same turn.
 *
 *   deno run -A tests/bench/own_telemetry_load.ts SHAPE ROUNDS SECONDS WARMUP
 *
 * What one request in a hundred runs is compiled late: with two seconds of warm-up a hundredth of traces costs 4 to 8 % of
 * requests of 100 spans, with 45 seconds nothing that shows.
 *
 * @module
 */

import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { runLoad, startSink } from "../support/peers.ts";

const [shape = "p100", rounds = "5", seconds = "3", warmup = "45"] = Deno.args;

/** Clock ticks of `/proc/PID/stat`, milliseconds. */
const TICK_MS = 10;

await using sink = await startSink();
await using telemetrySink = await startSink();
const exporter = `exporter: {otlp: {protocol: http/protobuf, endpoint: "${telemetrySink.url}"}}`;
const traces = (ratio: number) =>
  `traces: {sampler: {parent_based: {root: {trace_id_ratio_based: {ratio: ${ratio}}}}}, processors: [{batch: {${exporter}}}]}`;
const readers = (port: number) =>
  `metrics: {level: normal, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${port}}}}}, ` +
  `{periodic: {interval: 1000, ${exporter}}}]}`;
const logs = `logs: {processors: [{batch: {${exporter}}}]}`;

/** \`service::telemetry\` by variant; a reader is scraped once a second. */
const VARIANTS: Readonly<Record<string, (metricsPort: number) => string>> = {
  "off": () => "metrics: {level: none}",
  "default": (port) =>
    `metrics: {level: normal, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${port}}}}}]}`,
  "all, 1 % of traces": (port) => [readers(port), logs, traces(0.01)].join(", "),
  "all, every trace": (port) => [readers(port), logs, traces(1)].join(", "),
};

interface Variant {
  readonly name: string;
  readonly gateway: GatewayProcess;
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly usPerRequest: number[];
}

async function startVariant(name: string, telemetry: (metricsPort: number) => string): Promise<Variant> {
  const [port, metricsPort] = [freePort(), freePort()];
  const gateway = await startGateway(
    `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters:
  otlp_http:
    endpoint: ${sink.url}
    compression: none
    max_idle_conns: 1000
    max_idle_conns_per_host: 1000
    sending_queue: {enabled: false}
service:
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`,
    { args: ["--health-window", "0", "--set", `service.telemetry={${telemetry(metricsPort)}}`] }, // over what tests set,
  );
  const metricsUrl = name === "off" ? undefined : `http://127.0.0.1:${metricsPort}/metrics`;
  return { name, gateway, url: `http://127.0.0.1:${port}`, metricsUrl, usPerRequest: [] };
}

function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const [user = "0", system = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
  return (Number(user) + Number(system)) * TICK_MS;
}

async function measure({ gateway, url, metricsUrl, usPerRequest }: Variant, durationS: string): Promise<void> {
  const scraping = metricsUrl === undefined ? undefined : setInterval(async () => {
    await (await fetch(metricsUrl)).text();
  }, 1_000);
  const beforeMs = cpuMs(gateway.pid);
  const load = ["-shape", shape, "-connections", "32", "-duration", `${durationS}s`, "-warmup", "0s"];
  const { statuses } = await runLoad(url, ...load);
  clearInterval(scraping);
  const { 200: answered = 0, ...others } = statuses;
  if (Object.keys(others).length > 0) throw new Error(`Cannot measure: statuses ${JSON.stringify(statuses)}`);
  usPerRequest.push((cpuMs(gateway.pid) - beforeMs) * 1_000 / answered);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const rounded = (value: number) => Math.round(value * 1_000) / 1_000;

const variants: Variant[] = [];
for (const [name, telemetry] of Object.entries(VARIANTS)) variants.push(await startVariant(name, telemetry));
for (const variant of variants) await measure(variant, warmup);
for (const { usPerRequest } of variants) usPerRequest.length = 0; // that was to warm up
for (let round = 0; round < Number(rounds); round++) {
  for (const variant of round % 2 === 0 ? variants : variants.toReversed()) await measure(variant, seconds);
}
const [off] = variants;
for (const { name, usPerRequest } of variants) {
  const ratios = usPerRequest.map((us, round) => us / (off?.usPerRequest[round] ?? NaN));
  // deno-lint-ignore no-console
  console.log(
    JSON.stringify({
      shape,
      name,
      us: rounded(median(usPerRequest)),
      toOff: rounded(median(ratios)),
      all: ratios.map(rounded),
    }),
  );
}
for (const { gateway } of variants) await gateway.stop();
