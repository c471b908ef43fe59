/**
 * The live tap as a custom message: a server asks for a sample of what goes through a node, and gets what the admin
 * API's tap gives, masked in the same way, within smaller bounds.
 *
 * The capability is `io.sluice.tap`. A server sends `request`, JSON of `id`, `node` and the admin API's query of a tap;
 * it gets any number of `sample` and one `end`, or `refused`: JSON with the `id`. One tap runs at a time; `stop` with its
 * `id` ends it early, and is not answered.
 *
 * @module
 */

import type { CustomMessageResult } from "../../opamp/client/custom_messages.ts";
import type { CustomMessage } from "../../opamp/protocol/messages.ts";
import { readJsonObject } from "../../pipeline/core/json_object.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { type TapEvent, type TapQuery, tapQuerySchema } from "../../routes/admin/schemas.ts";

export const TAP_CAPABILITY = "io.sluice.tap";

/** Bounds of one tap from afar. */
export const MAX_TAP_MS = 60_000;
export const MAX_TAP_SAMPLES = 100;
const MAX_REQUEST_BYTES = 4_096;

export interface RemoteTapDeps {
  /** The admin API's. @throws {GatewayError} There is no such node, or too many taps. */
  readonly tap: (node: string, query: TapQuery, abort: AbortSignal) => Promise<AsyncIterable<TapEvent>>;
  readonly send: (message: CustomMessage) => CustomMessageResult;
  /** Attributes that are masked whatever the server asks. */
  readonly mask: readonly string[];
  readonly logger: Logger;
}

/** A request that can be read. */
interface TapRequest {
  readonly id: string;
  readonly node: string;
  readonly query: TapQuery;
}

export class RemoteTap {
  readonly #deps: RemoteTapDeps;
  readonly #stopped = new AbortController();
  #running: { readonly id: string; readonly left: AbortController } | undefined;

  constructor(deps: RemoteTapDeps) {
    this.#deps = deps;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** For `ClientCallbacks.onCustomMessage`: settles when the tap is over. */
  async onMessage({ type, data }: CustomMessage): Promise<void> {
    if (type === "stop") return this.#leave(data);
    if (type !== "request") return;
    const request = readRequest(data, this.#deps.mask);
    if (typeof request === "string") return void this.#say("refused", { reason: request });
    const { id, node } = request;
    if (this.#running !== undefined) {
      return void this.#say("refused", { id, reason: "a tap runs already, wanted one at a time" });
    }
    const { left } = this.#running = { id, left: new AbortController() };
    this.#deps.logger.info("The OpAMP server taps a node", { node, duration_ms: request.query.duration_ms });
    try {
      await this.#run(request, left);
    } catch (thrown) {
      this.#say("refused", { id, reason: describeError(thrown) });
    } finally {
      this.#running = undefined;
    }
  }

  /** The server wants no more of this tap. */
  #leave(data: Uint8Array | undefined): void {
    const isSmall = data !== undefined && data.length <= MAX_REQUEST_BYTES;
    if (isSmall && readJsonObject(data)?.["id"] === this.#running?.id) this.#running?.left.abort();
  }

  async #run({ id, node, query }: TapRequest, left: AbortController): Promise<void> {
    const abort = AbortSignal.any([left.signal, this.#stopped.signal]);
    let unsent = 0;
    for await (const event of await this.#deps.tap(node, query, abort)) {
      if (left.signal.aborted) break;
      const { type, ...rest } = event;
      const result = this.#say(type, { id, ...rest, ...(type === "end" ? { unsent } : {}) });
      if (result === "queue full") unsent++; // the connection is slower than the data
      else if (result !== "queued") left.abort(); // nobody listens any more
    }
  }

  #say(type: string, body: object): CustomMessageResult {
    const data = new TextEncoder().encode(JSON.stringify(body));
    return this.#deps.send({ capability: TAP_CAPABILITY, type, data });
  }
}

/** @returns What is wrong with it, when something is. */
function readRequest(data: Uint8Array | undefined, mask: readonly string[]): TapRequest | string {
  if (data === undefined || data.length > MAX_REQUEST_BYTES) {
    return `it has ${data?.length ?? 0} bytes, wanted JSON of at most ${MAX_REQUEST_BYTES}`;
  }
  const json = readJsonObject(data);
  if (json === undefined) return "it is no JSON object";
  const { id, node, ...rest } = json;
  if (typeof id !== "string" || typeof node !== "string") return "it has no id or no node";
  const { data: query, error } = tapQuerySchema.safeParse(rest);
  if (query === undefined) return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return {
    id,
    node,
    query: {
      ...query,
      duration_ms: Math.min(query.duration_ms, MAX_TAP_MS),
      max_samples: Math.min(query.max_samples, MAX_TAP_SAMPLES),
      mask: [query.mask, ...mask].join(","),
    },
  };
}
