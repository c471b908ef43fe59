/** A stop loses nothing that was answered 200, answers what is in flight, and ends by its deadline. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { SAME_SIGNAL_MS } from "../../gateway/stop_signals.ts";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { freePort, spawnGateway, startGateway } from "../support/gateway_process.ts";
import { postLogs } from "../support/otlp_requests.ts";
import { missingProgram, skipWithout } from "../support/real_parts.ts";

/** A destination that answers when the test says so. */
function openDestination() {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let answered = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    await request.arrayBuffer();
    arrived.resolve();
    await release.promise;
    answered += 1;
    return new Response(new Uint8Array(), { headers: { "content-type": "application/x-protobuf" } });
  });
  return {
    port: server.addr.port,
    arrived: arrived.promise,
    release: () => release.resolve(),
    answered: () => answered,
    close: () => {
      release.resolve();
      return server.shutdown();
    },
  };
}

const configOf = (port: number, destinationPort: number, queue = "") => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:${destinationPort}"${queue}}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}}
`;

/** What the closing line has that is not 0; that the zeros are there is checked. */
function summaryIn(stderr: string): Record<string, number> {
  const [, text = ""] = /Stopped: .*\t(\{.*\})$/m.exec(stderr) ?? [];
  const { took_ms, ...counts } = JSON.parse(text) as Record<string, number>;
  ok(took_ms !== undefined && took_ms >= 0);
  strictEqual(Object.keys(counts).length, 2 + 4 * SIGNAL_NAMES.length);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

for (const workers of [1, 2]) {
  Deno.test(`what a stop gives up that was answered 200 is told as lost, ${workers} workers`, async () => {
    const destination = openDestination();
    const port = freePort();
    const queue = ", sending_queue: {wait_for_result: false}";
    const args = ["--drain-timeout", "300ms"];
    await using gateway = await startGateway(configOf(port, destination.port, queue), { workers, args });
    for (let i = 0; i < 3; i++) strictEqual(await postLogs(port), 200);
    await destination.arrived;
    const { code, stderr } = await gateway.stop();
    strictEqual(code, 1);
    deepStrictEqual(summaryIn(stderr), { logs_lost: 3 });
    await destination.close();
  });
}

for (const workers of [1, 2]) {
  Deno.test(`SIGTERM answers a request in flight and ends with code 0, ${workers} workers`, async () => {
    const destination = openDestination();
    const port = freePort();
    await using gateway = await startGateway(configOf(port, destination.port), { workers });
    const status = postLogs(port);
    await destination.arrived;
    gateway.signal("SIGTERM");
    await gateway.waitForLine("Stopping");
    destination.release();
    strictEqual(await status, 200);
    const { code, stderr } = await gateway.ended();
    strictEqual(code, 0);
    strictEqual(destination.answered(), 1);
    deepStrictEqual(summaryIn(stderr), { requests_kept: 1, logs_kept: 1, logs_delivered: 1 });
    await destination.close();
  });
}

Deno.test("SIGTERM delivers what was answered 200 and waits in memory", async () => {
  const destination = openDestination();
  const port = freePort();
  const queue = ", sending_queue: {wait_for_result: false}";
  await using gateway = await startGateway(configOf(port, destination.port, queue));
  strictEqual(await postLogs(port), 200);
  strictEqual(await postLogs(port), 200);
  await destination.arrived;
  gateway.signal("SIGINT");
  await gateway.waitForLine("Stopping");
  destination.release();
  const { code, stderr } = await gateway.ended();
  strictEqual(code, 0);
  strictEqual(destination.answered(), 2);
  deepStrictEqual(summaryIn(stderr), { logs_delivered: 2 }); // they were kept before
  await destination.close();
});

for (const workers of [1, 2]) {
  Deno.test(`past its deadline a stop gives up, tells who waits, and ends with code 1, ${workers} workers`, async (t) => {
    const args = ["--drain-timeout", "300ms"];
    await t.step("a destination that does not answer", async () => {
      const destination = openDestination();
      const port = freePort();
      await using gateway = await startGateway(configOf(port, destination.port), { workers, args });
      const status = postLogs(port);
      await destination.arrived;
      const { code, stderr } = await gateway.stop();
      strictEqual(code, 1);
      match(stderr, /not everything could be drained/);
      strictEqual(await status, 503);
      deepStrictEqual(summaryIn(stderr), { requests_refused: 1, logs_refused: 1 });
      await destination.close();
    });
    await t.step("a destination that is asked again and again", async () => {
      const asked = Promise.withResolvers<void>();
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const closing = (async () => {
        for await (const connection of listener) {
          connection.close();
          asked.resolve();
        }
      })();
      const port = freePort();
      await using gateway = await startGateway(configOf(port, listener.addr.port), { workers, args });
      const status = postLogs(port);
      await asked.promise;
      strictEqual((await gateway.stop()).code, 1);
      strictEqual(await status, 503);
      listener.close();
      await closing;
    });
  });
}

Deno.test("a signal that comes twice within moments is one: the request in flight is answered", async () => {
  const destination = openDestination();
  const port = freePort();
  await using gateway = await startGateway(configOf(port, destination.port));
  const status = postLogs(port);
  await destination.arrived;
  gateway.signal("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  gateway.signal("SIGINT");
  await gateway.waitForLine("Stopping");
  destination.release();
  strictEqual(await status, 200);
  strictEqual((await gateway.ended()).code, 0);
  await destination.close();
});

Deno.test("a second signal gives up, says so, and ends at once", async () => {
  const destination = openDestination();
  const port = freePort();
  await using gateway = await startGateway(configOf(port, destination.port));
  const status = postLogs(port).catch(() => "cut" as const);
  await destination.arrived;
  gateway.signal("SIGTERM");
  await gateway.waitForLine("Stopping");
  await new Promise((resolve) => setTimeout(resolve, SAME_SIGNAL_MS));
  const { code, stderr } = await gateway.stop("SIGTERM");
  strictEqual(code, 1);
  match(stderr, /second signal: gives up what is held/);
  strictEqual(await status, "cut");
  await destination.close();
});

/** Runs a program at a terminal of its own: what is written to its input is typed there. */
const AT_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
const missingPython = await missingProgram("python3");

Deno.test({
  name: "Ctrl-C at the terminal of `deno task start` answers a request in flight",
  ignore: skipWithout("terminal", missingPython),
}, async () => {
  const destination = openDestination();
  const port = freePort();
  const config = `yaml:${configOf(port, destination.port)}`;
  const start = ["task", "start", "--config", config, "--workers", "1"];
  await using terminal = new Deno.Command("python3", {
    args: ["-c", AT_A_TERMINAL, Deno.execPath(), ...start, "--set", "service.telemetry.metrics.level=none"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = terminal.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  await readUntil(lines, "Everything is ready");
  const status = postLogs(port);
  await destination.arrived;
  const keyboard = terminal.stdin.getWriter();
  await keyboard.write(Uint8Array.of(3));
  await readUntil(lines, "Stopping");
  destination.release();
  strictEqual(await status, 200);
  await readUntil(lines, "Stopped: everything was drained");
  await keyboard.close();
  strictEqual((await terminal.status).code, 0);
  await lines.return?.();
  await destination.close();
});

/** Reads what a program prints up to some text. */
async function readUntil(output: AsyncIterator<string>, text: string): Promise<void> {
  let read = "";
  while (!read.includes(text)) {
    const { value, done } = await output.next();
    ok(!done, `the output has no ${JSON.stringify(text)}: ${read}`);
    read += value;
  }
}

Deno.test("one SIGTERM ends a gateway at any moment of its start", async (t) => {
  const config = "{receivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:0'}}}}, exporters: {nop: {}}, " +
    "service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}}";
  for (const afterMs of [0, 50, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1_000]) {
    await t.step(`after ${afterMs} ms`, async () => {
      await using gateway = spawnGateway(config, { workers: 2 });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      const { code, stderr } = await gateway.stop();
      ok(code === 0 || code === 143, `${code}: ${stderr}`); // 143: nobody listened yet, and nothing had started
    });
  }

  await t.step("as soon as it says that it starts", async () => {
    await using gateway = spawnGateway(config, { workers: 2 });
    await gateway.waitForLine("Starting");
    const { code, stderr } = await gateway.stop();
    strictEqual(code, 0, stderr);
    match(stderr, /everything was drained/);
  });
});

/** What a pipe holds when nobody reads it. */
const PIPE_BYTES = 65_536;
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

Deno.test("a start that does not end is not waited for longer than a drain", async () => {
  const args = ["run", "-A", MAIN, "gateway", "--config", "/dev/stdin", "--drain-timeout", "200ms"];
  await using gateway = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", SLUICE_ADMIN_LISTEN: "off" },
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(gateway.stderr).text();
  const input = gateway.stdin.getWriter();
  await input.write(new Uint8Array(PIPE_BYTES * 2).fill("#".charCodeAt(0))); // the gateway reads; the end never comes
  gateway.kill("SIGTERM");
  strictEqual((await gateway.status).code, 1);
  match(await stderr, /Cannot start: a stop was asked for, and the start is not over after 200 ms/);
  await input.abort().catch(() => {}); // nobody is behind it
});
