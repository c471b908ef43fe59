import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { policyProblems, type RemotePolicy } from "../../../../gateway/opamp/policy/policy.ts";
import { hostsIn, isAllowedHost } from "../../../../gateway/opamp/policy/hosts.ts";
import { describeSchema } from "../../../../pipeline/config/describe.ts";
import { formatProblem } from "../../../../pipeline/config/problem.ts";
import { mergeSources } from "../../../../pipeline/config/source.ts";
import { parseHostPort } from "../../../../pipeline/config/network/host_port.ts";
import type { ConfigNode, MapNode } from "../../../../pipeline/config/tree/node.ts";
import { kafkaSchema } from "../../../../pipeline/exporters/kafka/config.ts";
import { otlpHttpExporterFactory, signalUrl } from "../../../../pipeline/exporters/otlp_http/otlp_http.ts";
import { opampFactory } from "../../../../pipeline/extensions/opamp.ts";
import { loadComponents, REGISTRY } from "../../../../pipeline/graph/registry.ts";

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

/** @param remote Files, with a line `---` between two. */
async function problemsOf(remote: string, policy: Partial<RemotePolicy> = {}, here = LOCAL): Promise<string[]> {
  const local = await treeOf(here);
  const input = { remote: await Promise.all(remote.split("\n---\n").map(treeOf)), local, expanded: local };
  return policyProblems({ ...DEFAULTS, ...policy }, input).map(formatProblem);
}

/** A case is fine when `why` is absent. */
interface Case {
  readonly name: string;
  readonly remote: string;
  readonly policy?: Partial<RemotePolicy>;
  readonly local?: string;
  readonly why?: RegExp;
}

async function check(t: Deno.TestContext, cases: readonly Case[]): Promise<void> {
  for (const { name, remote, policy, local, why } of cases) {
    await t.step(name, async () => {
      const problems = await problemsOf(remote, policy, local);
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
      name: "taken away by one file, and passed over by the next",
      remote: "service:\n---\nservice: {pipelines: {}}",
      policy: { allowed_components: ["service"] },
      why: /takes away "opamp"/,
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
    const remote = (text: string) => JSON.stringify({ exporters: { "otlp_http/2": { [key]: text } } });
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
      why: /weakens TLS, or changes whom it trusts: allow_insecure_skip_verify is false/,
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

/** Pinned, mutual, and one that has no TLS of its own. */
const WITH_TLS = `${LOCAL.replace(/^exporters:\n.*\n/m, "")}
exporters:
  otlp_http: {endpoint: "https://upstream.example", tls: {ca_pem: "A", min_version: "1.3", server_name_override: a}}
  otlp_http/plain: {endpoint: "http://plain.example:4318"}
  kafka: {brokers: ["broker.example:9093"], tls: {ca_file: /etc/ca.pem}}
`;

Deno.test("policy: TLS is neither taken off nor weakened", async (t) => {
  const weak = /weakens TLS, or changes whom it trusts: allow_insecure_skip_verify is false/;
  const away = /takes the TLS settings away: allow_insecure_skip_verify is false/;
  const plain = /has no TLS where there is some here: allow_insecure_skip_verify is false/;
  const http = (text: string) => `exporters: {otlp_http: {${text}}}`;
  const cases: { name: string; remote: string; why?: RegExp; policy?: Partial<RemotePolicy> }[] = [
    { name: "http for https", remote: http('endpoint: "http://upstream.example:443"'), why: plain },
    {
      name: "http to an allowed host, in a component that has TLS",
      remote: http('traces_endpoint: "http://good.example"'),
      policy: { allowed_hosts: ["good.example"] },
      why: plain,
    },
    {
      name: "http to the same host by another exporter",
      remote: 'exporters: {otlp_http/2: {endpoint: "http://upstream.example:443/"}}',
      why: plain,
    },
    {
      name: "http to an allowed host by another exporter",
      remote: 'exporters: {otlp_http/2: {endpoint: "http://good.example"}}',
      policy: { allowed_hosts: ["good.example"] },
    },
    { name: "http where there is http", remote: 'exporters: {otlp_http/2: {endpoint: "http://plain.example:4318/x"}}' },
    {
      name: "a broker by another exporter",
      remote: "exporters: {kafka/2: {brokers: ['broker.example:9093']}}",
      why: plain,
    },
    {
      name: "the same with TLS",
      remote: "exporters: {kafka/2: {brokers: ['broker.example:9093'], tls: {insecure: false}}}",
    },
    {
      name: "the same with a bare section, which is TLS",
      remote: "exporters: {kafka/2: {brokers: ['broker.example:9093'], tls: }}",
    },
    { name: "another topic", remote: "exporters: {kafka: {traces: {topic: x}, brokers: ['broker.example:9093']}}" },
    { name: "no section", remote: "exporters: {kafka: {tls: }}", why: away },
    { name: "a list in its place", remote: "exporters: {kafka: {tls: []}}", why: away },
    { name: "no component", remote: "exporters: {kafka: }", why: away },
    { name: "no exporters", remote: "exporters:", why: away },
    { name: "no section where there is none", remote: "exporters: {otlp_http/plain: {tls: }}" },
    {
      name: "taken away by one file, and repeated by the next",
      remote: `exporters:\n---\n${http('endpoint: "https://upstream.example"')}`,
      why: away,
    },
    { name: "insecure", remote: "exporters: {kafka: {tls: {insecure: true}}}", why: weak },
    { name: "not insecure", remote: "exporters: {kafka: {tls: {insecure: false}}}" },
    { name: "another authority", remote: http("tls: {ca_pem: B}"), why: weak },
    { name: "the same", remote: http("tls: {ca_pem: A}") },
    { name: "none", remote: http("tls: {ca_pem: }"), why: weak },
    {
      name: "another file of authorities, however allowed",
      remote: "exporters: {kafka: {tls: {ca_file: /etc/b.pem}}}",
      policy: { allowed_paths: ["/etc"] },
      why: weak,
    },
    { name: "all authorities beside it", remote: http("tls: {include_system_ca_certs_pool: true}"), why: weak },
    { name: "another name", remote: http("tls: {server_name_override: b}"), why: weak },
    { name: "ciphers", remote: http("tls: {cipher_suites: [NULL]}"), why: weak },
    { name: "a lower version", remote: http('tls: {min_version: "1.2"}'), why: weak },
    { name: "no version, which is a lower one", remote: http("tls: {min_version: }"), why: weak },
    { name: "a higher version", remote: 'exporters: {kafka: {tls: {min_version: "1.3"}}}' },
    { name: "one below the default", remote: 'exporters: {kafka: {tls: {min_version: "1.1"}}}', why: weak },
    { name: "the highest of all", remote: http('tls: {max_version: "1.3"}') },
    { name: "a lower maximum", remote: http('tls: {max_version: "1.2"}'), why: weak },
    { name: "below another section", remote: "exporters: {kafka/2: {auth: {tls: {insecure: true}}}}", why: weak },
    {
      name: "a proxy, through which TLS goes",
      remote: http('proxy_url: "http://good.example"'),
      policy: { allowed_hosts: ["good.example"] },
    },
    { name: "an own certificate", remote: http("tls: {cert_pem: C, key_pem: K}") },
    {
      name: "clients that need no certificate any more",
      remote: "receivers: {otlp: {protocols: {http: {tls: {client_ca_file: }}}}}",
      policy: { allowed_components: ["receivers"] },
      why: weak,
    },
  ];
  await check(t, cases.map((each) => ({ ...each, local: WITH_TLS })));
  const allowed = { allow_insecure_skip_verify: true, allowed_paths: ["/etc"], allowed_hosts: ["good.example"] };
  await check(
    t,
    cases.filter(({ remote }) => !remote.includes("receivers")).map(({ name, remote }) => ({
      name: `${name}, where it is allowed`,
      remote,
      policy: allowed,
      local: WITH_TLS,
    })),
  );
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
    const problems = policyProblems(policy, { remote: [remote], local, expanded: await treeOf("{}") });
    strictEqual(problems.length, 1, `${section}/${type} ${key}`);
  }
});
