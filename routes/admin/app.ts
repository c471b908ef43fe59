/**
 * The admin API and its pages as a Hono app: finds the endpoint, checks who asks and what for, answers in JSON.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { z } from "zod";
import { type GatewayError, toGatewayError } from "../../pipeline/core/errors.ts";
import type { Call, Reply } from "./call.ts";
import type { AdminControl } from "./control.ts";
import { type Endpoint, ENDPOINTS, type Operation } from "./endpoints.ts";
import { eventStream } from "./event_stream.ts";
import { checkHost, checkOrigin, checkToken, type GuardOptions, UnauthenticatedError } from "./guard.ts";
import { createHandlers, tapEvents } from "./handlers.ts";
import { openApiDocument } from "./openapi.ts";
import { adminPage } from "./pages/admin_page.ts";
import { docsPage } from "./pages/docs_page.ts";
import type { Page } from "./pages/page.ts";
import { HttpProblem, problemAnswer } from "./problem_answer.ts";
import type { ConfigProblem } from "./schemas.ts";

export interface AdminAppOptions extends GuardOptions {
  /** Of the gateway. */
  readonly version: string;
}

/** Body of a request, bytes: a configuration of the loader's 4 MiB, as a JSON string. */
export const MAX_ADMIN_BODY_BYTES = 8 * 1024 * 1024;
/** Body of a request that holds no configuration, bytes. */
const MAX_SMALL_BODY_BYTES = 1024 * 1024;
/** Requests that change something, at one time. */
const MAX_CHANGES = 16;

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

type AnyHandler = (call: Call<Operation>) => Reply<Operation> | Promise<Reply<Operation>>;

/** An app whose `fetch` serves the API below /api/v1/, the operators' page at / and the API's own page at /docs. */
export function createAdminApp(control: AdminControl, options: AdminAppOptions): Hono {
  const handlers = createHandlers(control) as unknown as Readonly<Record<Operation, AnyHandler | undefined>>;
  const app = new Hono();
  const document = JSON.stringify(openApiDocument(options.version));
  app.use(async (c, next) => {
    checkHost(c.req.raw, options);
    await next();
    addHeaders(c.res.headers);
  });
  app.get("/", () => pageAnswer(adminPage));
  app.get("/docs", () => pageAnswer(docsPage));
  app.get("/api/v1/openapi.json", (c) => c.body(document, 200, { "content-type": "application/json" }));
  let changes = 0;
  for (const [operation, endpoint] of Object.entries(ENDPOINTS) as [Operation, Endpoint][]) {
    app.on(endpoint.method, endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
      const isChange = endpoint.method !== "GET";
      const audited = new Audited(control, operation, endpoint, c);
      try {
        checkOrigin(c.req.raw);
        const who = audited.who = checkToken(c.req.raw, endpoint.scope, options);
        if (isChange && ++changes > MAX_CHANGES) {
          throw new HttpProblem(429, "Cannot do that now: too many changes at once");
        }
        const call = await readCall(c, endpoint, who);
        const handler = handlers[operation];
        if (handler === undefined) {
          const events = tapEvents(control, call as unknown as Call<"tapNode">);
          audited.done(200, "");
          return eventStream(events);
        }
        const reply = await handler(call);
        audited.done(reply.status ?? 200, reply.detail ?? "");
        return answerOf(reply, endpoint);
      } catch (thrown) {
        audited.failed(thrown);
        throw thrown;
      } finally {
        if (isChange && audited.who !== "") changes--;
      }
    });
  }
  app.notFound((c) => problemAnswer(nothingAt(c.req.method, c.req.path)));
  app.onError((thrown) => {
    const answer = problemAnswer(thrown);
    addHeaders(answer.headers);
    return answer;
  });
  return app;
}

/** The answer of the listener to what it could not read: a body too large, or not there in time. */
export function unreadable(error: GatewayError): Response {
  const answer = problemAnswer(error);
  addHeaders(answer.headers);
  return answer;
}

/** One request for the audit log. */
class Audited {
  /** "" until it is known. */
  who = "";
  readonly #control: AdminControl;
  readonly #operation: Operation;
  readonly #endpoint: Endpoint;
  readonly #target: string;

  constructor(control: AdminControl, operation: Operation, endpoint: Endpoint, c: Context) {
    this.#control = control;
    this.#operation = operation;
    this.#endpoint = endpoint;
    this.#target = (c.req.param("id") ?? "").slice(0, 500);
  }

  done(status: number, detail: string): void {
    if (this.#endpoint.audited !== true) return;
    this.#control.audit.record({ who: this.who, operation: this.#operation, target: this.#target, status, detail });
  }

  failed(thrown: unknown): void {
    if (thrown instanceof UnauthenticatedError) return this.#control.audit.denied();
    if (this.who === "") return;
    const { httpStatus, code } = toGatewayError(thrown);
    this.done(problemAnswer(thrown).status, httpStatus >= 500 ? code : "refused");
  }
}

function addHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", NO_CONTENT_POLICY);
}

function pageAnswer({ html, contentSecurityPolicy }: Page): Response {
  return new Response(html, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy },
  });
}

function answerOf({ body, status = 200, etag }: Reply<Operation>, { text = "application/json" }: Endpoint): Response {
  const headers = { "content-type": text, ...etag === undefined ? {} : { etag: `"${etag}"` } };
  return new Response(body instanceof ReadableStream ? body : JSON.stringify(body), { status, headers });
}

function nothingAt(method: string, path: string): HttpProblem {
  const methods = (Object.values(ENDPOINTS) as Endpoint[])
    .filter((endpoint) => new RegExp(`^${endpoint.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .map((endpoint) => endpoint.method);
  if (methods.length === 0) return new HttpProblem(404, "Cannot find it: there is nothing at this path");
  const allow = methods.flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(", ");
  return new HttpProblem(405, `Cannot ${method.slice(0, 10)} it: wanted ${allow}`, { headers: { allow } });
}

async function readCall(c: Context, endpoint: Endpoint, who: string): Promise<Call<Operation>> {
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
  return call as unknown as Call<Operation>;
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

async function readBody(c: Context, { body }: Endpoint): Promise<unknown> {
  // Only such a request makes a browser ask first whether another's page may send it.
  if (!/^application\/json\s*(?:;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new HttpProblem(415, "Cannot read the body: its type is another, wanted application/json");
  }
  const maxBytes = body === ENDPOINTS.applyConfig.body ? MAX_ADMIN_BODY_BYTES : MAX_SMALL_BODY_BYTES;
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
  const result = schema.safeParse(input);
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
