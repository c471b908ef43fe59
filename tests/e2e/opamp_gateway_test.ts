/** The gateway as an agent of the reference server in Go, over both transports. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { eventually } from "../support/eventually.ts";
import { type OpampServerPeer, type PeerAgent, startOpampServer } from "../support/opamp_peer.ts";
import { missingForPeers, runLoad, type Sink, startSink } from "../support/peers.ts";
import { skipWithout } from "../support/real_parts.ts";
import { tarOf } from "../support/tar.ts";

const ignore = skipWithout("OpAMP server", await missingForPeers());

interface Setup {
  readonly server: OpampServerPeer;
  readonly scheme?: "ws" | "http";
  readonly sink: Sink;
  readonly port: number;
  readonly directory: string;
  /** More keys of the extension, as YAML in flow style. */
  readonly extension?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly healthWindow?: string;
}

/** The local configuration: one exporter, with a secret. */
function localYaml({ server, scheme = "ws", sink, port, directory, extension = "" }: Setup): string {
  const polling = scheme === "http" ? ", polling_interval: 100ms" : "";
  return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters:
  otlp_http: {endpoint: "${sink.url}", compression: none, headers: {authorization: "Bearer hidden-token"}}
extensions:
  opamp:
    server: {${scheme}: {endpoint: "${server.endpoint(scheme)}", headers: {x-api-key: hidden-key}${polling}}}
    heartbeat_interval: 200ms
    state_directory: ${directory}
    agent_description: {non_identifying_attributes: {region: eu}}
    capabilities:
      accepts_remote_config: true
      accepts_restart_command: true
      accepts_packages: true
      reports_own_metrics: true
    tap: {enabled: true}
    ${extension}
service:
  extensions: [opamp]
  telemetry: {metrics: {level: none}, logs: {sampling: {enabled: false}}}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`;
}

async function start(setup: Setup): Promise<GatewayProcess> {
  const path = `${setup.directory}/gateway.yaml`;
  await Deno.writeTextFile(path, localYaml(setup));
  return await startGateway(undefined, {
    workers: 2,
    args: ["--config", path, "--health-window", setup.healthWindow ?? "600ms"],
    ...(setup.env === undefined ? {} : { env: setup.env }),
  });
}

/** The server's view of the gateway, once it is as wanted. */
function seen(server: OpampServerPeer, wanted: (agent: PeerAgent) => boolean): Promise<PeerAgent> {
  return eventually(async () => (await server.agents()).find(wanted));
}

const hasStatus = (status: string) => (agent: PeerAgent) =>
  agent.remoteConfigStatus === status && agent.reportedHash === agent.desiredHash;

/** The effective config as the server has it. */
function effectiveConfig({ state }: PeerAgent): string {
  const { configMap } = (state.effectiveConfig ?? {}) as {
    configMap?: { configMap?: Record<string, { body?: string }> };
  };
  return new TextDecoder().decode(Uint8Array.fromBase64(configMap?.configMap?.[""]?.body ?? ""));
}

const ROUTE = (key: string) => `
processors:
  attributes: {actions: [{key: route, action: upsert, value: ${key}}]}
service:
  pipelines: {traces: {receivers: [otlp], processors: [attributes], exporters: [otlp_http]}}
`;

async function directory(): Promise<string> {
  return await Deno.makeTempDir({ prefix: "sluice-opamp-" });
}

for (const scheme of ["ws", "http"] as const) {
  Deno.test({ name: `the gateway follows the reference server over ${scheme}`, ignore }, async (t) => {
    await using server = await startOpampServer("-custom-capabilities", "io.sluice.tap");
    await using sink = await startSink();
    const port = freePort();
    const setup: Setup = { server, scheme, sink, port, directory: await directory() };
    await using gateway = await start(setup);
    const state = `${setup.directory}/client.json`;

    await t.step("tells who it is, what it has and how it does", async () => {
      const agent = await seen(
        server,
        ({ state }) => state.availableComponents !== undefined && state.health !== undefined,
      );
      const told = JSON.stringify(agent.state);
      for (
        const text of ["service.instance.id", "sluice", "region", "host.name", "pipeline:traces", "exporter:otlp_http"]
      ) {
        ok(told.includes(text), `${text} in ${told}`);
      }
      strictEqual(agent.transport, scheme);
      match(JSON.stringify(agent.state.health), /"healthy":true/);
    });
    await t.step("no secret is in the effective config", async () => {
      const agent = await seen(server, (one) => effectiveConfig(one).includes("otlp_http"));
      match(effectiveConfig(agent), /authorization: "?\[REDACTED\]/);
      ok(!JSON.stringify(agent.state).includes("hidden-"));
    });
    await t.step("applies a config under load, and loses nothing", async () => {
      const load = runLoad(`http://127.0.0.1:${port}`, "-rate", "100", "-duration", "2s", "-warmup", "100ms");
      for (const key of ["a", "b"]) {
        await server.post("agents/all/config", ROUTE(key));
        const agent = await seen(server, hasStatus("APPLIED"));
        ok(effectiveConfig(agent).includes(`value: ${key}`), effectiveConfig(agent));
      }
      const { statuses, acked_items_total, checksum } = await load;
      deepStrictEqual(Object.keys(statuses), ["200"], gateway.stderr());
      const stats = await eventually(async () => {
        const stats = await sink.stats();
        return stats.spans >= acked_items_total && stats;
      });
      deepStrictEqual([stats.spans, stats.checksum], [acked_items_total, checksum]);
    });
    await t.step("a bad one FAILED with its place, and the old one goes on", async () => {
      await server.post("agents/all/config", ROUTE("c").replace("upsert", "replace"));
      const { error } = await seen(server, hasStatus("FAILED"));
      match(error, /^opamp:3:47: processors::attributes::actions::0::action: is "replace", wanted one of/);
      const agent = await seen(server, () => true);
      ok(effectiveConfig(agent).includes("value: b"));
    });
    await t.step("what the policy forbids is refused, all of it told", async () => {
      const forbidden = `
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:1"}}}}
exporters:
  otlp_http: {endpoint: "http://evil.example:4318", tls: {insecure_skip_verify: true}, headers: {x: "\${env:HOME}"}}
  file: {path: /etc/passwd}
extensions: {opamp: {remote_config: {allowed_hosts: ["*"]}}}
service: {extensions: []}
`;
      await server.post("agents/all/config", forbidden);
      const { error } = await seen(server, (agent) => hasStatus("FAILED")(agent) && agent.error.includes("evil"));
      for (
        const text of [
          'exporters::otlp_http::endpoint: names the host "evil.example:4318"',
          "insecure_skip_verify: weakens TLS, or changes whom it trusts: allow_insecure_skip_verify is false",
          'uses the variable "HOME"',
          'names the file "/etc/passwd"',
          "receivers::otlp::protocols::http::endpoint: may not be changed from here",
          "extensions::opamp::remote_config::allowed_hosts::0: is a matter of this machine",
          'service::extensions: takes away "opamp"',
        ]
      ) ok(error.includes(text), `${text} in ${error}`);
    });
    await t.step("the same hash again is no work", async () => {
      const before = gateway.stderr().split("The configuration was changed").length;
      await server.post("agents/all/config", ROUTE("b"));
      const agent = await seen(server, hasStatus("APPLIED"));
      await server.post("agents/all/report-full-state");
      const { counts } = agent;
      await seen(server, (one) => (one.counts.remoteConfigStatus ?? 0) > (counts.remoteConfigStatus ?? 0));
      strictEqual(gateway.stderr().split("The configuration was changed").length, before);
    });
    await t.step("a local reload keeps what the server gave", async () => {
      await Deno.writeTextFile(
        `${setup.directory}/gateway.yaml`,
        localYaml(setup).replace("compression: none", "timeout: 7s"),
      );
      gateway.signal("SIGHUP");
      const agent = await seen(server, (one) => effectiveConfig(one).includes("timeout: 7s"));
      ok(effectiveConfig(agent).includes("value: b"));
    });
    await t.step("its state is for its owner alone", async () => {
      for (const path of [state, `${setup.directory}/remote_config.json`]) {
        strictEqual(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
      }
    });
    await t.step("own metrics go where the server says", async () => {
      await server.post("agents/all/connection-settings", {
        ownMetrics: { destinationEndpoint: `${sink.url}/v1/metrics` },
      });
      await gateway.waitForLine('"origin":"opamp"');
      const agent = await seen(server, (one) => effectiveConfig(one).includes(`${sink.url}/v1/metrics`));
      ok(effectiveConfig(agent).includes("value: b"));
    });
    await t.step("a tap from afar", async () => {
      const request = { id: "1", node: "exporter:otlp_http:traces", duration_ms: 60_000, max_samples: 1 };
      const data = btoa(JSON.stringify(request));
      await server.post("agents/all/custom-message", { capability: "io.sluice.tap", type: "request", data });
      await gateway.waitForLine("The OpAMP server taps a node");
      await runLoad(`http://127.0.0.1:${port}`, "-rate", "10", "-duration", "500ms", "-warmup", "0s");
      const types = await eventually(async () => {
        const types = (await server.events()).flatMap(({ message }) => {
          const { type } = (message?.customMessage ?? {}) as { type?: string };
          return type ?? [];
        });
        return types.includes("end") && types;
      });
      ok(types.includes("sample"), types.join());
    });
    await t.step("a package is unpacked, and included by the configuration", async () => {
      const content = tarOf([{
        path: "attributes.yaml",
        text: "{actions: [{key: packed, action: upsert, value: one}]}",
      }]);
      const text = new TextDecoder().decode(content); // all of it is ASCII
      await server.post("agents/all/packages", { rules: { version: "1", addon: true, content: text } });
      const current = `${setup.directory}/packages/rules/current/attributes.yaml`;
      await eventually(() => Deno.stat(current).catch(() => undefined));
      const include = localYaml(setup).replace(
        "exporters:",
        `processors: {attributes/packed: "\${file:${current}}"}\nexporters:`,
      );
      await Deno.writeTextFile(`${setup.directory}/gateway.yaml`, include);
      gateway.signal("SIGHUP");
      await seen(server, (one) => effectiveConfig(one).includes("value: one"));
      await server.post("agents/all/packages", {
        rules: { version: "2", addon: true, content: text.replace("one", "two") },
      });
      await seen(server, (one) => effectiveConfig(one).includes("value: two"));
      match(JSON.stringify((await seen(server, () => true)).state.packageStatuses), /"agentHasVersion":"2"/);
    });
    await t.step("a package that was tampered with is not installed", async () => {
      const content = new TextDecoder().decode(tarOf([{ path: "a", text: "a" }]));
      await server.post("agents/all/packages", { rules: { version: "3", addon: true, content, tamper: true } });
      const agent = await seen(server, ({ state }) => JSON.stringify(state.packageStatuses).includes("InstallFailed"));
      ok(effectiveConfig(agent).includes("value: two"));
    });
    await t.step("a restart begins anew, with what the server gave last", async () => {
      const before = gateway.stderr().split("Everything is ready").length;
      await server.post("agents/all/restart");
      await eventually(() => gateway.stderr().split("Everything is ready").length > before);
      const agent = await seen(server, (one) => effectiveConfig(one).includes("value: b"));
      strictEqual(agent.remoteConfigStatus, "APPLIED");
    });
    await t.step("own metrics have come by then: what a reader has at its end it still sends", async () => {
      await eventually(async () => (await sink.stats()).points > 0);
    });
    const { code, stderr } = await gateway.stop();
    strictEqual(code, 0, stderr);
    await Deno.remove(setup.directory, { recursive: true });
  });
}

Deno.test({ name: "a remote config that worsens health is rolled back, FAILED and not kept", ignore }, async () => {
  await using server = await startOpampServer();
  await using sink = await startSink();
  const port = freePort();
  const nowhere = `127.0.0.1:${freePort()}`;
  const extension = `remote_config: {allowed_hosts: ["${nowhere}"]}`;
  const setup: Setup = { server, sink, port, directory: await directory(), extension, healthWindow: "1s" };
  await using gateway = await start(setup);
  const load = runLoad(`http://127.0.0.1:${port}`, "-rate", "50", "-duration", "5s", "-warmup", "500ms");
  await gateway.waitForLine("has passed its health window", 20_000);
  await server.post(
    "agents/all/config",
    `
exporters: {otlp_http/other: {endpoint: "http://${nowhere}", retry_on_failure: {enabled: false}}}
service: {pipelines: {traces: {exporters: [otlp_http/other]}}}
`,
  );
  await seen(server, hasStatus("APPLYING"));
  const agent = await seen(server, hasStatus("FAILED"));
  match(
    agent.error,
    /^the gateway did worse with it and went back\n\d+ % of the items could not be exported, before it 0 %/,
  );
  await seen(server, (one) => !effectiveConfig(one).includes("otlp_http/other"));
  await load;
  await gateway.stop();
  ok(!await Deno.stat(`${setup.directory}/remote_config.json`).catch(() => undefined));
  await Deno.remove(setup.directory, { recursive: true });
});

Deno.test({ name: "kill -9 in the middle of applying, and a start without the server", ignore }, async (t) => {
  await using sink = await startSink();
  const port = freePort();
  const folder = await directory();
  const first = await startOpampServer();
  const setup: Setup = { server: first, sink, port, directory: folder, healthWindow: "400ms" };
  {
    await using gateway = await start(setup);
    await first.post("agents/all/config", ROUTE("good"));
    await seen(first, hasStatus("APPLIED"));
    await t.step("dies while it is watched", async () => {
      await first.post("agents/all/config", ROUTE("next"));
      await seen(first, (one) => hasStatus("APPLYING")(one) && effectiveConfig(one).includes("value: next"));
      await gateway.stop("SIGKILL");
    });
  }
  await t.step("comes back with the last good one, is offered the other again, and takes it", async () => {
    await using gateway = await start(setup);
    const agent = await seen(first, (one) => hasStatus("APPLIED")(one) && effectiveConfig(one).includes("value: next"));
    strictEqual(agent.error, "");
    const { code, stderr } = await gateway.stop();
    strictEqual(code, 0, stderr);
    const lines = stderr.split("\n").filter((line) => line.includes("The configuration was changed"));
    strictEqual(lines.length, 1, stderr); // it began with the good one
  });
  await first.stop();
  await t.step("begins with the last good one while the server is away, and delivers", async () => {
    await using gateway = await start(setup);
    const { acked_items_total } = await runLoad(
      `http://127.0.0.1:${port}`,
      "-rate",
      "20",
      "-duration",
      "500ms",
      "-warmup",
      "0s",
    );
    ok(acked_items_total > 0);
    ok((await sink.stats()).spans >= acked_items_total);
    const printed = await Deno.readTextFile(`${folder}/remote_config.json`);
    ok(printed.includes("value: next"));
    await gateway.stop();
  });
  await t.step("a local configuration that it does not go with anymore counts alone", async () => {
    const path = `${folder}/gateway.yaml`;
    const narrow = { ...setup, extension: "remote_config: {allowed_components: [exporters]}" };
    await Deno.writeTextFile(path, localYaml(narrow));
    await using gateway = await startGateway(undefined, { workers: 2, args: ["--config", path] });
    match(gateway.stderr(), /processors::attributes::actions::0::key: may not be changed from here/);
    await gateway.waitForLine("Runs without the remote configuration");
    await gateway.stop();
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "goes over to another server that the server offers, and to one that the configuration names",
  ignore,
}, async (t) => {
  await using first = await startOpampServer();
  await using second = await startOpampServer();
  await using sink = await startSink();
  const setup: Setup = { server: first, sink, port: freePort(), directory: await directory() };
  const allow = (yaml: string) => yaml.replace("accepts_packages: true", "accepts_opamp_connection_settings: true");
  const path = `${setup.directory}/gateway.yaml`;
  await Deno.writeTextFile(path, allow(localYaml(setup)));
  await using gateway = await startGateway(undefined, { workers: 1, args: ["--config", path, "--health-window", "0"] });
  const isHere = (server: OpampServerPeer) => seen(server, ({ connected }) => connected);
  await isHere(first);

  await t.step("not to one that does not answer", async () => {
    const destinationEndpoint = `ws://127.0.0.1:${freePort()}/v1/opamp`;
    await first.post("agents/all/connection-settings", { opamp: { destinationEndpoint } });
    await seen(
      first,
      ({ connected, state }) => connected && JSON.stringify(state.connectionSettingsStatus ?? "").includes("FAILED"),
    );
  });
  await t.step("to one that does, which it belongs to from then on", async () => {
    await first.post("agents/all/connection-settings", { opamp: { destinationEndpoint: second.endpoint() } });
    await isHere(second);
    ok((await Deno.readTextFile(`${setup.directory}/client.json`)).includes(second.endpoint()));
  });
  await t.step("back to the one that a changed local configuration names", async () => {
    const back = localYaml({ ...setup, server: first }).replace("region: eu", "region: us");
    await Deno.writeTextFile(path, back.replace(first.endpoint(), `${first.endpoint()}?again`));
    gateway.signal("SIGHUP");
    await seen(first, ({ connected, state }) => connected && JSON.stringify(state).includes('"us"'));
    await seen(second, ({ connected }) => !connected);
  });
  await gateway.stop();
  await Deno.remove(setup.directory, { recursive: true });
});
