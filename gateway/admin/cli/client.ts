/**
 * A client of the admin API, typed by the table of its endpoints.
 *
 * @module
 */

import { type AnswerOf, type Endpoint, ENDPOINTS, type Operation } from "../../../routes/admin/endpoints.ts";
import { problemSchema, type TapEvent, tapEventSchema } from "../../../routes/admin/schemas.ts";

export interface ClientOptions {
  /** `host:port`, or a URL. */
  readonly address: string;
  readonly token: string | undefined;
  /** What trusts its certificate. Absent: the runtime's own. */
  readonly http?: Deno.HttpClient;
}

export interface Request {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

export interface Answer<O extends Operation> {
  readonly body: AnswerOf<O>;
  /** With its quotes; "" when there is none. */
  readonly etag: string;
}

/** The gateway does not answer, or says no. The message is for people. */
export class AdminFailure extends Error {
  override readonly name = "AdminFailure";
}

/** Of an answer without end, characters. */
const MAX_EVENT_CHARS = 1024 * 1024;

export class AdminClient {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #http: Deno.HttpClient | undefined;

  constructor({ address, token, http }: ClientOptions) {
    this.#base = /^https?:\/\//.test(address) ? address.replace(/\/+$/, "") : `http://${address}`;
    this.#token = token;
    this.#http = http;
  }

  /** @throws {AdminFailure} */
  async ask<O extends Operation>(operation: O, request: Request = {}): Promise<Answer<O>> {
    const response = await this.#send(ENDPOINTS[operation], request);
    const read = ENDPOINTS[operation].answer.safeParse(await response.json());
    if (!read.success) throw new AdminFailure(`The answer is of another form: another version runs at ${this.#base}`);
    return { body: read.data as AnswerOf<O>, etag: response.headers.get("etag") ?? "" };
  }

  /** An answer that is no JSON. @throws {AdminFailure} */
  async text(operation: Operation, request: Request = {}): Promise<string> {
    return await (await this.#send(ENDPOINTS[operation], request)).text();
  }

  /** @throws {AdminFailure} */
  async *tap(params: { readonly id: string }, query: Request["query"]): AsyncGenerator<TapEvent> {
    const response = await this.#send(ENDPOINTS.tapNode, { params, ...query === undefined ? {} : { query } });
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      if (text.length > MAX_EVENT_CHARS) throw new AdminFailure("The answer is of another form: an event has no end");
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield tapEventSchema.parse(JSON.parse(data));
      }
    }
  }

  async #send(endpoint: Endpoint, { params = {}, query = {}, body, ifMatch }: Request): Promise<Response> {
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ""));
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    const headers: Record<string, string> = {};
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (ifMatch !== undefined) headers["if-match"] = ifMatch;
    if (endpoint.body !== undefined) headers["content-type"] = "application/json";
    const response = await this.#fetch(`${this.#base}${path}${search.size > 0 ? `?${search}` : ""}`, {
      method: endpoint.method,
      headers,
      ...endpoint.body === undefined ? {} : { body: JSON.stringify(body ?? {}) },
    });
    if (!response.ok) throw new AdminFailure(await explain(response));
    return response;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, this.#http === undefined ? init : { ...init, client: this.#http });
    } catch {
      throw new AdminFailure(`Cannot reach the gateway at ${this.#base}: is it running, with --admin-listen?`);
    }
  }
}

async function explain(response: Response): Promise<string> {
  const read = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (!read.success) return `The gateway answers ${response.status}`;
  const { title, detail, problems = [], failures = [] } = read.data;
  const places = problems.map(({ file, line, column, path, message }) =>
    `  ${line === 0 ? file : `${file}:${line}:${column}`}: ${path}: ${message}`
  );
  const hint = response.status === 401 ? ["  give a token with --token-file or SLUICE_ADMIN_TOKEN"] : [];
  return [detail === undefined ? title : detail, ...places, ...failures.map((each) => `  ${each}`), ...hint].join("\n");
}
