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
import { parseComponentId } from "../../pipeline/config/component_id.ts";
import { COMPONENT_SECTIONS } from "../../pipeline/config/gateway_config.ts";
import { parseHostPort } from "../../pipeline/config/host_port.ts";
import { errorAt, type Problem } from "../../pipeline/config/problem.ts";
import { findExpression } from "../../pipeline/config/tree/expand.ts";
import {
  childNode,
  children,
  type ConfigNode,
  fingerprintOf,
  type MapNode,
  type NodePath,
} from "../../pipeline/config/tree/node.ts";
import { OPAMP_TYPE, type OpampConfig } from "../../pipeline/extensions/opamp.ts";

export type RemotePolicy = OpampConfig["remote_config"];

export interface PolicyInput {
  /** Trees as they are written, nothing in them expanded. */
  readonly remote: MapNode;
  readonly local: MapNode;
  /** Of the local configuration, expanded: what it names may be named. */
  readonly localHosts: ReadonlySet<string>;
}

/** What is in `remote` and not allowed; empty when all of it is. */
export function policyProblems(policy: RemotePolicy, { remote, local, localHosts }: PolicyInput): Problem[] {
  const changes = [...changesOf(remote, local, [])];
  const checks = [
    areaProblem(policy),
    expressionProblem(policy),
    pathProblem(policy),
    hostProblem(policy, localHosts),
    tlsProblem(policy),
  ];
  const problems = changes.flatMap((change) => {
    const message = checks.map((check) => check(change)).find((found) => found !== undefined);
    return message === undefined ? [] : [errorAt(change.node.place, change.path, message)];
  });
  return [...problems, ...departureProblems(remote, local), ...tenantProblems(policy, remote)];
}

/** A value of the remote configuration that the local one does not have there. */
export interface Change {
  readonly path: NodePath;
  readonly node: ConfigNode;
}

/** The changed scalars, and collections that are emptied or come empty. */
function* changesOf(remote: ConfigNode, local: ConfigNode | undefined, path: NodePath): Generator<Change> {
  if (local !== undefined && fingerprintOf(remote) === fingerprintOf(local)) return;
  const below = children(remote);
  if (below.length === 0) {
    if (remote.kind !== "map" || local?.kind !== "map") yield { path, node: remote };
    return; // an empty map over a map changes nothing
  }
  for (const [key, child] of below) {
    const counterpart = remote.kind === "map" ? childNode(local, key) : undefined; // a list replaces a list
    yield* changesOf(child, counterpart, [...path, key]);
  }
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

function textsIn(node: ConfigNode | undefined): readonly string[] {
  return node === undefined ? [] : [node, ...children(node).map(([, child]) => child)].flatMap(textsOf);
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

/** Sections in which a value may name a file or a host; in the others there are only names, conditions and statements. */
const REACHING = /^(?:receivers|exporters|extensions|tenancy|tenants_dir|service)$/;
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

/** Keys whose text is a host even without a port. */
const HOST_KEY = /^(?:endpoint|.*_endpoint|brokers|host|.*_url|.*_address|address)$/;

/** Keys below which texts are only said, and never a destination: what looks like one there is none. */
const SAID = new Set(["headers", "resource"]);

function hostProblem({ allowed_hosts: allowed }: RemotePolicy, localHosts: ReadonlySet<string>): Check {
  return (change) => {
    const refused = hostsOf(change).find((host) => !localHosts.has(host) && !isAllowedHost(host, allowed));
    if (refused === undefined) return undefined;
    return `names the host ${JSON.stringify(refused)}, wanted one of the local configuration` +
      (allowed.length === 0 ? ", or one in allowed_hosts" : ` or of allowed_hosts: ${allowed.join(", ")}`);
  };
}

/** `host:port` of everything below `tree` that may be a destination. */
export function hostsIn(tree: MapNode): ReadonlySet<string> {
  return new Set([...changesOf(tree, undefined, [])].flatMap(hostsOf));
}

function hostsOf({ path, node }: Change): readonly string[] {
  const section = String(path[0]);
  if (!REACHING.test(section)) return [];
  const isListener = section === "receivers" || section === "extensions";
  return destinationsOf(node, path).flatMap((text) => {
    const url = isBrokers(path) ? undefined : urlHostOf(text);
    const isPlain = !isListener && (url === undefined ? isHost(path, text) : parseHostPort(text) !== undefined);
    return [...(url === undefined ? [] : [url]), ...(isPlain ? [text.toLowerCase()] : [])];
  });
}

/** The one key that is never read as a URL: `http:80` is a broker of that name. */
function isBrokers(path: NodePath): boolean {
  return lastKey(path) === "brokers";
}

/** By its key, or, whatever a component calls the key, because it reads as `host:port`. */
function isHost(path: NodePath, text: string): boolean {
  if (HOST_KEY.test(lastKey(path))) return text !== "";
  return parseHostPort(text) !== undefined && !path.some((key) => SAID.has(String(key)));
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443" };

/**
 * The `host:port` that a component connects to which reads `text` as a URL. What means to be one and cannot be read is its
 * own host, so that nothing but `*` allows it.
 *
 * The platform's reader decides, and not how the text looks: it takes `http:host`, `http:\\host` and more. What it makes of
 * an expression in front of the path is not known yet.
 *
 * @returns undefined: no URL.
 */
function urlHostOf(text: string): string | undefined {
  const url = URL.parse(text);
  const port = url === null ? undefined : DEFAULT_PORTS[url.protocol];
  if (url === null || port === undefined) return text.includes("://") ? text : undefined;
  return /^[^/]*\/\/[^/]*\$\{/.test(text) ? text : `${url.hostname}:${url.port || port}`;
}

/** A host's name and nothing else: no path, no credentials, nothing that a reader of URLs takes for their end. */
const PURE_NAME = /^[a-z0-9_.-]+$/;

/**
 * Whether a list of hosts has `host`, which is `name:port`: as `name`, as `name:port`, as `*.domain`, or as `*`.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  const name = host.replace(/:\d*$/, "");
  return allowed.map((pattern) => pattern.toLowerCase()).some((pattern) =>
    pattern === "*" || pattern === host || pattern === name ||
    (pattern.startsWith("*.") && PURE_NAME.test(name) && name.endsWith(pattern.slice(1)))
  );
}

/** An expression that is the whole of a value: what it gives is this machine's own. */
const WHOLE_EXPRESSION = /^\$\{[^{}$]*\}$/;

/** Of a list that may be one text with commas too, as the schema reads it. */
function textsOf(node: ConfigNode): readonly string[] {
  return wholeOf(node).flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
}

/** A key that holds a list is read at its commas whatever else it looks like; a URL is one text with its commas. */
function destinationsOf(node: ConfigNode, path: NodePath): readonly string[] {
  const isUrl = !isBrokers(path) && wholeOf(node).some((text) => urlHostOf(text) !== undefined);
  return isUrl ? wholeOf(node) : textsOf(node);
}

function wholeOf(node: ConfigNode): readonly string[] {
  return node.kind !== "scalar" || node.value === null || WHOLE_EXPRESSION.test(node.text) ? [] : [node.text];
}

function lastKey(path: NodePath): string {
  return String(path.findLast((key) => typeof key === "string"));
}

function tlsProblem({ allow_insecure_skip_verify: isAllowed }: RemotePolicy): Check {
  return ({ path, node }) => {
    if (isAllowed || lastKey(path) !== "insecure_skip_verify") return undefined;
    return node.kind === "scalar" && node.value === false
      ? undefined
      : "is not allowed: wanted certificates to be verified";
  };
}

function tenantProblems({ max_tenants: max }: RemotePolicy, remote: MapNode): Problem[] {
  const tenants = childNode(remote, "tenants");
  if (tenants?.kind !== "map" || tenants.entries.size <= max) return [];
  return [errorAt(tenants.place, ["tenants"], `has ${tenants.entries.size} tenants, wanted ${max} at the most`)];
}

function wanted(allowed: readonly string[], key: string): string {
  return `wanted ${allowed.length === 0 ? `none: ${key} is empty` : `one of ${key}: ${allowed.join(", ")}`}`;
}
