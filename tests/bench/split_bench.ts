/**
 * What it costs to take payloads apart and put them together: `deno bench tests/bench/split_bench.ts`.
 *
 * @module
 */

import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { mergePayloads, NO_ORIGIN, payloadBytes } from "../../pipeline/otlp/payload.ts";
import { attributeMapHash, resourceAttribute } from "../../pipeline/otlp/resource.ts";
import { partitionByResource, partitionByTraceId, splitByBytes, splitByItems } from "../../pipeline/otlp/split.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { metricRequestBytes, traceRequestBytes } from "../support/otlp_samples.ts";

const traces = (spans: number, resources: number) =>
  readPayload("traces", traceRequestBytes({ spans, resources }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
const metrics = readPayload("metrics", metricRequestBytes({ points: 1_000 }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
const one = traces(1_000, 1);
const many = traces(1_000, 100);
const small = traces(100, 1);
const batch = mergePayloads(new Array(80).fill(small), NO_ORIGIN);

Deno.bench("splitByItems(100) of 1,000 spans in one resource", () => void splitByItems(one, 100));
Deno.bench("splitByItems(100) of 1,000 spans in 100 resources", () => void splitByItems(many, 100));
Deno.bench("splitByItems(100) of 1,000 data points", () => void splitByItems(metrics, 100));
Deno.bench("splitByItems(4,096) of a batch of 80 x 100 spans", () => void splitByItems(batch, 4_096));
Deno.bench("splitByBytes(64 KiB) of 1,000 spans in one resource", () => void splitByBytes(one, 65_536));
Deno.bench("partitionByTraceId() of 1,000 spans in 100 traces", () => void partitionByTraceId(one));
Deno.bench("partitionByResource() of 100 resources to 5 keys", () => {
  partitionByResource(many, (resource) => resourceAttribute(resource, "k8s.namespace.name"));
});
Deno.bench("mergePayloads() of 80 x 100 spans", () => void mergePayloads(new Array(80).fill(small), NO_ORIGIN));
Deno.bench("payloadBytes() of 80 x 100 spans, 3.6 MB", () => void payloadBytes(batch));

const { key: resource } = partitionByResource(small, (each) => each)[0]!;
Deno.bench("resourceAttribute() of seven", () => void resourceAttribute(resource, "tenant.id"));
Deno.bench("attributeMapHash() of seven", () => void attributeMapHash(resource));
