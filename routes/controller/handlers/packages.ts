/**
 * Packages: what there is, who is to have it, and how far it is.
 *
 * @module
 */

import { nameOf, PackageStatusEnum, PackageType } from "../../../opamp/protocol/capabilities.ts";
import { bytesToHex } from "../../../opamp/protocol/hashes.ts";
import { parseSelector } from "../../../opamp/rollouts/mod.ts";
import type { AgentView } from "../../../opamp/server/agents/agent_view.ts";
import type { PackageOfferRow, PackageRow } from "../../../opamp/server/store/package_store.ts";
import { page } from "../../api/call.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import type { PACKAGE_ENDPOINTS } from "../endpoints/packages.ts";
import type { AgentPackage, PackageView } from "../package_schemas.ts";
import type { ControllerParts } from "./parts.ts";

/** Of an agent's own words. */
const MAX_TEXT = 2_000;

export function packageHandlers(parts: ControllerParts): HandlersOf<typeof PACKAGE_ENDPOINTS> {
  const { packages } = parts;
  const offerView = ({ selector, packages: refs, changedMs, who }: PackageOfferRow) => ({
    ...{ selector, packages: [...refs], changed_ms: changedMs, who },
    ...packages.reach(selector),
  });
  return {
    listPackages: ({ query }) => ({ body: page(packages.list().map(packageView), query) }),
    addPackage: ({ params: { name }, body, who }) => {
      const { version, url, sha256, note } = body;
      const row = packages.add({
        ...{ name, version, url, sha256, note },
        type: body.type === "addon" ? PackageType.Addon : PackageType.TopLevel,
        content: body.base64 === undefined ? undefined : Uint8Array.fromBase64(body.base64),
        signature: body.signature === undefined ? undefined : Uint8Array.fromBase64(body.signature),
      }, who);
      return { body: packageView(row), detail: `${version}, ${bytesToHex(row.contentHash)}` };
    },
    removePackage: ({ params }) => {
      packages.remove(params);
      return { body: { removed: true } };
    },
    listPackageOffers: ({ query }) => {
      const { items, next_cursor } = page(packages.offers(), query);
      return { body: { items: items.map(offerView), next_cursor } };
    },
    offerPackages: ({ body: { selector, packages: refs }, who }) => {
      const row = packages.offer(selector, refs, who);
      const names = refs.map(({ name, version }) => `${name} ${version}`).join(", ");
      return { body: offerView(row), detail: `${names} to ${row.selector}` };
    },
    withdrawPackages: ({ query: { selector } }) => {
      packages.withdraw(selector);
      return { body: { removed: true }, detail: selector };
    },
    listPackageStatuses: ({ query: { selector, status, limit, cursor } }) => {
      const chosen = selector === undefined ? undefined : parseSelector(selector, parts.compilePattern);
      const items: AgentPackage[] = [];
      let at = 0;
      for (const view of parts.fleet.agents()) {
        if (at++ < Number(cursor ?? 0)) continue;
        const agent = parts.port.get(view.uid);
        if (agent === undefined || chosen?.matches(agent) === false) continue;
        const reported = packagesOf(view, agent.attribute("host.name") ?? "");
        const shown = reported.filter((each) => status === undefined || each.status === status);
        // An agent is on one page whole.
        if (items.length > 0 && items.length + shown.length > limit) {
          return { body: { items, next_cursor: `${at - 1}` } };
        }
        items.push(...shown);
      }
      return { body: { items, next_cursor: null } };
    },
  };
}

function packageView({ name, version, type, contentHash, url, ...row }: PackageRow): PackageView {
  return {
    name,
    version,
    type: type === PackageType.Addon ? "addon" : "top_level",
    sha256: bytesToHex(contentHash),
    url: url ?? null,
    byte_length: row.byteLength,
    is_signed: row.signature !== undefined,
    created_ms: row.createdMs,
    who: row.who,
    note: row.note,
  };
}

function packagesOf(view: AgentView, host: string): AgentPackage[] {
  return Array.from(view.packageStatuses()?.packages ?? [], ([name, reported]) => ({
    uid: view.uid,
    host,
    name,
    has_version: reported.agentHasVersion ?? "",
    offered_version: reported.serverOfferedVersion ?? "",
    status: nameOf(PackageStatusEnum, reported.status),
    error: (reported.errorMessage ?? "").slice(0, MAX_TEXT),
    download_percent: reported.downloadDetails?.downloadPercent ?? 0,
  }));
}
