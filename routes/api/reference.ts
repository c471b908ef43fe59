/**
 * The reference of an API in Markdown, out of its OpenAPI document.
 *
 * @module
 */

import type { Json } from "./openapi.ts";

interface SchemaText {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly items?: SchemaText;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaText>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaText[];
  readonly anyOf?: readonly SchemaText[];
}

interface OperationText {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly { readonly token: readonly string[] }[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: SchemaText;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: SchemaText }>> };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: SchemaText }>> }>
  >;
}

interface DocumentText {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationText>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaText>> };
}

/** Every route, by subject, then every schema. */
export function apiReference(document: Json): string {
  const { tags, paths, components } = document as unknown as DocumentText;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  );
  const routes = tags.flatMap(({ name, description }) => [
    `### ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    description,
    ...operations.filter(({ operation }) => operation.tags.includes(name)).map(routeText),
  ]);
  const schemas = Object.entries(components.schemas).map(([name, schema]) => schemaText(name, schema));
  return ["## Routes", ...routes, "## Schemas", ...schemas].join("\n\n");
}

function routeText({ path, method, operation }: {
  readonly path: string;
  readonly method: string;
  readonly operation: OperationText;
}): string {
  const { summary, security, parameters, requestBody, responses } = operation;
  const [scope] = security.flatMap(({ token }) => token);
  const answer = Object.entries(responses["200"]?.content ?? {}).map(([type, { schema }]) =>
    type === "application/json" ? typeText(schema) : `${type} of ${typeText(schema)}`
  );
  const body = requestBody?.content["application/json"]?.schema;
  const rows = parameters.map(({ name, in: place, required, schema, description = "" }) =>
    `| \`${name}\` | ${place} | ${typeText(schema)}${defaultText(schema)}${required ? ", required" : ""} | ${
      cell(description)
    } |`
  );
  return [
    `#### ${method} ${path}`,
    summary,
    [
      `Scope: ${scope ?? "none"}.`,
      ...body === undefined ? [] : [`Body: ${typeText(body)}.`],
      `Answer: ${answer.join()}.`,
      `Failures: ${Object.keys(responses).filter((status) => status !== "200").join(", ")}.`,
    ].join(" "),
    ...rows.length === 0 ? [] : [["| Parameter | In | Type | |", "| --- | --- | --- | --- |", ...rows].join("\n")],
  ].join("\n\n");
}

function schemaText(name: string, schema: SchemaText): string {
  const parts = schema.oneOf ?? [schema];
  const tables = parts.map(({ properties = {}, required = [] }) => {
    const rows = Object.entries(properties).map(([key, each]) =>
      `| \`${key}\` | ${typeText(each)}${required.includes(key) ? "" : ", optional"} | ${
        cell(each.description ?? "")
      } |`
    );
    return ["| Field | Type | |", "| --- | --- | --- |", ...rows].join("\n");
  });
  return [`#### ${name}`, ...schema.description === undefined ? [] : [schema.description], ...tables].join("\n\n");
}

function typeText({ $ref, type, enum: words, const: word, anyOf, items, properties }: SchemaText): string {
  if ($ref !== undefined) {
    const name = $ref.split("/").at(-1) ?? "";
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (anyOf !== undefined) return anyOf.map(typeText).join(" or ");
  if (word !== undefined) return `\`${word}\``;
  if (words !== undefined) return words.map((each) => `\`${each}\``).join(", ");
  if (type === "array") return `list of ${typeText(items ?? {})}`;
  if (properties !== undefined) return `{${Object.keys(properties).join(", ")}}`;
  return type === undefined ? "any" : [type].flat().join(" or ");
}

function defaultText({ default: value }: SchemaText): string {
  return value === undefined || value === "" ? "" : `, ${JSON.stringify(value)}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
