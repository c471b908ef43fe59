/**
 * Who the gateway is, for an OpAMP server: what its own telemetry says it comes from, and the machine.
 *
 * Source: opamp-spec "AgentDescription"; OpenTelemetry semantic conventions, resource attributes of service, host, os.
 *
 * @module
 */

import { hostname } from "node:os";
import type { AgentDescription, AvailableComponents, KeyValue } from "../../opamp/protocol/messages.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { OpampConfig } from "../../pipeline/extensions/opamp.ts";
import { componentTypes } from "../../pipeline/graph/registry.ts";

const IDENTIFYING = ["service.namespace", "service.name", "service.version", "service.instance.id"];

/** @param resource Of own telemetry. */
export function describeAgent(resource: Attributes, config: OpampConfig["agent_description"]): AgentDescription {
  const entries = Object.entries(resource);
  const others = config.include_resource_attributes ? entries.filter(([name]) => !IDENTIFYING.includes(name)) : [];
  const { os, arch } = Deno.build;
  return {
    identifyingAttributes: entries.filter(([name]) => IDENTIFYING.includes(name)).map(keyValue),
    nonIdentifyingAttributes: Object.entries({
      "os.type": os,
      "os.version": Deno.osRelease(),
      "host.arch": HOST_ARCHES[arch] ?? arch,
      "host.name": hostname(),
      "process.runtime.name": "deno",
      "process.runtime.version": Deno.version.deno,
      ...Object.fromEntries(others),
      ...config.non_identifying_attributes,
    }).map(keyValue),
  };
}

/** The conventions' words for the platform's. */
const HOST_ARCHES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

function keyValue([key, value]: readonly [string, unknown]): KeyValue {
  return { key, value: { stringValue: String(value) } };
}

/** Every component that a configuration can name, by its section, as the collector's extension reports them. */
export function availableComponents(): NonNullable<AvailableComponents["components"]> {
  return new Map(
    [...componentTypes()].map(([section, types]) => [
      section,
      { subComponentMap: new Map(types.map((type) => [type, {}])) },
    ]),
  );
}
