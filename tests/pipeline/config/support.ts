/**
 * A catalog with the shapes that real components have, and an environment of plain records.
 *
 * @module
 */

import { z } from "zod";
import type { ComponentCatalog, ResolvedConfig } from "../../../pipeline/config/gateway_config.ts";
import { httpClientShape } from "../../../pipeline/config/network/http_client.ts";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { ConfigError, formatProblem, type Problem } from "../../../pipeline/config/problem.ts";
import { durationMs, int, requiredText, secret, section, textList } from "../../../pipeline/config/schema.ts";
import { type ConfigEnvironment, loadConfig } from "../../../pipeline/config/source.ts";
import { senderShape } from "../../../pipeline/queue/settings.ts";

const SIGNALS = ["traces", "metrics", "logs"] as const;

export const catalog: ComponentCatalog = {
  receivers: [{
    type: "otlp",
    summary: "OTLP over HTTP.",
    signals: SIGNALS,
    schema: section({ protocols: section({ http: section(httpServerShape("localhost:4318")).optional() }) }),
  }, { type: "zipkin", signals: ["traces"], schema: section({}) }],
  processors: [
    {
      type: "batch",
      signals: SIGNALS,
      schema: section({ timeout: durationMs().default(200), send_batch_size: int().default(8192) }),
    },
  ],
  exporters: [{
    type: "otlp_http",
    aliases: ["otlphttp"],
    signals: SIGNALS,
    schema: section({
      ...httpClientShape({ timeoutMs: 30_000, compression: "gzip" }),
      endpoint: requiredText(),
      ...senderShape(),
    }),
    warnings: (config) =>
      (config as { max_idle_conns: number }).max_idle_conns === 7
        ? [{ path: "max_idle_conns", message: "is unlucky" }]
        : [],
  }],
  connectors: [{
    type: "forward",
    routes: SIGNALS.map((signal) => ({ from: signal, to: signal })),
    schema: section({}),
  }, {
    type: "count",
    routes: [{ from: "traces", to: "metrics" }],
    schema: section({ names: z.array(section({ name: requiredText() })).default([]) }),
  }],
  extensions: [{
    type: "bearertokenauth",
    schema: section({ token: secret().default(""), scopes: textList().default([]) }),
  }],
};

/** Variables and files as records; anything else is not there. */
export function environmentOf(env: Record<string, string>, files: Record<string, string> = {}): ConfigEnvironment {
  return {
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
    readFile: (path) => {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      return text === undefined ? Promise.reject(new Error("no such file")) : Promise.resolve(text);
    },
  };
}

/** One text, resolved; its places are in `gateway.yaml`. */
export function load(
  text: string,
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<ResolvedConfig> {
  return loadConfig([{ kind: "text", name: "gateway.yaml", text }], environmentOf(env, files));
}

/** Every problem of one text, a line each, warnings too. */
export async function problemLines(text: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  return allProblems(await load(text, env, files)).map(formatProblem);
}

export function allProblems(resolved: ResolvedConfig): readonly Problem[] {
  try {
    return parseConfig(resolved, catalog).warnings;
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
}
