/**
 * ProfileID: an id out of bytes or hexadecimal.
 *
 * @module
 */

import { readId } from "../../data/hash_id.ts";
import { bytesLike, converter, prepared } from "../definition.ts";

export const profileId = converter({
  name: "ProfileID",
  gives: "ProfileID",
  summary: "The ProfileID of 16 bytes, given as bytes or as a string of 32 hexadecimal digits.",
  parameters: { id: bytesLike },
  examples: [
    { text: 'ProfileID("00112233445566778899AABBCCDDEEFF")', result: "ProfileID(0x00112233445566778899aabbccddeeff)" },
    { text: 'String(ProfileID("01010101010101010101010101010101"))', result: '"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"' },
    { text: "ProfileID(0x01)", error: "16 or 32" },
    { text: 'ProfileID("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")', error: "hexadecimal" },
  ],
  compile: ({ id }) => prepared(id, (bytes) => readId("profile_id", bytes)),
});
