/**
 * What a remote configuration may change, as the local one says. Only what it changes is looked at: a remote
 * configuration may repeat what is written here.
 *
 * Lists of what is allowed, never of what is not, because a server may be in wrong hands: which parts, which hosts data
 * goes to, which files are named, which variables are used. What belongs to this machine (the `opamp` extension itself)
 * is no server's at all. Every violation is told, with its place, and the configuration is refused whole.
 * Source: opamp-spec "Security", "Configuration restrictions".
 *
 * @module
 */

import { posix } from "node:path";
import { parseComponentId } from "../../../pipeline/config/component_id.ts";
import { COMPONENT_SECTIONS } from "../../../pipeline/config/gateway_config.ts";
import { errorAt, type Problem } from "../../../pipeline/config/problem.ts";
import { findExpression } from "../../../pipeline/config/tree/expand.ts";
import { childNode, type ConfigNode, type MapNode } from "../../../pipeline/config/tree/node.ts";
import { OPAMP_TYPE, type OpampConfig } from "../../../pipeline/extensions/opamp.ts";
import { type Change, changesOf, lastKey, REACHING, textsIn, textsOf } from "./changes.ts";
import { hostsIn, hostsOf, isAllowedHost } from "./hosts.ts";
import { tlsCheck } from "./tls.ts";

export type RemotePolicy = OpampConfig["remote_config"];

export interface PolicyInput {
  /** Trees as they are written, nothing in them expanded. The remote ones in the order in which they are merged. */
  readonly remote: readonly MapNode[];
  readonly local: MapNode;
  /** The local configuration, expanded: the hosts that it names may be named. */
  readonly expanded: MapNode;
}

/**
 * What is in `remote` and not allowed; empty when all of it is.
 *
 * Each file is looked at by itself, as it comes over what is here: one may empty what the next fills again, which the two
 * together do not show.
 */
export function policyProblems(policy: RemotePolicy, { remote, local, expanded }: PolicyInput): Problem[] {
  const checks = [
    areaProblem(policy),
    expressionProblem(policy),
    pathProblem(policy),
    hostProblem(policy, hostsIn(expanded)),
  ];
  const problems = remote.flatMap((file) => {
    const all = policy.allow_insecure_skip_verify ? checks : [...checks, tlsCheck({ remote: file, local: expanded })];
    return [...changesOf(file, local, [])].flatMap(({ path, node }) => {
      const message = all.map((check) => check({ path, node })).find((found) => found !== undefined);
      return message === undefined ? [] : [errorAt(node.place, path, message)];
    }).concat(departureProblems(file, local));
  });
  return [...problems, ...tenantProblems(policy, remote)];
}

type Check = (change: Change) => string | undefined;

/** Which part of the configuration it is in: `exporters/otlp_http`, `service/pipelines`, `tenants`. */
function areaProblem({ allowed_components: allowed }: RemotePolicy): Check {
  return ({ path }) => {
    const [section = "", key] = path.map(String);
    const type = key === undefined ? undefined : Object.hasOwn(COMPONENT_SECTIONS, section) ? typeOf(key) : key;
    if (section === "extensions" && (type === OPAMP_TYPE || type === undefined)) {
      return "is a matter of this machine: no server may change it";
    }
    const area = type === undefined ? section : `${section}/${type}`;
    if (allowed.includes(section) || allowed.includes(area)) return undefined;
    return `may not be changed from here: wanted one of ${allowed.join(", ") || "nothing"}`;
  };
}

function typeOf(id: string): string {
  return parseComponentId(id)?.type ?? id;
}

/** A server may not have itself taken out of what runs. */
function departureProblems(remote: MapNode, local: MapNode): Problem[] {
  const guarded = textsIn(childNode(childNode(local, "service"), "extensions")).filter((id) =>
    typeOf(id) === OPAMP_TYPE
  );
  const service = childNode(remote, "service");
  if (service === undefined || guarded.length === 0) return [];
  const extensions = childNode(service, "extensions");
  if (service.kind === "map" && extensions === undefined) return [];
  const left = textsIn(extensions);
  const missing = guarded.find((id) => !left.includes(id));
  const message = `takes away ${JSON.stringify(missing)}, which is a matter of this machine`;
  return missing === undefined ? [] : [errorAt((extensions ?? service).place, ["service", "extensions"], message)];
}

/** `${…}` looks into this machine: at most at chosen variables and files. */
function expressionProblem({ allowed_variables: variables, allowed_paths: paths }: RemotePolicy): Check {
  return ({ node }) => {
    for (const expression of expressionsIn(node)) {
      const [, scheme = "env", opaque = expression] = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(expression) ?? [];
      if (opaque.includes(":-")) return "has an expression with a default, wanted a plain value"; // which nobody checks
      if (scheme === "env" && !variables.includes(opaque)) {
        return `uses the variable ${JSON.stringify(opaque)}, ${wanted(variables, "allowed_variables")}`;
      }
      if (scheme === "file" && !isBelow(opaque, paths)) {
        return `includes the file ${JSON.stringify(opaque)}, ${wanted(paths, "allowed_paths")}`;
      }
      if (scheme !== "env" && scheme !== "file") return `has an expression of ${scheme}, wanted a plain value`;
    }
    return undefined;
  };
}

/** The innermost first; what is around one is looked at with a name that nobody allows in its place. */
function* expressionsIn(node: ConfigNode): Generator<string> {
  if (node.kind !== "scalar" || typeof node.value !== "string") return;
  let text = node.value;
  for (let found = findExpression(text); found !== undefined; found = findExpression(text)) {
    yield text.slice(found.start + 2, found.end - 1);
    text = `${text.slice(0, found.start)}\0${text.slice(found.end)}`;
  }
}

const FILE_KEY =
  /^(?:path|file|filename|directory|(?:error_)?output_paths|certificate|client_certificate|client_key|tenants_dir|.*_file)$/;
const STANDARD_STREAMS = ["stdout", "stderr"];

function pathProblem({ allowed_paths: allowed }: RemotePolicy): Check {
  return ({ path, node }) => {
    if (!REACHING.test(String(path[0])) || !FILE_KEY.test(lastKey(path))) return undefined;
    const refused = textsOf(node).find((text) => !STANDARD_STREAMS.includes(text) && !isBelow(text, allowed));
    return refused === undefined
      ? undefined
      : `names the file ${JSON.stringify(refused)}, ${wanted(allowed, "allowed_paths")}`;
  };
}

/** Whether `path` is one of `allowed`, or below one of them; symbolic links are the administrator's matter. */
function isBelow(path: string, allowed: readonly string[]): boolean {
  const whole = posix.normalize(path);
  return allowed.map((root) => posix.normalize(root).replace(/\/$/, "")).some((root) =>
    whole === root || whole.startsWith(`${root}/`)
  );
}

function hostProblem({ allowed_hosts: allowed }: RemotePolicy, localHosts: ReadonlySet<string>): Check {
  return (change) => {
    const refused = hostsOf(change).find((host) => !localHosts.has(host) && !isAllowedHost(host, allowed));
    if (refused === undefined) return undefined;
    return `names the host ${JSON.stringify(refused)}, wanted one of the local configuration` +
      (allowed.length === 0 ? ", or one in allowed_hosts" : ` or of allowed_hosts: ${allowed.join(", ")}`);
  };
}

function tenantProblems({ max_tenants: max }: RemotePolicy, remote: readonly MapNode[]): Problem[] {
  const all = remote.map((file) => childNode(file, "tenants")).filter((tenants) => tenants?.kind === "map");
  const count = new Set(all.flatMap((tenants) => [...tenants.entries.keys()])).size;
  if (all[0] === undefined || count <= max) return [];
  return [errorAt(all[0].place, ["tenants"], `has ${count} tenants, wanted ${max} at the most`)];
}

function wanted(allowed: readonly string[], key: string): string {
  return `wanted ${allowed.length === 0 ? `none: ${key} is empty` : `one of ${key}: ${allowed.join(", ")}`}`;
}
