/**
 * The entry point for Deno Deploy, with the permissions that it has there.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { freePort } from "../support/gateway_process.ts";
import { decodeRequest } from "../support/otlp_proto.ts";
import { requestBytes } from "../support/otlp_samples.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Starts deploy/deno_deploy.ts and waits until it listens. */
async function startDeploy(env: Record<string, string>) {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-net", "--allow-env", `${ROOT}deploy/deno_deploy.ts`],
    env: { NO_COLOR: "1", PORT: String(port), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const listening = Promise.withResolvers<void>();
  const drain = (stream: ReadableStream<Uint8Array>) =>
    stream.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(text) {
          output += text;
          if (output.includes("Listening on")) listening.resolve();
        },
      }),
    );
  const ended = Promise.all([child.status, drain(child.stdout), drain(child.stderr)]);
  ended.then(() => listening.reject(new Error(`It ended: ${output}`)));
  await listening.promise;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** An upstream that keeps the bodies. */
function startUpstream() {
  const bodies: Uint8Array[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = request.headers.get("content-encoding") === "gzip"
      ? request.body?.pipeThrough(new DecompressionStream("gzip"))
      : request.body;
    bodies.push(await new Response(body).bytes());
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  });
  return {
    bodies,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("deno_deploy.ts with --allow-net and --allow-env alone sends on what it is sent", async () => {
  await using upstream = startUpstream();
  await using deploy = await startDeploy({ UPSTREAM_ENDPOINT: upstream.url });
  const body = requestBytes("traces", 5);
  const response = await fetch(`${deploy.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: body as Uint8Array<ArrayBuffer>,
  });
  strictEqual(response.status, 200);
  strictEqual((await response.bytes()).length, 0);
  strictEqual(upstream.bodies.length, 1);
  deepStrictEqual(decodeRequest("traces", upstream.bodies[0]!), decodeRequest("traces", body));
});

Deno.test("deno_deploy.ts takes OTLP/JSON with a configuration from SLUICE_CONFIG", async () => {
  await using upstream = startUpstream();
  const config = `
receivers: {otlp: {protocols: {http: {}}}}
exporters: {otlp_http: {endpoint: "${upstream.url}", encoding: json, sending_queue: {enabled: false}}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`;
  await using deploy = await startDeploy({ SLUICE_CONFIG: config });
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "hello" } }] }] }] };
  const send = (body: string) =>
    fetch(`${deploy.url}/v1/logs`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const response = await send(JSON.stringify(request));
  strictEqual(response.status, 200);
  strictEqual(await response.text(), "{}");
  deepStrictEqual(JSON.parse(new TextDecoder().decode(upstream.bodies[0])), request);
  const refused = await send("{");
  strictEqual(refused.status, 400);
  await refused.body?.cancel();
});
