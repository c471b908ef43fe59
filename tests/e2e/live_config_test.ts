/** The configuration of a gateway is changed while it runs, as its operators do it: by its files and by signals. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import tls from "node:tls";
import { HISTORY_FILE } from "../../gateway/config/history_file.ts";
import type { ConfigEntry } from "../../gateway/config/config_manager.ts";
import { eventually } from "../support/eventually.ts";
import { makeCertificates } from "../support/certificates.ts";
import {
  freePort,
  type GatewayProcess,
  type GatewayProcessOptions,
  runMain,
  startGateway,
} from "../support/gateway_process.ts";
import { postLogs } from "../support/otlp_requests.ts";

const CHANGED = "The configuration was changed";
const UNCHANGED = "The configuration was not changed";

interface Knobs {
  readonly port: number;
  readonly level?: string;
  readonly exporter?: string;
  readonly receiver?: string;
}

/** Own logs are not sampled: the tests read them. */
function yaml({ port, level = "info", exporter = "nop", receiver = "" }: Knobs): string {
  return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"${receiver}}}}}
exporters: {${exporter}: }
service:
  telemetry: {metrics: {level: none}, logs: {level: ${level}, sampling: {enabled: false}}}
  pipelines: {logs: {receivers: [otlp], exporters: [${exporter}]}}
`;
}

/** A gateway whose configuration is a file of a directory of its own. */
async function start(text: string, args: readonly string[] = [], options: GatewayProcessOptions = {}) {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/gateway.yaml`;
  await Deno.writeTextFile(path, text);
  const run = () =>
    startGateway(undefined, {
      workers: 2,
      ...options,
      args: ["--config", path, "--state-dir", `${dir}/state`, "--health-window", "0", ...args],
    });
  return { dir, path, run, gateway: await run() };
}

async function historyOf(dir: string): Promise<readonly ConfigEntry[]> {
  const { configs } = JSON.parse(await Deno.readTextFile(`${dir}/state/${HISTORY_FILE}`));
  return configs.map(({ entry }: { entry: ConfigEntry }) => entry);
}

/** The next line about a change: it has the number of its entry. */
const told = (gateway: GatewayProcess, id: number) => gateway.waitForLine(`{"id":${id},`, 20_000);

Deno.test("a configuration is changed by SIGHUP", async (t) => {
  const port = freePort();
  const { dir, path, gateway } = await start(yaml({ port }));
  await using _ = gateway;
  let id = 1;

  /** Writes, asks, and gives the line that tells of it. */
  const change = async (text: string | Uint8Array) => {
    if (typeof text === "string") await Deno.writeTextFile(path, text);
    else await Deno.writeFile(path, text);
    gateway.signal("SIGHUP");
    return await told(gateway, ++id);
  };

  await t.step("the listener stays open, connections too", async () => {
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    const post = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
        method: "POST",
        body: new Uint8Array(),
        client,
      });
      await response.body?.cancel();
      return response.status;
    };
    const before = await post();
    match(await change(yaml({ port, exporter: "nop/2" })), new RegExp(CHANGED));
    deepStrictEqual([before, await post(), await postLogs(port)], [415, 415, 200]);
    client.close();
  });

  const other = freePort();
  await t.step("to another port", async () => {
    const line = await change(yaml({ port: other }));
    match(line, /"replaced":"receiver otlp","added":"exporter nop \(logs\)","removed":"exporter nop\/2 \(logs\)"/);
    strictEqual(await postLogs(other), 200);
    await change(yaml({ port }));
  });

  await t.step("the level of its log", async () => {
    await Deno.writeTextFile(path, yaml({ port, level: "error", exporter: "nop/quiet" }));
    gateway.signal("SIGHUP");
    id++;
    await eventually(async () => (await historyOf(dir)).at(-1)?.id === id);
    match(await change(yaml({ port })), new RegExp(CHANGED));
    ok(!gateway.stderr().includes(`{"id":${id - 1},`), "at level error a change is not told");
  });

  await t.step("what cannot run changes nothing, and says why with its place", async (t) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const bombs = Array.from({ length: 12 }, (_, i) => `b${i + 1}: &b${i + 1} [${`*b${i},`.repeat(9)}]`);
    const missing = ", tls: {cert_file: /absent.pem, key_file: /absent.key}";
    const cases: { name: string; text: string | Uint8Array; want: RegExp }[] = [
      { name: "half a file", text: yaml({ port }).slice(0, 90), want: /service::pipelines: has no pipeline/ },
      { name: "no YAML", text: "receivers: [", want: /gateway\.yaml:1:\d+: / },
      { name: "nothing", text: "", want: /service::pipelines: has no pipeline/ },
      { name: "no text", text: new Uint8Array([0xff, 0xfe, 0x00, 0x80]), want: /gateway\.yaml: cannot be read/ },
      { name: "10 MB", text: "#".repeat(10e6), want: /gateway\.yaml: cannot be read: larger than 4194304 bytes/ },
      { name: "aliases of aliases", text: `b0: &b0 [1]\n${bombs.join("\n")}\n`, want: /gateway\.yaml:\d+:\d+: / },
      {
        name: "an unknown component",
        text: yaml({ port, exporter: "nope" }),
        want: /exporters::nope: is of the unknown/,
      },
      {
        name: "a port that somebody else has",
        text: yaml({ port: taken.addr.port }),
        want: /receivers::otlp::protocols::http::endpoint: Cannot listen on .*: the port is in use/,
      },
      { name: "certificates that are not there", text: yaml({ port: other, receiver: missing }), want: /absent\.pem/ },
    ];
    for (const { name, text, want } of cases) {
      await t.step(name, async () => {
        const line = await change(text);
        match(line, new RegExp(UNCHANGED));
        match(line, want);
        strictEqual(await postLogs(port), 200);
      });
    }
  });

  await t.step("a file that is not there", async () => {
    await Deno.remove(path);
    gateway.signal("SIGHUP");
    match(await told(gateway, ++id), /cannot be read: .*there is no file/);
    strictEqual(await postLogs(port), 200);
  });

  await t.step("the history has all of it", async () => {
    await eventually(async () => (await historyOf(dir)).at(-1)?.id === id); // it is written after the line
    const entries = await historyOf(dir);
    deepStrictEqual(entries.slice(0, 2).map(({ who, outcome }) => [who, outcome]), [
      ["command line", "good"],
      ["SIGHUP", "good"],
    ]);
    strictEqual(entries.at(-1)?.outcome, "failed");
  });

  strictEqual((await gateway.stop()).code, 0);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("--watch goes over to files that have changed", async (t) => {
  const port = freePort();
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/v1`);
  await Deno.writeTextFile(`${dir}/v1/gateway.yaml`, yaml({ port, level: "debug" }));
  await Deno.symlink("v1", `${dir}/..data`);
  await Deno.symlink("..data/gateway.yaml", `${dir}/gateway.yaml`);
  const path = `${dir}/gateway.yaml`;
  await using gateway = await startGateway(undefined, {
    args: ["--config", path, "--watch", "--health-window", "0"],
  });
  let id = 1;
  const isChanged = async () => match(await told(gateway, ++id), new RegExp(CHANGED));

  await t.step("the link above a ConfigMap is swapped", async () => {
    await Deno.mkdir(`${dir}/v2`);
    await Deno.writeTextFile(`${dir}/v2/gateway.yaml`, yaml({ port, level: "debug", exporter: "nop/2" }));
    await Deno.symlink("v2", `${dir}/..data_tmp`);
    await Deno.rename(`${dir}/..data_tmp`, `${dir}/..data`);
    await isChanged();
  });

  await t.step("a file is renamed over it", async () => {
    await Deno.writeTextFile(`${dir}/draft`, yaml({ port, level: "debug", exporter: "nop/3" }));
    await Deno.rename(`${dir}/draft`, path);
    await isChanged();
  });

  await t.step("it is written in pieces: only the whole is taken", async () => {
    const text = yaml({ port, level: "debug", exporter: "nop/4" });
    using file = await Deno.open(path, { write: true, truncate: true });
    for (const piece of [text.slice(0, 40), text.slice(40, 120), text.slice(120)]) {
      await file.write(new TextEncoder().encode(piece));
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await isChanged();
  });

  await t.step("the same content again is no change", async () => {
    const lines = () => gateway.stderr().split("is the one that runs: nothing to do").length;
    const before = lines();
    await Deno.writeTextFile(path, await Deno.readTextFile(path));
    while (lines() === before) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  strictEqual((await gateway.stop()).code, 0);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("certificates are swapped with the configuration, on the same port", async () => {
  const port = freePort();
  const dir = await Deno.makeTempDir();
  for (const name of ["a", "b"]) {
    const { serverCert, serverKey } = await makeCertificates();
    await Deno.writeTextFile(`${dir}/${name}.pem`, serverCert);
    await Deno.writeTextFile(`${dir}/${name}.key`, serverKey);
  }
  const text = (name: string) =>
    yaml({ port, receiver: `, tls: {cert_file: ${dir}/${name}.pem, key_file: ${dir}/${name}.key}` });
  const { path, gateway } = await start(text("a"));
  await using _ = gateway;
  const before = await certificateAt(port);
  await Deno.writeTextFile(path, text("b"));
  gateway.signal("SIGHUP");
  match(await told(gateway, 2), new RegExp(CHANGED));
  await gateway.waitForLine("OTLP over HTTP is served");
  for (let tries = 0; (await certificateAt(port)) === before && tries < 50; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  ok((await certificateAt(port)) !== before);
  strictEqual((await gateway.stop()).code, 0);
  await Deno.remove(dir, { recursive: true });
});

function certificateAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

Deno.test("a last good configuration needs a place that it is kept in", async () => {
  const { code, stderr } = await runMain(["gateway", "--use-last-good"]);
  deepStrictEqual([code, stderr.trim()], [2, "error: --use-last-good needs --state-dir"]);
});

Deno.test("a gateway that was killed comes back with the right configuration", async (t) => {
  const port = freePort();
  const { dir, path, run, gateway: first } = await start(yaml({ port }), ["--use-last-good"]);
  let gateway = first;

  await t.step("killed during a change: with what is in the file then", async () => {
    for (const [round, afterMs] of [0, 5, 15, 40].entries()) {
      await Deno.writeTextFile(path, yaml({ port, exporter: `nop/${round}` }));
      gateway.signal("SIGHUP");
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await gateway.stop("SIGKILL");
      gateway = await run();
      strictEqual(await postLogs(port), 200);
      const wanted = round === 0 ? /^/ : new RegExp(`nop/${round}|^$`);
      // data is taken before the history is on disk
      await eventually(async () => wanted.test((await historyOf(dir).catch(() => [])).at(-1)?.diff ?? "none"));
    }
  });

  await t.step("with the last good one when that cannot run", async () => {
    await gateway.stop("SIGKILL");
    await Deno.writeTextFile(path, "receivers: [");
    gateway = await run();
    await gateway.waitForLine("Runs with the last good configuration: the given one does not load");
    strictEqual(await postLogs(port), 200);
  });

  await t.step("and from there on to the given one, once it can", async () => {
    await Deno.writeTextFile(path, yaml({ port, exporter: "nop/mended" }));
    gateway.signal("SIGHUP");
    match(await gateway.waitForLine(CHANGED, 20_000), /nop\/mended/);
    strictEqual(await postLogs(port), 200);
  });
  strictEqual((await gateway.stop()).code, 0);
  await Deno.remove(dir, { recursive: true });
});
