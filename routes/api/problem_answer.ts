/**
 * Failures as `application/problem+json`.
 *
 * Source: RFC 9457.
 *
 * @module
 */

import { ConfigError, type Problem } from "../../pipeline/config/problem.ts";
import { GatewayError, toGatewayError } from "../../pipeline/core/errors.ts";
import { maskUrls } from "../../pipeline/core/log/mask.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";
import type { ConfigProblem, ProblemDocument } from "./schemas.ts";

/** What else than a GatewayError an answer can be about. */
export class HttpProblem extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  readonly #status: number;
  /** Of the parts of a request. */
  readonly problems: readonly ConfigProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { readonly problems?: readonly ConfigProblem[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.#status = status;
    this.problems = options.problems ?? [];
    this.headers = options.headers ?? {};
  }

  override get httpStatus(): number {
    return this.#status;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  428: "Precondition Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

const URN = "urn:sluice:problem:";

/** The answer to a request that failed. What is a bug of ours is answered without a word about it. */
export function problemAnswer(thrown: unknown): Response {
  const document = describe(thrown);
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    ...(thrown instanceof HttpProblem ? thrown.headers : {}),
  };
  if (document.status === 401) headers["www-authenticate"] = 'Bearer realm="sluice"';
  const retryAfterMs = thrown instanceof GatewayError ? thrown.retryAfterMs : undefined;
  if (retryAfterMs !== undefined) headers["retry-after"] = String(Math.ceil(retryAfterMs / 1_000));
  return new Response(JSON.stringify(document), { status: document.status, headers });
}

/** In one line, for the audit log: what went wrong, the first of several problems, and how many more there are. */
export function problemSummary(thrown: unknown): string {
  const { status, title, detail = title, problems = [], failures = [] } = describe(thrown);
  if (status >= 500) return toGatewayError(thrown).code;
  const [first, ...others] = [...problems.map(({ path, message }) => `${path} ${message}`.trimStart()), ...failures];
  const more = others.length === 0 ? "" : ` (+${others.length} more)`;
  return maskUrls(first === undefined ? detail : `${detail}: ${first}${more}`);
}

function describe(thrown: unknown): ProblemDocument {
  if (thrown instanceof ConfigError) {
    const problems = thrown.problems.map(placed);
    return { type: `${URN}config`, title: "The configuration cannot be used", status: 422, problems };
  }
  if (thrown instanceof GraphError) {
    return {
      type: `${URN}start`,
      title: "The configuration cannot be started; nothing was changed",
      status: 422,
      failures: [...thrown.failures],
    };
  }
  const { httpStatus: status, message } = toGatewayError(thrown);
  const problems = thrown instanceof HttpProblem && thrown.problems.length > 0
    ? { problems: [...thrown.problems] }
    : {};
  return { type: "about:blank", title: TITLES[status] ?? "Error", status, detail: message, ...problems };
}

/** A problem as the API gives it. */
export function placed({ severity, path, message, file, line, column }: Problem): ConfigProblem {
  return { severity, path, message, file, line, column };
}
