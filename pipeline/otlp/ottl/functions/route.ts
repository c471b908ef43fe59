/**
 * `route()`
 *
 * @module
 */

import { editor } from "../../../../ottl/functions/definition.ts";

export const route = editor({
  name: "route",
  summary: "Does nothing: a route's `statement` is written as an editor, and its `where` decides.",
  parameters: {},
  examples: [{ text: 'route() where resource.attributes["tenant"] == "a"' }],
  compile: () => () => {},
});
