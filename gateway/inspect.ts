/**
 * What the subcommands `validate`, `print-config` and `components` print.
 *
 * @module
 */

import {
  type CatalogEntry,
  COMPONENT_SECTIONS,
  type ComponentSection,
  type GatewayConfig,
} from "../pipeline/config/gateway_config.ts";
import { parseConfig } from "../pipeline/config/parse.ts";
import { ConfigError, formatProblems, formatReport, type Problem } from "../pipeline/config/problem.ts";
import { showConfig } from "../pipeline/config/show.ts";
import { systemClock } from "../pipeline/core/clock.ts";
import { silentLogger } from "../pipeline/core/log/logger.ts";
import { loadComponents, REGISTRY } from "../pipeline/graph/registry.ts";
import { tenantSourcesOf } from "../pipeline/tenants/sources.ts";
import { explainFailure, writeLine } from "./console.ts";
import { resolveSources, type Sources } from "./config/sources.ts";
import { missingFiles } from "./preflight.ts";
import { TenantDirectory } from "./tenants/directory.ts";
import { diskTenantFiles } from "./tenants/tenant_files.ts";

/** Prints every problem and warning of a configuration, and of the tenants in its directory. @returns The exit code: 1 when it cannot run. */
export async function validate(sources: Sources): Promise<number> {
  try {
    const config = parseConfig(await resolveSources(sources), REGISTRY);
    const problems = [...config.warnings, ...missingFiles(config), ...await tenantProblems(config)];
    if (problems.length > 0) writeLine(Deno.stderr, formatReport(problems));
    if (problems.some(({ severity }) => severity === "error")) return 1;
    writeLine(Deno.stdout, "valid");
    return 0;
  } catch (thrown) {
    const isOfConfig = thrown instanceof ConfigError;
    writeLine(Deno.stderr, isOfConfig ? formatReport(thrown.problems, thrown.isPartial) : explainFailure(thrown));
    return 1;
  }
}

async function tenantProblems(config: GatewayConfig): Promise<readonly Problem[]> {
  const options = { clock: systemClock, logger: silentLogger, files: diskTenantFiles, publish: () => {} };
  const tenants = new TenantDirectory(options);
  (await tenants.prepare(tenantSourcesOf(config))).commit();
  return tenants.problems;
}

/** Prints the resolved configuration as YAML, without its secrets. @returns The exit code: 1 when it cannot be read. */
export async function printConfig(sources: Sources): Promise<number> {
  const resolved = await resolveSources(sources);
  const unread = resolved.problems.filter(({ severity }) => severity === "error");
  if (unread.length > 0) writeLine(Deno.stderr, formatProblems(unread));
  else writeLine(Deno.stdout, showConfig(resolved, REGISTRY).trimEnd());
  return unread.length > 0 ? 1 : 0;
}

interface ComponentRow {
  readonly type: string;
  readonly aliases: readonly string[];
  /** `logs`, or `traces to metrics` for a connector; empty for an extension. */
  readonly signals: readonly string[];
  readonly summary: string;
}

/** Prints every component that a configuration can name, by section. */
export async function printComponents(asJson: boolean): Promise<void> {
  await loadComponents();
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  const rows = sections.map((section) => [section, REGISTRY[section].map(toRow)] as const);
  writeLine(
    Deno.stdout,
    asJson
      ? JSON.stringify(Object.fromEntries(rows), null, 2)
      : rows.map(([section, components]) => [`${section}:`, ...components.map(describeRow)].join("\n")).join("\n\n"),
  );
}

function toRow({ type, aliases = [], signals, routes, summary = "" }: CatalogEntry): ComponentRow {
  const flows = signals ?? routes?.map(({ from, to }) => from === to ? from : `${from} to ${to}`) ?? [];
  return { type, aliases, signals: flows, summary };
}

function describeRow({ type, aliases, signals, summary }: ComponentRow): string {
  const names = [type, ...aliases].join(", ");
  const flow = signals.length === 0 ? "" : ` (${signals.join(", ")})`;
  return `  ${names}${flow}\n      ${summary}`;
}
