/**
 * The OpenAPI document of the admin API.
 *
 * @module
 */

import { type Json, openApiDocument } from "../api/openapi.ts";
import { ENDPOINTS } from "./endpoints.ts";

const TAGS = {
  gateway: "The gateway as a whole.",
  configuration: "What it runs, what it ran, and changes of it.",
  tenants: "Who may send, what is left to them, what they used.",
  data: "What flows through it.",
  operation: "Its log, profiles, and a place to try OTTL.",
};

/** @param version Of the gateway. */
export function adminDocument(version: string): Json {
  return openApiDocument(ENDPOINTS, {
    title: "Sluice admin API",
    description: "Looks into a running gateway and changes it. Failures are application/problem+json.",
    version,
    tags: TAGS,
    token: "Made by `sluice admin token`; its scope is read or write.",
  });
}
