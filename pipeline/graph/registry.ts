/**
 * The components that exist, one a line. Nothing registers itself: what is not listed here is not in the gateway.
 *
 * @module
 */

import type { ComponentCatalog } from "../config/gateway_config.ts";
import type {
  ConnectorFactory,
  ExporterFactory,
  ExtensionFactory,
  Factory,
  ProcessorFactory,
  ReceiverFactory,
} from "../contract/component.ts";
import { countConnectorFactory } from "../connectors/count.ts";
import { forwardConnectorFactory } from "../connectors/forward.ts";
import { routingConnectorFactory } from "../connectors/routing.ts";
import { debugFactory } from "../exporters/debug.ts";
import { fileFactory } from "../exporters/file.ts";
import { kafkaExporterFactory } from "../exporters/kafka/kafka.ts";
import { nopFactory } from "../exporters/nop.ts";
import { otlpHttpExporterFactory } from "../exporters/otlp_http/otlp_http.ts";
import { healthCheckFactory } from "../extensions/health_check.ts";
import { attributesFactory } from "../processors/attributes.ts";
import { batchProcessorFactory } from "../processors/batch.ts";
import { filterFactory } from "../processors/filter.ts";
import { memoryLimiterFactory } from "../processors/memory_limiter.ts";
import { probabilisticSamplerFactory } from "../processors/probabilistic_sampler/probabilistic_sampler.ts";
import { redactionFactory } from "../processors/redaction.ts";
import { resourceFactory } from "../processors/resource.ts";
import { transformFactory } from "../processors/transform.ts";
import { otlpReceiverFactory } from "../receivers/otlp.ts";

/** Factories by section; a `ComponentCatalog` for `parseConfig`. */
export interface Registry extends ComponentCatalog {
  readonly receivers: readonly ReceiverFactory<unknown>[];
  readonly processors: readonly ProcessorFactory<unknown>[];
  readonly exporters: readonly ExporterFactory<unknown>[];
  readonly connectors: readonly ConnectorFactory<unknown>[];
  readonly extensions: readonly ExtensionFactory<unknown>[];
}

export const REGISTRY: Registry = {
  receivers: [
    otlpReceiverFactory,
  ],
  processors: [
    memoryLimiterFactory,
    batchProcessorFactory,
    probabilisticSamplerFactory,
    attributesFactory,
    resourceFactory,
    redactionFactory,
    filterFactory,
    transformFactory,
  ],
  exporters: [
    otlpHttpExporterFactory,
    kafkaExporterFactory,
    fileFactory,
    debugFactory,
    nopFactory,
  ],
  connectors: [
    forwardConnectorFactory,
    routingConnectorFactory,
    countConnectorFactory,
  ],
  extensions: [
    healthCheckFactory,
  ],
};

/**
 * The factory of a type or one of its aliases.
 *
 * @throws {TypeError} It is not among them; a checked configuration names none such.
 */
export function factoryOf<Made extends Factory<unknown>>(factories: readonly Made[], type: string): Made {
  const factory = factories.find((one) => one.type === type || one.aliases?.includes(type));
  if (factory === undefined) throw new TypeError(`Cannot find the component type ${JSON.stringify(type)}`);
  return factory;
}
