/**
 * A route as data: what it takes and gives, and who may ask. An API is a table of them; its app, its OpenAPI document
 * and its client are made of the table.
 *
 * @module
 */

import type { z } from "zod";

/** `none`: no token. What changes something, or shows what only who may change it shall see, is `write`. */
export type Scope = "none" | "read" | "write";

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** One of the document's. */
  readonly tag: string;
  readonly scope: Scope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
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
  /** The key of its body that says what it is about, where the path does not: the audit log's target. */
  readonly targetKey?: string;
  /** Other statuses than success that are its own, beside those of every endpoint. */
  readonly errors: readonly number[];
}

/** By the name of the operation. */
export type EndpointTable = Readonly<Record<string, Endpoint>>;

/** Keeps the schemas' types. */
export function endpoint<const E extends Endpoint>(made: E): E {
  return made;
}

type OutputOf<T> = T extends z.ZodType ? z.output<T> : undefined;
type PartOf<E extends Endpoint, Key extends keyof Endpoint> = E extends Readonly<Record<Key, infer T>> ? OutputOf<T>
  : undefined;

/** A request that has passed every check. */
export interface Call<E extends Endpoint> {
  readonly params: PartOf<E, "params">;
  readonly query: PartOf<E, "query">;
  readonly body: PartOf<E, "body">;
  readonly who: string;
  /** The header, where the endpoint wants it; else "*". */
  readonly ifMatch: string;
  readonly abort: AbortSignal;
}

/** What an endpoint answers. */
export type AnswerOf<E extends Endpoint> = z.output<E["answer"]>;

export interface Reply<E extends Endpoint> {
  /** A stream where the endpoint says `text`. */
  readonly body: AnswerOf<E> | ReadableStream<Uint8Array>;
  /** Default 200. */
  readonly status?: number;
  /** Without its quotes. */
  readonly etag?: string;
  /** For the audit log. */
  readonly detail?: string;
}

/** What an endpoint does. One that streams events answers by itself. */
export type Handler<E extends Endpoint> = (
  call: Call<E>,
) => E extends { readonly stream: true } ? Response : Reply<E> | Promise<Reply<E>>;

/** Of every operation of a table. */
export type HandlersOf<Table extends EndpointTable> = {
  readonly [Operation in keyof Table]: Handler<Table[Operation]>;
};
