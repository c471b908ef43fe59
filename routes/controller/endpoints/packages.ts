/**
 * Routes of packages: what there is, who is to have it, and how far it is.
 *
 * @module
 */

import { z } from "zod";
import { endpoint } from "../../api/endpoint.ts";
import { pageOf, pageQuerySchema } from "../../api/schemas.ts";
import {
  packageNameSchema,
  packageOfferRequestSchema,
  packageOfferSchema,
  packageSchema,
  packageStatusNames,
  packageStatusSchema,
  packageUploadSchema,
  packageVersionSchema,
} from "../package_schemas.ts";
import { removedSchema } from "../schemas.ts";
import { MAX_CONTROLLER_BODY_BYTES, selectorText } from "./shared.ts";

const packageParams = z.strictObject({ name: packageNameSchema });

export const PACKAGE_ENDPOINTS = {
  listPackages: endpoint({
    method: "GET",
    path: "/api/v1/packages",
    summary: "Packages, every version.",
    tag: "packages",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Packages", packageSchema),
    errors: [],
  }),
  addPackage: endpoint({
    method: "POST",
    path: "/api/v1/packages/{name}/versions",
    summary: "Keeps a version of a package, or where it is. No agent gets it by that.",
    tag: "packages",
    scope: "write",
    params: packageParams,
    body: packageUploadSchema,
    maxBodyBytes: MAX_CONTROLLER_BODY_BYTES,
    answer: packageSchema,
    audited: true,
    errors: [409, 503],
  }),
  removePackage: endpoint({
    method: "DELETE",
    path: "/api/v1/packages/{name}/versions/{version}",
    summary: "Forgets a version; 409 while it is offered.",
    tag: "packages",
    scope: "write",
    params: packageParams.extend({ version: packageVersionSchema }),
    answer: removedSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  listPackageOffers: endpoint({
    method: "GET",
    path: "/api/v1/package-offers",
    summary: "Which agents are to have which packages, the strongest offer first.",
    tag: "packages",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("PackageOffers", packageOfferSchema),
    errors: [],
  }),
  offerPackages: endpoint({
    method: "PUT",
    path: "/api/v1/package-offers",
    summary: "Offers packages to all agents of a selector at once, and to those that come later.",
    tag: "packages",
    scope: "write",
    body: packageOfferRequestSchema,
    answer: packageOfferSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  withdrawPackages: endpoint({
    method: "DELETE",
    path: "/api/v1/package-offers",
    summary: "Takes an offer back. Agents keep what they have, unless another offer matches them.",
    tag: "packages",
    scope: "write",
    query: z.strictObject({ selector: selectorText }),
    answer: removedSchema,
    audited: true,
    errors: [404, 503],
  }),
  listPackageStatuses: endpoint({
    method: "GET",
    path: "/api/v1/package-statuses",
    summary: "What agents say of their packages.",
    tag: "packages",
    scope: "read",
    query: pageQuerySchema.extend({
      selector: selectorText.optional().describe("Only agents that it matches."),
      status: z.enum(packageStatusNames).optional(),
    }),
    answer: pageOf("AgentPackages", packageStatusSchema),
    errors: [],
  }),
} as const;
