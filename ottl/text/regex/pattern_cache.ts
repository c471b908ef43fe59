/**
 * Compiled patterns that come with the data, the latest used kept.
 *
 * @module
 */

export class PatternCache<Compiled> {
  readonly #compiled = new Map<string, Compiled>();
  readonly #compile: (pattern: string) => Compiled;
  readonly #maxCached: number;

  /** @param maxCached How many are kept. */
  constructor(compile: (pattern: string) => Compiled, maxCached: number) {
    this.#compile = compile;
    this.#maxCached = maxCached;
  }

  get size(): number {
    return this.#compiled.size;
  }

  /** @throws What `compile` throws: nothing is kept then. */
  get(pattern: string): Compiled {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) this.#compiled.delete(pattern);
    const compiled = known ?? this.#compile(pattern);
    this.#compiled.set(pattern, compiled);
    if (this.#compiled.size > this.#maxCached) this.#compiled.delete(this.#oldest());
    return compiled;
  }

  #oldest(): string {
    return this.#compiled.keys().next().value!;
  }
}
