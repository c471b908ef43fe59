/**
 * Answers OTTL requests, one JSON line each, with one JSON line each: `deno task ottl-driver < requests.jsonl`.
 *
 * The protocol is told in tests/golden/ottl/README.md, with recorded answers of the reference engine to compare with.
 *
 * @module
 */

import { describeError } from "../../pipeline/core/log/logger.ts";
import { reply } from "../support/ottl_driver/answer.ts";
import type { Reply, Request } from "../support/ottl_driver/protocol.ts";

const ENCODER = new TextEncoder();

/** The reply to a line; one that cannot be made is told on standard error. */
export async function replyToLine(line: string): Promise<Reply> {
  let id = "";
  try {
    const request = JSON.parse(line) as Request;
    id = request.id;
    return await reply(request);
  } catch (thrown) {
    write(Deno.stderr, `${id}: ${describeError(thrown)}`);
    return { id, error: { stage: "request", category: "unsupported" } };
  }
}

function write(stream: typeof Deno.stdout | typeof Deno.stderr, line: string): void {
  const bytes = ENCODER.encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}

if (import.meta.main) {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") write(Deno.stdout, JSON.stringify(await replyToLine(line)));
  }
  if (rest.trim() !== "") write(Deno.stdout, JSON.stringify(await replyToLine(rest)));
}
