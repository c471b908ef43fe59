/**
 * The smallest OTLP requests, for tests that ask what becomes of one and not what is in it.
 *
 * @module
 */

/** One log record. */
export const LOGS_JSON = {
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "hello" } }] }] }],
};

/** Sends one log record on a connection of its own. @returns The status. */
export async function postLogs(port: number): Promise<number> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(LOGS_JSON),
      client,
    });
    await response.body?.cancel();
    return response.status;
  } finally {
    client.close();
  }
}
