/**
 * JSON from outside that is to be an object.
 *
 * @module
 */

/** The object in a text, or in bytes of UTF-8; undefined when it is none, or no JSON. */
export function readJsonObject(text: string | Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
