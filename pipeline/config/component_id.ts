/**
 * Ids of components and pipelines: `type[/name]`.
 *
 * Source: collector reference 2.4.
 *
 * @module
 */

export interface ComponentId {
  readonly type: string;
  /** "" when there is none. */
  readonly name: string;
}

const TYPE = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
/** No white space, control or symbol characters. */
const NAME = /^[^\p{Z}\p{C}\p{S}]{1,1024}$/u;
/** More of an id is not looked at, characters. */
const MAX_ID = 1_088;

/** What an id must look like: the end of a sentence. */
export const WANTED_ID = "wanted type or type/name: the type of letters, digits and _, the name without spaces, " +
  "control characters and symbols like < > = + $";
/** Names the first character that keeps `id`, which is none, from being one, if it is one of the name; or "". */
export function wrongCharacter(id: string): string {
  const name = id.includes("/") ? id.slice(id.indexOf("/") + 1, MAX_ID) : "";
  const character = [...name].find((each) => !NAME.test(each));
  return character === undefined ? "" : `: its name has the character ${JSON.stringify(character)}`;
}

/** @returns undefined when it is no id. */
export function parseComponentId(id: string): ComponentId | undefined {
  const cut = id.indexOf("/");
  const type = cut < 0 ? id : id.slice(0, cut);
  const name = id.slice(cut + 1);
  if (!TYPE.test(type)) return undefined;
  if (cut < 0) return { type, name: "" };
  return NAME.test(name) ? { type, name } : undefined;
}
