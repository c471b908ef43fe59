/** The controller's process and our gateway: taps and packages by REST and by the command line, and its metrics. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { metricRow } from "../../pipeline/core/telemetry/table.ts";
import { ControllerProcess, type Json } from "../support/controller_process.ts";
import { freePort, runMain, startGateway } from "../support/gateway_process.ts";
import { eventually } from "../support/eventually.ts";
import { tarOf } from "../support/tar.ts";

const PORT = freePort();
const keys = generateKeyPairSync("ed25519", {
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

const yaml = (controller: ControllerProcess, directory: string, port: number) => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {debug: {}}
extensions:
  opamp:
    server: {ws: {endpoint: "ws://${controller.address}/v1/opamp"}}
    heartbeat_interval: 200ms
    state_directory: ${directory}/opamp
    agent_description: {non_identifying_attributes: {region: eu}}
    capabilities: {accepts_remote_config: true, accepts_packages: true}
    packages: {public_key: ${JSON.stringify(keys.publicKey)}}
    tap: {enabled: true, mask: [user.id]}
service:
  extensions: [opamp]
  telemetry: {metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}
`;

function sendLog(port: number): Promise<Response> {
  const attributes = [{ key: "user.id", value: { stringValue: "u-17" } }];
  const record = { body: { stringValue: "hello" }, attributes };
  return fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
  });
}

Deno.test("the controller with a gateway of ours", async (t) => {
  const directory = await Deno.makeTempDir();
  await using controller = await ControllerProcess.start({ stateDir: `${directory}/controller` });
  await Deno.writeTextFile(`${directory}/gateway.yaml`, yaml(controller, directory, PORT));
  await using _gateway = await startGateway(undefined, { workers: 1, args: ["--config", `${directory}/gateway.yaml`] });
  const [agent]: Json[] = await eventually(async () => {
    const { items } = await controller.get("/api/v1/agents");
    return items.length === 1 && items[0].connected ? items : undefined;
  });
  const { uid } = agent;

  await t.step("a tap gives masked samples and ends", async () => {
    const node = encodeURIComponent("exporter:debug:logs");
    const path = `/api/v1/agents/${uid}/tap?node=${node}&max_samples=1&duration_ms=20000`;
    const answer = await controller.fetch("GET", path);
    strictEqual(answer.headers.get("content-type"), "text/event-stream");
    const events = answer.text();
    await eventually(async () => {
      await (await sendLog(PORT)).body?.cancel();
      return await Promise.race([events, new Promise((resolve) => setTimeout(resolve, 200))]);
    });
    const text = await events;
    match(text, /event: sample/);
    ok(!text.includes("u-17"), text);
    match(text, /"type":"end","reason":"max_samples","text":"","samples":1/);
  });

  await t.step("a tap that the gateway refuses, and agents that cannot be tapped", async () => {
    const ended = await controller.cli("agents", "tap", uid, "exporter:nobody:logs", "--duration", "1s");
    strictEqual(ended.code, 1);
    match(ended.stderr, /refused: Cannot find .*nobody/);
    strictEqual((await controller.fetch("GET", `/api/v1/agents/${"0".repeat(32)}/tap?node=x`)).status, 404);
    const { items } = await controller.get("/api/v1/audit?limit=10");
    ok(items.some(({ operation, target }: Json) => operation === "tapAgent" && target === uid));
  });

  const bundle = tarOf([{ path: "rules.yaml", text: "a: 1\n" }]);
  const signature = sign(null, bundle, createPrivateKey(keys.privateKey));
  const installed = `${directory}/opamp/packages/rules/current/rules.yaml`;

  await t.step("a package that is not signed is refused by the gateway, and told", async () => {
    const body = { version: "0", base64: bundle.toBase64() };
    await controller.ask("POST", "/api/v1/packages/rules/versions", body);
    await controller.ask("PUT", "/api/v1/package-offers", {
      selector: "region=eu",
      packages: [{ name: "rules", version: "0" }],
    });
    const [status] = await eventually(async () => {
      const { items } = await controller.get("/api/v1/package-statuses?selector=region%3Deu&status=InstallFailed");
      return items.length > 0 ? items : undefined;
    });
    match(status.error, /not signed/);
  });

  await t.step("one that is signed is installed", async () => {
    await Deno.writeFile(`${directory}/rules.tar`, bundle);
    await Deno.writeFile(`${directory}/rules.sig`, signature);
    const sig = ["--signature", `${directory}/rules.sig`];
    const added = await controller.cli("packages", "add", "rules", "1", `${directory}/rules.tar`, ...sig);
    strictEqual(added.code, 0, added.stderr);
    match((await controller.cli("packages", "offer", "region=eu", "rules@1")).stdout, /1 agents, 1 of them connected/);
    await eventually(() => Deno.readTextFile(installed).catch(() => undefined));
    await eventually(async () => /Installed/.test((await controller.cli("packages", "status")).stdout));
    match((await controller.cli("packages", "list")).stdout, /rules +1 +addon +kept here/);
    match((await controller.cli("packages", "offers")).stdout, /region = eu +rules@1 +1 of 1/);
  });

  await t.step("what cannot be done says why", async () => {
    const refused: [method: string, path: string, body: unknown, status: number][] = [
      ["POST", "/api/v1/packages/rules/versions", { version: "1", base64: "" }, 409],
      ["POST", "/api/v1/packages/rules/versions", { version: "2" }, 400],
      ["POST", "/api/v1/packages/rules/versions", { version: "2", url: "https://x.example/a" }, 400],
      ["POST", "/api/v1/packages/rules/versions", { version: "2", base64: "YQ==", sha256: "0".repeat(64) }, 400],
      ["POST", "/api/v1/packages/rules/versions", { version: "2", url: "ftp://x/a", sha256: "0".repeat(64) }, 400],
      ["DELETE", "/api/v1/packages/rules/versions/1", undefined, 409],
      ["DELETE", "/api/v1/packages/rules/versions/9", undefined, 404],
      ["PUT", "/api/v1/package-offers", { selector: "*", packages: [{ name: "no", version: "1" }] }, 404],
      ["DELETE", "/api/v1/package-offers?selector=region%3Dus", undefined, 404],
      ["GET", "/packages/0", undefined, 401],
    ];
    for (const [method, path, body, status] of refused) {
      const answer = await controller.fetch(method, path, body);
      strictEqual(answer.status, status, `${method} ${path}: ${await answer.text()}`);
    }
  });

  await t.step("an offer is taken back, and its versions can go; the gateway keeps what it has", async () => {
    strictEqual((await controller.cli("packages", "withdraw", "region = eu")).code, 0);
    await controller.ask("DELETE", "/api/v1/packages/rules/versions/1");
    deepStrictEqual((await controller.get("/api/v1/package-offers")).items, []);
    strictEqual(await Deno.readTextFile(installed), "a: 1\n");
  });

  await t.step("its metrics: for Prometheus, every name of the table", async () => {
    const text = await (await controller.fetch("GET", "/metrics")).text();
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
    for (const name of names) ok(metricRow(name), name);
    match(text, /^sluice_controller_agents_connected 1$/m);
    match(text, /^sluice_controller_offers\{kind="packages"\} [1-9]/m);
    match(text, /^sluice_controller_messages\{direction="in",transport="websocket"\} [1-9]/m);
    match(text, /^sluice_controller_api_requests\{method="PUT",status="200"\} [1-9]/m);
    match(text, /^sluice_controller_store_duration_count\{operation="write"\} [1-9]/m);
    match(text, /^sluice_controller_taps\{outcome="max_samples"\} 1$/m);
    match(text, /^sluice_controller_package_downloads\{status="200"\} [1-9]/m);
  });
});

Deno.test("the controller's metrics are for who may read", async () => {
  const directory = await Deno.makeTempDir();
  const tokens = `${directory}/tokens`;
  const { stdout } = await runMain(["admin", "token", "--name", "prometheus", "--tokens", tokens]);
  await using controller = await ControllerProcess.start({
    stateDir: `${directory}/controller`,
    args: ["--tokens", tokens],
  });
  const ask = (token: string) =>
    fetch(`http://${controller.address}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const [no, yes] = [await ask("nobody"), await ask(stdout.trim())];
  deepStrictEqual([no.status, yes.status], [401, 200]);
  match(await yes.text(), /sluice_controller_rollouts\{state="running"\} 0/);
  await no.body?.cancel();
});
