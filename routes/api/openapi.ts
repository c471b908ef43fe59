/**
 * The OpenAPI 3.1 document of an API, printed from the table of its endpoints and their schemas.
 *
 * Source: OpenAPI 3.1.1; its schemas are JSON Schema 2020-12.
 *
 * @module
 */

import { z } from "zod";
import { problemSchema } from "./schemas.ts";
import type { Endpoint, EndpointTable } from "./endpoint.ts";

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonMap = { [key: string]: Json };

/** What every status means. */
export const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "Done.",
  400: "The request is malformed.",
  401: "There is no valid token.",
  403: "The token, the origin or the host is not one that may do this.",
  404: "There is no such thing.",
  409: "It cannot be done as things are.",
  412: "If-Match names another state than the present one: somebody was faster.",
  413: "The body is too large.",
  415: "The body is not application/json.",
  422: "The request is well-formed and cannot be used; the answer says why.",
  428: "If-Match is missing: take the ETag of what you change.",
  429: "Too many of them at once.",
  500: "It failed by a fault of its own.",
  503: "Not now.",
  507: "It could not be written; nothing was changed.",
};

const SCHEMA_ROOT = "#/components/schemas/";
/** What a document says beside its routes. */
export interface DocumentOptions {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** With what each is about, in the order of the document. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where a token comes from. */
  readonly token: string;
}

export function openApiDocument(
  endpoints: EndpointTable,
  { title, description, version, tags, token }: DocumentOptions,
): JsonMap {
  const schemas = new SchemaPrinter();
  const paths: { [path: string]: JsonMap } = {};
  for (const [id, endpoint] of Object.entries(endpoints)) {
    (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = describe(id, endpoint, schemas);
  }
  schemas.refer(problemSchema, "output");
  return {
    openapi: "3.1.1",
    info: { title, version, description },
    tags: Object.entries(tags).map(([name, about]) => ({ name, description: about })),
    paths,
    components: {
      schemas: schemas.printed,
      securitySchemes: { token: { type: "http", scheme: "bearer", description: token } },
    },
  };
}

function describe(id: string, endpoint: Endpoint, schemas: SchemaPrinter): JsonMap {
  const { summary, tag, scope, body } = endpoint;
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: scope === "none" ? [] : [{ token: [scope] }],
    parameters: parametersOf(endpoint),
    ...body === undefined ? {} : {
      requestBody: { required: true, content: { "application/json": { schema: schemas.refer(body, "input") } } },
    },
    responses: responsesOf(endpoint, schemas),
  };
}

function parametersOf({ params, query, etag }: Endpoint): Json[] {
  const header = {
    name: "If-Match",
    in: "header",
    required: true,
    description: "The ETag of what is changed, or * for any.",
    schema: { type: "string" },
  };
  return [
    ...parametersIn("path", params),
    ...parametersIn("query", query),
    ...etag === "wants" ? [header] : [],
  ];
}

function parametersIn(place: "path" | "query", schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Record<string, JsonMap>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...description === undefined ? {} : { description },
    schema: rest,
  }));
}

function responsesOf(endpoint: Endpoint, schemas: SchemaPrinter): JsonMap {
  const answer = schemas.refer(endpoint.answer, "output");
  const headers = endpoint.etag === undefined ? {} : { headers: { ETag: { schema: { type: "string" } } } };
  const type = endpoint.stream ? "text/event-stream" : endpoint.text ?? "application/json";
  const success = { description: STATUS_TEXTS[200] ?? "", ...headers, content: { [type]: { schema: answer } } };
  const problem = {
    content: { "application/problem+json": { schema: { $ref: `${SCHEMA_ROOT}Problem` } } },
  };
  const failures = statusesOf(endpoint).map((status) => [
    String(status),
    // A probe that fails says so in its own words.
    status === 503 && endpoint.scope === "none"
      ? { ...success, description: STATUS_TEXTS[status] ?? "" }
      : { description: STATUS_TEXTS[status] ?? "", ...problem },
  ]);
  return Object.fromEntries([["200", success], ...failures]);
}

/** The statuses other than 200 that an endpoint may answer with. */
export function statusesOf({ scope, body, errors, method, stream }: Endpoint): readonly number[] {
  const common = [
    ...[400, 403, 500],
    ...scope === "none" ? [] : [401],
    ...body === undefined ? [] : [413, 415],
    ...method === "GET" && stream !== true ? [] : [429],
  ];
  return [...new Set([...common, ...errors])].sort((a, b) => a - b);
}

/** Prints schemas that have a name once, and refers to them. */
class SchemaPrinter {
  readonly printed: JsonMap = {};

  refer(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema: _, $defs = {}, ...own } = z.toJSONSchema(schema, { io, reused: "inline" }) as JsonMap;
    for (const [name, each] of Object.entries($defs as JsonMap)) this.printed[name] = relocated(each);
    return relocated(own);
  }
}

/** References of a schema that stands alone, as those of the document. */
function relocated(json: Json): Json {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(relocated);
  return Object.fromEntries(
    Object.entries(json).map(([key, each]) => [
      key,
      key === "$ref" && typeof each === "string" ? each.replace("#/$defs/", SCHEMA_ROOT) : relocated(each),
    ]),
  );
}
