/**
 * The name that OpenTelemetry's semantic conventions give a span, by its kind and attributes.
 *
 * Source: semantic conventions 1.37 to 1.43, "Name" of HTTP, RPC, database and messaging spans; attributes of older
 * versions as the reference's set_semconv_span_name reads them.
 *
 * @module
 */

import { textOf } from "../../../../../ottl/values/text.ts";
import type { OttlMap } from "../../../../../ottl/values/value.ts";

/** A convention's name for a span; empty when the span is none of its own. */
type Naming = (attributes: OttlMap) => string;

/** Conventions by SpanKind, tried in this order. Internal spans have none. */
const NAMINGS: Readonly<Record<number, readonly Naming[]>> = {
  2: [(attributes) => httpName(attributes, "http.route"), rpcName, messagingName], // server
  3: [(attributes) => httpName(attributes, "url.template"), rpcName, databaseName, messagingName], // client
  4: [messagingName], // producer
  5: [messagingName], // consumer
};

/** The name by the conventions; undefined when none of them has one. */
export function semconvSpanName(kind: number, attributes: OttlMap): string | undefined {
  for (const nameOf of NAMINGS[kind] ?? []) {
    const name = nameOf(attributes);
    if (name !== "") return name;
  }
  return undefined;
}

/** The text of the first attribute that is there; undefined when none is. */
function first(attributes: OttlMap, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes.get(key);
    if (value !== undefined) return textOf(value);
  }
  return undefined;
}

function httpName(attributes: OttlMap, targetKey: string): string {
  const method = first(attributes, "http.request.method", "http.method");
  const target = first(attributes, targetKey);
  if (method === undefined) return "";
  return target === undefined ? method : `${method} ${target}`;
}

function rpcName(attributes: OttlMap): string {
  const system = first(attributes, "rpc.system.name", "rpc.system");
  if (system === undefined) return "";
  const method = first(attributes, "rpc.method", "rpc.grpc.method");
  const service = first(attributes, "rpc.service", "rpc.grpc.service");
  if (service === undefined) return method ?? system;
  return `${service}/${method ?? "*"}`;
}

function databaseName(attributes: OttlMap): string {
  const system = first(attributes, "db.system.name", "db.system");
  if (system === undefined) return "";
  const summary = first(attributes, "db.query.summary");
  if (summary !== undefined) return summary;
  const operation = first(attributes, "db.operation.name", "db.operation");
  return words(operation, databaseTarget(attributes)) || system;
}

function databaseTarget(attributes: OttlMap): string | undefined {
  const namespace = first(attributes, "db.namespace", "db.name") || undefined;
  const object = first(attributes, "db.collection.name", "db.stored_procedure.name");
  if (object !== undefined) return namespace === undefined ? object : `${namespace}.${object}`;
  return namespace ?? serverOf(attributes);
}

function messagingName(attributes: OttlMap): string {
  const system = first(attributes, "messaging.system");
  if (system === undefined) return "";
  const operation = first(attributes, "messaging.operation.name", "messaging.operation");
  const destination = destinationOf(attributes) || undefined;
  if (operation === undefined) return destination ?? system;
  return destination === undefined ? operation : `${operation} ${destination}`;
}

function destinationOf(attributes: OttlMap): string | undefined {
  if (attributes.get("messaging.destination.temporary") === true) return "(temporary)";
  if (attributes.get("messaging.destination.anonymous") === true) return "(anonymous)";
  const name = ["messaging.destination.template", "messaging.destination.name", "messaging.destination"];
  return first(attributes, ...name) ?? serverOf(attributes);
}

function serverOf(attributes: OttlMap): string | undefined {
  const address = first(attributes, "server.address");
  const port = first(attributes, "server.port");
  return address === undefined || port === undefined ? address : `${address}:${port}`;
}

/** What is there of both, with a space between. */
function words(...texts: readonly (string | undefined)[]): string {
  return texts.filter(Boolean).join(" ");
}
