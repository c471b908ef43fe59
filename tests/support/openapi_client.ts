/**
 * A client that knows nothing of the API but its OpenAPI document: makes requests that it allows, and others, and tells
 * where an answer is none that the document names.
 *
 * @module
 */

import fc from "fast-check";
import { fitting, type JsonSchema, type Resolve, violations } from "./json_schema.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface Content {
  readonly [type: string]: { readonly schema: JsonSchema };
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** A request to be made. */
export interface Made {
  readonly operation: OpenApiOperation;
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export class OpenApiClient {
  readonly #document: OpenApiDocument;

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  readonly resolve: Resolve = (ref) => {
    const found = this.#document.components.schemas[ref.replace("#/components/schemas/", "")];
    if (found === undefined) throw new TypeError(`Cannot find ${ref} in the document`);
    return found;
  };

  get operations(): readonly {
    readonly path: string;
    readonly method: string;
    readonly operation: OpenApiOperation;
  }[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
    );
  }

  /** Requests as the document allows them, and (one in four) with a body or a parameter that it does not. */
  requests(ids: readonly string[]): fc.Arbitrary<Made> {
    return fc.constantFrom(...this.operations).chain(({ path, method, operation }) =>
      fc.record({
        parameters: fc.record(
          Object.fromEntries(operation.parameters.map((each) => [each.name, this.#parameter(each, ids)])),
          { requiredKeys: operation.parameters.filter(({ required }) => required).map(({ name }) => name) },
        ),
        body: this.#body(operation),
        junk: fc.nat({ max: 7 }),
      }).map(({ parameters, body, junk }) => made({ path, method, operation }, parameters, body, junk))
    );
  }

  /** What is wrong with an answer by the document; empty when nothing is. */
  faults({ operation, method, target }: Made, status: number, type: string, body: string): string[] {
    const where = `${method} ${target}: ${status} ${body.slice(0, 300)}`;
    const content = operation.responses[String(status)]?.content;
    if (content === undefined) return [`${where}: the document names no such status`];
    const plainType = type.split(";")[0] ?? "";
    const schema = content[plainType]?.schema;
    if (schema === undefined) return [`${where}: the document names no ${type} for it`];
    if (plainType === "text/event-stream") {
      return [...body.matchAll(/^data: (.*)$/gm)].flatMap(([, data = ""]) =>
        violations(JSON.parse(data), schema, this.resolve)
      );
    }
    const value: unknown = plainType === "text/csv" ? body : JSON.parse(body);
    return violations(value, schema, this.resolve).map((fault) => `${where}: ${fault}`);
  }

  #parameter({ name, schema }: Parameter, ids: readonly string[]): fc.Arbitrary<string> {
    if (name === "If-Match") return fc.constantFrom("*", '"v1"', '"running"', '"info"', '"other"', 'W/"v1"', "");
    const any = fitting(schema, this.resolve).map(String);
    // A URL drops segments of dots: those are another path.
    const known = any.filter((text) => !/^\.\.?$/.test(text));
    return name === "id" ? fc.oneof(fc.constantFrom(...ids), known) : any;
  }

  #body({ requestBody }: OpenApiOperation): fc.Arbitrary<string | undefined> {
    const schema = requestBody?.content["application/json"]?.schema;
    if (schema === undefined) return fc.constant(undefined);
    return fitting(schema, this.resolve).map((value) => JSON.stringify(value));
  }
}

function made(
  { path, method, operation }: { readonly path: string; readonly method: string; readonly operation: OpenApiOperation },
  parameters: Readonly<Record<string, string>>,
  body: string | undefined,
  junk: number,
): Made {
  const at = (place: Parameter["in"]) =>
    operation.parameters.filter((each) => each.in === place && each.name in parameters);
  const filled = at("path").reduce(
    (text, { name }) => text.replace(`{${name}}`, encodeURIComponent(parameters[name] ?? "")),
    path,
  );
  const query = new URLSearchParams(at("query").map(({ name }) => [name, parameters[name] ?? ""]));
  if (junk === 0) query.append("unheard_of", "1");
  const headers: Record<string, string> = Object.fromEntries(
    at("header").map(({ name }) => [name, parameters[name] ?? ""]),
  );
  if (body !== undefined && junk !== 1) headers["content-type"] = "application/json";
  return {
    operation,
    method,
    target: query.size === 0 ? filled : `${filled}?${query}`,
    headers,
    body: junk === 2 && body !== undefined ? body.slice(1) : body,
  };
}
