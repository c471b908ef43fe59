/**
 * The Hono app where there is no file system: with the permissions that an edge platform gives.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";

const PROGRAM = `
import { createOtlpApp } from ${JSON.stringify(new URL("../../routes/otlp.ts", import.meta.url).href)};
const kept = { rejectedItems: 0, message: "" };
const handler = { paths: new Map([["/v1/traces", "traces"]]), metadata: [], admit() {}, accept: () => Promise.resolve(kept) };
const config = { max_request_body_size: 1000, compression_algorithms: ["", "gzip", "zstd"], response_headers: {}, cors: undefined };
const app = createOtlpApp(handler, config);
const statuses = [];
for (const [path, type, body] of [
  ["/v1/traces", "application/x-protobuf", new Uint8Array(10)],
  ["/v1/traces", "application/json", "{}"],
  ["/v1/traces", "text/plain", "x"],
  ["/other", "application/json", "{}"],
  ["/v1/traces", "application/json", "x".repeat(1001)],
]) {
  const headers = { "content-type": type, "content-length": String(body.length) };
  statuses.push((await app.fetch(new Request("http://edge" + path, { method: "POST", headers, body }))).status);
}
console.log(JSON.stringify(statuses));
`;

Deno.test("createOtlpApp() needs no file, no listener and no foreign function", async () => {
  const program = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(program, PROGRAM);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        "--cached-only",
        "--config",
        config,
        "--allow-net",
        "--allow-env",
        program,
      ],
    }).output();
    deepStrictEqual(new TextDecoder().decode(stdout).trim(), "[200,200,415,404,413]", new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(program);
  }
});
