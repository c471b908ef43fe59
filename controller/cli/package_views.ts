/**
 * What `sluice controller packages` asks, and how it shows the answer to people.
 *
 * @module
 */

import { readNamedFile } from "../../pipeline/config/environment.ts";
import { figure, plain, table, time } from "../../gateway/admin/cli/table.ts";
import type { ControllerView } from "./run.ts";
import { all } from "./pages.ts";

export const showPackages: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listPackages", { query: page }));
  const rows = json.map((each) => [
    ...[each.name, each.version, each.type, each.url ?? `kept here, ${figure(each.byte_length)}B`],
    ...[each.sha256.slice(0, 12), each.is_signed ? "yes" : "no", time(each.created_ms), each.who, each.note],
  ]);
  const heads = ["NAME", "VERSION", "TYPE", "WHERE", "SHA256", "SIGNED", "SINCE", "WHO", "NOTE"];
  return { json, text: table(heads, rows) };
};

export interface PackageFlags {
  readonly note: string;
  /** A file of the signature as bytes. */
  readonly signature?: string;
  readonly sha256?: string;
}

/** @param source A file to upload, or the URL where agents find it. */
export function addPackage(name: string, version: string, source: string, flags: PackageFlags): ControllerView {
  return async (client) => {
    const isUrl = /^https?:\/\//.test(source);
    const body = {
      ...{ version, note: flags.note },
      ...isUrl ? { url: source } : { base64: (await readNamedFile(source, source, Deno.readFile)).toBase64() },
      ...flags.sha256 === undefined ? {} : { sha256: flags.sha256 },
      ...flags.signature === undefined ? {} : { signature: await readSignature(flags.signature) },
    };
    const { body: json } = await client.ask("addPackage", { params: { name }, body });
    return { json, text: plain(`${json.name} ${json.version}: ${json.sha256}`) };
  };
}

async function readSignature(path: string): Promise<string> {
  return (await readNamedFile(`--signature ${path}`, path, Deno.readFile)).toBase64();
}

export function removePackage(name: string, version: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("removePackage", { params: { name, version } });
    return { json, text: "removed" };
  };
}

export const showPackageOffers: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listPackageOffers", { query: page }));
  const rows = json.map((each) => [
    ...[each.selector, each.packages.map(({ name, version }) => `${name}@${version}`).join(", ")],
    ...[`${each.connected} of ${each.agents}`, time(each.changed_ms), each.who],
  ]);
  return { json, text: table(["SELECTOR", "PACKAGES", "CONNECTED", "SINCE", "WHO"], rows) };
};

/** @param packages `name@version`. */
export function offerPackages(selector: string, packages: readonly string[]): ControllerView {
  return async (client) => {
    const body = { selector, packages: packages.map(readPackage) };
    const { body: json } = await client.ask("offerPackages", { body });
    return { json, text: plain(`offered to ${json.agents} agents, ${json.connected} of them connected`) };
  };
}

export function withdrawPackages(selector: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("withdrawPackages", { query: { selector } });
    return { json, text: "taken back: agents keep what they have" };
  };
}

export function showPackageStatuses(selector: string | undefined): ControllerView {
  return async (client) => {
    const query = selector === undefined ? {} : { selector };
    const json = await all((page) => client.ask("listPackageStatuses", { query: { ...query, ...page } }));
    const rows = json.map((each) => [
      ...[each.uid, each.host, each.name, each.has_version || "-", each.offered_version || "-"],
      ...[each.status === "Downloading" ? `${each.status} ${each.download_percent} %` : each.status, each.error],
    ]);
    return { json, text: table(["AGENT", "HOST", "PACKAGE", "HAS", "OFFERED", "STATUS", "ERROR"], rows) };
  };
}

/** @throws {TypeError} */
function readPackage(text: string): { name: string; version: string } {
  const [, name, version] = /^([^@]+)@([^@]+)$/.exec(text) ?? [];
  if (name === undefined || version === undefined) {
    throw new TypeError(`Cannot read the package ${JSON.stringify(text)}: wanted name@version`);
  }
  return { name, version };
}
