/**
 * UUIDv7: a new identifier that sorts by the time it was made.
 *
 * @module
 */

import { uuidV7 } from "../../data/hash_id.ts";
import { converter } from "../definition.ts";

export const uuidv7 = converter({
  name: "UUIDv7",
  gives: "string",
  summary: "A new UUID that begins with the time (version 7), as text.",
  parameters: {},
  examples: [
    { text: "UUIDv7()", matches: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/ },
  ],
  compile: (_, { nowUnixNano, randomBytes }) => () => uuidV7(nowUnixNano(), randomBytes),
});
