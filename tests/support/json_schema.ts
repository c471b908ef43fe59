/**
 * The part of JSON Schema 2020-12 that the OpenAPI document uses: checks values, and makes them.
 *
 * @module
 */

import fc from "fast-check";

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Finds the schema that a reference names. */
export type Resolve = (ref: string) => JsonSchema;

/** What is wrong with `value`, each with its path; empty when it fits. */
export function violations(value: unknown, schema: JsonSchema, resolve: Resolve, path = "$"): string[] {
  if (schema.$ref !== undefined) return violations(value, resolve(schema.$ref), resolve, path);
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) {
    return options.some((option) => violations(value, option, resolve, path).length === 0)
      ? []
      : [`${path}: fits none`];
  }
  if (schema.const !== undefined && value !== schema.const) return [`${path}: is not ${JSON.stringify(schema.const)}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path}: is not one of the enum`];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOf(value, type))) return [`${path}: is no ${types.join(" or ")}`];
  if (Array.isArray(value)) return arrayViolations(value, schema, resolve, path);
  if (typeof value === "object" && value !== null) return mapViolations(value, schema, resolve, path);
  return scalarViolations(value, schema, path);
}

function isOf(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  // deno-lint-ignore valid-typeof -- the other words of JSON Schema are those of typeof
  return typeof value === type;
}

function arrayViolations(value: readonly unknown[], schema: JsonSchema, resolve: Resolve, path: string): string[] {
  const { items, minItems = 0, maxItems = Infinity } = schema;
  const size = value.length < minItems || value.length > maxItems ? [`${path}: has ${value.length} items`] : [];
  return [
    ...size,
    ...items === undefined ? [] : value.flatMap((item, i) => violations(item, items, resolve, `${path}[${i}]`)),
  ];
}

function mapViolations(value: object, schema: JsonSchema, resolve: Resolve, path: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}.${key}: is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([key, child]) => {
      const known = properties[key];
      if (known !== undefined) return violations(child, known, resolve, `${path}.${key}`);
      if (additionalProperties === false) return [`${path}.${key}: is unknown`];
      return additionalProperties === true ? [] : violations(child, additionalProperties, resolve, `${path}.${key}`);
    }),
  ];
}

function scalarViolations(value: unknown, schema: JsonSchema, path: string): string[] {
  const { minimum = -Infinity, maximum = Infinity, minLength = 0, maxLength = Infinity, pattern = "" } = schema;
  if (typeof value === "number" && (value < minimum || value > maximum)) return [`${path}: is ${value}`];
  if (typeof value !== "string") return [];
  const fits = value.length >= minLength && value.length <= maxLength && new RegExp(pattern, "u").test(value);
  return fits ? [] : [`${path}: is of another length or pattern`];
}

/** Values that fit. */
export function fitting(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(resolve(schema.$ref), resolve);
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) return fc.oneof(...options.map((option) => fitting(option, resolve)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch ([schema.type].flat()[0]) {
    case "object":
      return fittingMap(schema, resolve);
    case "array":
      return fc.array(fitting(schema.items ?? {}, resolve), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case "integer":
      return fc.integer({ min: schema.minimum ?? -100, max: Math.min(schema.maximum ?? 1_000_000, 2 ** 31 - 1) });
    case "number":
      return fc.double({ min: schema.minimum ?? -100, max: schema.maximum ?? 1_000, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "string":
      return schema.pattern !== undefined
        ? fc.stringMatching(new RegExp(schema.pattern)).filter((text) => text.length <= (schema.maxLength ?? Infinity))
        : fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 60, 60) });
    default:
      return fc.jsonValue();
  }
}

function fittingMap({ properties = {}, required = [] }: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  const keys = Object.entries(properties).map(([key, child]) => [key, fitting(child, resolve)] as const);
  return fc.record(Object.fromEntries(keys), { requiredKeys: [...required] });
}
