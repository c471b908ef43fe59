/**
 * What a row of the table of endpoints says.
 *
 * @module
 */

import type { z } from "zod";

/** `none`: no token. What shows data of senders, or sees files and variables of the machine, is `write`. */
export type Scope = "none" | "read" | "write";

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly tag: "gateway" | "configuration" | "tenants" | "data" | "operation";
  readonly scope: Scope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Of the answer, or of the data of each event. */
  readonly answer: z.ZodType;
  /** Answers with Server-Sent Events. */
  readonly stream?: true;
  /** Answers with text that is made while it is sent, of this type. */
  readonly text?: "application/json" | "text/csv";
  /** `gives`: an ETag. `wants`: If-Match must be sent too. */
  readonly etag?: "gives" | "wants";
  /** Whether it is told in the audit log. */
  readonly audited?: true;
  /** Other statuses than success that are its own, beside those of every endpoint. */
  readonly errors: readonly number[];
}

/** Keeps the schemas' types. */
export function endpoint<const E extends Endpoint>(made: E): E {
  return made;
}
