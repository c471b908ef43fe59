/**
 * The controller's process with gateways of ours that send it their own metrics: a version by which nothing is delivered
 * any more is taken back, by what the gateways report themselves.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ControllerProcess, type Json } from "../support/controller_process.ts";
import { eventually, until } from "../support/eventually.ts";
import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";

/** How often a sender sends, milliseconds, and what. */
const SEND_INTERVAL_MS = 100;
const RECORDS = 10;
/** How long rollouts may take: agents report every 10 s, and look at their health every 5 s. */
const ROLLOUT_MS = 90_000;

interface Fleet {
  readonly controller: ControllerProcess;
  readonly sink: string;
  readonly directory: string;
}

const yaml = ({ controller, sink, directory }: Fleet, port: number, name: string, resource: string) => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "${sink}", retry_on_failure: {enabled: false}}}
extensions:
  opamp:
    server: {ws: {endpoint: "ws://${controller.address}/v1/opamp"}}
    heartbeat_interval: 1s
    state_directory: ${directory}/${name}
    agent_description: {non_identifying_attributes: {region: eu, name: ${name}}}
    capabilities: {accepts_remote_config: true, reports_own_metrics: true}
    remote_config: {allowed_hosts: ["127.0.0.1"]}
service:
  extensions: [opamp]
  telemetry: {metrics: {level: none}, resource: ${resource}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`;

/** A gateway that does not look after itself, with somebody who sends to it all the while, whatever it answers. */
async function startSending(fleet: Fleet, name: string, resource = "{}"): Promise<AsyncDisposable> {
  const port = freePort();
  const path = `${fleet.directory}/${name}.yaml`;
  await Deno.writeTextFile(path, yaml(fleet, port, name, resource));
  const gateway = await startGateway(undefined, { args: ["--config", path, "--health-window", "0"] });
  const sender = startSender(port);
  return { [Symbol.asyncDispose]: async () => (await sender.stop(), await stop(gateway)) };
}

const stop = (gateway: GatewayProcess) => gateway[Symbol.asyncDispose]();

function startSender(port: number) {
  const logRecords = Array.from({ length: RECORDS }, (_, at) => ({ body: { stringValue: `line ${at}` } }));
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  const abort = new AbortController();
  const sent = new Set<Promise<void>>();
  const send = async () => {
    const request = { method: "POST", headers: { "content-type": "application/json" }, body, signal: abort.signal };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/logs`, request).catch(() => undefined);
    await answer?.body?.cancel().catch(() => {});
  };
  const timer = setInterval(() => {
    const one = send().finally(() => sent.delete(one));
    sent.add(one);
  }, SEND_INTERVAL_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      abort.abort();
      await Promise.allSettled(sent);
    },
  };
}

/** Answers every export with success. */
function startSink(): { readonly url: string; [Symbol.asyncDispose](): Promise<void> } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    await request.bytes();
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

async function reportsOf(controller: ControllerProcess, outcome: string): Promise<number> {
  const page = await (await controller.fetch("GET", "/metrics")).text();
  return Number(new RegExp(`^sluice_controller_agent_reports\\{outcome="${outcome}"\\} (\\d+)$`, "m").exec(page)?.[1]);
}

Deno.test("a version that ends all delivery is taken back by what the gateways themselves report", async (t) => {
  const directory = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir: `${directory}/controller` });
  await using sink = startSink();
  const fleet = { controller, sink: sink.url, directory };
  await using _one = await startSending(fleet, "one");
  await using _two = await startSending(fleet, "two");
  await using _three = await startSending(fleet, "three", "{service.instance.id: edge-3}");
  const agents: Json[] = await eventually(async () => {
    const { items } = await controller.get("/api/v1/agents?connected=true");
    return items.length === 3 && items;
  });
  const down = `exporters: {otlp_http: {endpoint: "http://127.0.0.1:${freePort()}"}}\n`;
  await controller.ask("POST", "/api/v1/configs/edge/versions", { files: [{ text: down }], validate: false });
  const rollOut = async (selector: string, limits: Record<string, number>): Promise<Json> => {
    const { id } = await controller.ask("POST", "/api/v1/rollouts", {
      selector,
      config: { name: "edge" },
      stages: [{ count: 1, soak_ms: ROLLOUT_MS }, { share: 1 }],
      unhealthy_grace_ms: 1_000,
      limits,
    });
    return await until(() => controller.get(`/api/v1/rollouts/${id}`), ({ ended_ms }) => ended_ms > 0, ROLLOUT_MS);
  };

  await t.step("own telemetry carries the agent's own uid, or the id that was configured", async () => {
    const ids = await Promise.all(agents.map(async ({ uid }: Json) => {
      const { identifying_attributes, other_attributes } = await controller.get(`/api/v1/agents/${uid}`);
      return [other_attributes.name, identifying_attributes["service.instance.id"].replaceAll("-", ""), uid];
    }));
    for (const [name, id, uid] of ids) strictEqual(id, name === "three" ? "edge3" : uid);
  });

  await t.step("where nobody looks at error rates, its health takes it back", async () => {
    const rollout = await rollOut("name=three", { error_rate: 1 });
    strictEqual(rollout.state, "rolled_back", rollout.error_rate);
    match(rollout.reason, /^1 of 1 agent became unhealthy/);
  });

  await t.step("every report is known to be somebody's", async () => {
    await until(() => reportsOf(controller, "taken"), (reports) => reports >= 3);
    strictEqual(await reportsOf(controller, "unknown_agent"), 0);
  });

  await t.step("its error rate takes it back from the first gateway; nobody else was given it", async () => {
    const rollout = await rollOut("name in (one, two)", { unhealthy: 1, min_items: 100 });
    strictEqual(rollout.state, "rolled_back", rollout.error_rate);
    match(rollout.reason, /^[\d.]+ % of \d+ items went wrong, before 0 %/);
    match(rollout.error_rate, /^[\d.]+ % of \d+ items$/);
    strictEqual(rollout.counts.released, 1);
    const shown = await controller.cli("rollouts", "get", String(rollout.id));
    match(shown.stdout, /^error rate +[\d.]+ % of \d+ items$/m);
    ok(!controller.process.stderr().includes("are of no agent"), controller.process.stderr());
  });

  await t.step("gateways of one machine are told apart by a column", async () => {
    const { stdout } = await controller.cli("agents", "list", "--columns", "name,service.instance.id,none");
    match(stdout, /^AGENT +SERVICE +HOST +NAME +SERVICE\.INSTANCE\.ID +NONE +CONNECTED /m);
    match(stdout, / three +edge-3 +- +websocket /);
    strictEqual((await controller.fetch("GET", "/api/v1/agents?attributes=a,,b")).status, 400);
  });

  await t.step("its bare address says what is where", async () => {
    const answer = await controller.fetch("GET", "/");
    deepStrictEqual([answer.status, answer.headers.get("content-type")], [404, "application/problem+json"]);
    const { detail } = await answer.json();
    for (const path of ["/api/v1/", "/metrics", "/v1/opamp"]) ok(detail.includes(path), detail);
  });

  await t.step("an agent that has applied a version is explained", async () => {
    strictEqual((await controller.cli("selectors", "assign", "region=eu", "edge")).code, 0);
    const hasIt = ({ items }: Json) => items.every(({ sync }: Json) => sync === "in_sync");
    await until(() => controller.get("/api/v1/agents?connected=true"), hasIt);
    const { code, stdout, stderr } = await controller.cli("agents", "explain", agents[0].uid);
    strictEqual(code, 0, stderr);
    match(stdout, /is to have edge 1: in sync/);
  });
  await Deno.remove(directory, { recursive: true });
});
