import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { configForWorkers } from "../../../gateway/threads/worker_config.ts";
import {
  COMPONENT_SECTIONS,
  type ComponentSection,
  type GatewayConfig,
} from "../../../pipeline/config/gateway_config.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { componentTypes, loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { knowsTenants, tenancyFingerprint } from "../../../pipeline/tenants/sources.ts";
import { load } from "../../pipeline/config/support.ts";

/** Every type of component, with what its schema makes something else of than text. */
const WHOLE = `
receivers:
  otlp:
    protocols:
      http:
        endpoint: localhost:0
        auth: {authenticator: basicauth}
        cors: {allowed_origins: ["http://*.example.com"]}
        response_headers: {x-a: b}
        tls: {cert_file: c.pem, key_file: k.pem, min_version: "1.3"}
        traces_url_path: in/traces
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 512}
  batch: {timeout: 200ms, send_batch_size: 8192, metadata_keys: [X-Tenant]}
  probabilistic_sampler: {sampling_percentage: 12.5, hash_seed: 22}
  attributes:
    include: {match_type: regexp, services: ["a.*"], attributes: [{key: n, value: 0x10}, {key: on, value: yes}]}
    actions: [{key: n, action: upsert, value: 1e3}, {key: o, action: insert, value: 0123}, {key: p, action: delete}]
  resource: {attributes: [{key: deployed, action: upsert, value: true}]}
  redaction: {allow_all_keys: true, blocked_values: ["4[0-9]{12}"], summary: info}
  filter: {error_mode: ignore, trace_conditions: ['span.name == "a"']}
  filter/old: {traces: {span: ['kind == 2']}}
  transform:
    log_statements: ['set(log.body, "x")']
    trace_statements:
      - {context: span, conditions: ["kind == 1"], statements: ['set(name, "y")']}
connectors:
  forward: {}
  routing: {default_pipelines: [traces/out], table: [{condition: 'attributes["a"] == 1', pipelines: [traces/out]}]}
  count: {spans: {my.count: {description: d, attributes: [{key: env, default_value: 7}]}}}
exporters:
  otlp_http:
    endpoint: http://localhost:1
    headers: {authorization: Bearer secret, x-n: 0123}
    retry_on_failure: {initial_interval: 5ms, max_elapsed_time: 0}
    sending_queue: {queue_size: 10, batch: {min_size: 5, flush_timeout: 1s}}
  kafka: {brokers: ["localhost:1"], traces: {topic: t}, producer: {required_acks: -1, compression: zstd}}
  file: {path: ./x.jsonl, rotation: {max_megabytes: 1}, group_by: {enabled: false}}
  debug: {verbosity: detailed}
  nop: {}
extensions:
  health_check: {endpoint: "localhost:0"}
  bearertokenauth: {token: t}
  basicauth: {htpasswd: {inline: "a:b"}}
  opamp: {server: {ws: {endpoint: "wss://localhost:1"}}, instance_uid: 01234567-89ab-7def-8123-456789abcdef}
service:
  extensions: [health_check, bearertokenauth, basicauth, opamp]
  telemetry:
    resource: {a: 1}
    traces: {processors: [{batch: {exporter: {otlp: {protocol: http/protobuf, endpoint: "http://localhost:1"}}}}]}
    metrics: {readers: [{pull: {exporter: {prometheus: {host: localhost, port: 0}}}}]}
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, filter, transform, attributes, resource, redaction, probabilistic_sampler, batch]
      exporters: [routing, forward, count, otlp_http, kafka, file, debug, nop]
    traces/out: {receivers: [routing, forward], exporters: [nop]}
    metrics: {receivers: [count], exporters: [nop]}
`;

async function parse(yaml: string): Promise<GatewayConfig> {
  const resolved = await load(yaml);
  await loadComponents(resolved.tree);
  return parseConfig(resolved, REGISTRY);
}

Deno.test("a configuration comes to a data worker as it is: all that schemas make is plain data", async () => {
  const config = configForWorkers(await parse(`${WHOLE}tenancy: {default_tenant: acme}\ntenants: {acme: {}}\n`));
  for (const [section, types] of componentTypes()) {
    const configured = [...config[section].values()].map(({ type }) => type);
    deepStrictEqual(
      types.filter((type) => !configured.includes(type)),
      [],
      `${
        COMPONENT_SECTIONS[section]
      }s not in WHOLE of this file: add them there, their config must survive structuredClone()`,
    );
  }
  deepStrictEqual(structuredClone(config), config);
});

Deno.test("configForWorkers()", async (t) => {
  const pipelines = "receivers: {otlp: {protocols: {http: {}}}}\nexporters: {nop: {}}\n" +
    "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";

  await t.step("workers see that there are tenants, and not which", async () => {
    const before = await parse(`${pipelines}tenants: {acme: {}}\ntenant_defaults: {weight: 2}\ntenants_dir: ./t\n`);
    const after = configForWorkers(before);
    deepStrictEqual([knowsTenants(after), tenancyFingerprint(after)], [true, tenancyFingerprint(before)]);
    deepStrictEqual([...after.settings].map(([key, { config }]) => [key, config]), [["tenants", {}]]);
  });

  await t.step("of tenancy they see all", async () => {
    const before = await parse(`${pipelines}tenancy: {default_tenant: acme}\ntenants: {acme: {}}\n`);
    const after = configForWorkers(before);
    deepStrictEqual(after.settings.get("tenancy"), before.settings.get("tenancy"));
    strictEqual(tenancyFingerprint(after), tenancyFingerprint(before));
  });

  await t.step("without tenants, and without the text", async () => {
    const before = await parse(pipelines);
    const after = configForWorkers(before);
    deepStrictEqual([knowsTenants(after), after.settings.size, after.tree.entries.size], [false, 0, 0]);
    for (const section of Object.keys(COMPONENT_SECTIONS) as ComponentSection[]) {
      deepStrictEqual(after[section], before[section]);
    }
  });
});
