/**
 * The last configurations: who gave them, when, what became of them, and their texts.
 *
 * Kept in memory, and with a store on disk. A store that fails is told and changes nothing else: the gateway
 * goes on, and the next change writes all of it again.
 *
 * @module
 */

import { z } from "zod";
import type { ConfigSource } from "../../pipeline/config/source.ts";
import { type ConfigEntry, type ConfigOutcome, MAX_HISTORY } from "./config_manager.ts";
import type { Sources } from "./sources.ts";

/** Characters of all texts together; the oldest configurations are forgotten above it. */
export const MAX_HISTORY_CHARS = 16 * 1024 * 1024;

/** Where a history outlives the process. */
export interface HistoryStore {
  /** What was written last; undefined when nothing was. */
  read(): Promise<string | undefined>;
  /** Replaces it: wholly, or, when it throws, not at all. */
  write(text: string): Promise<void>;
}

interface Kept {
  readonly entry: ConfigEntry;
  readonly sources: Sources;
}

const sourceSchema: z.ZodType<ConfigSource> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("file"), path: z.string() }),
  z.object({ kind: z.literal("env"), name: z.string() }),
  z.object({ kind: z.literal("text"), name: z.string(), text: z.string() }),
  z.object({ kind: z.literal("set"), path: z.array(z.string()), text: z.string() }),
]);

const keptSchema: z.ZodType<Kept> = z.object({
  entry: z.object({
    id: z.int().min(1),
    atMs: z.number(),
    who: z.string(),
    origin: z.enum(["start", "signal", "watch", "admin", "opamp", "rollback", "health"]),
    outcome: z.enum(["watching", "good", "rolled_back", "superseded", "failed", "interrupted"]),
    reasons: z.array(z.string()),
    version: z.string(),
    diff: z.string(),
    tookMs: z.number(),
  }),
  sources: z.object({ configs: z.array(sourceSchema), sets: z.array(sourceSchema) }),
});

const historySchema = z.object({ format: z.literal(1), configs: z.array(keptSchema) });

export class ConfigHistory {
  readonly #store: HistoryStore | undefined;
  readonly #onTrouble: (what: string, thrown: unknown) => void;
  /** The oldest first. */
  readonly #kept: Kept[] = [];
  #nextId = 1;
  #writing: Promise<void> | undefined;
  #isDirty = false;

  /**
   * @param store Absent: the history ends with the process.
   * @param onTrouble Told when it cannot be read or written.
   */
  constructor(store: HistoryStore | undefined, onTrouble: (what: string, thrown: unknown) => void) {
    this.#store = store;
    this.#onTrouble = onTrouble;
  }

  /** Reads what a former process has left. What cannot be understood is told and left out. */
  async load(): Promise<void> {
    try {
      const text = await this.#store?.read();
      if (text === undefined) return;
      const { configs } = historySchema.parse(JSON.parse(text));
      this.#kept.push(...configs.map(interrupted));
      this.#nextId = Math.max(0, ...configs.map(({ entry }) => entry.id)) + 1;
    } catch (thrown) {
      this.#onTrouble("The history of configurations cannot be read and begins anew", thrown);
    }
  }

  /** The newest first. */
  get entries(): readonly ConfigEntry[] {
    return this.#kept.map(({ entry }) => entry).reverse();
  }

  sourcesOf(id: number): Sources | undefined {
    return this.#kept.find(({ entry }) => entry.id === id)?.sources;
  }

  /** The newest that passed its health window; where there is none, the newest that ran when its process ended. */
  lastGood(): Kept | undefined {
    const newest = (outcome: ConfigOutcome) => this.#kept.findLast(({ entry }) => entry.outcome === outcome);
    return newest("good") ?? newest("interrupted");
  }

  /** Adds the newest. */
  add(draft: Omit<ConfigEntry, "id">, sources: Sources): ConfigEntry {
    const entry = { id: this.#nextId++, ...draft };
    const last = this.#kept.at(-1);
    // Somebody who tries the same broken one again and again must not push the others out.
    const isRepeat = entry.outcome === "failed" && last?.entry.outcome === "failed" && isSame(last.sources, sources);
    if (isRepeat) this.#kept.pop();
    this.#kept.push({ entry, sources });
    this.#forget();
    this.#save();
    return entry;
  }

  /** What became of one. @returns The entry as it is now. */
  settle(entry: ConfigEntry, outcome: ConfigOutcome, reasons: readonly string[] = []): ConfigEntry {
    const settled = { ...entry, outcome, reasons: [...entry.reasons, ...reasons] };
    const at = this.#kept.findIndex(({ entry: { id } }) => id === entry.id);
    const kept = this.#kept[at];
    if (kept !== undefined) this.#kept[at] = { ...kept, entry: settled };
    this.#save();
    return settled;
  }

  /** Waits until all of it is on disk, or could not be written. */
  async saved(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** The oldest go first; the newest that ran and the last good one stay. */
  #forget(): void {
    const good = this.lastGood();
    const newest = this.#kept.findLast(({ entry }) => entry.outcome !== "failed");
    while (this.#kept.length > MAX_HISTORY || this.#chars() > MAX_HISTORY_CHARS) {
      const at = this.#kept.findIndex((kept) => kept !== good && kept !== newest && kept !== this.#kept.at(-1));
      if (at < 0) return;
      this.#kept.splice(at, 1);
    }
  }

  #chars(): number {
    return this.#kept.reduce((sum, { sources, entry }) => sum + charsOf(sources) + entry.diff.length, 0);
  }

  /** One write at a time; what changes meanwhile goes into the next. */
  #save(): void {
    this.#isDirty = true;
    if (this.#store === undefined || this.#writing !== undefined) return;
    this.#writing = this.#write(this.#store).finally(() => this.#writing = undefined);
  }

  async #write(store: HistoryStore): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        await store.write(JSON.stringify({ format: 1, configs: this.#kept }));
      } catch (thrown) {
        this.#onTrouble("The history of configurations could not be written", thrown);
      }
    }
  }
}

/** Its process has ended while it was watched. */
function interrupted({ entry, sources }: Kept): Kept {
  return { sources, entry: entry.outcome === "watching" ? { ...entry, outcome: "interrupted" } : entry };
}

function isSame(a: Sources, b: Sources): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function charsOf({ configs, sets }: Sources): number {
  return [...configs, ...sets].reduce((sum, source) => sum + ("text" in source ? source.text.length : 0), 0);
}
