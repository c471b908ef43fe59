/**
 * What tests of the kafka exporter share: its config from YAML, and payloads.
 *
 * @module
 */

import { checkSection } from "../../../../pipeline/config/check_section.ts";
import { formatProblem } from "../../../../pipeline/config/problem.ts";
import { asRoot, parseYaml } from "../../../../pipeline/config/tree/yaml.ts";
import { DEFAULT_TREE_LIMITS } from "../../../../pipeline/config/tree/node.ts";
import { type KafkaConfig, kafkaSchema } from "../../../../pipeline/exporters/kafka/config.ts";
import { encodeHeaders } from "../../../../pipeline/exporters/kafka/client/record.ts";
import { NO_ORIGIN, type Origin, type Payload, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../../pipeline/otlp/signals.ts";
import { requestBytes, type SampleOptions } from "../../../support/otlp_samples.ts";

/** The config of an exporter's section, or what is wrong with it: each problem with its path below the section. */
export function checkKafka(
  yaml: string,
): { readonly config: KafkaConfig | undefined; readonly problems: readonly string[] } {
  const { node } = parseYaml(yaml, "test.yaml", DEFAULT_TREE_LIMITS);
  const { config, problems } = checkSection<KafkaConfig>(asRoot(node).root, kafkaSchema, []);
  return { config, problems: problems.map((problem) => formatProblem(problem)) };
}

/** A config that is right. */
export function kafkaConfig(yaml = ""): KafkaConfig {
  const { config, problems } = checkKafka(yaml);
  if (config === undefined) throw new Error(`Cannot use the YAML of this test: ${problems.join("; ")}`);
  return config;
}

/** A payload of `items` items. */
export function samplePayload(signal: Signal, items: number, options: SampleOptions = {}, origin = NO_ORIGIN): Payload {
  return payloadOf(signal, requestBytes(signal, items, options), items, origin);
}

/** Of a record that has none: a count of 0. */
export const NO_HEADERS = encodeHeaders([]);

/** Client metadata, names in lower case. */
export function originWith(metadata: Readonly<Record<string, readonly string[]>>): Origin {
  return { metadata: new Map(Object.entries(metadata)) };
}
