/**
 * UserAgent: what a User-Agent header tells.
 *
 * @module
 */

import { type UserAgent, userAgentParser } from "../../data/user_agent.ts";
import { PatternCache } from "../../text/regex/pattern_cache.ts";
import { PlainMap, type Value } from "../../values/value.ts";
import { alias, converter, str } from "../definition.ts";

/** Headers whose answers are kept: few tell most of the traffic apart, and a search takes hundreds of patterns. */
const MAX_KEPT = 512;
const MAX_KEPT_LENGTH = 512;

export const userAgent = converter({
  name: "UserAgent",
  gives: "map",
  summary: "Name and version of the browser or client, and of its operating system, in a User-Agent header.",
  parameters: { userAgent: alias(str, "ua") },
  examples: [
    {
      text: 'UserAgent("Go-http-client/1.1")',
      result: '{"user_agent.name": "Go-http-client", "user_agent.original": "Go-http-client/1.1", ' +
        '"user_agent.version": "1.1", "os.name": "Other"}',
    },
    { text: 'UserAgent("nothing known")["user_agent.name"]', result: '"Other"' },
  ],
  compile: ({ userAgent }) => {
    const parse = userAgentParser();
    const describe = (header: string) => entriesOf(header, parse(header));
    const known = new PatternCache(describe, MAX_KEPT);
    return (item) => {
      const header = userAgent.evaluate(item);
      return new PlainMap(header.length > MAX_KEPT_LENGTH ? describe(header) : known.get(header), true);
    };
  },
});

function entriesOf(header: string, { name, version, osName, osVersion }: UserAgent): [string, Value][] {
  const entries: [string, Value][] = [
    ["user_agent.name", name],
    ["user_agent.original", header],
    ["user_agent.version", version],
    ["os.name", osName],
  ];
  if (osVersion !== "") entries.push(["os.version", osVersion]);
  return entries;
}
