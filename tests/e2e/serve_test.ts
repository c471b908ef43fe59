/** `deno serve main.ts`: the gateway behind the platform's own HTTP server, with no right to files. */

import { match, strictEqual } from "node:assert/strict";
import { freePort, serveMain } from "../support/gateway_process.ts";
import { postLogs } from "../support/otlp_requests.ts";

Deno.test("deno serve main.ts", async (t) => {
  await t.step("takes data with the built-in configuration", async () => {
    const port = freePort();
    await using served = await serveMain(port, {});
    strictEqual(await postLogs(port), 200);
    match(served.stderr(), /Everything is ready/);
  });

  await t.step("takes its configuration from SLUICE_CONFIG", async () => {
    const port = freePort();
    await using _served = await serveMain(port, {
      SLUICE_CONFIG: `
receivers: {otlp: {protocols: {http: {logs_url_path: /elsewhere}}}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
`,
    });
    strictEqual(await postLogs(port), 404);
  });
});
