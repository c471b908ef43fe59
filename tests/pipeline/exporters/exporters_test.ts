/**
 * Every exporter, by the contract of exporters.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ExporterFactory } from "../../../pipeline/contract/component.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { debugFactory } from "../../../pipeline/exporters/debug.ts";
import { fileFactory } from "../../../pipeline/exporters/file.ts";
import { CLIENTS } from "../../../pipeline/exporters/kafka/config.ts";
import { kafkaExporterFactory } from "../../../pipeline/exporters/kafka/kafka.ts";
import { nopFactory } from "../../../pipeline/exporters/nop.ts";
import { otlpHttpExporterFactory } from "../../../pipeline/exporters/otlp_http/otlp_http.ts";
import { componentTypes } from "../../../pipeline/graph/registry.ts";
import { type ExporterDestination, type ExporterUnderTest, testExporter } from "../../contract/exporter.ts";
import { makeCertificates } from "../../support/certificates.ts";
import type { TestDeps } from "../../support/component_deps.ts";
import { TcpRelay } from "../../support/tcp_relay.ts";
import { ScriptedBroker } from "./kafka/client/scripted_broker.ts";

const no = new Scalar(false, "false");
const ALONE = { sending_queue: { enabled: no }, retry_on_failure: { enabled: no } };

/** Names are those of the types, and of what a type can be inside. */
const UNDER_TEST: readonly (ExporterUnderTest & { readonly type: string })[] = [
  { type: "file", name: "file", open: () => Promise.resolve(openFile()), sanitizeResources: true },
  { type: "otlp_http", name: "otlp_http, connections of our own", open: () => Promise.resolve(openHttp()) },
  { type: "otlp_http", name: "otlp_http, undici", open: () => Promise.resolve(openHttps()) },
  ...CLIENTS.map((client) => ({
    type: "kafka",
    name: `kafka, ${client}`,
    open: () => Promise.resolve(openKafka(client)),
  })),
  { type: "debug", name: "debug", open: () => Promise.resolve(openSink(debugFactory)) },
  { type: "nop", name: "nop", open: () => Promise.resolve(openSink(nopFactory)) },
];

for (const one of UNDER_TEST) testExporter(one);

Deno.test("every exporter of the registry runs the contract", () => {
  const types = new Map(componentTypes()).get("exporters");
  deepStrictEqual([...new Set(UNDER_TEST.map(({ type }) => type))].sort(), [...types ?? []].sort());
});

function make<Config>(factory: ExporterFactory<Config>, section: Record<string, unknown>) {
  return (deps: TestDeps) => factory.create(factory.schema.parse(section), deps);
}

/** Of an exporter with the key `timeout`. */
function makeTimed<Config>(factory: ExporterFactory<Config>, section: Record<string, unknown>) {
  return (deps: TestDeps, timeout: string) => make(factory, { ...ALONE, ...section, timeout })(deps);
}

/** Keeps the bodies of requests, as far as they came. */
function collector(received: Uint8Array[]) {
  return async (request: Request): Promise<Response> => {
    for await (const piece of request.body ?? []) received.push(piece);
    return new Response();
  };
}

function openHttp(): ExporterDestination {
  const received: Uint8Array[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, collector(received));
  return behindRelay("http", {}, server, received);
}

const certificates = await makeCertificates();

function openHttps(): ExporterDestination {
  const received: Uint8Array[] = [];
  const { caCert, serverCert: cert, serverKey: key } = certificates;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} }, collector(received));
  return { ...behindRelay("https", { tls: { ca_pem: caCert } }, server, received), closesLater: true };
}

function behindRelay(
  scheme: string,
  section: Record<string, unknown>,
  server: Deno.HttpServer<Deno.NetAddr>,
  received: readonly Uint8Array[],
): ExporterDestination {
  const relay = new TcpRelay(server.addr.port);
  const endpoint = `${scheme}://127.0.0.1:${relay.port}`;
  return {
    make: makeTimed(otlpHttpExporterFactory, { ...section, endpoint, compression: "none" }),
    received: () => Buffer.concat(received),
    relay,
    async close() {
      await relay.close();
      await server.shutdown();
    },
  };
}

function openKafka(client: string): ExporterDestination {
  const broker = new ScriptedBroker();
  const relay = new TcpRelay(broker.port);
  broker.advertisedPort = relay.port;
  return {
    make: makeTimed(kafkaExporterFactory, {
      brokers: [`127.0.0.1:${relay.port}`],
      producer: { client, compression: "none", max_message_bytes: new Scalar(100_000_000, "100000000") },
    }),
    received: () => Buffer.concat(broker.received),
    relay,
    sharesConnections: true,
    async close() {
      await relay.close();
      broker.close();
    },
  };
}

function openFile(): ExporterDestination {
  const directory = Deno.makeTempDirSync();
  const path = `${directory}/out`;
  return {
    make: make(fileFactory, { path, format: "proto" }),
    received: () => Deno.readFileSync(path),
    close: () => Deno.remove(directory, { recursive: true }),
  };
}

/** What keeps nothing that could be compared. */
function openSink<Config>(factory: ExporterFactory<Config>): ExporterDestination {
  return { make: make(factory, {}), keepsNothing: true, close: () => Promise.resolve() };
}
