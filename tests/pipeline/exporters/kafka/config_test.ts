import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { kafkaWarnings, saslCredentials, signalSettings } from "../../../../pipeline/exporters/kafka/config.ts";
import { checkKafka, kafkaConfig } from "./kafka_support.ts";

Deno.test("kafka config: defaults", () => {
  const config = kafkaConfig();
  const { sending_queue, retry_on_failure, profiles: _, logs: __, metrics: ___, traces, ...own } = config;
  deepStrictEqual(traces, { topic_from_metadata_key: "", message_key_from_metadata_key: "" });
  deepStrictEqual(own, {
    brokers: ["localhost:9092"],
    protocol_version: "2.1.0",
    resolve_canonical_bootstrap_servers_only: false,
    client_id: "otel-collector",
    conn_idle_timeout: 540_000,
    rack_id: "",
    use_leader_epoch: true,
    topic: "",
    encoding: "",
    topic_from_attribute: "",
    include_metadata_keys: [],
    record_headers: {},
    partition_traces_by_id: false,
    partition_metrics_by_resource_attributes: false,
    partition_logs_by_resource_attributes: false,
    partition_logs_by_trace_id: false,
    record_partitioner: {},
    metadata: { refresh_interval: 600_000, retry: { max: 3, backoff: 250 } },
    timeout: 5_000,
    producer: {
      client: "native",
      max_message_bytes: 1_000_000,
      max_broker_write_bytes: 104_857_600,
      required_acks: -1,
      compression: "none",
      compression_params: { level: 0 },
      flush_max_messages: 10_000,
      linger: 10,
      allow_auto_topic_creation: true,
    },
  });
  strictEqual(sending_queue?.enabled, true);
  strictEqual(retry_on_failure.enabled, true);
  deepStrictEqual(kafkaWarnings(config), []);
});

Deno.test("kafka config: producer.required_acks", async (t) => {
  const cases: { written: string; want: number }[] = [
    { written: "all", want: -1 },
    { written: "-1", want: -1 },
    { written: "1", want: 1 },
    { written: "0", want: 0 },
  ];
  for (const { written, want } of cases) {
    await t.step(written, () => {
      strictEqual(kafkaConfig(`producer: {required_acks: ${written}}`).producer.required_acks, want);
    });
  }
});

Deno.test("kafka config: what is refused, and where", async (t) => {
  const cases: { name: string; yaml: string; path: string; message: RegExp }[] = [
    { name: "no brokers", yaml: "brokers: []", path: "brokers", message: /is empty/ },
    {
      name: "a broker without a port",
      yaml: "brokers: [kafka]",
      path: "brokers",
      message: /"kafka", wanted host:port/,
    },
    { name: "an encoding", yaml: "traces: {encoding: jaeger_proto}", path: "traces::encoding", message: /otlp_json/ },
    { name: "acks of 2", yaml: "producer: {required_acks: 2}", path: "producer::required_acks", message: /is 2/ },
    { name: "a codec", yaml: "producer: {compression: brotli}", path: "producer::compression", message: /zstd/ },
    {
      name: "a level that gzip lacks",
      yaml: "producer: {compression: gzip, compression_params: {level: 10}}",
      path: "producer::compression_params::level",
      message: /is 10, wanted 0 or -1 to 9 for gzip/,
    },
    {
      name: "two ways to a key",
      yaml: "partition_traces_by_id: true\ntraces: {message_key_from_metadata_key: x}",
      path: "traces::message_key_from_metadata_key",
      message: /partition_traces_by_id/,
    },
    {
      name: "two partitions of logs",
      yaml: "partition_logs_by_trace_id: true\npartition_logs_by_resource_attributes: true",
      path: "partition_logs_by_trace_id",
      message: /cannot be used together/,
    },
    {
      name: "headers from metadata that batches mix",
      yaml: "include_metadata_keys: [X-Tenant, b]\nsending_queue: {batch: {partition: {metadata_keys: [x-tenant]}}}",
      path: "include_metadata_keys",
      message: /has "b", which sending_queue.batch.partition.metadata_keys lacks/,
    },
    {
      name: "two partitioners",
      yaml: "record_partitioner: {sticky_key: {}, round_robin: {}}",
      path: "record_partitioner",
      message: /sticky_key and round_robin, wanted at most one/,
    },
    {
      name: "least_backup",
      yaml: "record_partitioner: {least_backup: {}}",
      path: "record_partitioner::least_backup",
      message: /not supported, wanted sticky_key or round_robin/,
    },
    {
      name: "an extension as partitioner",
      yaml: "record_partitioner: {extension: mine}",
      path: "record_partitioner::extension",
      message: /not supported/,
    },
    {
      name: "AWS_MSK_IAM_OAUTHBEARER",
      yaml: "auth: {sasl: {mechanism: AWS_MSK_IAM_OAUTHBEARER, aws_msk: {region: eu}}}",
      path: "auth::sasl::mechanism",
      message: /wanted PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512/,
    },
    {
      name: "sasl without a password",
      yaml: "auth: {sasl: {mechanism: PLAIN, username: me}}",
      path: "auth::sasl::password",
      message: /is missing/,
    },
    { name: "kerberos", yaml: "auth: {kerberos: {realm: X}}", path: "auth::kerberos", message: /not supported/ },
    {
      name: "two credentials",
      yaml: "auth: {sasl: {mechanism: PLAIN, username: a, password: b}, plain_text: {username: a, password: b}}",
      path: "auth",
      message: /at most one/,
    },
  ];
  for (const { name, yaml, path, message } of cases) {
    await t.step(name, () => {
      const { config, problems } = checkKafka(yaml);
      strictEqual(config, undefined);
      ok(problems.some((problem) => problem.includes(` ${path}: `) && message.test(problem)), problems.join("\n"));
    });
  }
});

Deno.test("kafka config: a secret shows in no problem", () => {
  const { problems } = checkKafka("auth: {sasl: {mechanism: X, username: me, password: hunter2}}");
  ok(problems.length > 0 && !problems.join().includes("hunter2"));
});

Deno.test("kafka config: signalSettings()", async (t) => {
  const cases: { name: string; yaml: string; topic: string; encoding: string }[] = [
    { name: "defaults", yaml: "", topic: "otlp_logs", encoding: "otlp_proto" },
    { name: "deprecated keys", yaml: "topic: a\nencoding: otlp_json", topic: "a", encoding: "otlp_json" },
    {
      name: "a signal's own",
      yaml: "topic: a\nencoding: otlp_json\nlogs: {topic: b, encoding: otlp_proto}",
      topic: "b",
      encoding: "otlp_proto",
    },
  ];
  for (const { name, yaml, topic, encoding } of cases) {
    await t.step(name, () => deepStrictEqual(signalSettings(kafkaConfig(yaml), "logs"), { topic, encoding }));
  }
});

Deno.test("kafka config: saslCredentials()", async (t) => {
  const cases: { name: string; yaml: string; want: unknown }[] = [
    { name: "none", yaml: "", want: undefined },
    {
      name: "sasl",
      yaml: "auth: {sasl: {mechanism: SCRAM-SHA-512, username: a, password: 007}}",
      want: { mechanism: "SCRAM-SHA-512", username: "a", password: "007" },
    },
    {
      name: "plain_text",
      yaml: "auth: {plain_text: {username: a, password: b}}",
      want: { mechanism: "PLAIN", username: "a", password: "b" },
    },
  ];
  for (const { name, yaml, want } of cases) {
    await t.step(name, () => deepStrictEqual(saslCredentials(kafkaConfig(yaml)), want));
  }
});

Deno.test("kafka config: what loads and does not act is told", async (t) => {
  const cases: { yaml: string; path: string }[] = [
    { yaml: "topic: a", path: "topic" },
    { yaml: "encoding: otlp_json", path: "encoding" },
    { yaml: "auth: {plain_text: {username: a, password: b}}", path: "auth.plain_text" },
    { yaml: "auth: {tls: {}}", path: "auth.tls" },
    { yaml: "protocol_version: 3.7.0", path: "protocol_version" },
    { yaml: "resolve_canonical_bootstrap_servers_only: true", path: "resolve_canonical_bootstrap_servers_only" },
    { yaml: "rack_id: a", path: "rack_id" },
    { yaml: "use_leader_epoch: false", path: "use_leader_epoch" },
    { yaml: "tls: {reload_interval: 1h}", path: "tls::reload_interval" },
    { yaml: "tls: {curve_preferences: [X25519]}", path: "tls::curve_preferences" },
    { yaml: "metadata: {full: false}", path: "metadata.full" },
    { yaml: "producer: {linger: 5ms}", path: "producer.linger" },
    {
      yaml: "producer: {compression: lz4, compression_params: {level: 3}}",
      path: "producer.compression_params.level",
    },
    { yaml: "producer: {required_acks: 0}", path: "producer.required_acks" },
    { yaml: "record_partitioner: {round_robin: {}}", path: "record_partitioner.round_robin" },
    {
      yaml: "traces: {topic_from_metadata_key: x}\nsending_queue: {batch: {}}",
      path: "traces.topic_from_metadata_key",
    },
  ];
  for (const { yaml, path } of cases) {
    await t.step(path, () => deepStrictEqual(kafkaWarnings(kafkaConfig(yaml)).map((each) => each.path), [path]));
  }
});
