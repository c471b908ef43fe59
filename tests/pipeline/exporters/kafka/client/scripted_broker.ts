/**
 * A broker that answers as a test says, also in ways that a real one answers only in its worst moments.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const PRODUCE = 0;
const METADATA = 3;
const SASL_HANDSHAKE = 17;
const API_VERSIONS = 18;
const SASL_AUTHENTICATE = 36;

const SASL_AUTHENTICATION_FAILED = 58;

/** The only versions that it speaks: those of the client of our own. */
const VERSIONS = [[PRODUCE, 7], [METADATA, 4], [SASL_HANDSHAKE, 1], [API_VERSIONS, 2], [SASL_AUTHENTICATE, 1]] as const;

/** A Produce request for one topic-partition, as it came. */
export interface Produced {
  readonly topic: string;
  readonly partition: number;
  readonly acks: number;
  /** Of its record batch. */
  readonly recordCount: number;
  readonly batchBytes: number;
}

/** An error code for the partition; or what a broken broker does. */
export type ProduceAnswer =
  | number
  | "hang"
  | "close"
  | "no entry"
  | "another partition"
  | "two entries"
  | "cut short"
  | "wrong correlation id"
  | { readonly code: number; readonly throttleMs: number };

export interface TopicAnswer {
  readonly errorCode?: number;
  /** Node id by partition. */
  readonly leaders?: readonly number[];
}

const ONE_PARTITION: TopicAnswer = { leaders: [1] };

export class ScriptedBroker {
  readonly nodeId: number;
  readonly produced: Produced[] = [];
  readonly topicsAsked: string[] = [];
  connections = 0;
  /** How often it was asked what it speaks, which the client of our own never does. */
  versionsAsked = 0;
  onProduce: (request: Produced) => ProduceAnswer | Promise<ProduceAnswer> = () => 0;
  onMetadata: (topic: string, allowAutoTopicCreation: boolean) => TopicAnswer | "hang" = () => ONE_PARTITION;
  /** What it takes with SASL PLAIN, whatever the name; it serves those who do not authenticate as well. */
  password = "secret";
  /** All that has come, as it came. */
  readonly received: Uint8Array[] = [];
  /** Where clients are told that it listens, when that is not its own port: a relay before it. */
  advertisedPort: number | undefined;
  /** What clients are told of the cluster. */
  cluster: readonly ScriptedBroker[] = [this];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();

  constructor(nodeId = 1) {
    this.nodeId = nodeId;
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Cuts every connection and takes no more. */
  close(): void {
    this.#listener.close();
    this.cut();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.connections++;
        this.#open.add(connection);
        void this.#serve(connection).catch(() => this.#open.delete(connection));
      }
    } catch {
      // The listener was closed.
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    let unread = Buffer.alloc(0);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      while (unread.length >= 4 && unread.length >= 4 + unread.readInt32BE(0)) {
        const size = unread.readInt32BE(0);
        const answer = await this.#answer(unread.subarray(4, 4 + size));
        if (answer === "close") {
          this.#open.delete(connection);
          return connection.close();
        }
        if (answer !== undefined) await connection.write(answer);
        unread = unread.subarray(4 + size);
      }
      const length = await connection.read(buffer);
      if (length === null) return;
      this.received.push(buffer.slice(0, length));
      unread = Buffer.concat([unread, buffer.subarray(0, length)]);
    }
  }

  async #answer(request: Buffer): Promise<Uint8Array | "close" | undefined> {
    const apiKey = request.readInt16BE(0);
    const correlationId = request.readInt32BE(4);
    const body = request.subarray(10 + request.readInt16BE(8));
    if (apiKey === METADATA) return this.#metadata(correlationId, body);
    if (apiKey === API_VERSIONS) {
      this.versionsAsked++;
      return apiVersionsReply(correlationId);
    }
    if (apiKey === SASL_HANDSHAKE) return frame(correlationId, [int16(0), int32(1), string("PLAIN")]);
    if (apiKey === SASL_AUTHENTICATE) {
      const isRight = body.subarray(4).toString().endsWith(`\0${this.password}`);
      return frame(correlationId, [
        int16(isRight ? 0 : SASL_AUTHENTICATION_FAILED),
        int16(-1),
        int32(0),
        Buffer.alloc(8),
      ]);
    }
    if (apiKey !== PRODUCE) throw new Error(`Cannot play a broker for api ${apiKey}`);
    const produced = readProduce(body);
    this.produced.push(produced);
    return produceReply(correlationId, produced, await this.onProduce(produced));
  }

  #metadata(correlationId: number, body: Buffer): Uint8Array | undefined {
    const name = body.subarray(6, 6 + body.readInt16BE(4)).toString();
    this.topicsAsked.push(name);
    const answer = this.onMetadata(name, body.at(-1) === 1);
    if (answer === "hang") return undefined;
    const { errorCode = 0, leaders = [] } = answer;
    return frame(correlationId, [
      int32(0),
      int32(this.cluster.length),
      ...this.cluster.flatMap(({ nodeId, port, advertisedPort = port }) => [
        int32(nodeId),
        string("127.0.0.1"),
        int32(advertisedPort),
        int16(-1),
      ]),
      int16(-1),
      int32(1),
      int32(1),
      int16(errorCode),
      string(name),
      Buffer.from([0]),
      int32(leaders.length),
      ...leaders.flatMap((leader, partition) => [
        int16(leader < 0 ? 5 : 0),
        int32(partition),
        int32(leader),
        int32(1),
        int32(leader),
        int32(0),
      ]),
    ]);
  }
}

function readProduce(body: Buffer): Produced {
  const acks = body.readInt16BE(2);
  const nameEnd = 14 + body.readInt16BE(12);
  const batch = body.subarray(nameEnd + 12);
  return {
    topic: body.subarray(14, nameEnd).toString(),
    partition: body.readInt32BE(nameEnd + 4),
    acks,
    recordCount: batch.readInt32BE(57),
    batchBytes: batch.length,
  };
}

function produceReply(
  correlationId: number,
  { topic, partition, acks }: Produced,
  answer: ProduceAnswer,
): Uint8Array | "close" | undefined {
  if (answer === "close") return "close";
  if (answer === "hang" || acks === 0) return undefined;
  const { code, throttleMs } = typeof answer === "object" ? answer : { code: Number(answer) || 0, throttleMs: 0 };
  const entry = (index: number) => [int32(index), int16(code), Buffer.alloc(24)];
  const entries = answer === "no entry"
    ? []
    : answer === "two entries"
    ? [entry(partition), entry(partition + 1)]
    : [entry(answer === "another partition" ? partition + 1 : partition)];
  const reply = frame(answer === "wrong correlation id" ? correlationId + 1 : correlationId, [
    int32(1),
    string(topic),
    int32(entries.length),
    ...entries.flat(),
    ...(answer === "cut short" ? [] : [int32(throttleMs)]),
  ]);
  return reply;
}

function apiVersionsReply(correlationId: number): Uint8Array {
  const versions = VERSIONS.flatMap(([apiKey, version]) => [int16(apiKey), int16(version), int16(version)]);
  return frame(correlationId, [int16(0), int32(VERSIONS.length), ...versions, int32(0)]);
}

function frame(correlationId: number, parts: readonly Buffer[]): Uint8Array {
  const body = Buffer.concat([int32(correlationId), ...parts]);
  return Buffer.concat([int32(body.length), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function string(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
