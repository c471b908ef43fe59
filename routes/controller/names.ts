/**
 * Names of fields: `camelCase` inside, `snake_case` in the API.
 *
 * Only for values whose keys are ours: what an agent or an operator names keeps its name.
 *
 * @module
 */

type SnakeName<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeName<Rest>}`
  : Name;

type CamelName<Name extends string> = Name extends `${infer Head}_${infer Rest}`
  ? `${Head}${Capitalize<CamelName<Rest>>}`
  : Name;

/** `T` with every field renamed, to be given away. */
export type Snake<T> = T extends readonly (infer Item)[] ? Snake<Item>[]
  : T extends object ? { -readonly [Key in keyof T as Key extends string ? SnakeName<Key> : never]: Snake<T[Key]> }
  : T;

/** `T` with every field renamed, as it is used inside. */
export type Camel<T> = T extends readonly (infer Item)[] ? readonly Camel<Item>[]
  : T extends object ? { readonly [Key in keyof T as Key extends string ? CamelName<Key> : never]: Camel<T[Key]> }
  : T;

/** Renames the fields of plain JSON. */
export function toSnake<T>(value: T): Snake<T> {
  return renamed(value, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) as Snake<T>;
}

/** As `toSnake`, the other way. */
export function toCamel<T>(value: T): Camel<T> {
  return renamed(value, (name) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())) as Camel<T>;
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [rename(name), renamed(each, rename)]));
}
