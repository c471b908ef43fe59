/**
 * Packages as the API takes and gives them.
 *
 * @module
 */

import { z } from "zod";
import { count, named, timeMs } from "../api/schemas.ts";

/** Base64 of the largest content that is kept, characters. */
const MAX_BASE64_CHARS = 11_200_000;

export const packageNameSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
export const packageVersionSchema = z.string().regex(/^[\w.+-]{1,64}$/);
const hash = () => z.string().regex(/^[0-9a-f]{64}$/).describe("SHA-256 of the content, hexadecimal.");
const type = () => z.enum(["addon", "top_level"]).describe("top_level is the agent's own program: gateways refuse it.");

export const packageUploadSchema = named(
  "PackageUpload",
  z.strictObject({
    version: packageVersionSchema,
    type: type().default("addon"),
    base64: z.base64().max(MAX_BASE64_CHARS).optional().describe("The content, at most 8 MiB; or a url."),
    url: z.url({ protocol: /^https?$/ }).max(2_048).refine((url) => new URL(url).password === "", "has a password")
      .optional().describe("Where agents find the content. They must be allowed to go there."),
    sha256: hash().optional().describe("Wanted with a url."),
    signature: z.base64().max(4_096).optional().describe("Of the content, in Base64: Ed25519 for gateways with a key."),
    note: z.string().max(1_024).default(""),
  }),
);

export const packageSchema = named(
  "Package",
  z.strictObject({
    name: z.string(),
    version: z.string(),
    type: type(),
    sha256: hash(),
    url: z.string().nullable().describe("null: the content is kept here."),
    byte_length: count().describe("Of the content that is kept here."),
    is_signed: z.boolean(),
    created_ms: timeMs(),
    who: z.string(),
    note: z.string(),
  }),
);

const refSchema = z.strictObject({ name: packageNameSchema, version: packageVersionSchema });

export const packageOfferRequestSchema = named(
  "PackageOfferRequest",
  z.strictObject({ selector: z.string().max(4_096), packages: z.array(refSchema).min(1).max(20) }),
);

export const packageOfferSchema = named(
  "PackageOffer",
  z.strictObject({
    selector: z.string().describe("Canonical."),
    packages: z.array(refSchema),
    changed_ms: timeMs(),
    who: z.string(),
    agents: count().describe("That have this offer as theirs: no more specific one matches them."),
    connected: count(),
  }),
);

export const packageStatusNames = [
  "Installed",
  "InstallPending",
  "Installing",
  "InstallFailed",
  "Downloading",
] as const;

export const packageStatusSchema = named(
  "AgentPackage",
  z.strictObject({
    uid: z.string().describe("instance_uid, 32 hexadecimal digits."),
    host: z.string(),
    name: z.string(),
    has_version: z.string().describe("Empty: it has none."),
    offered_version: z.string(),
    status: z.string(),
    error: z.string(),
    download_percent: z.number(),
  }),
);

export type PackageView = z.output<typeof packageSchema>;
export type AgentPackage = z.output<typeof packageStatusSchema>;
