/**
 * A WebSocket client made of a TCP connection, so that a test can send what no library would.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import net from "node:net";

/** A frame as it came. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly masked?: boolean;
  /** Instead of the payload's own. */
  readonly length?: number;
  readonly reserved?: number;
}

const BINARY = 2;

/** The bytes of one frame of a client. */
export function clientFrame(payload: Uint8Array, options: FrameOptions = {}): Uint8Array {
  const { opcode = BINARY, final = true, masked = true, length = payload.length, reserved = 0 } = options;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (final ? 0x80 : 0) | reserved | opcode;
  header[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([header, payload]);
  const mask = Buffer.from([0x11, 0x82, 0x53, 0xf4]);
  return Buffer.concat([header, mask, payload.map((byte, at) => byte ^ (mask[at & 3] ?? 0))]);
}

/** A binary frame with an OpAMP message. */
export function opampFrame(message: Uint8Array): Uint8Array {
  return clientFrame(Buffer.concat([Uint8Array.of(0), message]));
}

export class RawWebSocket {
  /** The answer to the upgrade. */
  response = "";
  isClosed = false;
  readonly socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);
  #wake = () => {};

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.socket.on("data", (chunk: Uint8Array) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ["end", "close", "error"]) {
      this.socket.on(event, () => {
        this.isClosed = true;
        this.#wake();
      });
    }
  }

  /** Connects and asks for the upgrade. */
  static async open(
    port: number,
    headers: Record<string, string> = {},
    path = "/v1/opamp",
    socket = net.connect({ port, host: "127.0.0.1" }),
  ): Promise<RawWebSocket> {
    const client = new RawWebSocket(socket);
    const all = {
      Host: "test",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    client.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    await client.#until(() => client.#received.includes("\r\n\r\n"));
    const end = client.#received.indexOf("\r\n\r\n") + 4;
    client.response = client.#received.subarray(0, end).toString("latin1");
    client.#received = client.#received.subarray(Math.max(end, 4));
    return client;
  }

  /** The status of the answer to the upgrade. */
  get status(): number {
    return Number(this.response.split(" ")[1]);
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next frame; undefined when the connection ended before it. */
  async frame(): Promise<RawFrame | undefined> {
    await this.#until(() => this.#whole() > 0);
    const total = this.#whole();
    if (total === 0) return undefined;
    const frame = this.#received.subarray(0, total);
    this.#received = this.#received.subarray(total);
    const short = (frame[1] ?? 0) & 0x7f;
    return { opcode: (frame[0] ?? 0) & 0x0f, payload: frame.subarray(short < 126 ? 2 : short === 126 ? 4 : 10) };
  }

  /** The OpAMP message of the next binary frame. */
  async message(): Promise<Uint8Array | undefined> {
    const frame = await this.frame();
    return frame?.opcode === BINARY ? frame.payload.subarray(1) : undefined;
  }

  /** The code of the next close frame; frames before it are left out. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      const frame = await this.frame();
      if (frame === undefined) return undefined;
      if (frame.opcode === 8) return Buffer.from(frame.payload).readUInt16BE();
    }
  }

  /** Waits until the other side ended it. */
  async ended(): Promise<void> {
    await this.#until(() => false);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** How long the first frame is when it is whole, else 0. */
  #whole(): number {
    const bytes = this.#received;
    if (bytes.length < 2) return 0;
    const short = (bytes[1] ?? 0) & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < header) return 0;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    return bytes.length < header + length ? 0 : header + length;
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.isClosed) await new Promise<void>((resolve) => this.#wake = resolve);
  }
}
