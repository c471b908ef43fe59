/**
 * UUID: a new random identifier.
 *
 * @module
 */

import { uuidV4 } from "../../data/hash_id.ts";
import { converter } from "../definition.ts";

export const uuid = converter({
  name: "UUID",
  gives: "string",
  summary: "A new random UUID (version 4), as text.",
  parameters: {},
  examples: [
    { text: "UUID()", matches: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/ },
  ],
  compile: (_, { randomBytes }) => () => uuidV4(randomBytes),
});
