/**
 * Waiting for what another process, thread or end of a connection does: real time is the only one that it has.
 *
 * @module
 */

/** Between two looks, milliseconds. */
const INTERVAL_MS = 20;
/** How long it may take on a busy machine, milliseconds. */
const LIMIT_MS = 40_000;

type Awaitable<Value> = Value | Promise<Value>;

/**
 * Looks until what is seen is so.
 *
 * @returns What was seen then.
 * @throws {Error} It is not within `limitMs`; with what was seen last and who waited.
 */
export async function until<Seen>(
  look: () => Awaitable<Seen>,
  isSo: (seen: Seen) => boolean,
  limitMs = LIMIT_MS,
): Promise<Seen> {
  const waiting = new Error();
  const endMs = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() > endMs) {
      waiting.message = `Cannot go on: it did not come about in ${limitMs} ms; last seen ${JSON.stringify(seen)}`;
      throw waiting;
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/** Asks until the answer is there. @param state What to tell when it does not come. */
export async function eventually<Found>(
  ask: () => Awaitable<Found | undefined | false>,
  state: () => string = () => "",
): Promise<Found> {
  const { found } = await until(
    async () => ({ found: await ask(), state: state() }),
    ({ found }) => found !== undefined && found !== false,
  );
  return found as Found;
}
