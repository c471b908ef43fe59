/** Workers that die hold nothing of a tenant for ever, and know every tenant before they take data again. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startGateway } from "../../gateway/control_thread.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { resolveSources } from "../../gateway/config/sources.ts";
import { createTenantControl } from "../../gateway/tenants/tenant_control.ts";
import { diskTenantFiles } from "../../gateway/tenants/tenant_files.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { serveHttp } from "../../routes/listener.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/gateway_process.ts";
import { LOGS_JSON } from "../support/otlp_requests.ts";

/** What is left of a tenant's limits, by name. */
function left(gateway: Gateway, id: string): Readonly<Record<string, number>> {
  return Object.fromEntries(gateway.tenants.live(id)?.limits.map(({ name, left }) => [name, left]) ?? []);
}

/** A destination that answers when it is let. */
class SlowSink implements AsyncDisposable {
  held = 0;
  #isOpen = false;
  readonly #opened = Promise.withResolvers<void>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
      this.held++;
      if (!this.#isOpen) await this.#opened.promise;
      return new Response(new Uint8Array(), { headers: { "content-type": "application/x-protobuf" } });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    await this.#server.shutdown();
  }
}

/** @returns The status; 0 when the connection was cut. */
async function send(port: number, key: string): Promise<number> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const url = `http://127.0.0.1:${port}/v1/logs`;
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(LOGS_JSON), client });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

Deno.test("workers that die while requests are in flight", async (t) => {
  const directory = await Deno.makeTempDir();
  await using sink = new SlowSink();
  const port = freePort();
  const { id, key, hash } = mintApiKey();
  const limits = "limits: {all: {concurrent_requests: 4, bytes_in_flight: 100000}}";
  await Deno.writeTextFile(`${directory}/acme.yaml`, `keys: [{id: ${id}, hash: "${hash}"}]\n${limits}\n`);
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "${sink.url}", compression: none, sending_queue: {enabled: false}}}
tenancy: {unknown_limit: {burst: 100000}}
tenants_dir: ${directory}
service:
  telemetry: {logs: {level: error, output_paths: [/dev/null]}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`;
  const workers: Worker[] = [];
  const gateway = await startGateway({
    resolved: await resolveSources({ configs: [{ kind: "text", name: "test.yaml", text }], sets: [] }),
    ...{ workers: 2, version: "0", serveHttp, tenantFiles: diskTenantFiles },
    spawnWorker: () => {
      const worker = new Worker(import.meta.resolve("../support/mortal_worker.ts"), { type: "module" });
      workers.push(worker);
      return worker;
    },
  });
  const full = { concurrent_requests: 4, bytes_in_flight: 100_000 };
  let newKey = "";

  await t.step("hold what they are answering, over all threads", async () => {
    deepStrictEqual(left(gateway, "acme"), full);
    void Array.from({ length: 4 }, () => send(port, key));
    await eventually(() => sink.held === 4, () => "four are held");
    strictEqual(left(gateway, "acme")["concurrent_requests"], 0);
    ok((left(gateway, "acme")["bytes_in_flight"] ?? 0) < 100_000);
    strictEqual(await send(port, key), 429);
  });

  await t.step("give it back when they die, whoever else goes on", async () => {
    for (const worker of workers.slice(0, 2)) worker.postMessage({ type: "die" });
    await eventually(() => left(gateway, "acme")["concurrent_requests"] === 4, () => "all is given back");
    deepStrictEqual(left(gateway, "acme"), full);
  });

  await t.step("know when they are back who came meanwhile, from their first request on", async () => {
    const control = createTenantControl({ directory: gateway.tenants, files: diskTenantFiles, clock: systemClock });
    newKey = (await control.rotateKey("acme", 60_000)).key;
    sink.open();
    const statuses = new Set<number>();
    for (let i = 0; i < 200 || !statuses.has(200); i++) statuses.add(await send(port, newKey));
    statuses.delete(0); // nobody listened yet, or the one who did died
    deepStrictEqual([...statuses], [200]);
    await eventually(() => gateway.threads.length === 2, () => "both are back");
    deepStrictEqual(left(gateway, "acme"), full);
  });

  await t.step("also when they die one by one under load", async () => {
    const statuses = new Set<number>();
    let isOver = false;
    const sending = Array.from({ length: 3 }, async () => {
      while (!isOver) statuses.add(await send(port, newKey));
    });
    const before = workers.length;
    workers.at(-1)?.postMessage({ type: "die" });
    await eventually(() => workers.length > before && gateway.threads.length === 2, () => "it is back");
    isOver = true;
    await Promise.all(sending);
    statuses.delete(0); // what was in flight in the one that died: its sender sees a reset and sends again
    deepStrictEqual([...statuses], [200]);
    deepStrictEqual(left(gateway, "acme"), full);
  });

  strictEqual(await gateway.shutdown(5_000), true);
  await Deno.remove(directory, { recursive: true });
});
