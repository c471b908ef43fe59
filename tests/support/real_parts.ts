/**
 * Tests that run against real parts (a Kafka broker, a collector, SDKs) need programs that a machine may lack.
 *
 * With SLUICE_REQUIRE_REAL_PARTS=1, as in CI, a missing part fails; elsewhere the test is skipped and says so loudly.
 *
 * @module
 */

/**
 * For `Deno.test({ ignore: skipWithout("kafka", await missingForKafka()) })`.
 *
 * @param missing What is not there, for a person to install; undefined when all is there.
 * @returns Whether to skip.
 * @throws {Error} Something is missing and real parts are required.
 */
export function skipWithout(part: string, missing: string | undefined): boolean {
  if (missing === undefined) return false;
  const message = `tests with a real ${part} need ${missing}`;
  if (Deno.env.get("SLUICE_REQUIRE_REAL_PARTS") === "1") throw new Error(`Cannot skip: ${message}`);
  // deno-lint-ignore no-console
  console.error(`\n*** SKIPPED: ${message} ***\n`);
  return true;
}

/** The first of `programs` that is not on the PATH, or undefined. */
export async function missingProgram(...programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `command -v ${program}`],
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) return `\`${program}\` on the PATH`;
  }
  return undefined;
}
