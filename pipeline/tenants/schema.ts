/**
 * What the configuration says of tenants: `tenancy`, `tenant_defaults`, `tenants`, and a file of `tenants_dir`.
 *
 * @module
 */

import { z } from "zod";
import {
  bool,
  durationMs,
  int,
  isMap,
  leaf,
  number,
  oneOf,
  optionalSection,
  readText,
  requiredText,
  section,
} from "../config/schema.ts";
import { isSignal, type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { fleetSchema } from "./fleet/schema.ts";
import { isKeyId, parseSecretHash, type SecretHash } from "./identity/api_key.ts";
import { isPasswordHash } from "./identity/password_hash.ts";
import { identityShape } from "./identity/schema.ts";
import {
  DEFAULT_BURST_MS,
  DEFAULT_PRIORITY,
  DEFAULT_WEIGHT,
  MAX_KEYS_PER_TENANT,
  MAX_PRIORITY,
  MAX_WEIGHT,
} from "./limits.ts";
import { sheddingSchema } from "./shedding.ts";
import { OVER_LIMIT } from "./tenant_spec.ts";
import { usageSchema } from "./usage/schema.ts";

/** Attributes that are put on the resources of one tenant. */
export const MAX_RESOURCE_ATTRIBUTES = 32;
/** Key and value of one, characters each. */
const MAX_ATTRIBUTE_CHARS = 512;
/** Pipelines that one tenant is held to. */
const MAX_PIPELINES = 64;
/** A name in a credential, or of a pipeline, characters. */
const MAX_NAME_CHARS = 256;
/** The largest limit, of any unit: integers stay exact. */
const MAX_LIMIT = 1e12;

/** An id is a file's name, a metric's attribute and a part of a URL's path, as it is. */
const TENANT_ID = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/;

export const WANTED_TENANT_ID = "wanted letters, digits, _ . @ or -, up to 128 of them, the first a letter or digit";

export function isTenantId(text: string): boolean {
  return TENANT_ID.test(text);
}

const name = () =>
  leaf("string", `a text of 1 to ${MAX_NAME_CHARS} characters`, (input) => {
    const text = readText(input);
    return text !== undefined && text !== "" && text.length <= MAX_NAME_CHARS ? text : undefined;
  });

const keyId = () =>
  leaf("string", "12 of the characters a-z and 2-7", (input) => {
    const text = readText(input);
    return text !== undefined && isKeyId(text) ? text : undefined;
  });

const keyHash = () =>
  leaf<SecretHash>("string", "sha256:SALT:HASH", (input) => {
    const text = readText(input);
    return text === undefined ? undefined : parseSecretHash(text);
  }, { secret: true });

const passwordHash = () =>
  leaf("string", "a password's hash, as htpasswd or argon2 makes it", (input) => {
    const text = readText(input);
    return text !== undefined && isPasswordHash(text) ? text : undefined;
  }, { secret: true });

/** A moment, as milliseconds since 1970. */
const moment = () =>
  leaf("time", "a time with its zone, like 2030-01-31T12:00:00Z", (input) => {
    const text = readText(input);
    if (
      text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ) return;
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  });

const keySchema = section({
  id: keyId(),
  hash: keyHash(),
  not_before: moment().optional(),
  expires: moment().optional(),
}).refine(({ not_before: from, expires: until }) => from === undefined || until === undefined || from < until, {
  message: "never counts: it expires before its not_before",
});

const basicSchema = section({
  username: leaf("string", `a text of 1 to ${MAX_NAME_CHARS} characters without a colon`, (input) => {
    const text = readText(input);
    return text !== undefined && /^[^:]{1,256}$/.test(text) ? text : undefined;
  }),
  password_hash: passwordHash(),
});

const certificateSchema = section({
  uri: name().optional(),
  subject: name().optional(),
  dns: name().optional(),
  email: name().optional(),
}).refine((names) => Object.values(names).filter((each) => each !== undefined).length === 1, {
  message: "has none or several names, wanted one of uri, subject, dns and email",
});

const rate = () => number({ min: 0, max: MAX_LIMIT });
const amount = () => int({ min: 0, max: MAX_LIMIT });

const signalList = () =>
  leaf<Signal[]>("list of strings", `a list of ${SIGNAL_NAMES.join(", ")}`, (input) => {
    const texts = readTexts(input);
    return texts?.every(isSignal) ? [...new Set(texts)] : undefined;
  });

const pipelineList = () =>
  leaf("list of strings", `a list of up to ${MAX_PIPELINES} ids of pipelines`, (input) => {
    const texts = readTexts(input);
    const fits = texts !== undefined && texts.length <= MAX_PIPELINES &&
      texts.every((text) => text !== "" && text.length <= MAX_NAME_CHARS);
    return fits ? [...new Set(texts)] : undefined;
  });

function readTexts(input: unknown): string[] | undefined {
  if (!Array.isArray(input)) return undefined;
  const texts = input.map(readText);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

const ATTRIBUTES = `a map of up to ${MAX_RESOURCE_ATTRIBUTES} strings, each of up to ${MAX_ATTRIBUTE_CHARS} characters`;

const attributeMap = () =>
  leaf("map of strings", ATTRIBUTES, (input): Record<string, string> | undefined => {
    if (!isMap(input)) return undefined;
    const pairs = Object.entries(input).map(([key, value]) => [key, readText(value)] as const);
    const fits = pairs.length <= MAX_RESOURCE_ATTRIBUTES && pairs.every(([key, value]) =>
      key !== "" && key.length <= MAX_ATTRIBUTE_CHARS && value !== undefined && value.length <= MAX_ATTRIBUTE_CHARS
    );
    return fits ? Object.fromEntries(pairs as [string, string][]) : undefined;
  });

const share = () =>
  leaf("number", "a number above 0 and up to 1", (input) => {
    const text = readText(input);
    const value = text === undefined || text.trim() === "" ? NaN : Number(text);
    return value > 0 && value <= 1 ? value : undefined;
  });

/** Absent where it is left out: then it is that of `tenant_defaults`, or else `fallback`, which the docs show. */
function inherited<Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>): z.ZodOptional<Schema> {
  return schema.optional().meta({ fallback });
}

/** Each key of it, absent where it is left out. */
const limitShape = {
  requests_per_second: inherited(rate(), 0),
  items_per_second: inherited(rate(), 0),
  bytes_per_second: inherited(rate(), 0),
  burst: inherited(durationMs({ minMs: 1 }), DEFAULT_BURST_MS),
  concurrent_requests: inherited(amount(), 0),
  bytes_in_flight: inherited(amount(), 0),
  max_request_body_size: inherited(amount(), 0),
};

const groupSchema = optionalSection(limitShape);

/** What `tenant_defaults` and a tenant have in common; absent where it is left out. */
const sharedShape = {
  limits: optionalSection({
    all: groupSchema,
    traces: groupSchema,
    metrics: groupSchema,
    logs: groupSchema,
    profiles: groupSchema,
  }),
  over_limit: inherited(oneOf(OVER_LIMIT), "partial"),
  signals: inherited(signalList(), [...SIGNAL_NAMES]),
  pipelines: pipelineList().optional(),
  resource_attributes: attributeMap().optional(),
  priority: inherited(int({ min: 0, max: MAX_PRIORITY }), DEFAULT_PRIORITY),
  weight: inherited(int({ min: 1, max: MAX_WEIGHT }), DEFAULT_WEIGHT),
  max_queue_share: inherited(share(), 1),
};

/** `tenant_defaults`: what a tenant has that leaves a key out. */
export const tenantDefaultsSchema = section(sharedShape);
export type TenantDefaults = z.output<typeof tenantDefaultsSchema>;

const tenantShape = {
  enabled: bool().default(true),
  keys: listOf(keySchema),
  basic: listOf(basicSchema),
  certificates: listOf(certificateSchema),
  ...sharedShape,
};

/** One of `tenants`. */
export const tenantSchema = section(tenantShape);
export type TenantSettings = z.output<typeof tenantSchema>;

/** Keys whose values are nobody else's. */
export const OWN_KEYS: readonly string[] = ["keys", "basic", "certificates", "resource_attributes"];

/** Different values of keys that a reader remembers. */
const MAX_REMEMBERED = 1_024;
/** The longest value that is remembered, characters of JSON. */
const MAX_REMEMBERED_CHARS = 1_024;

/**
 * Reads many tenants: the plans of a fleet are few, and what was read of one of them once is not read again. Takes a
 * third of the time that the schema takes.
 */
export class TenantReader {
  readonly #known = new Map<string, unknown>();
  /** By the object that it was read of: files of one plan share it. */
  readonly #knownOf = new WeakMap<object, unknown>();

  /**
   * @param written A key that is undefined is passed over. @param toInput Makes what a schema takes of a JSON value.
   * @returns undefined when something is wrong: the schema tells what.
   */
  read(written: Readonly<Record<string, unknown>>, toInput: (json: unknown) => unknown): TenantSettings | undefined {
    const settings: Record<string, unknown> = { enabled: true, keys: [], basic: [], certificates: [] };
    for (const key of Object.keys(written)) {
      if (written[key] === undefined) continue;
      const value = this.#read(key, written[key], toInput);
      if (value === undefined) return undefined;
      settings[key] = value;
    }
    return settings as TenantSettings;
  }

  #read(key: string, json: unknown, toInput: (json: unknown) => unknown): unknown {
    if (!Object.hasOwn(tenantShape, key) || json === null) return undefined;
    const ofObject = typeof json === "object" ? this.#knownOf.get(json) : undefined;
    if (ofObject !== undefined) return ofObject;
    const schema = tenantShape[key as keyof typeof tenantShape];
    const text = OWN_KEYS.includes(key) ? "" : `${key} ${JSON.stringify(json)}`;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const data = plainOf(key, json) ?? schema.safeParse(toInput(json)).data;
    const isCommon = text !== "" && text.length <= MAX_REMEMBERED_CHARS && this.#known.size < MAX_REMEMBERED;
    if (data === undefined || !isCommon) return data;
    this.#known.set(text, data);
    if (typeof json === "object") this.#knownOf.set(json, data);
    return data;
  }
}

/** A list of keys with an id and a hash, and attributes that are texts: what each tenant has of its own, mostly. */
function plainOf(key: string, json: unknown): unknown {
  if (key === "keys") return plainKeys(json);
  return key === "resource_attributes" ? plainAttributes(json) : undefined;
}

function plainKeys(json: unknown): TenantSettings["keys"] | undefined {
  if (!Array.isArray(json) || json.length > MAX_KEYS_PER_TENANT) return undefined;
  const keys: TenantSettings["keys"] = [];
  for (const each of json as readonly unknown[]) {
    if (typeof each !== "object" || each === null) return undefined;
    const { id, hash: text } = each as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || typeof text !== "string" || !isKeyId(id)) return undefined;
    for (const key in each) if (key !== "id" && key !== "hash") return undefined;
    const hash = parseSecretHash(text);
    if (hash === undefined) return undefined;
    keys.push({ id, hash });
  }
  return keys;
}

function plainAttributes(json: unknown): Record<string, string> | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const pairs = Object.entries(json);
  const fits = pairs.length <= MAX_RESOURCE_ATTRIBUTES &&
    pairs.every(([key, value]) =>
      key !== "" && key.length <= MAX_ATTRIBUTE_CHARS && typeof value === "string" &&
      value.length <= MAX_ATTRIBUTE_CHARS
    );
  return fits ? json as Record<string, string> : undefined;
}

function listOf<Schema extends z.ZodType>(schema: Schema) {
  const message = `has more than ${MAX_KEYS_PER_TENANT}, wanted ${MAX_KEYS_PER_TENANT} at the most`;
  return z.array(schema).max(MAX_KEYS_PER_TENANT, { message }).default([]);
}

/** `tenants`, by id. A bare key is none. */
export const tenantsSchema = z.preprocess((input) => input ?? {}, z.record(z.string(), tenantSchema));

/** `tenancy`: how tenants are told apart, what their limits are of, who is given up first, and what is kept of what they use. */
export const tenancySchema = section({
  ...identityShape,
  fleet: fleetSchema,
  shedding: sheddingSchema,
  usage: usageSchema,
});
export type TenancyConfig = z.output<typeof tenancySchema>;

/** `tenants_dir`. */
export const tenantsDirSchema = requiredText();
