/**
 * A client of an API, typed by the table of its endpoints.
 *
 * @module
 */

import type { AnswerOf, Endpoint, EndpointTable } from "./endpoint.ts";
import { type ConfigProblem, problemSchema } from "./schemas.ts";

/** Of an event without end, characters. */
const MAX_EVENT_CHARS = 1024 * 1024;

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

export interface Answer<E extends Endpoint> {
  readonly body: AnswerOf<E>;
  /** With its quotes; "" when there is none. */
  readonly etag: string;
}

/** What is said to people of a server. */
export interface ServerWords {
  /** "gateway". */
  readonly name: string;
  /** What to look at when it cannot be reached. */
  readonly unreachable: string;
  /** What to do when it wants a token. */
  readonly token: string;
}

/** The server does not answer, or says no. The message is for people. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
}

export class ApiClient<Table extends EndpointTable> {
  protected readonly endpoints: Table;
  readonly #words: ServerWords;
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #http: Deno.HttpClient | undefined;

  constructor(endpoints: Table, words: ServerWords, { address, token, http }: ClientOptions) {
    this.endpoints = endpoints;
    this.#words = words;
    this.#base = /^https?:\/\//.test(address) ? address.replace(/\/+$/, "") : `http://${address}`;
    this.#token = token;
    this.#http = http;
  }

  /** @throws {ApiFailure} */
  async ask<Operation extends keyof Table>(
    operation: Operation,
    request: Request = {},
  ): Promise<Answer<Table[Operation]>> {
    const response = await this.send(operation, request);
    const read = this.endpoints[operation]!.answer.safeParse(await response.json());
    if (!read.success) throw new ApiFailure(`The answer is of another form: another version runs at ${this.#base}`);
    return { body: read.data as AnswerOf<Table[Operation]>, etag: response.headers.get("etag") ?? "" };
  }

  /** An answer that is no JSON. @throws {ApiFailure} */
  async text(operation: keyof Table, request: Request = {}): Promise<string> {
    return await (await this.send(operation, request)).text();
  }

  /** The events of a stream, as they come. @throws {ApiFailure} */
  async *events<Operation extends keyof Table>(
    operation: Operation,
    request: Request = {},
  ): AsyncGenerator<AnswerOf<Table[Operation]>> {
    const response = await this.send(operation, request);
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      if (text.length > MAX_EVENT_CHARS) throw new ApiFailure("The answer is of another form: an event has no end");
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data === undefined) continue;
        yield this.endpoints[operation]!.answer.parse(JSON.parse(data)) as AnswerOf<Table[Operation]>;
      }
    }
  }

  /** @throws {ApiFailure} The answer is no success. */
  protected async send(
    operation: keyof Table,
    { params = {}, query = {}, body, ifMatch }: Request,
  ): Promise<Response> {
    const endpoint: Endpoint = this.endpoints[operation]!;
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
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
    if (!response.ok) throw new ApiFailure(await this.#explain(response));
    return response;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, this.#http === undefined ? init : { ...init, client: this.#http });
    } catch {
      const { name, unreachable } = this.#words;
      throw new ApiFailure(`Cannot reach the ${name} at ${this.#base}: ${unreachable}`);
    }
  }

  async #explain(response: Response): Promise<string> {
    const read = problemSchema.safeParse(await response.json().catch(() => undefined));
    if (!read.success) return `The ${this.#words.name} answers ${response.status}`;
    const { title, detail, problems = [], failures = [] } = read.data;
    const places = problems.map((problem) => `  ${problemText(problem)}`);
    const hint = response.status === 401 ? [`  ${this.#words.token}`] : [];
    return [detail === undefined ? title : detail, ...places, ...failures.map((each) => `  ${each}`), ...hint].join(
      "\n",
    );
  }
}

/** A problem in one line: where it is, of what, and whether it is a warning. */
export function problemText({ severity, file, line, column, path, message }: ConfigProblem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return [place, severity === "warning" ? "warning" : "", path, message].filter((part) => part !== "").join(": ");
}
