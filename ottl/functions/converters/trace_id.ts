/**
 * TraceID: an id out of bytes or hexadecimal.
 *
 * @module
 */

import { readId } from "../../data/hash_id.ts";
import { bytesLike, converter, prepared } from "../definition.ts";

export const traceId = converter({
  name: "TraceID",
  gives: "TraceID",
  summary: "The TraceID of 16 bytes, given as bytes or as a string of 32 hexadecimal digits.",
  parameters: { target: bytesLike },
  examples: [
    { text: 'TraceID("00112233445566778899AABBCCDDEEFF")', result: "TraceID(0x00112233445566778899aabbccddeeff)" },
    { text: 'String(TraceID("01010101010101010101010101010101"))', result: '"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"' },
    { text: "TraceID(0x01)", error: "16 or 32" },
    { text: 'TraceID("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")', error: "hexadecimal" },
  ],
  compile: ({ target: id }) => prepared(id, (bytes) => readId("trace_id", bytes)),
});
