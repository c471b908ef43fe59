/**
 * Tenants through whole gateways: processes, threads, a real destination. What is told to a sender is true, and what
 * was accepted, rejected and received agrees to the item.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { parseApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { TENANT_ENDPOINTS } from "../../routes/admin/tenants/endpoints.ts";
import { eventually } from "../support/eventually.ts";
import { freePort, type GatewayProcess, spawnGateway, startGateway } from "../support/gateway_process.ts";
import { OpenApiClient, type OpenApiDocument } from "../support/openapi_client.ts";
import { decodeRequest } from "../support/otlp_proto.ts";

/** Takes what is exported, and remembers the names of spans by tenant. */
class Sink implements AsyncDisposable {
  readonly spans = new Map<string, string[]>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, async (request) => {
      this.#take(decodeRequest("traces", await request.bytes()) as unknown as Traces);
      return new Response(new Uint8Array(), { headers: { "content-type": "application/x-protobuf" } });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  of(tenant: string): readonly string[] {
    return this.spans.get(tenant) ?? [];
  }

  #take({ resource_spans }: Traces): void {
    for (const { resource, scope_spans } of resource_spans) {
      const tenant = resource.attributes.find(({ key }) => key === "tenant.id")?.value.string_value ?? "";
      const names = scope_spans.flatMap(({ spans }) => spans.map(({ name }) => name));
      this.spans.set(tenant, [...this.of(tenant), ...names]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Traces {
  readonly resource_spans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { string_value: string } }[] };
    readonly scope_spans: readonly { readonly spans: readonly { readonly name: string }[] }[];
  }[];
}

let requests = 0;

function bodyOf(spans: number): { readonly names: readonly string[]; readonly body: string } {
  const request = ++requests;
  const names = Array.from({ length: spans }, (_, i) => `${request}/${i}`);
  const made = names.map((name, i) => ({
    traceId: request.toString(16).padStart(32, "0"),
    spanId: (i + 1).toString(16).padStart(16, "0"),
    name,
  }));
  return { names, body: JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans: made }] }] }) };
}

interface Sent {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number;
  readonly rejected: number;
  readonly message: string;
  readonly names: readonly string[];
}

async function send(port: number, key: string, spans = 1, client?: Deno.HttpClient): Promise<Sent> {
  const { names, body } = bodyOf(spans);
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body,
    ...client === undefined ? {} : { client },
  });
  const { partialSuccess, message = "" } = await response.json();
  return {
    status: response.status,
    retryAfter: Number(response.headers.get("retry-after")),
    rejected: Number(partialSuccess?.rejectedSpans ?? 0),
    message: partialSuccess?.errorMessage ?? message,
    names,
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A directory of tenants, a destination, and a gateway. */
class Setup implements AsyncDisposable {
  readonly port = freePort();
  readonly sink = new Sink();
  readonly #admin = freePort();
  readonly #workers: number;
  gateway!: GatewayProcess;

  private constructor(readonly dir: string, workers: number) {
    this.#workers = workers;
  }

  static async open(workers: number): Promise<Setup> {
    const setup = new Setup(await Deno.makeTempDir({ prefix: "sluice-tenants-" }), workers);
    await Deno.mkdir(`${setup.dir}/tenants`);
    await setup.start();
    return setup;
  }

  get yaml(): string {
    return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${this.port}"}}}}
exporters: {otlp_http: {endpoint: "${this.sink.url}", compression: none}}
tenancy: {usage: {file: "${this.dir}/usage.db"}, unknown_limit: {burst: 100000}}
tenant_defaults: {resource_attributes: {tenant.id: "{tenant.id}"}}
tenants_dir: "${this.dir}/tenants"
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}}
`;
  }

  get adminAddress(): string {
    return `127.0.0.1:${this.#admin}`;
  }

  get options() {
    return { workers: this.#workers, args: ["--admin-listen", this.adminAddress] };
  }

  async start(): Promise<void> {
    this.gateway = await startGateway(this.yaml, this.options);
    await this.gateway.waitForLine("The admin API listens");
  }

  send(key: string, spans = 1): Promise<Sent> {
    return send(this.port, key, spans);
  }

  async ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`http://${this.adminAddress}/api/v1/${path}`, {
      method,
      headers: { "content-type": "application/json", "if-match": "*" },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
    const json = await response.json();
    strictEqual(response.status, 200, `${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  }

  /** @returns Its key. */
  async create(id: string, settings: Record<string, unknown> = {}): Promise<string> {
    return (await this.ask("POST", "tenants", { id, settings })).key;
  }

  /** Sums of requests and items by outcome and reason, at the door and at the destination. */
  async usage(tenant: string): Promise<Record<string, readonly [requests: number, items: number]>> {
    const sums: Record<string, [number, number]> = {};
    for (const { outcome, reason, requests, items } of await this.ask("GET", `usage?tenant=${tenant}`)) {
      const key = [outcome, reason].filter((each) => each !== "").join(" ");
      const [r, i] = sums[key] ?? [0, 0];
      sums[key] = [r + requests, i + items];
    }
    return sums;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.sink[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

for (const workers of [1, 2]) {
  Deno.test(`tenants of a gateway with ${workers} worker(s)`, async (t) => {
    await using setup = await Setup.open(workers);

    await t.step("each has its own limits; who waits as long as he is told is let in, and not before", async () => {
      const [quick, slow] = [
        await setup.create("quick"),
        await setup.create("slow", { limits: { all: { requests_per_second: 0.5, burst: "2s" } } }),
      ];
      strictEqual((await setup.send(slow)).status, 200);
      const refused = await setup.send(slow);
      strictEqual(refused.status, 429);
      ok(refused.retryAfter >= 1 && refused.retryAfter <= 2, `${refused.retryAfter}`);
      strictEqual((await setup.send(slow)).status, 429);
      for (let i = 0; i < 10; i++) strictEqual((await setup.send(quick)).status, 200);
      await sleep(1_000 * refused.retryAfter);
      strictEqual((await setup.send(slow)).status, 200);
      deepStrictEqual([setup.sink.of("slow").length, setup.sink.of("quick").length], [2, 10]);
    });

    await t.step("bytes: a body that can never fit is told so, another when it can", async () => {
      const { body: one } = bodyOf(1);
      const limits = { traces: { bytes_per_second: one.length, burst: "2s" } };
      const key = await setup.create("bytes", { limits });
      strictEqual((await setup.send(key, 50)).status, 413);
      strictEqual((await setup.send(key)).status, 200);
      const answers = [await setup.send(key), await setup.send(key)];
      const refused = answers.find(({ status }) => status === 429);
      ok(refused !== undefined && refused.retryAfter >= 1);
      await sleep(1_000 * refused.retryAfter);
      strictEqual((await setup.send(key)).status, 200);
    });

    await t.step("items: what fits goes on, the rest is told, and every count agrees", async () => {
      const key = await setup.create("items", { limits: { all: { items_per_second: 50, burst: "1s" } } });
      const sent: Sent[] = [];
      for (let i = 0; i < 20; i++) sent.push(await setup.send(key, 20));
      const taken = sent.flatMap(({ status, names, rejected }) => {
        return status === 200 ? names.slice(0, names.length - rejected) : [];
      });
      deepStrictEqual(setup.sink.of("items").toSorted(), taken.toSorted());
      ok(sent.some(({ status, rejected }) => status === 200 && rejected > 0), "none was taken in part");
      const cut = sent.filter(({ status }) => status === 200).reduce((sum, { rejected }) => sum + rejected, 0);
      const refused = sent.filter(({ status }) => status === 429).length;
      strictEqual(taken.length + cut + 20 * refused, 400);
      const usage = await setup.usage("items");
      deepStrictEqual(usage["accepted"], [20 - refused, taken.length]);
      deepStrictEqual(usage["rejected items_per_second"]?.[1], cut);
      deepStrictEqual(usage["sent"]?.[1], taken.length);
      deepStrictEqual(usage["refused items_per_second"]?.[0] ?? 0, refused);
    });

    await t.step("all or nothing, where it is configured so", async () => {
      const limits = { all: { items_per_second: 10, burst: "1s" } };
      const key = await setup.create("whole", { limits, over_limit: "refuse" });
      deepStrictEqual((await setup.send(key, 6)).status, 200);
      const refused = await setup.send(key, 6);
      deepStrictEqual([refused.status, setup.sink.of("whole").length], [429, 6]);
    });

    await t.step("what is left is seen, and what was refused with its reason", async () => {
      const { limits, refusals } = await setup.ask("GET", "tenants/whole/limits");
      deepStrictEqual(limits.map(({ of, name, room }: Record<string, unknown>) => [of, name, room]), [
        ["all", "items_per_second", 10],
      ]);
      deepStrictEqual(refusals, [{ reason: "items_per_second", requests: 1 }]);
      const { items } = await setup.ask("GET", "tenants/whole/refusals");
      deepStrictEqual([items.length, items[0].reason, items[0].times, items[0].signal], [
        1,
        "items_per_second",
        1,
        "traces",
      ]);
      match(items[0].message, /the limit of 10 items_per_second of tenant whole is reached/);
    });

    await t.step("a disabled one is refused with its reason, and let in again", async () => {
      const key = await setup.create("paused", { enabled: false });
      const refused = await setup.send(key);
      deepStrictEqual([refused.status, /it is disabled/.test(refused.message)], [403, true]);
      const { settings } = await setup.ask("GET", "tenants/paused");
      await setup.ask("PUT", "tenants/paused", { settings: { ...settings, enabled: true } });
      strictEqual((await setup.send(key)).status, 200);
      deepStrictEqual((await setup.usage("paused"))["refused disabled"], [1, 0]);
    });

    await t.step("one that is removed while it sends is refused from then on, and that is told", async () => {
      const key = await setup.create("gone");
      let isGone = false;
      const statuses: [wasGone: boolean, status: number][] = [];
      const sending = Array.from({ length: 4 }, async () => {
        for (let sentAfter = 0; sentAfter < 10;) {
          const wasGone = isGone;
          if (wasGone) sentAfter++;
          statuses.push([wasGone, (await setup.send(key)).status]);
        }
      });
      await eventually(() => statuses.length > 20, () => "some were sent");
      await setup.ask("DELETE", "tenants/gone");
      isGone = true;
      await Promise.all(sending);
      deepStrictEqual(new Set(statuses.filter(([wasGone]) => wasGone).map(([, status]) => status)), new Set([401]));
      const kept = statuses.filter(([, status]) => status === 200).length;
      strictEqual(setup.sink.of("gone").length, kept);
      await setup.gateway.waitForLine("Tenants are gone");
    });

    await t.step("a file that is broken while it is used changes nothing, and is told with its place", async () => {
      const key = await setup.create("broken", { weight: 2 });
      const path = `${setup.dir}/tenants/broken.yaml`;
      const good = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, good.replace("weight: 2", "weight: many"));
      const problems = async () => (await setup.ask("GET", "tenant-problems")).items;
      await eventually(async () => (await problems()).length === 1, () => "the problem is told");
      deepStrictEqual((await problems())[0].file, path);
      strictEqual((await setup.send(key)).status, 200);
      await Deno.writeTextFile(path, good.replace("weight: 2", "weight: 3"));
      await eventually(async () => (await problems()).length === 0, () => "it is well again");
      strictEqual((await setup.ask("GET", "tenants/broken")).effective.weight, 3);
    });

    await t.step("keys are rotated under load without one good key refused", async () => {
      let key = await setup.create("rotated");
      let isOver = false;
      const statuses = new Map<number, number>();
      const sending = Array.from({ length: 6 }, async () => {
        using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
        while (!isOver) {
          const { status } = await send(setup.port, key, 1, client);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      });
      for (let i = 0; i < 12; i++) {
        key = (await setup.ask("POST", "tenants/rotated/keys", { overlap_ms: 60_000 })).key;
        await sleep(20);
      }
      isOver = true;
      await Promise.all(sending);
      deepStrictEqual([...statuses.keys()], [200]);
      strictEqual(setup.sink.of("rotated").length, statuses.get(200));
    });

    await t.step("a key whose time is over is refused, and its tenant's refusals say so", async () => {
      const key = await setup.create("late");
      await setup.ask("POST", "tenants/late/keys", { overlap_ms: 0 });
      const refused = await setup.send(key);
      deepStrictEqual([refused.status, /the API key has expired/.test(refused.message)], [401, true]);
      const { items } = await setup.ask("GET", "tenants/late/refusals");
      deepStrictEqual([items[0].reason, items[0].signal], ["expired", "traces"]);
      match(items[0].message, /^the API key has expired: [a-z2-7]{12}$/);
      const unknown: { reason: string; address: string; message: string }[] =
        (await setup.ask("GET", "unknown-refusals")).items;
      const late = unknown.find(({ reason }) => reason === "expired");
      deepStrictEqual([late?.address, late?.message], ["127.0.0.1", "the API key has expired"]);
    });

    await t.step("no key, and no hash of one, is in the log, in an answer or in the list of changes", async () => {
      const { key, tenant } = await setup.ask("POST", "tenants", { id: "discreet" });
      const { secret = "" } = parseApiKey(key) ?? {};
      ok(secret !== "");
      const paths = ["tenants/discreet", "tenants", "audit", "config"];
      const told = [tenant, ...await Promise.all(paths.map((path) => setup.ask("GET", path)))].map((each) =>
        JSON.stringify(each)
      );
      for (const text of [...told, setup.gateway.stderr()]) {
        ok(!text.includes(secret) && !text.includes("sha256:"), text);
      }
    });

    await t.step("everything is delivered at the end", async () => strictEqual((await setup.gateway.stop()).code, 0));
  });

  Deno.test(`a gateway with ${workers} worker(s) refuses no good key while it starts`, async () => {
    await using setup = await Setup.open(workers);
    const key = await setup.create("early");
    await setup.gateway.stop();
    // Enough tenants that the table is not made at once.
    const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ id: `tenant-${i}` }));
    await Deno.writeTextFile(`${setup.dir}/tenants/fleet.jsonl`, lines.join("\n"));
    const statuses: number[] = [];
    let isOver = false;
    const sending = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
        const sent = await send(setup.port, key, 1, client).catch(() => undefined);
        if (sent === undefined) await sleep(2); // nobody listens yet
        else statuses.push(sent.status);
      }
    });
    await setup.start();
    await eventually(() => statuses.length > 100, () => "some were sent");
    isOver = true;
    await Promise.all(sending);
    deepStrictEqual([...new Set(statuses)], [200]);
  });

  Deno.test(`a gateway with ${workers} worker(s) that is killed keeps the usage that it told`, async () => {
    await using setup = await Setup.open(workers);
    const key = await setup.create("acme");
    for (let i = 0; i < 6; i++) strictEqual((await setup.send(key, 5)).status, 200);
    deepStrictEqual((await setup.usage("acme"))["accepted"], [6, 30]);
    await setup.gateway.stop("SIGKILL");
    await setup.start();
    deepStrictEqual((await setup.usage("acme"))["accepted"], [6, 30]);
    strictEqual((await setup.send(key, 5)).status, 200);
    deepStrictEqual(await setup.usage("acme"), { accepted: [7, 35], sent: [7, 35] });
  });
}

Deno.test("the routes of tenants keep to the OpenAPI document, whatever is asked", async () => {
  await using setup = await Setup.open(2);
  for (const id of ["acme", "globex"]) await setup.create(id, { limits: { all: { requests_per_second: 1 } } });
  const client = new OpenApiClient(await setup.ask("GET", "openapi.json") as OpenApiDocument);
  const ids = ["acme", "globex", "nobody", "../acme"];
  const requests = client.requests(ids).filter(({ operation }) => operation.operationId in TENANT_ENDPOINTS);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests, async (made) => {
      const { method, target, headers, body, operation } = made;
      const response = await fetch(`http://${setup.adminAddress}${target}`, {
        ...{ method, headers },
        ...body === undefined ? {} : { body },
      });
      seen.add(`${operation.operationId} ${response.status}`);
      const type = response.headers.get("content-type") ?? "";
      deepStrictEqual(client.faults(made, response.status, type, await response.text()), []);
    }),
    { numRuns: 300 },
  );
  const done = Object.keys(TENANT_ENDPOINTS).filter((operation) => seen.has(`${operation} 200`));
  ok(done.length > Object.keys(TENANT_ENDPOINTS).length / 2, `only ${done} were done`);
});

Deno.test("a noisy tenant at 50 times its limit costs a quiet one nothing", async () => {
  await using setup = await Setup.open(2);
  const [noisy, quiet] = [
    await setup.create("noisy", { limits: { all: { requests_per_second: 10, burst: "1s" } } }),
    await setup.create("quiet", { limits: { all: { requests_per_second: 100 } } }),
  ];
  const startedMs = performance.now();
  let isOver = false;
  const statuses = new Map<number, number>();
  let offered = 0;
  const flood = Array.from({ length: 10 }, async () => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    while (!isOver) {
      // 50 times 10 a second, over ten connections: each waits for its turn.
      const dueMs = startedMs + 2 * offered++;
      await sleep(Math.max(0, dueMs - performance.now()));
      const { status } = await send(setup.port, noisy, 1, client);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  const sent: Sent[] = [];
  for (let i = 0; i < 100; i++) {
    sent.push(await setup.send(quiet, 3));
    await sleep(20);
  }
  isOver = true;
  await Promise.all(flood);
  const seconds = (performance.now() - startedMs) / 1_000;
  deepStrictEqual(new Set(sent.map(({ status, rejected }) => `${status} ${rejected}`)), new Set(["200 0"]));
  deepStrictEqual(setup.sink.of("quiet").toSorted(), sent.flatMap(({ names }) => names).toSorted());
  deepStrictEqual([...statuses.keys()].toSorted(), [200, 429]);
  const letIn = statuses.get(200) ?? 0;
  ok(letIn <= 10 * (seconds + 1) + 1, `${letIn} were let in within ${seconds} s`);
  ok(letIn >= 10 * (seconds - 1), `only ${letIn} were let in within ${seconds} s`);
  strictEqual(setup.sink.of("noisy").length, letIn);
});

Deno.test("a default tenant that does not exist is told before anything starts", async () => {
  const dir = await Deno.makeTempDir();
  const { code, stderr } = await spawnGateway(`
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${freePort()}"}}}}
exporters: {nop: {}}
tenancy: {default_tenant: nobody}
tenants_dir: ${dir}
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
`).ended();
  strictEqual(code, 1);
  match(stderr, /tenancy::default_tenant: names "nobody", which is no tenant/);
  await Deno.remove(dir);
});
