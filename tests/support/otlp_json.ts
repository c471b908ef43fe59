/**
 * OTLP/JSON as data to compare: what two writers may say differently and mean alike is taken out.
 *
 * @module
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Members of a oneof: there, even when they are zero or empty. */
const ONE_OF = new Set([
  "stringValue",
  "boolValue",
  "intValue",
  "doubleValue",
  "bytesValue",
  "arrayValue",
  "kvlistValue",
  "asInt",
  "asDouble",
]);

/** Fields that proto3 calls optional: zero is not the same as absent. */
const OPTIONAL = new Set(["sum", "min", "max"]);

/**
 * A request without the fields that have their default value. The collector writes some of them (`"status":{}`,
 * `"body":{}`) where the sender has none.
 */
export function withoutDefaults(value: Json): Json {
  if (Array.isArray(value)) return value.map((element) => withoutDefaults(element));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value as { readonly [key: string]: Json })
    .map(([key, member]) => [key, withoutDefaults(member)] as const)
    .filter(([key, member]) => ONE_OF.has(key) || OPTIONAL.has(key) || !isDefault(member))
    .sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(kept);
}

function isDefault(value: Json): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "" || value === 0 || value === "0" || value === false || value === null;
}

/** The resources of every request in a file of one a line, each as text, sorted: batching and order do not show. */
export function resourcesInFile(path: string): string[] {
  return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "").flatMap((line) => {
    const [resources] = Object.values(JSON.parse(line) as Record<string, readonly Json[]>);
    return (resources ?? []).map((resource) => JSON.stringify(withoutDefaults(resource)));
  }).sort();
}
