/**
 * What the driver is asked and what it answers: tests/golden/ottl/README.md, "Driver protocol".
 *
 * @module
 */

import type { Signal } from "../../../pipeline/otlp/signals.ts";

/** Request metadata that `otelcol.*` paths and routing read. */
export interface Client {
  /** An IP address. */
  readonly addr?: string;
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  readonly grpc?: Readonly<Record<string, readonly string[]>>;
  readonly auth?: Readonly<Record<string, unknown>>;
}

export interface Request {
  readonly id: string;
  readonly op: "transform" | "filter" | "route" | "condition" | "value" | "parse";
  /** "base64:…" of protobuf, or an object of OTLP/JSON. */
  readonly input?: string | object;
  readonly signal?: Signal;
  readonly context?: string;
  readonly expr?: string;
  readonly statement?: string;
  readonly condition?: string;
  readonly value?: string;
  readonly error_mode?: string;
  readonly statements?: readonly string[];
  readonly conditions?: readonly string[];
  readonly groups?: readonly unknown[];
  readonly config?: unknown;
  readonly client?: Client;
}

export interface ReplyError {
  /** "config" when it does not load, "run" when the batch is refused, "request" when the driver cannot serve it. */
  readonly stage: "config" | "run" | "request";
  readonly category: string;
}

/** A value with its type; `value` as the README's table has it. */
export interface TypedValue {
  readonly type: string;
  readonly value?: unknown;
  readonly base64?: string;
  readonly offset?: number;
  readonly len?: number;
}

/** Base64 of protobuf; null when nothing is sent on. */
export interface Output {
  readonly output: string | null;
}

export type Result = boolean | TypedValue | { readonly error: { readonly category: string } };

export type Answer =
  | { readonly ok: true }
  | { readonly results: readonly Result[] }
  | Output
  | { readonly outputs: Readonly<Record<string, readonly Output[]>> }
  | { readonly error: ReplyError };

export type Reply = { readonly id: string } & Answer;
