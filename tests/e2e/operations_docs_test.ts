/**
 * The commands of docs/operations.md, word for word: a gateway that is asked how it is, its state copied while it runs and
 * brought to life elsewhere, and the same of a controller.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { freePort, type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { missingProgram, skipWithout } from "../support/real_parts.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const PAGE = Deno.readTextFileSync(new URL("../../docs/operations.md", import.meta.url));
const blocks = (language: string) =>
  Array.from(PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g")), ([, text = ""]) => text);
const [yaml = "", kubernetes = ""] = blocks("yaml");
const [start = "", look = "", backup = "", restore = "", controllerBackup = ""] = blocks("sh");

const missing = await missingProgram("bash", "curl", "sqlite3");
const ignore = skipWithout("sqlite3", missing);

/** Ports of the page, each with one that is free. */
const PORTS = new Map(["4318", "13133", "8888", "8887"].map((port) => [port, freePort()]));
const ADMIN = `127.0.0.1:${PORTS.get("8887")}`;
const withPorts = (text: string) =>
  text.replaceAll(/127\.0\.0\.1:(\d+)/g, (whole, port: string) => `127.0.0.1:${PORTS.get(port) ?? whole.slice(10)}`)
    .replace("port: 8888", `port: ${PORTS.get("8888")}`);

/** The arguments of a block's `sluice gateway`, and what stands before it. */
function gatewayIn(block: string): { readonly before: string; readonly args: readonly string[] } {
  const [, before = "", line = ""] = /^([\s\S]*?)^sluice gateway (.*)$/m.exec(block) ?? [];
  ok(line !== "", "the block starts a gateway");
  return { before, args: line.split(" ").slice(2) }; // startGateway() writes the configuration
}

async function run(script: string, cwd: string): Promise<string> {
  const sluice = `sluice() { "${Deno.execPath()}" run -A "${MAIN}" "$@"; }`;
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["-ec", `${sluice}\n${withPorts(script)}`],
    cwd,
    env: { NO_COLOR: "1", SLUICE_ADMIN_ADDRESS: ADMIN },
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function gatewayOf(block: string, cwd: string): Promise<GatewayProcess> {
  const { args } = gatewayIn(block);
  const gateway = await startGateway(withPorts(yaml), {
    cwd,
    metricsPort: PORTS.get("8888")!,
    args: [...args.filter((arg) => arg !== "1" && arg !== "--workers"), "--admin-listen", ADMIN],
  });
  await gateway.waitForLine("The admin API listens");
  return gateway;
}

async function status(key: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${PORTS.get("4318")}/v1/logs`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}`,
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test({ name: "docs/operations.md: a gateway's state, copied and restored", ignore }, async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-operations-" });
  await Deno.writeTextFile(`${directory}/gateway.yaml`, withPorts(yaml));
  await run(gatewayIn(start).before, directory);
  let key = "";
  {
    await using gateway = await gatewayOf(start, directory);
    await t.step("it says how it is", async () => {
      const told = await run(look, directory);
      key = /slk_\S+/.exec(told)?.[0] ?? "";
      match(told, /Server available.*"ok":true.*\}[1-9]\d*\n/);
      strictEqual(await status(key), 200);
    });
    await t.step("its state is copied while it runs", async () => {
      await run("sluice admin tenants usage", directory); // what the threads have counted is written when it is asked for
      await run(backup, directory);
    });
    strictEqual((await gateway.stop()).code, 0);
  }
  await t.step("elsewhere it goes on with tenants, usage and history", async () => {
    const before = gatewayIn(restore).before;
    await run(before, directory);
    await using gateway = await gatewayOf(restore, `${directory}/restored`);
    strictEqual(await status(key), 200);
    match(await run("sluice admin tenants usage", directory), /acme +logs +- +accepted +- +2 /);
    match(await run("sluice admin history", directory), /command line/);
    strictEqual((await gateway.stop()).code, 0);
  });
  await Deno.remove(directory, { recursive: true });
});

Deno.test({ name: "docs/operations.md: a controller's state, copied and restored", ignore }, async () => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-operations-" });
  const address = `127.0.0.1:${freePort()}`;
  const ask = (words: string) =>
    run(`export SLUICE_CONTROLLER_ADDRESS=${address}\nsluice controller ${words}`, directory);
  {
    await using _controller = await controllerIn(`${directory}/controller`, address);
    await ask("tokens make edge");
    await run(controllerBackup, directory);
  }
  await using _restored = await controllerIn(`${directory}/controller-restored`, address);
  match(await ask("tokens list"), / edge /);
  await Deno.remove(directory, { recursive: true });
});

/** A controller that listens. */
async function controllerIn(stateDir: string, address: string): Promise<AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "controller", "--state-dir", stateDir, "--listen", address],
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  let told = "";
  const listening = Promise.withResolvers<void>();
  const ended = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        told += text;
        if (told.includes(address)) listening.resolve();
      },
    }),
  );
  ended.then(() => listening.reject(new Error(`It ended: ${told}`)));
  await listening.promise;
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, ended]);
    },
  };
}

Deno.test("docs/operations.md shows what deploy/kubernetes has", async () => {
  const file = await Deno.readTextFile(new URL("../../deploy/kubernetes/deployment.yaml", import.meta.url));
  const pod = (parse(file) as { spec: { template: { spec: PodSpec } } }).spec.template.spec;
  const told = (parse(kubernetes) as { spec: PodSpec }).spec;
  strictEqual(told.terminationGracePeriodSeconds, pod.terminationGracePeriodSeconds);
  const [ours, theirs] = [told.containers[0]!, pod.containers[0]!];
  strictEqual(ours.args.join(" "), theirs.args.join(" "));
  strictEqual(ours.startupProbe.failureThreshold, theirs.startupProbe.failureThreshold);
  strictEqual(ours.lifecycle.preStop.sleep.seconds, theirs.lifecycle.preStop.sleep.seconds);
  deepStrictEqual(ours.resources, theirs.resources);
});

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly startupProbe: { readonly failureThreshold: number };
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
    readonly resources: unknown;
  }[];
}
