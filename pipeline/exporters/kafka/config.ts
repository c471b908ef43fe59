/**
 * Settings of the `kafka` exporter: the collector's keys and defaults.
 *
 * One default differs: `producer.required_acks` is `all` where the collector's is 1, so that "kept" survives the loss of
 * a broker; a YAML that says 1 or 0 is obeyed.
 * Source: collector reference 5.3, 3.4 and 3.6.
 *
 * @module
 */

import type { z } from "zod";
import { parseHostPort } from "../../config/network/host_port.ts";
import {
  bool,
  durationMs,
  headerMap,
  int,
  metadataKey,
  metadataKeys,
  oneOf,
  optionalSection,
  requiredText,
  secret,
  section,
  text,
  textList,
} from "../../config/schema.ts";
import { tlsClientSchema, tlsWarnings } from "../../config/network/tls.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../otlp/signals.ts";
import { senderShape } from "../../queue/settings.ts";
import { COMPRESSIONS, LEVELS } from "./client/codecs.ts";
import { SASL_MECHANISMS, type SaslCredentials, type SaslMechanism } from "./client/sasl.ts";

const ENCODINGS = ["otlp_proto", "otlp_json"] as const;
export type Encoding = typeof ENCODINGS[number];

const signalSchema = section({
  topic: requiredText().optional(),
  encoding: oneOf(ENCODINGS).optional(),
  topic_from_metadata_key: metadataKey().default(""),
  message_key_from_metadata_key: metadataKey().default(""),
}).prefault({});

const authSchema = section({
  sasl: optionalSection({
    username: text().default(""),
    password: secret().default(""),
    mechanism: text().default(""),
    version: int({ min: 0, max: 1 }).default(0),
    aws_msk: optionalSection({ region: text().default("") }),
    oauthbearer_token_source: text().default(""),
  }),
  kerberos: optionalSection({
    service_name: text().default(""),
    realm: text().default(""),
    use_keytab: bool().default(false),
    username: text().default(""),
    password: secret().default(""),
    config_file: text().default(""),
    keytab_file: text().default(""),
    disable_fast_negotiation: bool().default(false),
  }),
  plain_text: optionalSection({ username: text().default(""), password: secret().default("") }),
  tls: tlsClientSchema.optional(),
});

/** `native` is the client of our own, a fraction of the CPU; `kafkajs` the package. Both promise the same. */
export const CLIENTS = ["native", "kafkajs"] as const;

/** `all` and -1 are one; kept as the protocol's number. */
const requiredAcks = () =>
  oneOf(["all", "-1", "1", "0"]).default("all").transform((word): -1 | 0 | 1 =>
    word === "1" ? 1 : word === "0" ? 0 : -1
  );

const producerSchema = section({
  client: oneOf(CLIENTS).default("native"),
  max_message_bytes: int({ min: 1_024, max: 1_073_741_824 }).default(1_000_000),
  max_broker_write_bytes: int({ min: 1_024, max: 1_073_741_824 }).default(104_857_600),
  required_acks: requiredAcks(),
  compression: oneOf(COMPRESSIONS).default("none"),
  compression_params: section({ level: int({ min: -1, max: 22 }).default(0) }).prefault({}),
  flush_max_messages: int({ min: 0 }).default(10_000),
  linger: durationMs().default(10),
  allow_auto_topic_creation: bool().default(true),
}).prefault({});

const schemaWithoutRules = section({
  brokers: textList().default(["localhost:9092"]),
  protocol_version: text().default("2.1.0"),
  resolve_canonical_bootstrap_servers_only: bool().default(false),
  client_id: text().default("otel-collector"),
  conn_idle_timeout: durationMs({ minMs: 1 }).default(540_000),
  rack_id: text().default(""),
  use_leader_epoch: bool().default(true),
  traces: signalSchema,
  metrics: signalSchema,
  logs: signalSchema,
  profiles: signalSchema,
  topic: text().default(""),
  encoding: oneOf(["", ...ENCODINGS]).default(""),
  topic_from_attribute: text().default(""),
  include_metadata_keys: metadataKeys().default([]),
  record_headers: headerMap().default({}),
  partition_traces_by_id: bool().default(false),
  partition_metrics_by_resource_attributes: bool().default(false),
  partition_logs_by_resource_attributes: bool().default(false),
  partition_logs_by_trace_id: bool().default(false),
  record_partitioner: section({
    sticky_key: optionalSection({ hasher: oneOf(["sarama_compat", "murmur2"]).default("sarama_compat") }),
    round_robin: optionalSection({}),
    least_backup: optionalSection({}),
    extension: text().optional(),
  }).prefault({}),
  tls: tlsClientSchema.optional(),
  auth: authSchema.optional(),
  metadata: section({
    refresh_interval: durationMs({ minMs: 1 }).default(600_000),
    retry: section({ max: int({ min: 0, max: 100 }).default(3), backoff: durationMs().default(250) }).prefault({}),
    full: bool().optional(),
  }).prefault({}),
  timeout: durationMs().default(5_000),
  producer: producerSchema,
  ...senderShape(),
});

export type KafkaConfig = z.output<typeof schemaWithoutRules>;

/** A problem: where below the exporter's section, and what completes "… ". */
type Report = (path: string, message: string) => void;

export const kafkaSchema = schemaWithoutRules.superRefine((config, context) => {
  const report: Report = (path, message) =>
    context.addIssue({ code: "custom", path: path === "" ? [] : path.split("."), message });
  checkBrokers(config, report);
  checkKeys(config, report);
  checkPartitioner(config, report);
  checkBatching(config, report);
  checkCompressionLevel(config, report);
  checkAuth(config, report);
});

function checkBrokers({ brokers }: KafkaConfig, report: Report): void {
  if (brokers.length === 0) report("brokers", "is empty, wanted at least one host:port");
  for (const broker of brokers) {
    if (parseHostPort(broker) === undefined) report("brokers", `has ${JSON.stringify(broker)}, wanted host:port`);
  }
}

/** What may decide a record's key: one thing at the most. */
function checkKeys(config: KafkaConfig, report: Report): void {
  for (const signal of SIGNAL_NAMES) {
    if (config[signal].message_key_from_metadata_key === "") continue;
    for (const key of PARTITION_KEYS[signal]) {
      if (config[key]) report(`${signal}.message_key_from_metadata_key`, `cannot be used together with ${key}`);
    }
  }
  if (config.partition_logs_by_resource_attributes && config.partition_logs_by_trace_id) {
    report("partition_logs_by_trace_id", "cannot be used together with partition_logs_by_resource_attributes");
  }
}

type PartitionKey =
  | "partition_traces_by_id"
  | "partition_metrics_by_resource_attributes"
  | "partition_logs_by_resource_attributes"
  | "partition_logs_by_trace_id";

const PARTITION_KEYS: Readonly<Record<Signal, readonly PartitionKey[]>> = {
  traces: ["partition_traces_by_id"],
  metrics: ["partition_metrics_by_resource_attributes"],
  logs: ["partition_logs_by_resource_attributes", "partition_logs_by_trace_id"],
  profiles: [],
};

function checkPartitioner({ record_partitioner }: KafkaConfig, report: Report): void {
  const chosen = Object.entries(record_partitioner).filter(([, value]) => value !== undefined).map(([key]) => key);
  if (chosen.length > 1) report("record_partitioner", `has ${chosen.join(" and ")}, wanted at most one`);
  for (const key of ["least_backup", "extension"] as const) {
    if (record_partitioner[key] !== undefined) {
      report(`record_partitioner.${key}`, "is not supported, wanted sticky_key or round_robin");
    }
  }
}

/** Merging batches of different metadata would put one sender's headers on another's data. */
function checkBatching({ include_metadata_keys, sending_queue }: KafkaConfig, report: Report): void {
  const batch = sending_queue?.enabled ? sending_queue.batch : undefined;
  if (batch === undefined) return;
  const partitionedBy = new Set(batch.partition.metadata_keys.map((key) => key.toLowerCase()));
  for (const key of include_metadata_keys) {
    if (partitionedBy.has(key.toLowerCase())) continue;
    report(
      "include_metadata_keys",
      `has ${JSON.stringify(key)}, which sending_queue.batch.partition.metadata_keys lacks`,
    );
  }
}

function checkCompressionLevel({ producer }: KafkaConfig, report: Report): void {
  const { level } = producer.compression_params;
  const range = LEVELS[producer.compression];
  if (level === 0 || range === undefined || (level >= range.min && level <= range.max)) return;
  report(
    "producer.compression_params.level",
    `is ${level}, wanted 0 or ${range.min} to ${range.max} for ${producer.compression}`,
  );
}

function checkAuth({ auth }: KafkaConfig, report: Report): void {
  if (auth === undefined) return;
  if (auth.kerberos !== undefined) report("auth.kerberos", `is not supported, wanted sasl with ${MECHANISMS}`);
  if (auth.sasl !== undefined && auth.plain_text !== undefined) {
    report("auth", "has sasl and plain_text, wanted at most one");
  }
  if (auth.sasl !== undefined && !isSupported(auth.sasl.mechanism)) {
    report("auth.sasl.mechanism", `is ${JSON.stringify(auth.sasl.mechanism)}, wanted ${MECHANISMS}`);
    return;
  }
  const [place, credentials] = auth.sasl !== undefined ? ["sasl", auth.sasl] : ["plain_text", auth.plain_text];
  if (credentials?.username === "") report(`auth.${place}.username`, "is missing");
  if (credentials?.password === "") report(`auth.${place}.password`, "is missing");
}

const MECHANISMS = "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512";

function isSupported(mechanism: string): mechanism is SaslMechanism {
  return (SASL_MECHANISMS as readonly string[]).includes(mechanism);
}

/** The credentials that a config gives, by either of its two ways. */
export function saslCredentials({ auth }: KafkaConfig): SaslCredentials | undefined {
  if (auth?.sasl !== undefined && isSupported(auth.sasl.mechanism)) {
    const { mechanism, username, password } = auth.sasl;
    return { mechanism, username, password };
  }
  return auth?.plain_text === undefined ? undefined : { mechanism: "PLAIN", ...auth.plain_text };
}

/** What a signal's records are and where they go when nothing else decides. */
export function signalSettings(
  config: KafkaConfig,
  signal: Signal,
): { readonly topic: string; readonly encoding: Encoding } {
  const own = config[signal];
  return {
    topic: own.topic ?? (config.topic || SIGNALS[signal].kafkaTopic),
    encoding: own.encoding ?? (config.encoding || "otlp_proto"),
  };
}

/** Keys that load but do not act, or not as somebody may expect. */
export function kafkaWarnings(config: KafkaConfig): readonly { readonly path: string; readonly message: string }[] {
  const { auth, metadata, producer, record_partitioner, sending_queue, tls } = config;
  const batched = sending_queue?.enabled === true && sending_queue.batch !== undefined;
  const metadataKeys = SIGNAL_NAMES.flatMap((signal) =>
    (["topic_from_metadata_key", "message_key_from_metadata_key"] as const)
      .map((key) => ({ path: `${signal}.${key}`, value: config[signal][key] }))
  );
  const partitionedBy = new Set(sending_queue?.batch?.partition.metadata_keys.map((key) => key.toLowerCase()));
  const cases: readonly (readonly [applies: boolean, path: string, message: string])[] = [
    [config.topic !== "", "topic", "is deprecated, use <signal>.topic"],
    [config.encoding !== "", "encoding", "is deprecated, use <signal>.encoding"],
    [auth?.plain_text !== undefined, "auth.plain_text", "is deprecated, use auth.sasl with mechanism PLAIN"],
    [auth?.tls !== undefined, "auth.tls", "is deprecated, use tls"],
    [config.protocol_version !== "2.1.0", "protocol_version", "has no effect: requests are those of Kafka 2.2"],
    [config.resolve_canonical_bootstrap_servers_only, "resolve_canonical_bootstrap_servers_only", "has no effect"],
    [config.rack_id !== "", "rack_id", "has no effect on a producer"],
    [!config.use_leader_epoch, "use_leader_epoch", "has no effect on a producer"],
    [metadata.full !== undefined, "metadata.full", "has no effect: only the topics in use are asked for"],
    [
      producer.linger !== 10,
      "producer.linger",
      "has no effect: records that come while a request is under way share the next one",
    ],
    [
      producer.compression_params.level !== 0 && LEVELS[producer.compression] === undefined,
      "producer.compression_params.level",
      `has no effect on ${producer.compression}`,
    ],
    [
      producer.required_acks === 0,
      "producer.required_acks",
      "is 0: the broker says nothing, so data that is reported as kept can be lost",
    ],
    [record_partitioner.round_robin !== undefined, "record_partitioner.round_robin", "ignores record keys"],
    ...metadataKeys.map(({ path, value }) =>
      [
        batched && value !== "" && !partitionedBy.has(value.toLowerCase()),
        path,
        "acts on batches of one sender only: add the key to sending_queue.batch.partition.metadata_keys",
      ] as const
    ),
  ];
  return [
    ...cases.filter(([applies]) => applies).map(([, path, message]) => ({ path, message })),
    ...(tls === undefined ? [] : tlsWarnings("tls", tls)),
  ];
}
