/**
 * What stands behind a listener that is open before its configuration has the traffic: it takes requests, and lets them
 * wait. Whom they are from is asked when the wait is over, so that they meet the tenants of their own configuration.
 *
 * @module
 */

import type { HttpApp, OtlpHandler } from "../pipeline/contract/http.ts";
import { UnavailableError } from "../pipeline/core/errors.ts";

/** How many wait, and how long, is bounded by the listener's `max_connections` and by what a configuration may take to start. */
export interface WaitingApp {
  readonly app: HttpApp;
  /** Requests go on to the app that they came for. */
  open(): void;
  /** Their configuration does not start: they are told to come again. */
  giveUp(): void;
}

export function waitingApp(app: HttpApp): WaitingApp {
  const { promise: opened, resolve: open, reject } = Promise.withResolvers<void>();
  opened.catch(() => {}); // nobody may be waiting
  const giveUp = () => reject(new UnavailableError("Cannot answer: the configuration of this listener did not start"));
  return { app: "otlp" in app ? { otlp: waitingOtlp(app.otlp, opened) } : waitingFetch(app, opened), open, giveUp };
}

function waitingFetch(app: Exclude<HttpApp, { readonly otlp: unknown }>, opened: Promise<void>): HttpApp {
  const { unreadable } = app;
  return {
    fetch: async (request) => {
      await opened;
      return await app.fetch(request);
    },
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

function waitingOtlp(otlp: OtlpHandler, opened: Promise<void>): OtlpHandler {
  const { paths, metadata, memory } = otlp;
  const enter = otlp.enter?.bind(otlp);
  return {
    ...{ paths, metadata, ...(memory === undefined ? {} : { memory }) },
    admit: (signal, bodyBytes) => otlp.admit(signal, bodyBytes),
    watch: (signal, headers) => otlp.watch?.(signal, headers),
    refused: (error, watch) => otlp.refused?.(error, watch),
    ...(enter === undefined ? {} : {
      enter: async (...asked) => {
        await opened;
        return await enter(...asked);
      },
    }),
    accept: async (...request) => {
      await opened;
      return await otlp.accept(...request);
    },
  };
}
