import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { clientSettings as settingsOf } from "../../../gateway/opamp/settings.ts";
import { AgentCapabilities, namesOf } from "../../../opamp/protocol/capabilities.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { type OpampConfig, opampFactory } from "../../../pipeline/extensions/opamp.ts";

const on = new Scalar(true, "true");

function configOf(keys: object): OpampConfig {
  return opampFactory.schema.parse({ server: { ws: { endpoint: "ws://127.0.0.1" } }, ...keys });
}

const clientSettings = (config: OpampConfig, resource = {}) => settingsOf(config, resource);

Deno.test("clientSettings(): what is declared is what the keys say", async () => {
  const capabilities = { accepts_remote_config: on, accepts_packages: on, reports_own_metrics: on };
  const { capabilities: mask, customCapabilities } = await clientSettings(
    configOf({ capabilities, tap: { enabled: on } }),
  );
  deepStrictEqual(namesOf(AgentCapabilities, mask), [
    "AcceptsRemoteConfig",
    "ReportsEffectiveConfig",
    "AcceptsPackages",
    "ReportsPackageStatuses",
    "ReportsOwnMetrics",
    "ReportsHealth",
    "ReportsRemoteConfig",
    "ReportsHeartbeat",
    "ReportsAvailableComponents",
    "ReportsConnectionSettingsStatus",
  ]);
  deepStrictEqual([customCapabilities, (await clientSettings(configOf({}))).customCapabilities], [
    ["io.sluice.tap"],
    [],
  ]);
});

Deno.test("clientSettings(): the connection", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "PEM");
  const server = (ca: string) => ({
    http: {
      endpoint: "https://127.0.0.1",
      headers: { a: "b" },
      tls: { ca_file: ca, min_version: "1.3", insecure_skip_verify: on },
      proxy_url: "http://proxy",
      polling_interval: "10s",
    },
  });
  const { connection, pollIntervalMs } = await clientSettings(configOf({ server: server(path) }));
  const { endpoint, headers, tls, proxy } = connection;
  deepStrictEqual([endpoint, headers, proxy?.url, pollIntervalMs], [
    "https://127.0.0.1",
    [["a", "b"]],
    "http://proxy",
    10_000,
  ]);
  deepStrictEqual([tls.caPem, tls.minVersion, tls.insecureSkipVerify], ["PEM", "1.3", true]);
  await Deno.remove(path);
  await rejects(clientSettings(configOf({ server: server(path) })), Deno.errors.NotFound);
});

Deno.test("clientSettings(): the instance uid", async () => {
  strictEqual((await clientSettings(configOf({}))).instanceUid, undefined);
  const { instanceUid } = await clientSettings(configOf({ instance_uid: "01906a5c-0000-7000-8000-000000000001" }));
  strictEqual(instanceUid?.toHex(), "01906a5c000070008000000000000001");
  const id = "0192f0c1-2345-7abc-8def-0123456789ab";
  const first = async (resource: Record<string, string>) =>
    (await clientSettings(configOf({}), resource)).firstInstanceUid?.toHex();
  strictEqual(await first({ "service.instance.id": id }), id.replaceAll("-", ""), "what own telemetry says");
  strictEqual(await first({ "service.instance.id": "edge-1" }), undefined, "no UUID");
  strictEqual(await first({}), undefined, "taken away by the configuration");
});
