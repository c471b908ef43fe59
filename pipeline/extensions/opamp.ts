/**
 * The `opamp` extension: the keys by which a gateway follows an OpAMP server. The work is the control thread's, which
 * alone can change the configuration: gateway/opamp/.
 *
 * Source: collector reference, section 8 (opampextension); the keys that let a server change anything are ours, and off
 * until somebody turns them on (opamp-spec "Security").
 *
 * @module
 */

import { z } from "zod";
import {
  bool,
  durationMs,
  extensionId,
  headerMap,
  int,
  leaf,
  optionalSection,
  readText,
  requiredText,
  section,
  text,
  textList,
  textMap,
} from "../config/schema.ts";
import { tlsClientSchema, tlsWarnings } from "../config/network/tls.ts";
import type { ExtensionFactory } from "../contract/component.ts";

const connectionShape = (schemes: readonly string[]) => ({
  endpoint: leaf("string", `a URL that begins with ${schemes.join(" or ")}`, (input) => {
    const url = readText(input);
    return url !== undefined && URL.canParse(url) && schemes.includes(`${new URL(url).protocol}//`) ? url : undefined;
  }),
  headers: headerMap().default({}),
  tls: tlsClientSchema.optional(),
  auth: extensionId().default(""),
  proxy_url: text().default(""),
});

const serverSchema = section({
  ws: optionalSection(connectionShape(["ws://", "wss://"])),
  http: optionalSection({
    ...connectionShape(["http://", "https://"]),
    polling_interval: durationMs({ minMs: 10 }).default(30_000),
  }),
}).superRefine(({ ws, http }, context) => {
  if ((ws === undefined) === (http === undefined)) {
    context.addIssue({ code: "custom", message: "needs exactly one of ws and http" });
  }
});

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const uuid = () =>
  leaf("string", "a UUID, or nothing", (input) => {
    const uid = readText(input);
    return uid === "" || (uid !== undefined && UUID.test(uid)) ? uid : undefined;
  });

/** An Ed25519 key that something must be signed with; none: nothing need be signed. */
const publicKeyShape = {
  /** PEM. */
  public_key: text().default(""),
  public_key_file: text().default(""),
};

/** What a remote configuration may be changed by default: what data goes through, and where to among known hosts. */
const DEFAULT_ALLOWED_COMPONENTS = [
  "processors",
  "connectors",
  "exporters",
  "service/pipelines",
  "tenants",
  "tenant_defaults",
];

/** What a server may make of the configuration. Only the local configuration says so: no remote one changes it. */
const remoteConfigSchema = section({
  allowed_components: textList().default(DEFAULT_ALLOWED_COMPONENTS),
  allowed_hosts: textList().default([]),
  allowed_paths: textList().default([]),
  allowed_variables: textList().default([]),
  allow_insecure_skip_verify: bool().default(false),
  max_tenants: int({ min: 0 }).default(10_000),
  ...publicKeyShape,
});

const opampSchema = section({
  server: serverSchema,
  instance_uid: uuid().default(""),
  heartbeat_interval: durationMs().default(30_000),
  capabilities: section({
    reports_effective_config: bool().default(true),
    reports_health: bool().default(true),
    reports_available_components: bool().default(true),
    reports_heartbeat: bool().default(true),
    reports_own_metrics: bool().default(false),
    reports_own_traces: bool().default(false),
    reports_own_logs: bool().default(false),
    accepts_remote_config: bool().default(false),
    accepts_opamp_connection_settings: bool().default(false),
    accepts_packages: bool().default(false),
    accepts_restart_command: bool().default(false),
  }).prefault({}),
  agent_description: section({
    non_identifying_attributes: textMap().default({}),
    include_resource_attributes: bool().default(false),
  }).prefault({}),
  ppid: int({ min: 0 }).default(0),
  ppid_poll_interval: durationMs().default(5_000),
  state_directory: text().default(""),
  remote_config: remoteConfigSchema.prefault({}),
  packages: section({
    max_bytes: int({ min: 1, max: 1_073_741_824 }).default(16_777_216),
    allowed_hosts: textList().default([]),
    ...publicKeyShape,
  }).prefault({}),
  tap: section({
    enabled: bool().default(false),
    mask: z.array(requiredText()).default([]),
  }).prefault({}),
});

export type OpampConfig = z.output<typeof opampSchema>;

export const OPAMP_TYPE = "opamp";

export const opampFactory: ExtensionFactory<OpampConfig> = {
  type: OPAMP_TYPE,
  summary: "Tells an OpAMP server what the gateway is and does, and takes from it what the keys here allow.",
  schema: opampSchema,
  warnings: ({ server, ppid }) => [
    ...(ppid === 0 ? [] : [{ path: "ppid", message: "is ignored: no supervisor is needed, and none is watched" }]),
    ...(["ws", "http"] as const).flatMap((transport) => {
      const { auth, tls } = server[transport] ?? {};
      return [
        ...(auth
          ? [{ path: `server::${transport}::auth`, message: "is ignored, wanted the credentials in headers" }]
          : []),
        ...(tls === undefined ? [] : tlsWarnings(`server::${transport}::tls`, tls)),
      ];
    }),
  ],
  /** The part of the control thread is started by `gateway/run.ts`; elsewhere there is no process to look after. */
  create: () => ({ start: () => Promise.resolve(), shutdown: () => Promise.resolve() }),
};
