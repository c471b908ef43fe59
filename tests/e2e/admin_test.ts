/** The admin API of a process: over its own OpenAPI document, by its client, and against those who may not. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_ADMIN_LISTEN } from "../../gateway/admin/listen.ts";
import { ENDPOINTS } from "../../routes/admin/endpoints.ts";
import { makeCertificates } from "../support/certificates.ts";
import { type Ended, freePort, type GatewayProcess, runMain, startGateway } from "../support/gateway_process.ts";
import { sendRaw } from "../support/raw_http.ts";
import { OpenApiClient, type OpenApiDocument } from "../support/openapi_client.ts";

const SECRET = "hunter2-hunter2";
const JSON_TYPE = { "content-type": "application/json" };
const SPAN = {
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "GET /",
  attributes: [
    { key: "api_key", value: { stringValue: SECRET } },
    { key: "user.name", value: { stringValue: "ada" } },
    { key: "http.header", value: { stringValue: `Bearer ${SECRET}` } },
  ],
};

interface Setup extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  readonly dir: string;
  readonly address: string;
  readonly token: string;
  readonly otlp: number;
  readonly yaml: string;
  get(path: string): Promise<Response>;
  change(method: string, path: string, body: unknown, ifMatch?: string): Promise<Response>;
  cli(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  send(): Promise<void>;
}

async function start(workers: number): Promise<Setup> {
  const dir = await Deno.makeTempDir();
  const [port, otlp, upstream] = [freePort(), freePort(), freePort()];
  const address = `127.0.0.1:${port}`;
  const tokens = `${dir}/tokens`;
  const made = await runMain(["admin", "token", "--name", "ops", "--scope", "write", "--tokens", tokens]);
  const token = made.stdout.trim();
  const yaml = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${otlp}"}}}}
processors: {batch: {timeout: 10ms}}
exporters:
  otlp_http/down:
    endpoint: http://127.0.0.1:${upstream}
    headers: {authorization: "Bearer ${SECRET}"}
    sending_queue: {wait_for_result: false}
service: {pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [otlp_http/down]}}}
`;
  const gateway = await startGateway(yaml, {
    workers,
    args: ["--admin-listen", address, "--admin-tokens", tokens, "--state-dir", dir, "--drain-timeout", "0"],
  });
  await gateway.waitForLine("The admin API listens");
  const headers = { authorization: `Bearer ${token}` };
  return {
    ...{ gateway, dir, address, token, otlp, yaml },
    get: (path) => fetch(`http://${address}${path}`, { headers }),
    change: (method, path, body, ifMatch) =>
      fetch(`http://${address}${path}`, {
        method,
        headers: { ...headers, ...JSON_TYPE, ...ifMatch === undefined ? {} : { "if-match": ifMatch } },
        body: JSON.stringify(body),
      }),
    cli: (...args) => runMain([...args, "--address", address], { env: { SLUICE_ADMIN_TOKEN: token } }),
    send: async () => {
      const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] });
      const response = await fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: "POST", headers: JSON_TYPE, body });
      strictEqual(response.status, 200, await response.text());
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

const QUEUE = "exporter:otlp_http/down:traces";
const QUEUE_PATH = `/api/v1/queues/${encodeURIComponent(QUEUE)}`;

for (const workers of [1, 2]) {
  Deno.test(`the admin API of a gateway with ${workers} worker(s)`, async (t) => {
    await using setup = await start(workers);
    const { get, change, send, gateway } = setup;

    await t.step("says who runs, and as what", async () => {
      const status = await (await get("/api/v1/status")).json();
      strictEqual(status.state, "ready");
      deepStrictEqual(status.workers, { wanted: workers, alive: workers });
      strictEqual(status.config.id, 1);
      strictEqual((await fetch(`http://${setup.address}/api/v1/probes/ready`)).status, 200);
    });

    await t.step("asks for a token", async () => {
      const bare = await fetch(`http://${setup.address}/api/v1/status`);
      strictEqual(bare.status, 401);
      await bare.body?.cancel();
    });

    await t.step("shows each value with where it comes from, and no secret", async () => {
      const text = await (await get("/api/v1/config/values?limit=500")).text();
      ok(!text.includes(SECRET));
      const { items } = JSON.parse(text);
      const of = (path: string) => items.find((item: { path: string }) => item.path === path);
      deepStrictEqual(of("processors::batch::timeout").origin.kind, "text");
      strictEqual(of("processors::batch::timeout").origin.line, 3);
      strictEqual(of("processors::batch::send_batch_size").origin.kind, "default");
      strictEqual(of("service::telemetry::metrics::level").origin.kind, "set");
      ok(!(await (await get("/api/v1/config")).text()).includes(SECRET));
      ok(!(await (await get("/api/v1/components")).text()).includes(SECRET));
    });

    await t.step("counts what flows, and what a queue holds", async () => {
      await send();
      const { items: [queue] } = await (await get("/api/v1/queues")).json();
      strictEqual(queue.id, QUEUE);
      const { edges } = await (await get("/api/v1/graph")).json();
      deepStrictEqual(edges.map(({ from, to }: { from: string; to: string }) => [from, to]), [
        ["receiver:otlp", "processor:batch:traces"],
        ["processor:batch:traces", QUEUE],
      ]);
      strictEqual(edges[0].flow.items_total, 1);
    });

    await t.step("says that a destination fails, since when, with what, and how long data waits", async () => {
      await gateway.waitForLine("will be tried again");
      const { exporters: [exporter], exporters_total } = await (await get("/api/v1/status")).json();
      deepStrictEqual([exporter.id, exporter.state, exporters_total], [QUEUE, "failing", 1]);
      ok(exporter.failing_since_ms <= exporter.last_error.at_ms && exporter.last_error.at_ms <= Date.now());
      match(exporter.last_error.message, /^Cannot .*127\.0\.0\.1/);
      ok(exporter.oldest_age_ms > 0);
      strictEqual(exporter.delivered_at_ms, null);
    });

    await t.step("tells the last errors of a component", async () => {
      await gateway.waitForLine("will be tried again");
      const component = await (await get("/api/v1/components/exporter%3Aotlp_http%2Fdown")).json();
      match(component.last_errors[0].message, /export failed/);
    });

    await t.step("pauses a queue, which then holds what comes; drains it only when it runs", async () => {
      const etag = (await get(QUEUE_PATH)).headers.get("etag") ?? "";
      strictEqual(etag, '"running"');
      strictEqual((await change("PUT", `${QUEUE_PATH}/state`, { state: "paused" }, etag)).status, 200);
      strictEqual((await change("PUT", `${QUEUE_PATH}/state`, { state: "paused" }, etag)).status, 412);
      const before = await (await get(QUEUE_PATH)).json();
      await send();
      const after = await (await get(QUEUE_PATH)).json();
      strictEqual(after.in_flight_requests, before.in_flight_requests);
      strictEqual((await change("POST", `${QUEUE_PATH}/drain`, {})).status, 409);
      strictEqual((await change("PUT", `${QUEUE_PATH}/state`, { state: "running" }, '"paused"')).status, 200);
      const drained = await (await change("POST", `${QUEUE_PATH}/drain`, { timeout_ms: 0 })).json();
      strictEqual(drained.drained, false); // its destination is down
    });

    await t.step("taps a node, masked, and ends by itself", async () => {
      const response = await get("/api/v1/graph/nodes/receiver%3Aotlp/tap?max_samples=1&mask=user.name&per_second=20");
      const sent: Promise<void>[] = [];
      const timer = setInterval(() => sent.push(send()), 50);
      const text = await response.text().finally(() => clearInterval(timer));
      await Promise.all(sent);
      match(text, /event: end\ndata: \{"type":"end","reason":"max_samples","samples":1/);
      ok(!text.includes(SECRET) && !text.includes("ada"), text);
      match(text, /GET \//);
    });

    await t.step("sets the level of the log on all threads", async () => {
      strictEqual((await change("PUT", "/api/v1/log-level", { level: "debug" }, '"info"')).status, 200);
      strictEqual((await change("PUT", "/api/v1/log-level", { level: "warn" }, '"info"')).status, 412);
      strictEqual((await change("PUT", "/api/v1/log-level", { level: "info" }, '"debug"')).status, 200);
    });

    await t.step("profiles a thread; a heap snapshot stays on the machine", async () => {
      const thread = workers === 1 ? "control" : "worker-1";
      const profile = await (await change("POST", "/api/v1/profiles/cpu", { thread, duration_ms: 50 })).json();
      ok(profile.nodes.length > 0);
      const { path, bytes } = await (await change("POST", "/api/v1/profiles/heap", { thread })).json();
      strictEqual((await Deno.stat(path)).size, bytes);
      strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
      await Deno.remove(path);
      strictEqual((await change("POST", "/api/v1/profiles/cpu", { thread: "../x" })).status, 404);
    });

    await t.step("two operators: the second who applies is told; the history has it; back it goes", async () => {
      const etag = (await get("/api/v1/config")).headers.get("etag") ?? "";
      const next = { sources: [{ name: "next.yaml", text: setup.yaml.replace("10ms", "20ms") }] };
      const diff = await (await change("POST", "/api/v1/config/diff", next)).json();
      match(diff.diff, /\+.*20ms/);
      ok(!JSON.stringify(diff).includes(SECRET));
      const first = await change("PUT", "/api/v1/config", next, etag);
      const applied = await first.json();
      strictEqual(first.status, 200, JSON.stringify(applied));
      strictEqual(applied.entry.who, "ops");
      strictEqual((await change("PUT", "/api/v1/config", next, etag)).status, 412);
      const now = first.headers.get("etag") ?? "";
      strictEqual((await change("POST", "/api/v1/config/rollback", { id: 1 }, now)).status, 200);
      const history = await (await get("/api/v1/config/history")).json();
      deepStrictEqual(history.items.map(({ origin }: { origin: string }) => origin), ["rollback", "admin", "start"]);
      await send(); // the same listener, the first configuration
    });

    await t.step("a configuration with problems changes nothing and names their places", async () => {
      const wrong = { sources: [{ name: "wrong.yaml", text: "receivers: 7\n" }] };
      const answer = await change("PUT", "/api/v1/config", wrong, "*");
      const problem = await answer.json();
      strictEqual(answer.status, 422);
      const [place] = problem.problems.filter(({ path }: { path: string }) => path === "receivers");
      deepStrictEqual([place.file, place.line], ["admin:wrong.yaml", 1]);
      const [entry] = (await (await get("/api/v1/config/history")).json()).items;
      const back = await change("POST", "/api/v1/config/rollback", { id: entry.id }, "*");
      strictEqual(back.status, 409);
      match((await back.json()).detail, /^Cannot go back to entry \d+: it never ran: .+/);
      await send();
    });

    await t.step("every change is in the audit log, on disk too", async () => {
      const { items } = await (await get("/api/v1/audit")).json();
      const operations = new Set(items.map(({ operation }: { operation: string }) => operation));
      for (const done of ["setQueueState", "tapNode", "applyConfig", "rollbackConfig", "makeHeapSnapshot"]) {
        ok(operations.has(done), done);
      }
      const lines = (await Deno.readTextFile(`${setup.dir}/audit.jsonl`)).trim().split("\n");
      strictEqual(lines.length, items.length);
      strictEqual((await Deno.stat(`${setup.dir}/audit.jsonl`)).mode! & 0o777, 0o600);
    });

    await t.step("no secret is in the log", () => ok(!gateway.stderr().includes(SECRET)));
  });
}

/** A trial of OTTL has 200 ms of the clock, which a busy machine may give to others. */
async function untilNotHurried(ask: () => Promise<Ended>): Promise<Ended> {
  for (let tries = 1;; tries++) {
    const ended = await ask();
    if (tries === 20 || !ended.stderr.includes("Cannot try that: it takes longer than")) return ended;
  }
}

Deno.test("the client of the admin API", async (t) => {
  await using setup = await start(1);
  const { cli } = setup;
  const next = `${setup.dir}/next.yaml`;
  await Deno.writeTextFile(next, setup.yaml.replace("10ms", "30ms"));
  await Deno.writeTextFile(`${setup.dir}/wrong.yaml`, "receivers: 7\n");
  await Deno.writeTextFile(
    `${setup.dir}/in.json`,
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] }),
  );
  await setup.send();
  const cases: { name: string; args: string[]; code?: number; out?: RegExp; err?: RegExp }[] = [
    { name: "status", args: ["admin", "status"], out: /^state +ready$/m },
    {
      name: "status has a failing destination",
      args: ["admin", "status"],
      out: /^otlp_http\/down +traces +failing since \d\d:\d\d:\d\dZ \(.*\) +\S+ +- +20\S+ Cannot /m,
    },
    { name: "status for programs", args: ["admin", "status", "--json"], out: /^\{"build".*\}\n$/ },
    { name: "config", args: ["admin", "config"], out: /authorization: "\[REDACTED\]"/ },
    { name: "values", args: ["admin", "values", "processors"], out: /^processors::batch::timeout +10ms +text/m },
    { name: "validate", args: ["admin", "validate", next], out: /^valid$/m },
    { name: "diff", args: ["admin", "diff", next], out: /^\+.*30ms/m },
    {
      name: "apply",
      args: ["admin", "apply", next],
      out:
        /has the traffic: .*\nwatched until \d\d:\d\d:\d\dZ, back to entry 1, version [0-9a-f]{16}, if the gateway does worse/,
    },
    {
      name: "apply to another version",
      args: ["admin", "apply", next, "--if-version", "0000"],
      code: 1,
      err: /not as If-Match says/,
    },
    {
      name: "apply what is wrong",
      args: ["admin", "apply", `${setup.dir}/wrong.yaml`],
      code: 1,
      err: /wrong\.yaml:1:\d+: receivers: is a number|wrong\.yaml:1:\d+: receivers: /,
    },
    { name: "history", args: ["admin", "history"], out: /^ *2 .* ops +admin /m },
    { name: "rollback", args: ["admin", "rollback", "1"], out: /has the traffic/ },
    { name: "graph", args: ["admin", "graph"], out: /^receiver:otlp +processor:batch:traces/m },
    { name: "components", args: ["admin", "components"], out: /^exporter:otlp_http\/down +running/m },
    { name: "a component", args: ["admin", "components", "processor:batch"], out: /^timeout: 10ms/m },
    { name: "queues", args: ["admin", "queues"], out: /^exporter:otlp_http\/down:traces +running/m },
    { name: "pause", args: ["admin", "pause", QUEUE], out: /is paused/ },
    { name: "resume", args: ["admin", "resume", QUEUE], out: /is running/ },
    {
      name: "a queue that is not",
      args: ["admin", "pause", "nothing"],
      code: 1,
      err: /Cannot find the queue "nothing": there are /,
    },
    {
      name: "a node that is not: what may be meant comes first",
      args: ["admin", "tap", "exporter:otlp_http/down"],
      code: 1,
      err:
        /Cannot find the node "exporter:otlp_http\/down": there are exporter:otlp_http\/down:traces, receiver:otlp, processor:batch:traces\n/,
    },
    { name: "log-level", args: ["admin", "log-level", "warn"], out: /^warn \(configured: info\)$/m },
    {
      name: "ottl",
      args: ["admin", "ottl", `${setup.dir}/in.json`, "--statement", 'set(span.name, "x")'],
      out: /~ .*name = "GET \/" -> "x"/,
    },
    { name: "audit", args: ["admin", "audit"], out: /ops +applyConfig +412/ },
    {
      name: "top",
      args: ["top", "--once"],
      out: /^ready, 1 of 1 workers.*\n(?:exporter:otlp_http\/down:traces: failing since .*\n)?\nFROM +TO/,
    },
  ];
  for (const { name, args, code = 0, out = /^/, err = /^/ } of cases) {
    await t.step(name, async () => {
      const ended = await untilNotHurried(() => cli(...args));
      strictEqual(ended.code, code, ended.stderr);
      match(ended.stdout, out);
      match(ended.stderr, err);
      ok(!ended.stdout.includes(SECRET));
    });
  }
  await t.step("without a token it says how to give one", async () => {
    const ended = await runMain(["admin", "status", "--address", setup.address]);
    strictEqual(ended.code, 1);
    match(ended.stderr, /SLUICE_ADMIN_TOKEN/);
  });
});

Deno.test("a process keeps to the OpenAPI document that it serves", async () => {
  await using setup = await start(1);
  const document: OpenApiDocument = await (await fetch(`http://${setup.address}/api/v1/openapi.json`)).json();
  strictEqual(Object.values(document.paths).flatMap(Object.keys).length, Object.keys(ENDPOINTS).length);
  const client = new OpenApiClient(document);
  // Those that take long or write files are tested by themselves.
  const slow = new Set(["makeCpuProfile", "makeHeapSnapshot", "tapNode", "drainQueue"]);
  const ids = [QUEUE, "receiver:otlp", "processor:batch", "../../x"];
  const requests = client.requests(ids).filter(({ operation }) => !slow.has(operation.operationId));
  await fc.assert(
    fc.asyncProperty(requests, async (made) => {
      const response = await fetch(`http://${setup.address}${made.target}`, {
        method: made.method,
        headers: { authorization: `Bearer ${setup.token}`, ...made.headers },
        ...made.body === undefined ? {} : { body: made.body },
      });
      const type = response.headers.get("content-type") ?? "";
      deepStrictEqual(client.faults(made, response.status, type, await response.text()), []);
    }),
    { numRuns: 150 },
  );
});

Deno.test("what the listener itself refuses", async (t) => {
  await using setup = await start(1);
  const port = Number(setup.address.split(":")[1]);
  const put = (headers: readonly string[], body: string) =>
    sendRaw(port, {
      method: "PUT",
      path: "/api/v1/config",
      headers: [
        "Host: localhost",
        `Authorization: Bearer ${setup.token}`,
        "Content-Type: application/json",
        ...headers,
      ],
      body,
    });
  await t.step("a body past the bound, before it is read", async () => {
    const answer = await put(["Content-Length: 99999999"], "{");
    strictEqual(answer?.status, 413);
    strictEqual(answer.headers.get("content-type"), "application/problem+json");
    strictEqual(JSON.parse(new TextDecoder().decode(answer.body)).status, 413);
  });
  await t.step("headers past the bound", async () => {
    strictEqual((await put([`X-Long: ${"x".repeat(70_000)}`], ""))?.status, 431);
  });
  await t.step("another host, though it leads here", async () => {
    const answer = await sendRaw(port, { method: "GET", path: "/", headers: ["Host: evil.example"] });
    strictEqual(answer?.status, 403);
  });
  await t.step("it goes on all the same", async () => strictEqual((await setup.get("/api/v1/status")).status, 200));
});

Deno.test("a stop ends taps, whether their clients read or not", async () => {
  await using setup = await start(1);
  const path = "/api/v1/graph/nodes/receiver%3Aotlp/tap?duration_ms=300000";
  const reading = (await setup.get(path)).text();
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: Number(setup.address.split(":")[1]) });
  await silent.write(new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${setup.token}\r\n\r\n`,
  ));
  await setup.send();
  const { stderr } = await setup.gateway.stop();
  match(await reading, /event: end\ndata: \{"type":"end","reason":"shutdown"/);
  match(stderr, /Stopped: /);
});

Deno.test("a gateway whose default admin port is taken runs without it, and says so", async () => {
  const held = holdDefaultPort();
  try {
    const yaml = () => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${freePort()}"}}}}
exporters: {nop: }
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
`;
    await using gateway = await startGateway(yaml(), { env: { SLUICE_ADMIN_LISTEN: "" } });
    match(await gateway.waitForLine("The admin API is off"), /8887.*the port is in use/);
    const refused = await runMain(["gateway", "--config", `yaml:${yaml()}`, "--admin-listen", DEFAULT_ADMIN_LISTEN]);
    strictEqual(refused.code, 1);
    match(refused.stderr, /--admin-listen: .*8887.*the port is in use, wanted a free one, or off/);
    strictEqual(refused.stderr.includes("Starting"), false);
  } finally {
    held?.close();
  }
});

/** Nothing when somebody has it already, which serves as well. */
function holdDefaultPort(): Deno.Listener | undefined {
  try {
    const [hostname = "", port] = DEFAULT_ADMIN_LISTEN.split(":");
    return Deno.listen({ hostname, port: Number(port) });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) return undefined;
    throw thrown;
  }
}

Deno.test("the admin API over TLS", async (t) => {
  const dir = await Deno.makeTempDir();
  const { caCert, serverCert, serverKey } = await makeCertificates();
  const files = { "ca.pem": caCert, "cert.pem": serverCert, "key.pem": serverKey };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, text);
  const [address, otlp] = [`127.0.0.1:${freePort()}`, freePort()];
  const yaml = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${otlp}"}}}}
exporters: {nop: {}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
`;
  const tls = ["--admin-tls-cert", `${dir}/cert.pem`, "--admin-tls-key", `${dir}/key.pem`];
  await using gateway = await startGateway(yaml, { args: ["--admin-listen", address, ...tls] });
  await gateway.waitForLine("The admin API listens");
  await t.step("answers who trusts its certificate", async () => {
    const { code, stdout } = await runMain(["admin", "status", "--address", address, "--ca", `${dir}/ca.pem`]);
    strictEqual(code, 0);
    match(stdout, /ready/);
  });
  await t.step("is refused by who does not", async () => {
    const { code, stderr } = await runMain(["admin", "status", "--address", `https://${address}`]);
    strictEqual(code, 1);
    match(stderr, /Cannot reach the gateway/);
  });
  await t.step("speaks no plain HTTP", async () => {
    strictEqual((await runMain(["admin", "status", "--address", address])).code, 1);
  });
  await t.step("needs the certificate and its key", async () => {
    const ended = await runMain(["gateway", "--config", "yaml:{}", ...tls.slice(0, 2)]);
    strictEqual(ended.code, 1);
    match(ended.stderr, /wanted both --admin-tls-cert and --admin-tls-key/);
  });
  await Deno.remove(dir, { recursive: true });
});

Deno.test("who would open the admin API to others without tokens is told", async () => {
  const ended = await runMain(["gateway", "--config", "yaml:{}", "--admin-listen", "0.0.0.0:0"]);
  strictEqual(ended.code, 1);
  match(ended.stderr, /others can reach it, wanted --admin-tokens/);
});
