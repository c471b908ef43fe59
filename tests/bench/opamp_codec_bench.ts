/** The codec of OpAMP: what an agent in a fleet costs its server. */

import { AgentCapabilities } from "../../opamp/protocol/capabilities.ts";
import {
  decodeAgentToServer,
  encodeAgentToServer,
  encodeRemoteConfig,
  encodeServerToAgent,
} from "../../opamp/protocol/messages.ts";
import { opampType } from "../support/opamp_proto.ts";

const instanceUid = crypto.getRandomValues(new Uint8Array(16));
const heartbeat = encodeAgentToServer({ instanceUid, sequenceNum: 500, capabilities: AgentCapabilities.ReportsStatus });
const remoteConfig = {
  config: { configMap: new Map([["", { body: new Uint8Array(20_000).fill(97), contentType: "text/yaml" }]]) },
  configHash: new Uint8Array(32),
};
const encodedConfig = encodeRemoteConfig(remoteConfig);
const report = encodeAgentToServer({
  instanceUid,
  sequenceNum: 1,
  capabilities: 0xffff,
  agentDescription: {
    identifyingAttributes: ["name", "version", "instance"].map((key) => ({
      key,
      value: { stringValue: "some value" },
    })),
    nonIdentifyingAttributes: ["os", "host", "region", "env"].map((key) => ({
      key,
      value: { stringValue: "a label" },
    })),
  },
  health: { healthy: true, startTimeUnixNano: 1_700_000_000_000_000_000n },
  effectiveConfig: { configMap: remoteConfig.config },
  remoteConfigStatus: { lastRemoteConfigHash: new Uint8Array(32), status: 1 },
});
const generated = opampType("AgentToServer");
generated.decode(report);

Deno.bench("decode a heartbeat", { group: "heartbeat", baseline: true }, () => void decodeAgentToServer(heartbeat));
Deno.bench("decode a heartbeat, generated code", { group: "heartbeat" }, () => void generated.decode(heartbeat));
Deno.bench(
  "decode a full report of 20 kB",
  { group: "report", baseline: true },
  () => void decodeAgentToServer(report),
);
Deno.bench("decode a full report of 20 kB, generated code", { group: "report" }, () => void generated.decode(report));
Deno.bench("encode an acknowledgement", () => void encodeServerToAgent({ instanceUid }));
Deno.bench("encode a config of 20 kB", { group: "push", baseline: true }, () => {
  encodeServerToAgent({ instanceUid, remoteConfig });
});
Deno.bench("splice a config of 20 kB in", { group: "push" }, () => {
  encodeServerToAgent({ instanceUid }, { remoteConfig: encodedConfig });
});
