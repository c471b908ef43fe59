/**
 * Which packages are taken: add-ons alone, from known hosts, signed where a key is configured.
 *
 * @module
 */

import type { KeyObject } from "node:crypto";
import type { PackagePolicy } from "../../../opamp/client/offers/package_sync.ts";
import { DEFAULT_PACKAGE_POLICY } from "../../../opamp/client/offers/package_sync.ts";
import { PackageType } from "../../../opamp/protocol/capabilities.ts";
import type { OpampConfig } from "../../../pipeline/extensions/opamp.ts";
import { isAllowedHost } from "../policy/hosts.ts";
import { isSignature } from "../remote_files.ts";
import { isPackageName } from "./store.ts";

/**
 * @param endpoint Of the OpAMP server, whose host is known.
 * @param key What contents must be signed with; undefined: they need not be.
 */
export function packagePolicy(
  { max_bytes: maxBytes, allowed_hosts: allowed }: OpampConfig["packages"],
  endpoint: string,
  key: KeyObject | undefined,
): PackagePolicy {
  const hosts = [...allowed, new URL(endpoint).hostname];
  return {
    ...DEFAULT_PACKAGE_POLICY,
    maxBytes,
    check: (name, { type = PackageType.TopLevel, file }) => {
      if (!isPackageName(name)) return "its name is none for a directory: wanted letters, digits, _, . and -";
      if (type !== PackageType.Addon) return "it is the program itself: wanted an add-on";
      const url = file?.downloadUrl ?? "";
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
        return "its download_url is no http or https URL";
      }
      const { host } = new URL(url);
      return isAllowedHost(host, hosts) ? undefined : `it comes from ${host}, wanted one of ${hosts.join(", ")}`;
    },
    verify: (_name, content, signature) => {
      const isFine = key === undefined || isSignature(key, content, signature);
      return Promise.resolve(isFine ? undefined : "it is not signed with the key of packages");
    },
  };
}
