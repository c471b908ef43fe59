/**
 * A relay in front of a server: counts the connections that its client has open, and takes their bytes, or their
 * answers, away for a while. For tests of what a client does with a destination that is slow, silent or gone.
 *
 * @module
 */

/**
 * What becomes of bytes: `open` passes them both ways; `mute` keeps the server's answers back; `deaf` reads nothing of
 * the client, so that its writes come to a stop when the buffers of the operating system are full.
 */
export type RelayMode = "open" | "mute" | "deaf";

/** Of one connection at a time, bytes. */
const PIECE_BYTES = 64 * 1024;

export class TcpRelay {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #targetPort: number;
  /** The client's ends that it has not closed. */
  readonly #clients = new Set<Deno.Conn>();
  readonly #ends = new Set<Deno.Conn>();
  readonly #work = new Set<Promise<void>>();
  #ended = 0;
  #mode: RelayMode = "open";
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#run(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Connections that the client has open. One that is `deaf` is not seen to close. */
  get connections(): number {
    return this.#clients.size;
  }

  /** Connections that the client has closed so far, seen as `connections` is. */
  get ended(): number {
    return this.#ended;
  }

  get mode(): RelayMode {
    return this.#mode;
  }

  set mode(mode: RelayMode) {
    this.#mode = mode;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Cuts every connection and takes no more. May be called again. */
  async close(): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    this.mode = "open";
    for (const end of this.#ends) closeQuietly(end);
    await Promise.all(this.#work);
  }

  #run(work: Promise<void>): void {
    const settled = work.catch(() => {}).finally(() => this.#work.delete(settled));
    this.#work.add(settled);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#clients.add(client);
      this.#ends.add(client);
      this.#run(this.#serve(client));
    }
  }

  async #serve(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
    this.#ends.add(server);
    const answers = this.#pass(server, client, (mode) => mode === "open");
    await this.#pass(client, server, (mode) => mode !== "deaf");
    this.#clients.delete(client);
    this.#ended++;
    for (const end of [client, server]) {
      closeQuietly(end);
      this.#ends.delete(end);
    }
    await answers;
  }

  /** Until one of them ends; bytes wait until `mayPass`. */
  async #pass(from: Deno.Conn, to: Deno.Conn, mayPass: (mode: RelayMode) => boolean): Promise<void> {
    const buffer = new Uint8Array(PIECE_BYTES);
    try {
      for (;;) {
        while (!mayPass(this.#mode)) await this.#changed.promise;
        const count = await from.read(buffer);
        if (count === null) break;
        while (!mayPass(this.#mode)) await this.#changed.promise;
        for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
      }
    } catch {
      // One of them was closed.
    }
    closeQuietly(to);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
