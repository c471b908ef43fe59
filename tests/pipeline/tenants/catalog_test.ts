import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { ConfigError, formatProblem } from "../../../pipeline/config/problem.ts";
import { maskTree } from "../../../pipeline/config/show.ts";
import { printYaml } from "../../../pipeline/config/tree/print.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { hashSecret } from "../../../pipeline/tenants/identity/api_key.ts";
import { NO_SIGNAL_LIMITS } from "../../../pipeline/tenants/limits.ts";
import { resolveTenant } from "../../../pipeline/tenants/settings.ts";
import { tenantSourcesOf } from "../../../pipeline/tenants/sources.ts";
import { load } from "../config/support.ts";

const HASH = hashSecret("secret", new Uint8Array(16));
const PIPELINES = `
receivers: {otlp: {protocols: {http: {}}}}
exporters: {nop: {}}
service: {pipelines: {traces/eu: {receivers: [otlp], exporters: [nop]}}}
`;

async function parse(tenants: string): Promise<GatewayConfig> {
  const resolved = await load(tenants + PIPELINES);
  await loadComponents(resolved.tree);
  return parseConfig(resolved, REGISTRY);
}

async function problemsOf(tenants: string): Promise<readonly string[]> {
  try {
    return (await parse(tenants)).warnings.map(formatProblem);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(formatProblem);
  }
}

const keys = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `{id: ${"abcdefghijkl".slice(1)}${String.fromCharCode(97 + i)}, hash: "${HASH}"}`,
  ).join();

const cases: { name: string; yaml: string; want: readonly string[] }[] = [
  { name: "none", yaml: "tenants:\n", want: [] },
  { name: "a bare tenant", yaml: "tenants:\n  acme:\n", want: [] },
  { name: "16 keys", yaml: `tenants:\n  acme: {keys: [${keys(16)}]}\n`, want: [] },
  {
    name: "17 keys",
    yaml: `tenants:\n  acme: {keys: [${keys(17)}]}\n`,
    want: ["gateway.yaml:2:16: tenants::acme::keys: has more than 16, wanted 16 at the most"],
  },
  {
    name: "an id that is none",
    yaml: "tenants:\n  .acme: {}\n",
    want: [
      "gateway.yaml:2:3: tenants::.acme: is no id of a tenant, wanted letters, digits, _ . @ or -, up to 128 of them, the first a letter or digit",
    ],
  },
  {
    name: "a mistyped key",
    yaml: "tenants:\n  acme:\n    limit: {}\n",
    want: ['gateway.yaml:3:5: tenants::acme::limit: is an unknown key, did you mean "limits"?'],
  },
  {
    name: "a limit in its group",
    yaml: "tenant_defaults:\n  limits:\n    traces: {items_per_second: many, burst: 0s}\n",
    want: [
      'gateway.yaml:3:32: tenant_defaults::limits::traces::items_per_second: is "many", wanted a number from 0 to 1000000000000',
      'gateway.yaml:3:45: tenant_defaults::limits::traces::burst: is "0s", wanted a duration of at least 1ms, like 200ms or 1h30m',
    ],
  },
  {
    name: "a pipeline that does not exist",
    yaml: "tenants:\n  acme: {pipelines: [traces/eu, traces/us]}\n",
    want: [
      'gateway.yaml:2:33: tenants::acme::pipelines: names "traces/us", which is no pipeline, did you mean "traces/eu"?',
    ],
  },
  {
    name: "one key of two tenants",
    yaml: `tenants:\n  acme: {keys: [${keys(1)}]}\n  globex: {keys: [${keys(1)}]}\n`,
    want: [
      'gateway.yaml:3:24: tenants::globex::keys::0::id: has the key id "bcdefghijkla" again: gateway.yaml:2:22 has it too',
    ],
  },
  {
    name: "a hash that is none is not shown",
    yaml: "tenants:\n  acme: {keys: [{id: abcdefghijkl, hash: s3cret}]}\n",
    want: ["gateway.yaml:2:42: tenants::acme::keys::0::hash: is a string, wanted sha256:SALT:HASH"],
  },
  {
    name: "a key that never counts",
    yaml:
      `tenants:\n  acme: {keys: [{id: abcdefghijkl, hash: "${HASH}", not_before: 2030-01-02T00:00:00Z, expires: 2030-01-01T00:00:00Z}]}\n`,
    want: ["gateway.yaml:2:17: tenants::acme::keys::0: never counts: it expires before its not_before"],
  },
  {
    name: "a certificate with two names",
    yaml: "tenants:\n  acme: {certificates: [{dns: a, uri: b}]}\n",
    want: [
      "gateway.yaml:2:25: tenants::acme::certificates::0: has none or several names, wanted one of uri, subject, dns and email",
    ],
  },
  {
    name: "out of bounds by one",
    yaml: "tenants:\n  acme: {priority: 10, weight: 1001, max_queue_share: 0}\n",
    want: [
      "gateway.yaml:2:20: tenants::acme::priority: is 10, wanted a whole number from 0 to 9",
      "gateway.yaml:2:32: tenants::acme::weight: is 1001, wanted a whole number from 1 to 1000",
      "gateway.yaml:2:55: tenants::acme::max_queue_share: is 0, wanted a number above 0 and up to 1",
    ],
  },
  { name: "in bounds", yaml: "tenants:\n  acme: {priority: 9, weight: 1000, max_queue_share: 1}\n", want: [] },
];

Deno.test("problems of tenants have their places", async (t) => {
  for (const { name, yaml, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await problemsOf(yaml), want));
  }
});

Deno.test("hashes of tenants are masked", async () => {
  const resolved = await load(
    `tenants: {acme: {keys: [{id: abcdefghijkl, hash: "${HASH}"}], weight: 2}}\n${PIPELINES}`,
  );
  await loadComponents(resolved.tree);
  const shown = printYaml(maskTree(resolved.tree, REGISTRY));
  strictEqual(shown.includes(HASH.slice(-20)), false);
  strictEqual(shown.includes("abcdefghijkl"), true);
  strictEqual(shown.includes("weight: 2"), true);
});

Deno.test("resolveTenant() lays a tenant over the defaults", async () => {
  const config = await parse(`
tenant_defaults:
  limits: {all: {requests_per_second: 10, burst: 5s}, logs: {items_per_second: 7}}
  signals: [logs]
  resource_attributes: {tenant.id: "{tenant.id}", kept: "yes"}
  weight: 3
tenants:
  acme:
    limits: {all: {requests_per_second: 0.5}}
    signals: [traces]
    resource_attributes: {kept: "no"}
`);
  const { tenants: [own], defaults } = tenantSourcesOf(config) ?? { tenants: [], defaults: {} };
  const spec = resolveTenant(
    "acme",
    own?.settings ?? { enabled: true, keys: [], basic: [], certificates: [] },
    defaults,
  );
  deepStrictEqual(spec, {
    id: "acme",
    enabled: true,
    keys: [],
    basic: [],
    certificates: [],
    limits: {
      all: { ...NO_SIGNAL_LIMITS, requestsPerSecond: 0.5, burstMs: 5_000 },
      traces: NO_SIGNAL_LIMITS,
      metrics: NO_SIGNAL_LIMITS,
      logs: { ...NO_SIGNAL_LIMITS, itemsPerSecond: 7 },
      profiles: NO_SIGNAL_LIMITS,
    },
    overLimit: "partial",
    signals: new Set(["traces"]),
    pipelines: undefined,
    resourceAttributes: [["tenant.id", "acme"], ["kept", "no"]],
    priority: 5,
    weight: 3,
    maxQueueShare: 1,
  });
});
