/**
 * The fragile worker, with modules that take a while to load.
 *
 * @module
 */

await new Promise((resolve) => setTimeout(resolve, 50));
await import("./fragile_worker.ts");
