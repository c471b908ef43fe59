/**
 * Answers requests of the driver's protocol with the product's own engine and components.
 *
 * @module
 */

import { answerConnector, answerProcessor } from "./components.ts";
import type { Answer, Reply, Request } from "./protocol.ts";
import { answerText } from "./texts.ts";

const UNSUPPORTED: Answer = { error: { stage: "request", category: "unsupported" } };

/** The reply to one request; nothing is kept for the next. */
export async function reply(request: Request): Promise<Reply> {
  return { id: request.id, ...await answer(request) };
}

export async function answer(request: Request): Promise<Answer> {
  switch (request.op) {
    case "transform":
    case "filter":
      return await answerProcessor(request.op, request);
    case "route":
      return await answerConnector(request);
    case "condition":
    case "value":
    case "parse":
      return answerText(request);
  }
  return UNSUPPORTED;
}
