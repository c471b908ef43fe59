/**
 * Configurations, and which agents are to have which.
 *
 * @module
 */

import type { ConfigFile, ConfigInfo } from "../../../opamp/rollouts/mod.ts";
import { diffFiles } from "../../../opamp/rollouts/mod.ts";
import { ConfigError } from "../../../pipeline/config/problem.ts";
import { page } from "../../api/call.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import type { CONFIG_ENDPOINTS } from "../endpoints/configs.ts";
import { toSnake } from "../names.ts";
import type { ConfigFileView, ConfigUpload } from "../schemas.ts";
import type { ControllerParts } from "./parts.ts";

export function configHandlers({ catalog, rollouts, validate }: ControllerParts): HandlersOf<typeof CONFIG_ENDPOINTS> {
  return {
    listConfigs: ({ query }) => ({ body: page(catalog.list().map(configView), query) }),
    listVersions: ({ params, query }) => ({ body: page(catalog.versions(params.name).map(configView), query) }),
    addVersion: async ({ params: { name }, body, who }) => {
      const files = body.files.map(toFile);
      const problems = body.validate ? await validate(files, body.base.map(toFile)) : [];
      if (problems.some(({ severity }) => severity === "error")) throw new ConfigError(problems);
      const info = catalog.add({ name, files, note: body.note }, who);
      return { body: configView(info), detail: `version ${info.version}` };
    },
    getVersion: ({ params: { name, version } }) => {
      const { contents, ...info } = catalog.get(name, version);
      return { body: { config: configView(info), files: contents.map(fileView) } };
    },
    diffVersions: ({ params: { name }, query }) => {
      const to = catalog.get(name, query.to);
      const from = catalog.get(name, query.from ?? Math.max(1, to.version - 1));
      const files = diffFiles(from.contents, to.contents);
      return { body: { from: refView(from), to: refView(to), files: toSnake(files) } };
    },
    listAssignments: ({ query }) => ({ body: page(toSnake(rollouts.assignments()), query) }),
    assign: ({ body, who }) => {
      const assignment = rollouts.assign(body, who);
      const { config: { name, version }, selector } = assignment;
      return { body: toSnake(assignment), detail: `${name} ${version} to ${selector}` };
    },
    unassign: ({ query: { selector, priority }, who }) => {
      rollouts.unassign(selector, priority, who);
      return { body: { removed: true }, detail: selector };
    },
  };
}

function configView({ name, version, hash, files, byteLength, createdMs, who, note }: ConfigInfo) {
  return { name, version, hash, files: [...files], byte_length: byteLength, created_ms: createdMs, who, note };
}

function refView({ name, version, hash }: ConfigInfo) {
  return { name, version, hash };
}

function toFile({ name, text, base64, content_type, role }: ConfigUpload["files"][number]): ConfigFile {
  const body = base64 === undefined ? new TextEncoder().encode(text) : Uint8Array.fromBase64(base64);
  return { name, body, contentType: content_type, role };
}

function fileView({ name, body, contentType, role }: ConfigFile): ConfigFileView {
  const shared = { name, content_type: contentType, role };
  try {
    return { ...shared, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { ...shared, base64: body.toBase64() };
  }
}
