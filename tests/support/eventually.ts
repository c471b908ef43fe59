/**
 * Waiting for what another process or thread does.
 *
 * @module
 */

/**
 * Asks until the answer is there.
 *
 * @throws {Error} It is not within 15 s; with what came last.
 */
export async function eventually<Found>(
  ask: () => Promise<Found | undefined | false> | Found | undefined | false,
): Promise<Found> {
  const { stack } = new Error("Cannot go on: what is waited for did not come within 15 s");
  for (const untilMs = Date.now() + 15_000; Date.now() < untilMs;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(stack);
}
