/**
 * HTTP/1.1 by hand over a socket, for requests that a proper client would never send.
 *
 * @module
 */

/** One answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client socket with what was read ahead of the present answer. */
export class RawConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #ahead = new Uint8Array(0);

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Opens a plain connection to 127.0.0.1. */
  static async open(port: number): Promise<RawConnection> {
    return new RawConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Writes everything, or as much as the server takes before it closes. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    } catch (error) {
      if (!isReset(error)) throw error;
    }
  }

  /** The next answer with its body; undefined when the server closed instead. */
  async answer(): Promise<RawAnswer | undefined> {
    let end = -1;
    while ((end = indexOfHeadEnd(this.#ahead)) < 0) {
      if (!await this.#readMore()) return undefined;
    }
    const [statusLine = "", ...lines] = decoder.decode(this.#ahead.subarray(0, end)).split("\r\n");
    const headers = new Headers(
      lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
    );
    this.#ahead = this.#ahead.subarray(end + 4);
    const status = Number(statusLine.split(" ")[1]);
    if (status === 204 || status < 200) return { status, headers, body: new Uint8Array(0) };
    const length = headers.get("content-length");
    const body = length === null ? await this.#readChunked() : await this.#take(Number(length));
    return body === undefined ? undefined : { status, headers, body };
  }

  /** Whether the server closes without sending anything more. */
  async isClosedByPeer(): Promise<boolean> {
    return this.#ahead.length === 0 && !await this.#readMore();
  }

  /** Closes our sending half. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #take(bytes: number): Promise<Uint8Array | undefined> {
    while (this.#ahead.length < bytes) if (!await this.#readMore()) return undefined;
    const taken = this.#ahead.slice(0, bytes);
    this.#ahead = this.#ahead.subarray(bytes);
    return taken;
  }

  async #readChunked(): Promise<Uint8Array | undefined> {
    const parts: number[] = [];
    for (;;) {
      let end: number;
      while ((end = this.#ahead.indexOf(10)) < 0) if (!await this.#readMore()) return undefined;
      const size = Number.parseInt(decoder.decode(this.#ahead.subarray(0, end)), 16);
      this.#ahead = this.#ahead.subarray(end + 1);
      const chunk = await this.#take(size + 2);
      if (chunk === undefined) return undefined;
      if (size === 0) return Uint8Array.from(parts);
      parts.push(...chunk.subarray(0, size));
    }
  }

  async #readMore(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    let read: number | null;
    try {
      read = await this.#conn.read(buffer);
    } catch (error) {
      if (!isReset(error)) throw error;
      return false;
    }
    if (read === null) return false;
    const joined = new Uint8Array(this.#ahead.length + read);
    joined.set(this.#ahead);
    joined.set(buffer.subarray(0, read), this.#ahead.length);
    this.#ahead = joined;
    return true;
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.UnexpectedEof;
}

function indexOfHeadEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

/** What to send; `Host`, and a Content-Length when there is a body, are added unless they are given. */
export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: Uint8Array | string;
}

/** The bytes of a request. */
export function rawRequest({ method = "POST", path = "/v1/traces", headers = [], body = "" }: RawRequest): Uint8Array {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const has = (name: string) => headers.some((line) => line.toLowerCase().startsWith(`${name}:`));
  const lines = [`${method} ${path} HTTP/1.1`, ...headers];
  if (!has("host")) lines.push("Host: localhost");
  if (!has("content-length") && !has("transfer-encoding")) lines.push(`Content-Length: ${bytes.length}`);
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/** One request on a connection of its own. */
export async function sendRaw(port: number, request: RawRequest): Promise<RawAnswer | undefined> {
  using connection = await RawConnection.open(port);
  await connection.send(rawRequest(request));
  return await connection.answer();
}
