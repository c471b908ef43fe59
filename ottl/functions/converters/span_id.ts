/**
 * SpanID: an id out of bytes or hexadecimal.
 *
 * @module
 */

import { readId } from "../../data/hash_id.ts";
import { bytesLike, converter, prepared } from "../definition.ts";

export const spanId = converter({
  name: "SpanID",
  gives: "SpanID",
  summary: "The SpanID of 8 bytes, given as bytes or as a string of 16 hexadecimal digits.",
  parameters: { target: bytesLike },
  examples: [
    { text: 'SpanID("0011223344556677")', result: "SpanID(0x0011223344556677)" },
    { text: 'String(SpanID("0101010101010101"))', result: '"[1,1,1,1,1,1,1,1]"' },
    { text: "SpanID(0x01)", error: "8 or 16" },
    { text: 'SpanID("zzzzzzzzzzzzzzzz")', error: "hexadecimal" },
  ],
  compile: ({ target: id }) => prepared(id, (bytes) => readId("span_id", bytes)),
});
