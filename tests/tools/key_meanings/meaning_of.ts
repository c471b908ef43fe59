/**
 * Finds the text that says what a key of the configuration means.
 *
 * The texts are no part of the program: a gateway that runs has no use for them. They stand in tables by key, each name
 * of which is one of the key's last names; `*` stands for any text in one name: `tls.ca_file` is the key of every
 * section `tls`, `*.tls` the section itself, `kafka.*.topic` the topic of each signal. Of several that fit the one with
 * the most names counts, of these the one with fewer stars, then the longer one, so that a component may say more of a key that many have.
 *
 * @module
 */

import { COMPONENT_MEANINGS } from "./components.ts";
import { SETTING_MEANINGS } from "./settings.ts";

/** Texts by key: two names at least, without a period at the end. */
export type Meanings = Readonly<Record<string, string>>;

export const MEANINGS: Meanings = { ...COMPONENT_MEANINGS, ...SETTING_MEANINGS };

interface Entry {
  readonly key: string;
  readonly text: string;
  /** Of its names, the last first. */
  readonly names: readonly RegExp[];
  readonly stars: number;
}

/** What tells the meaning of a key, by the path from its section on: `exporters.kafka.tls.ca_file`. */
export class MeaningTable {
  /** The most telling first. */
  readonly #entries: readonly Entry[];

  constructor(meanings: Meanings = MEANINGS) {
    this.#entries = Object.entries(meanings).map(([key, text]) => entryOf(key, text))
      .sort((a, b) => b.names.length - a.names.length || a.stars - b.stars || b.key.length - a.key.length);
  }

  /** @returns undefined when there is none. */
  find(path: string): { readonly key: string; readonly text: string } | undefined {
    const names = path.split(".").reverse();
    return this.#entries.find((entry) =>
      entry.names.length <= names.length && entry.names.every((name, at) => name.test(names[at]!))
    );
  }
}

function entryOf(key: string, text: string): Entry {
  const names = key.split(".").reverse().map((name) =>
    new RegExp(`^${name.split("*").map((part) => RegExp.escape(part)).join(".*")}$`)
  );
  return { key, text, names, stars: key.split("*").length - 1 };
}
