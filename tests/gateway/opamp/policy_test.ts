import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { hostsIn, isAllowedHost, policyProblems, type RemotePolicy } from "../../../gateway/opamp/policy.ts";
import { describeSchema } from "../../../pipeline/config/describe.ts";
import { formatProblem } from "../../../pipeline/config/problem.ts";
import { mergeSources } from "../../../pipeline/config/source.ts";
import { parseHostPort } from "../../../pipeline/config/host_port.ts";
import type { ConfigNode, MapNode } from "../../../pipeline/config/tree/node.ts";
import { kafkaSchema } from "../../../pipeline/exporters/kafka/config.ts";
import { otlpHttpExporterFactory, signalUrl } from "../../../pipeline/exporters/otlp_http/otlp_http.ts";
import { opampFactory } from "../../../pipeline/extensions/opamp.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";

const environment = { env: () => undefined, readFile: () => Promise.reject(new Error("no files")) };

async function treeOf(text: string): Promise<MapNode> {
  return (await mergeSources([{ kind: "text", name: "opamp", text }], environment)).root;
}

const LOCAL = `
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:4318"}}}}
exporters:
  otlp_http: {endpoint: "https://upstream.example", headers: {authorization: "\${env:TOKEN}"}}
extensions: {opamp: {server: {ws: {endpoint: "wss://opamp.example"}}}, health_check: {path: /health}}
service:
  extensions: [opamp, health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`;

const DEFAULTS = opampFactory.schema.parse({ server: { ws: { endpoint: "ws://127.0.0.1" } } }).remote_config;

async function problemsOf(remote: string, policy: Partial<RemotePolicy> = {}): Promise<string[]> {
  const local = await treeOf(LOCAL);
  const input = { remote: await treeOf(remote), local, localHosts: hostsIn(local) };
  return policyProblems({ ...DEFAULTS, ...policy }, input).map(formatProblem);
}

/** A case is fine when `why` is absent. */
interface Case {
  readonly name: string;
  readonly remote: string;
  readonly policy?: Partial<RemotePolicy>;
  readonly why?: RegExp;
}

async function check(t: Deno.TestContext, cases: readonly Case[]): Promise<void> {
  for (const { name, remote, policy, why } of cases) {
    await t.step(name, async () => {
      const problems = await problemsOf(remote, policy);
      if (why === undefined) deepStrictEqual(problems, []);
      else match(problems.join("\n"), why);
    });
  }
}

Deno.test("policy: which parts", async (t) => {
  await check(t, [
    { name: "a route", remote: "processors: {batch: {}}\nservice: {pipelines: {traces: {processors: [batch]}}}" },
    { name: "what is written here may be repeated", remote: LOCAL },
    { name: "an empty map over one changes nothing", remote: "receivers: {otlp: {}}\nservice: {}" },
    {
      name: "a receiver",
      remote: "receivers: {otlp/2: {}}",
      why: /^opamp:1:21: receivers::otlp\/2: may not be changed/,
    },
    {
      name: "a receiver, where it may",
      remote: "receivers: {otlp/2: {}}",
      policy: { allowed_components: ["receivers"] },
    },
    {
      name: "one type alone",
      remote: "exporters: {debug: {}, nop: {}}",
      policy: { allowed_components: ["exporters/nop"] },
      why: /^[^\n]*exporters::debug: may not[^\n]*$/,
    },
    { name: "all of a section taken away", remote: "receivers:", why: /receivers: may not be changed/ },
    {
      name: "own telemetry",
      remote: "service: {telemetry: {logs: {level: debug}}}",
      why: /service::telemetry::logs::level: may not/,
    },
    {
      name: "all of service",
      remote: "service:",
      policy: { allowed_components: ["service"] },
      why: /takes away "opamp"/,
    },
    {
      name: "another extension beside",
      remote: "service: {extensions: [opamp]}",
      policy: { allowed_components: ["service"] },
    },
    {
      name: "the extension itself, whatever is allowed",
      remote: "extensions: {opamp: {capabilities: {accepts_remote_config: true}}}",
      policy: { allowed_components: ["extensions", "extensions/opamp"] },
      why: /matter of this machine/,
    },
    {
      name: "another of its type",
      remote: "extensions: {opamp/2: {}}",
      policy: { allowed_components: ["extensions"] },
      why: /matter of this machine/,
    },
    {
      name: "the extensions as a whole",
      remote: "extensions:",
      policy: { allowed_components: ["extensions"] },
      why: /matter of this machine/,
    },
  ]);
});

Deno.test("policy: which hosts", async (t) => {
  const to = (endpoint: string) => `exporters: {otlp_http: {endpoint: ${JSON.stringify(endpoint)}}}`;
  await check(t, [
    { name: "one that is named here, by another path", remote: to("https://upstream.example/v2") },
    { name: "its port by another name", remote: to("https://upstream.example:443") },
    {
      name: "host:port below a key of any name",
      remote: "exporters: {lines: {target: 'evil:9999', 'servers': ['[::1]:1']}}",
      why: /names the host "evil:9999"[^]*names the host "\[::1\]:1"/,
    },
    {
      name: "what only looks like one, and is said to the destination",
      remote: "exporters: {otlp_http: {headers: {x-route: 'a:1'}}}",
    },
    {
      name: "another port of it",
      remote: to("https://upstream.example:444"),
      why: /names the host "upstream.example:444"/,
    },
    { name: "another", remote: to("https://evil.example"), why: /names the host "evil.example:443"/ },
    {
      name: "another that is allowed",
      remote: to("https://good.example"),
      policy: { allowed_hosts: ["good.example"] },
    },
    { name: "a host behind credentials", remote: to("https://upstream.example@evil.example"), why: /evil.example:443/ },
    {
      name: "what is no URL",
      remote: to("https://${env:HOST}/"),
      policy: { allowed_variables: ["HOST"] },
      why: /names the host/,
    },
    { name: "a whole URL from this machine", remote: to("${env:URL}"), policy: { allowed_variables: ["URL"] } },
    {
      name: "brokers as a list",
      remote: 'exporters: {kafka: {brokers: ["evil:9092"]}}',
      why: /names the host "evil:9092"/,
    },
    {
      name: "brokers in one text",
      remote: 'exporters: {kafka: {brokers: "good:9092,evil:9092"}}',
      policy: { allowed_hosts: ["good"] },
      why: /names the host "evil:9092"/,
    },
    { name: "a proxy", remote: 'exporters: {otlp_http: {proxy_url: "http://evil.example"}}', why: /evil.example:80/ },
    {
      name: "a URL in a statement is no destination",
      remote: 'processors: {attributes: {actions: [{key: a, action: insert, value: "http://evil.example"}]}}',
    },
  ]);
});

Deno.test("policy: what only ends in an allowed domain", async (t) => {
  const disguised = [
    "http:evil.com/x.example.com",
    "http:/evil.com:4318/.example.com",
    String.raw`http:\\evil.com\x.example.com`,
    "http:evil.com#.example.com",
    "HTTP:evil.com?.example.com",
    " http:evil.com/.example.com",
    "ht\ntp:evil.com/.example.com",
    "evil.com/x.example.com",
    "evil.com:80/x.example.com",
    String.raw`evil.com\x.example.com`,
    "evil.com#.example.com",
    "evil.com@x.example.com",
    "https://evil.com/.example.com",
    "https://$${HOST}.example.com",
  ];
  const policy = { allowed_hosts: ["*.example.com"] };
  for (const key of ["endpoint", "traces_endpoint", "proxy_url", "target"]) {
    const remote = (text: string) => JSON.stringify({ exporters: { otlp_http: { [key]: text } } });
    await check(t, [
      ...disguised.filter((text) => key !== "target" || URL.parse(text)?.protocol.startsWith("http")).map((text) => ({
        name: `${key}: ${JSON.stringify(text)}`,
        remote: remote(text),
        policy,
        why: /names the host/,
      })),
      { name: `${key}: a real one`, remote: remote("https://a.example.com:4318/x,y"), policy },
      { name: `${key}: without a scheme`, remote: remote("a.example.com:4318"), policy },
    ]);
  }
  await check(t, [{
    name: "brokers that read as one URL",
    remote: 'exporters: {kafka: {brokers: "http://a.example.com/,evil:9092"}}',
    policy,
    why: /names the host/,
  }]);
});

Deno.test("policy: the host that is seen is the one that is connected to", () => {
  const part = fc.constantFrom(
    ...[
      "http",
      "https",
      "HTTP",
      "ws",
      ":",
      "/",
      "//",
      "\\",
      "@",
      "#",
      "?",
      ",",
      ":80",
      ":443",
      "%2f",
      "[::1]",
      " ",
      "\t",
    ],
    ...["evil.com", ".example.com", "a.example.com", "EVIL", "1", "0x7f.1", "\u3002", "${a}"],
  );
  const text = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""));
  const at = { file: "opamp", line: 1, column: 1 };
  const map = (entries: Record<string, ConfigNode>): MapNode => ({
    kind: "map",
    place: at,
    entries: new Map(Object.entries(entries).map(([key, node]) => [key, { keyPlace: at, node }])),
  });
  const seen = (exporter: string, key: string, value: string) =>
    hostsIn(map({ exporters: map({ [exporter]: map({ [key]: { kind: "scalar", place: at, value, text: value } }) }) }));
  const hostPort = (url: URL) => `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(text, fc.webUrl(), fc.string()), (value) => {
      const http = otlpHttpExporterFactory.schema.safeParse({ endpoint: value });
      if (http.success) {
        const url = signalUrl(http.data, "traces")!;
        if (!value.includes("${")) deepStrictEqual([...seen("otlp_http", "endpoint", value)], [hostPort(url)]);
        accepted++;
      }
      const kafka = kafkaSchema.safeParse({ brokers: value });
      if (!kafka.success) return;
      const wanted = kafka.data.brokers.map((broker) => parseHostPort(broker)!).map(({ host, port }) =>
        `${host.includes(":") ? `[${host}]` : host}:${port}`.toLowerCase()
      );
      const names = [...seen("kafka", "brokers", value)].map((name) => name.replace(/:0+(?=\d)/, ":"));
      if (!value.includes("${")) deepStrictEqual(new Set(names), new Set(wanted));
    }),
    { numRuns: 5_000 },
  );
  ok(accepted > 300, `${accepted}`);
});

Deno.test("policy: which files and variables", async (t) => {
  const file = (path: string) => `exporters: {file: {path: ${JSON.stringify(path)}}}`;
  const paths = { allowed_paths: ["/var/lib/data", "./local/"] };
  await check(t, [
    {
      name: "a file",
      remote: file("/var/lib/data/a"),
      why: /names the file "\/var\/lib\/data\/a", wanted none: allowed_paths is empty/,
    },
    { name: "below one that is allowed", remote: file("/var/lib/data/a"), policy: paths },
    { name: "relative", remote: file("local/a"), policy: paths },
    { name: "beside it", remote: file("/var/lib/data2/a"), policy: paths, why: /names the file/ },
    { name: "upwards", remote: file("/var/lib/data/../../etc/passwd"), policy: paths, why: /names the file/ },
    {
      name: "a certificate",
      remote: "exporters: {otlp_http: {tls: {key_file: /etc/key}}}",
      policy: paths,
      why: /names the file/,
    },
    { name: "a standard stream", remote: "exporters: {debug: {output_paths: [stdout]}}" },
    {
      name: "an included file",
      remote: 'processors: {batch: "${file:/etc/passwd}"}',
      policy: paths,
      why: /includes the file "\/etc\/passwd"/,
    },
    {
      name: "an included file that is allowed",
      remote: 'processors: {batch: "${file:/var/lib/data/x}"}',
      policy: paths,
    },
    {
      name: "a variable",
      remote: 'exporters: {otlp_http: {headers: {a: "x ${env:SECRET}"}}}',
      why: /uses the variable "SECRET"/,
    },
    {
      name: "a variable without a scheme",
      remote: 'exporters: {otlp_http: {headers: {a: "${SECRET}"}}}',
      why: /uses the variable "SECRET"/,
    },
    {
      name: "one that is allowed",
      remote: 'exporters: {otlp_http: {headers: {a: "x ${env:OK}"}}}',
      policy: { allowed_variables: ["OK"] },
    },
    {
      name: "one inside another",
      remote: 'exporters: {otlp_http: {headers: {a: "${env:${env:OK}}"}}}',
      policy: { allowed_variables: ["OK"] },
      why: /uses the variable/,
    },
    {
      name: "a default",
      remote: 'exporters: {otlp_http: {headers: {a: "${env:OK:-x}"}}}',
      policy: { allowed_variables: ["OK"] },
      why: /has an expression with a default/,
    },
    { name: "an escaped one is text", remote: 'exporters: {otlp_http: {headers: {a: "$${env:SECRET}"}}}' },
    { name: "yaml", remote: 'processors: {batch: "${yaml:{}}"}', why: /expression/ },
  ]);
});

Deno.test("policy: certificates and tenants", async (t) => {
  await check(t, [
    {
      name: "unverified certificates",
      remote: "exporters: {otlp_http: {tls: {insecure_skip_verify: true}}}",
      why: /wanted certificates to be verified/,
    },
    { name: "verified ones", remote: "exporters: {otlp_http: {tls: {insecure_skip_verify: false}}}" },
    {
      name: "unverified, where they may be",
      remote: "exporters: {otlp_http: {tls: {insecure_skip_verify: true}}}",
      policy: { allow_insecure_skip_verify: true },
    },
    { name: "as many tenants as there may be", remote: "tenants: {a: {}, b: {}}", policy: { max_tenants: 2 } },
    {
      name: "one more",
      remote: "tenants: {a: {}, b: {}, c: {}}",
      policy: { max_tenants: 2 },
      why: /tenants: has 3 tenants, wanted 2 at the most/,
    },
  ]);
});

Deno.test("isAllowedHost()", () => {
  const cases: [host: string, allowed: string[], wanted: boolean][] = [
    ["a.example:443", ["a.example"], true],
    ["a.example:443", ["A.example:443"], true],
    ["a.example:443", ["a.example:80"], false],
    ["x.a.example:443", ["*.a.example"], true],
    ["a.example:443", ["*.a.example"], false],
    ["evila.example:443", ["*.a.example"], false],
    ["a.example:443", ["*"], true],
    ["a.example:443", [], false],
    ["evil/x.a.example:443", ["*.a.example"], false],
    ["evil#.a.example", ["*.a.example"], false],
    ["evil@x.a.example", ["*.a.example"], false],
  ];
  for (const [host, allowed, wanted] of cases) strictEqual(isAllowedHost(host, allowed), wanted, `${host} ${allowed}`);
});

Deno.test("every key that names a file or a host is one that the policy looks at", async () => {
  await loadComponents();
  const reaching = /(?:^|_)(?:file|filename|path|dir|directory|endpoint|url|brokers)$/;
  const harmless = /url_path$|^exporters\/file create_directory$|^extensions\/health_check path$/;
  const local = await treeOf(LOCAL);
  const suspects = (["processors", "connectors", "exporters", "receivers", "extensions"] as const).flatMap((section) =>
    REGISTRY[section].filter(({ type }) => type !== "opamp").flatMap(({ type, schema }) =>
      describeSchema(schema).filter(({ key, type: kind }) => reaching.test(key) && /string/.test(kind))
        .map(({ key }) => ({ section, type, key }))
    )
  ).filter(({ section, type, key }) => !harmless.test(`${section}/${type} ${key}`));
  ok(suspects.length > 20);
  const tenants = REGISTRY.settings.filter(({ key }) => key === "tenants" || key === "tenant_defaults");
  const reachingTenants = tenants.flatMap(({ schema }) => describeSchema(schema)).filter(({ key }) =>
    reaching.test(key)
  );
  deepStrictEqual([tenants.length, reachingTenants], [2, []]);
  for (const { section, type, key } of suspects) {
    const parts = key.split(".").filter((part) => part !== "[]").map((part) => part.replace("[]", ""));
    const value = parts.toReversed().reduce<unknown>((inner, part) => ({ [part]: inner }), "http://evil.example/x");
    const remote = await treeOf(JSON.stringify({ [section]: { [type]: value } }));
    const policy = { ...DEFAULTS, allowed_components: [section] };
    const problems = policyProblems(policy, { remote, local, localHosts: new Set() });
    strictEqual(problems.length, 1, `${section}/${type} ${key}`);
  }
});
