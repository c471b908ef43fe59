/**
 * A Kafka for many measurements: one start, one JVM that is warm, on the core of the load.
 *
 * @module
 */

const SCRIPTS = new URL("../../peers/kafka/", import.meta.url).pathname;

export interface Broker extends AsyncDisposable {
  /** For `tests/peers/measure`. */
  readonly env: Readonly<Record<string, string>>;
}

/** @param cpu What `tests/peers/measure` gives to the load. */
export async function startBroker(cpu = "1"): Promise<Broker> {
  const told = await outputOf("taskset", "-c", cpu, `${SCRIPTS}kafka-up`, "--message-max", "10485760");
  const valueOf = (name: string) => new RegExp(`^(?:export )?${name}=["']?([^"'\\n]*)`, "m").exec(told)?.[1] ?? "";
  const directory = valueOf("KAFKA_DIR");
  const pid = await outputOf(`${SCRIPTS}kafka-node`, directory, "1", "pid");
  return {
    env: { KAFKA_BOOTSTRAP: valueOf("KAFKA_BOOTSTRAP"), KAFKA_PID: pid.trim() },
    [Symbol.asyncDispose]: async () => void await outputOf(`${SCRIPTS}kafka-down`, directory),
  };
}

async function outputOf(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot start a broker: ${decode(stderr).trim().slice(-200)}`);
  return decode(stdout);
}
