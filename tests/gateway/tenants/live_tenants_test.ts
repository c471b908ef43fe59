import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { startGateway } from "../../../gateway/control_thread.ts";
import type { Gateway } from "../../../gateway/gateway.ts";
import { resolveSources } from "../../../gateway/config/sources.ts";
import { createTenantControl, type TenantControl } from "../../../gateway/tenants/tenant_control.ts";
import { diskTenantFiles } from "../../../gateway/tenants/tenant_files.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { mintApiKey } from "../../../pipeline/tenants/identity/api_key.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { freePort } from "../../support/gateway_process.ts";
import { LOGS_JSON } from "../../support/otlp_requests.ts";

interface Options {
  readonly port: number;
  readonly directory?: string;
  /** YAML in braces. */
  readonly inline?: string;
}

function resolve({ port, directory, inline = "{}" }: Options) {
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: {}}
tenancy: {unknown_limit: {burst: 1000}}
tenants: ${inline}
${directory === undefined ? "" : `tenants_dir: ${directory}`}
service:
  telemetry: {logs: {level: error}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`;
  return resolveSources({ configs: [{ kind: "text", name: "test.yaml", text }], sets: [] });
}

/** Sends one request on each of several connections: some to every worker. @returns The statuses, each once. */
async function send(port: number, key: string): Promise<number[]> {
  const statuses = new Set<number>();
  for (let i = 0; i < 12; i++) {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify(LOGS_JSON),
      client,
    });
    await response.body?.cancel();
    statuses.add(response.status);
  }
  return [...statuses];
}

function controlOf(gateway: Gateway): TenantControl {
  return createTenantControl({ directory: gateway.tenants, files: diskTenantFiles, clock: systemClock });
}

for (const workers of [0, 2]) {
  Deno.test(`tenants of a gateway with ${workers} workers`, async (t) => {
    const directory = await Deno.makeTempDir();
    const port = freePort();
    const [inline, first] = [mintApiKey(), mintApiKey()];
    await Deno.writeTextFile(
      `${directory}/acme.yaml`,
      `keys: [{id: ${first.id}, hash: "${first.hash}"}] # the first\n`,
    );
    const inlineTenants = `{globex: {keys: [{id: ${inline.id}, hash: "${inline.hash}"}]}}`;
    const resolved = await resolve({ port, directory, inline: inlineTenants });
    const gateway = await startGateway({
      ...{ resolved, workers, version: "0", serveHttp, tenantFiles: diskTenantFiles },
    });
    const control = controlOf(gateway);
    let rotated = "";

    await t.step("those of the configuration and of the directory may send, others may not", async () => {
      deepStrictEqual(await send(port, inline.key), [200]);
      deepStrictEqual(await send(port, first.key), [200]);
      deepStrictEqual(await send(port, mintApiKey().key), [401]);
      deepStrictEqual(gateway.tenants.problems, []);
    });

    await t.step("a new key is used by every thread at once, the old one as long as they overlap", async () => {
      rotated = (await control.rotateKey("acme", 60_000)).key;
      deepStrictEqual(await send(port, rotated), [200]);
      deepStrictEqual(await send(port, first.key), [200]);
      const text = await Deno.readTextFile(`${directory}/acme.yaml`);
      match(text, /# the first/);
      ok(!text.includes(rotated), "the key itself is written");
    });

    await t.step("without an overlap the keys before it are refused at once", async () => {
      const { key } = await control.rotateKey("acme", 0);
      deepStrictEqual(await send(port, rotated), [401]);
      deepStrictEqual(await send(port, first.key), [401]);
      deepStrictEqual(await send(port, key), [200]);
      rotated = key;
    });

    await t.step("one of the configuration itself is changed there alone", async () => {
      await rejects(control.rotateKey("globex", 0), /globex: it is in test\.yaml:5:\d+, wanted it in a file/);
    });

    await t.step("a configuration with other tenants keeps every component, and is used with its flip", async () => {
      const { change } = await gateway.apply(await resolve({ port, directory }));
      deepStrictEqual([change.replaced, change.added, change.removed], [[], [], []]);
      deepStrictEqual(await send(port, inline.key), [401]);
      deepStrictEqual(await send(port, rotated), [200]);
    });

    await t.step("a configuration that cannot start changes no tenant", async () => {
      const broken = await resolve({ port, directory: `${directory}/none`, inline: inlineTenants });
      await rejects(gateway.apply(broken), /tenants_dir: cannot be read: /);
      deepStrictEqual(await send(port, inline.key), [401]);
      deepStrictEqual(await send(port, rotated), [200]);
    });

    await t.step("a tenant that is removed is refused", async () => {
      await control.remove("acme");
      deepStrictEqual(await send(port, rotated), [401]);
      strictEqual(control.list({ offset: 0, limit: 10 }).total, 0);
    });

    strictEqual(await gateway.shutdown(5_000), true);
    await Deno.remove(directory, { recursive: true });
  });
}
