/**
 * The generated part of docs/errors.md: kinds of failures, the APIs' statuses and OpAMP's, as the code has them.
 *
 * @module
 */

import { ConfigBusyError, ConfigConflictError, UnknownConfigError } from "../../../gateway/config/config_manager.ts";
import { ServerErrorResponseType } from "../../../opamp/protocol/capabilities.ts";
import { MalformedMessageError } from "../../../opamp/protocol/errors.ts";
import { InvalidRequestError } from "../../../opamp/rollouts/errors.ts";
import { CloseCodes } from "../../../opamp/server/agents/link.ts";
import { ConfigError } from "../../../pipeline/config/problem.ts";
import { ConflictError, NotFoundError } from "../../../pipeline/core/asked_errors.ts";
import * as core from "../../../pipeline/core/errors.ts";
import { GraphError } from "../../../pipeline/graph/graph.ts";
import { BusyError, RefusedError } from "../../../routes/admin/control.ts";
import { ENDPOINTS as ADMIN_ENDPOINTS } from "../../../routes/admin/endpoints.ts";
import type { EndpointTable } from "../../../routes/api/endpoint.ts";
import * as guard from "../../../routes/api/guard.ts";
import { STATUS_TEXTS, statusesOf } from "../../../routes/api/openapi.ts";
import { HttpProblem, problemAnswer } from "../../../routes/api/problem_answer.ts";
import { CONTROLLER_ENDPOINTS } from "../../../routes/controller/endpoints.ts";

/** A class whose instances all have one code, status and answer to "again?"; and when it is thrown. */
interface FixedKind {
  readonly sample: core.GatewayError;
  readonly when: string;
}

const FIXED: readonly FixedKind[] = [
  { sample: new core.InvalidPayloadError(""), when: "The bytes are no OTLP, or no such compression" },
  { sample: new core.LimitExceededError(""), when: "Past a bound that never moves: the body, its items, its nesting" },
  { sample: new core.ThrottledError(""), when: "A rate of a tenant, or a destination that asks for a pause" },
  { sample: new core.UnauthenticatedError("", ""), when: "No credential, or one of nobody" },
  { sample: new core.PermissionDeniedError(""), when: "The tenant is known and may not do this" },
  { sample: new core.UnavailableError(""), when: "Not now: queue full, memory, destination away, shutdown" },
  {
    sample: new core.OwnCredentialsError(""),
    when: "A destination does not take the gateway's own credentials, or forbids them what they are used for",
  },
  { sample: new core.DeadlineExceededError(""), when: "An attempt took longer than `timeout`; it may have arrived" },
  { sample: new core.CancelledError(""), when: "Nobody waits for the answer any more: the sender left" },
  { sample: new ConfigError([]), when: "A configuration has problems; each with its place" },
  { sample: new GraphError("", []), when: "A configuration is right and a component of it cannot be started" },
  { sample: new ConfigBusyError(""), when: "One change is made and one waits" },
  { sample: new ConfigConflictError(""), when: "Another configuration runs than the one that a change is for" },
  { sample: new UnknownConfigError(""), when: "The history has no such entry" },
  { sample: new NotFoundError(""), when: "An API was asked for what is not there" },
  { sample: new ConflictError(""), when: "An API was asked for what cannot be done as things are" },
  { sample: new RefusedError(""), when: "An API was asked for what makes no sense to the gateway" },
  { sample: new BusyError(""), when: "As many taps, profiles or changes as there may be" },
  { sample: new guard.UnauthenticatedError(""), when: "An API was asked without a valid token" },
  { sample: new guard.ForbiddenError(""), when: "An API was asked by a token, host or page that may not" },
  {
    sample: new InvalidRequestError("", []),
    when: "The controller was asked for what is wrong in itself; with every problem",
  },
  { sample: new MalformedMessageError(""), when: "An OpAMP message that is none" },
];

/** Classes that are told their code or status when they are made. */
const VARIOUS: readonly (readonly [name: string, statuses: string, when: string])[] = [
  [
    "RejectedError",
    "by its code",
    "A destination refused the data for good; a fault of ours is one of code `internal`",
  ],
  [
    "NotKeptError",
    "of the failure below; 503 or 500 where that would mislead",
    "What a sender is told of a failure in the pipeline",
  ],
  ["HttpError", "404, 405, 415, 501", "A request that HTTP itself refuses, of the receiver"],
  ["HttpProblem", "400, 404, 405, 412, 413, 415, 428, 429", "The same of the APIs"],
  ["TenantChangeError", "404, 409, 422, 507", "A tenant cannot be changed, or its file not be written"],
];

/** Names of all classes that the page tells. */
export const TOLD_CLASSES: readonly string[] = [
  ...FIXED.map(({ sample }) => sample.name),
  ...VARIOUS.map(([name]) => name),
];

/** Why a problem document of the APIs is what it is, and what helps. */
const API_ADVICE: Readonly<Record<number, string>> = {
  400: "no: mend the request; `problems` has the places",
  401: "with a token",
  403: "with a token of the scope `write`; from the API's own page; by the name `localhost`",
  404: "no",
  405: "with a method of `Allow`",
  409: "when things are otherwise; `detail` says what is in the way",
  412: "read it again, and change what is there now",
  413: "with less",
  415: "with `Content-Type: application/json`",
  422:
    "no: mend what `problems` (`type` is `urn:sluice:problem:config`) or `failures` (`urn:sluice:problem:start`) say",
  428: "with `If-Match`",
  429: "yes, a little later",
  500: "maybe; the log has the cause",
  503: "yes, after `Retry-After` where it is there",
  507: "when there is room to write",
};

const rows = (head: string, lines: readonly string[]) => {
  const columns = head.split("|").length - 2;
  return [head, `|${" --- |".repeat(columns)}`, ...lines].join("\n");
};

/** The Markdown between the marks. */
export function errorReference(): string {
  return [
    "## Codes",
    codeTable(),
    "## Kinds",
    kindTable(),
    "## Problem documents",
    "`application/problem+json` of the admin API and the controller's. `type` is `about:blank` where nothing else is said.",
    apiTable(),
    "## OpAMP",
    opampTable(),
  ].join("\n\n");
}

function codeTable(): string {
  const codes = Object.entries(core.RPC_CODES) as [core.ErrorCode, number][];
  return rows(
    "| Code | google.rpc.Code | HTTP status |",
    codes.map(([code, number]) => `| \`${code}\` | ${number} | ${new core.RejectedError("", code).httpStatus} |`),
  );
}

function kindTable(): string {
  return rows("| Class | Code | HTTP status | Can a retry help? | When |", [
    ...FIXED.map(({ sample: { name, code, httpStatus, retryable }, when }) =>
      `| \`${name}\` | \`${code}\` | ${apiStatus(name, httpStatus)} | ${retryable ? "yes" : "no"} | ${when} |`
    ),
    ...VARIOUS.map(([name, statuses, when]) =>
      `| \`${name}\` | as it is made | ${statuses} | by its status | ${when} |`
    ),
  ]);
}

/** What the APIs answer for these two is what `problemAnswer` says, not the code's own status. */
function apiStatus(name: string, httpStatus: number): number {
  return name === "ConfigError" || name === "GraphError" ? 422 : httpStatus;
}

function apiTable(): string {
  const statuses = [...new Set([405, ...statusesIn(ADMIN_ENDPOINTS), ...statusesIn(CONTROLLER_ENDPOINTS)])];
  const lines = statuses.sort((a, b) => a - b).map((status) => {
    const text = STATUS_TEXTS[status] ?? "The path has other methods.";
    return `| ${status} ${titleOf(status)} | ${text} | ${API_ADVICE[status] ?? ""} |`;
  });
  return rows("| Status | When | Again? |", lines);
}

/** Statuses other than 200 of an API's routes. */
export function statusesIn(table: EndpointTable): readonly number[] {
  return Object.values(table).flatMap((endpoint) => [...statusesOf(endpoint)]);
}

function titleOf(status: number): string {
  return STATUS_TITLES.get(status) ?? "";
}

/** Read from answers at once: their bodies are short and whole. */
const STATUS_TITLES: ReadonlyMap<number, string> = new Map(
  await Promise.all(
    Object.keys(API_ADVICE).map(Number).map(async (status) => {
      const { title } = await problemAnswer(new HttpProblem(status, "")).json() as { readonly title: string };
      return [status, title] as const;
    }),
  ),
);

const RESPONSE_MEANINGS: Readonly<Record<keyof typeof ServerErrorResponseType, string>> = {
  Unknown: "The server failed by a fault of its own; the agent says so in its log and goes on",
  BadRequest: "The message is malformed: it is never sent again",
  Unavailable: "The server has too much to do, or knows as many agents as it may: the agent waits for `retry_info`",
};

const CLOSE_MEANINGS: Readonly<Record<keyof typeof CloseCodes, string>> = {
  normal: "The answer to a close of the agent",
  goingAway: "The controller stops; the agent comes back",
  protocolError: "Frames that are not WebSocket's",
  unsupportedData: "A text message: OpAMP's are binary",
  noStatus: "A close frame without a code: noted, never sent",
  policyViolation: "Its token was revoked, or the agent has another connection",
  messageTooBig: "A message past the bound",
  tryAgainLater: "Never sent: a connection too many is answered 503 before it is a WebSocket",
};

function opampTable(): string {
  const types = Object.entries(ServerErrorResponseType) as [keyof typeof ServerErrorResponseType, number][];
  const closes = Object.entries(CloseCodes) as [keyof typeof CloseCodes, number][];
  return [
    rows(
      "| ServerErrorResponse.type | When |",
      types.map(([name, number]) => `| ${number} \`${name}\` | ${RESPONSE_MEANINGS[name]} |`),
    ),
    rows(
      "| WebSocket close code | When |",
      closes.map(([name, code]) => `| ${code} \`${name}\` | ${CLOSE_MEANINGS[name]} |`),
    ),
  ].join("\n\n");
}
