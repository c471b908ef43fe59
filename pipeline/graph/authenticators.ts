/**
 * The authenticators of a graph: extensions that receivers and exporters name under `auth`. Each thread has its own, made
 * once for all that name it, and made anew when its configuration changes: with it whatever names it.
 *
 * @module
 */

import type { ComponentConfig, GatewayConfig } from "../config/gateway_config.ts";
import type { Authenticator, FindAuthenticator } from "../contract/authenticator.ts";
import type { ComponentDeps, ExtensionFactory } from "../contract/component.ts";
import { factoryOf } from "./registry.ts";

/** A configuration is not nested deeper where `auth` can stand. */
const MAX_DEPTH = 8;

/** What a component is handed of the authenticators that it names, and of what it is made with them. */
export interface Authenticated {
  readonly deps: { readonly authenticators?: FindAuthenticator };
  readonly fingerprint: string;
}

/** Makes, or takes over, the authenticator of an extension. */
export type MakeAuthenticator = (extension: ComponentConfig, make: () => Authenticator) => Authenticator;

/**
 * @param make Called for each authenticator that the component names.
 * @throws {TypeError} It names an extension that does not authenticate.
 */
export function authenticated(
  component: ComponentConfig,
  config: GatewayConfig,
  factories: readonly ExtensionFactory<unknown>[],
  depsOf: (id: string) => ComponentDeps,
  make: MakeAuthenticator,
): Authenticated {
  const ids = authenticatorsIn(component.config);
  if (ids.length === 0) return { deps: {}, fingerprint: component.fingerprint };
  const extensions = ids.map((id) => extensionOf(config, id));
  const made = new Map(extensions.map((extension) => {
    const factory = factoryOf(factories, extension.type);
    return [extension.id, make(extension, () => create(factory, extension, depsOf(extension.id)))];
  }));
  return {
    deps: { authenticators: (id) => made.get(id) ?? unknown(id) },
    fingerprint: JSON.stringify([component.fingerprint, ...extensions.map(({ fingerprint }) => fingerprint)]),
  };
}

function extensionOf(config: GatewayConfig, id: string): ComponentConfig {
  const extension = config.extensions.get(id);
  return extension !== undefined && config.serviceExtensions.includes(id) ? extension : unknown(id);
}

function create(
  factory: ExtensionFactory<unknown>,
  { id, config }: ComponentConfig,
  deps: ComponentDeps,
): Authenticator {
  return factory.createAuthenticator?.(config, deps) ?? unknown(id);
}

function unknown(id: string): never {
  throw new TypeError(
    `Cannot authenticate by ${JSON.stringify(id)}: it is no extension that does, wanted one like basicauth`,
  );
}

/** Ids under `auth::authenticator`, wherever in a configuration that stands. */
export function authenticatorsIn(config: unknown, depth = 0): readonly string[] {
  if (typeof config !== "object" || config === null || depth > MAX_DEPTH) return [];
  const own = (config as { auth?: { authenticator?: unknown } }).auth?.authenticator;
  const below = Object.values(config).flatMap((value) => authenticatorsIn(value, depth + 1));
  return [...new Set(typeof own === "string" && own !== "" ? [own, ...below] : below)];
}
