/**
 * An API as a Hono app: finds the endpoint, checks who asks and what for, answers in JSON.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { z } from "zod";
import type { FetchPeer } from "../../pipeline/contract/http.ts";
import { addHeaders } from "./answer_headers.ts";
import {
  checkHost,
  checkOrigin,
  checkToken,
  ForbiddenError,
  type GuardOptions,
  UnauthenticatedError,
} from "./guard.ts";
import { HttpProblem, problemAnswer, problemSummary } from "./problem_answer.ts";
import type { AuditEntry, ConfigProblem } from "./schemas.ts";
import type { Call, Endpoint, EndpointTable, HandlersOf, Reply } from "./endpoint.ts";
import type { Json } from "./openapi.ts";
import { wantedText } from "./wanted.ts";

/** What is told about one change. */
export type AuditRecord = Omit<AuditEntry, "id" | "at_ms">;

/** Where changes are told. */
export interface Audit {
  record(entry: AuditRecord): void;
  /** A request without a valid token, which is counted, and logged now and then. @param address "" when it is not known. */
  denied(address: string): void;
}

export interface ApiOptions<Table extends EndpointTable> extends GuardOptions {
  readonly endpoints: Table;
  readonly handlers: HandlersOf<Table>;
  readonly audit: Audit;
  /** Served at /api/v1/openapi.json. */
  readonly document: Json;
}

/** Body of a request, bytes, where its endpoint does not say. */
const MAX_BODY_BYTES = 1024 * 1024;
/** What the audit log takes of a target and of a detail, characters. */
const MAX_AUDIT_CHARS = 500;
/** Requests that change or check something, at one time. */
export const MAX_CHANGES = 16;
/** One that takes longer, or whose sender has left, does not keep others from their turn: it may hang, milliseconds. */
const SLOT_MS = 30_000;
const BUSY_RETRY_AFTER_S = 1;

type AnyReply = Reply<Endpoint>;
type AnyHandler = (call: Call<Endpoint>) => AnyReply | Response | Promise<AnyReply>;

/** An app whose `fetch` serves the table below /api/v1/. Pages may be added to it. */
export function createApi<Table extends EndpointTable>(options: ApiOptions<Table>): Hono {
  const { endpoints, audit } = options;
  const handlers = options.handlers as unknown as Readonly<Record<string, AnyHandler>>;
  const app = new Hono();
  const document = JSON.stringify(options.document);
  app.use(async (c, next) => {
    checkHost(c.req.raw, options);
    await next();
    addHeaders(c.res.headers);
  });
  app.get("/api/v1/openapi.json", (c) => c.body(document, 200, { "content-type": "application/json" }));
  const slots = new Slots();
  for (const [operation, endpoint] of Object.entries(endpoints)) {
    app.on(endpoint.method, endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
      const isChange = endpoint.method !== "GET";
      const audited = new Audited(audit, operation, endpoint, c);
      let leave = () => {};
      try {
        checkOrigin(c.req.raw);
        const who = audited.who = checkToken(c.req.raw, endpoint.scope, options);
        if (isChange) leave = slots.enter(c.req.raw.signal);
        const call = await readCall(c, endpoint, who);
        audited.isAbout(call);
        const reply = await handlers[operation]!(call);
        if (reply instanceof Response) {
          audited.done(reply.status, "");
          return reply;
        }
        audited.done(reply.status ?? 200, reply.detail ?? "");
        return answerOf(reply, endpoint);
      } catch (thrown) {
        audited.failed(thrown);
        throw thrown;
      } finally {
        leave();
      }
    });
  }
  app.notFound((c) => problemAnswer(nothingAt(endpoints, c.req.method, c.req.path)));
  app.onError((thrown) => {
    const answer = problemAnswer(thrown);
    addHeaders(answer.headers);
    return answer;
  });
  return app;
}

/** The address of who asks; "" when it is not known. */
export function peerOf({ env }: Context): string {
  return (env as FetchPeer | undefined)?.peerAddress ?? "";
}

/** How many requests are worked on. */
class Slots {
  #taken = 0;

  /**
   * @param left Of the request: its sender has gone.
   * @returns To be called at its end; more than once does no harm.
   * @throws {HttpProblem} 429: there are as many as there may be.
   */
  enter(left: AbortSignal): () => void {
    if (this.#taken >= MAX_CHANGES) {
      throw new HttpProblem(429, `Cannot do that now: ${MAX_CHANGES} others are under way, wanted no more at once`, {
        headers: { "retry-after": String(BUSY_RETRY_AFTER_S) },
      });
    }
    this.#taken++;
    let isIn = true;
    const leave = () => {
      if (!isIn) return;
      isIn = false;
      this.#taken--;
      clearTimeout(timer);
      left.removeEventListener("abort", leave);
    };
    const timer = setTimeout(leave, SLOT_MS);
    left.addEventListener("abort", leave);
    return leave;
  }
}

/** One request for the audit log. */
class Audited {
  /** "" until it is known. */
  who = "";
  readonly #audit: Audit;
  readonly #operation: string;
  readonly #endpoint: Endpoint;
  readonly #peer: string;
  #target: string;

  constructor(audit: Audit, operation: string, endpoint: Endpoint, c: Context) {
    this.#audit = audit;
    this.#operation = operation;
    this.#endpoint = endpoint;
    this.#peer = peerOf(c);
    this.#target = Object.values(c.req.param()).join(" ");
  }

  /** What the body names, where the path names nothing. */
  isAbout({ body }: Call<Endpoint>): void {
    const { targetKey } = this.#endpoint;
    if (targetKey !== undefined) this.#target = String(Reflect.get(Object(body), targetKey));
  }

  done(status: number, detail: string): void {
    if (this.#endpoint.audited !== true) return;
    this.#audit.record({
      who: this.who,
      operation: this.#operation,
      target: this.#target.slice(0, MAX_AUDIT_CHARS),
      status,
      detail: detail.slice(0, MAX_AUDIT_CHARS),
    });
  }

  failed(thrown: unknown): void {
    if (thrown instanceof UnauthenticatedError) return this.#audit.denied(this.#peer);
    if (thrown instanceof ForbiddenError) this.who = thrown.who;
    if (this.who !== "") this.done(problemAnswer(thrown).status, problemSummary(thrown));
  }
}

function answerOf({ body, status = 200, etag }: AnyReply, { text = "application/json" }: Endpoint): Response {
  const headers = { "content-type": text, ...etag === undefined ? {} : { etag: `"${etag}"` } };
  return new Response(body instanceof ReadableStream ? body : JSON.stringify(body), { status, headers });
}

function nothingAt(endpoints: EndpointTable, method: string, path: string): HttpProblem {
  const methods = Object.values(endpoints)
    .filter((endpoint) => new RegExp(`^${endpoint.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .map((endpoint) => endpoint.method);
  if (methods.length === 0) return new HttpProblem(404, "Cannot find it: there is nothing at this path");
  const allow = methods.flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(", ");
  return new HttpProblem(405, `Cannot ${method.slice(0, 10)} it: wanted ${allow}`, { headers: { allow } });
}

async function readCall(c: Context, endpoint: Endpoint, who: string): Promise<Call<Endpoint>> {
  const ifMatch = c.req.header("if-match");
  const call = {
    params: check(endpoint.params, c.req.param(), "path", 400),
    query: check(endpoint.query, readQuery(c.req.raw.url), "query", 400),
    body: endpoint.body === undefined ? undefined : check(endpoint.body, await readBody(c, endpoint), "body", 400),
    who,
    ifMatch: ifMatch ?? "*",
    abort: c.req.raw.signal,
  };
  if (endpoint.etag === "wants" && ifMatch === undefined) {
    throw new HttpProblem(428, "Cannot change it: If-Match is missing, wanted the ETag of what is changed");
  }
  return call as unknown as Call<Endpoint>;
}

/** @throws {HttpProblem} A name stands twice. */
function readQuery(url: string): Record<string, string> {
  const pairs = [...new URL(url).searchParams];
  const query: Record<string, string> = Object.fromEntries(pairs);
  if (Object.keys(query).length < pairs.length) {
    throw new HttpProblem(400, "Cannot read the query: a name stands twice, wanted it once");
  }
  return query;
}

async function readBody(c: Context, { maxBodyBytes: maxBytes = MAX_BODY_BYTES }: Endpoint): Promise<unknown> {
  // Only such a request makes a browser ask first whether another's page may send it.
  if (!/^application\/json\s*(?:;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new HttpProblem(415, "Cannot read the body: its type is another, wanted application/json");
  }
  const bytes = await c.req.bytes();
  if (bytes.length > maxBytes) {
    throw new HttpProblem(413, `Cannot read the body: it has ${bytes.length} bytes, wanted ${maxBytes} at the most`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new HttpProblem(400, "Cannot read the body: it is no JSON in UTF-8");
  }
}

/** @throws {HttpProblem} With every problem and its place. */
function check(schema: z.ZodType | undefined, input: unknown, file: string, status: number): unknown {
  if (schema === undefined) {
    if (file === "query" && Object.keys(input as object).length > 0) {
      throw new HttpProblem(status, "Cannot read the query: wanted none");
    }
    return undefined;
  }
  const result = schema.safeParse(input, { error: wantedText });
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 50).map(({ path, message }): ConfigProblem => ({
    severity: "error",
    path: path.map(String).join("."),
    message,
    file,
    line: 0,
    column: 0,
  }));
  throw new HttpProblem(status, `Cannot read the ${file}: it is of another form`, { problems });
}
