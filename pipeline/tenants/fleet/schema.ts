/**
 * `tenancy.fleet`: what the limits of tenants are of, when there is more than one gateway.
 *
 * @module
 */

import type { z } from "zod";
import { hostPort } from "../../config/network/host_port.ts";
import { durationMs, int, oneOf, optionalSection, secret, section, text } from "../../config/schema.ts";
import { tlsClientSchema } from "../../config/network/tls.ts";

/** `local`: each replica has the whole limit. */
const FLEET_MODES = ["local", "divided", "redis"] as const;

const MAX_REPLICAS = 10_000;

const redisSchema = optionalSection({
  endpoint: hostPort(),
  username: text().default(""),
  password: secret().default(""),
  database: int({ min: 0, max: 65_535 }).default(0),
  tls: tlsClientSchema.optional(),
  /** Fleets that share a server have different ones. */
  key_prefix: text().default("sluice"),
  /** Between two rounds; a round that takes longer is waited for. */
  interval: durationMs({ minMs: 50 }).default(250),
  /** After which the shares of a replica that says nothing are others'. */
  lease: durationMs({ minMs: 500 }).default(2_000),
  /** Of one round's answer. */
  timeout: durationMs({ minMs: 10 }).default(1_000),
});

export const fleetSchema = section({
  mode: oneOf(FLEET_MODES).default("local"),
  /** How many share the limits; with `redis`, what is supposed until it has told. */
  replicas: int({ min: 1, max: MAX_REPLICAS }).default(1),
  redis: redisSchema,
}).prefault({}).superRefine(({ mode, redis }, context) => {
  if (mode === "redis" && redis === undefined) {
    context.addIssue({ code: "custom", path: ["redis"], message: "is missing, wanted with the mode redis" });
  }
  if (redis !== undefined && redis.lease < 2 * redis.interval) {
    context.addIssue({ code: "custom", path: ["redis", "lease"], message: "is shorter than two intervals" });
  }
});

export type FleetConfig = z.output<typeof fleetSchema>;
export type RedisConfig = NonNullable<FleetConfig["redis"]>;
