/**
 * Every route of the controller's API, as data.
 *
 * @module
 */

import type { AnswerOf as AnswerOfEndpoint } from "../api/endpoint.ts";
import { ACCESS_ENDPOINTS } from "./endpoints/access.ts";
import { CONFIG_ENDPOINTS } from "./endpoints/configs.ts";
import { FLEET_ENDPOINTS } from "./endpoints/fleet.ts";
import { PACKAGE_ENDPOINTS } from "./endpoints/packages.ts";
import { ROLLOUT_ENDPOINTS } from "./endpoints/rollouts.ts";

export const CONTROLLER_ENDPOINTS = {
  ...FLEET_ENDPOINTS,
  ...CONFIG_ENDPOINTS,
  ...ROLLOUT_ENDPOINTS,
  ...PACKAGE_ENDPOINTS,
  ...ACCESS_ENDPOINTS,
} as const;

export type ControllerEndpoints = typeof CONTROLLER_ENDPOINTS;
export type ControllerOperation = keyof ControllerEndpoints;
export type AnswerOf<O extends ControllerOperation> = AnswerOfEndpoint<ControllerEndpoints[O]>;
