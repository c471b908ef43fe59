/**
 * URL: a URL taken apart.
 *
 * @module
 */

import { checkParseSize } from "../../data/bounds.ts";
import { type ParsedUrl, parseQuery, parseUrl } from "../../data/url.ts";
import { OttlError } from "../../values/errors.ts";
import { parseGoInt } from "../../values/numbers.ts";
import { OttlList, PlainMap, type Value } from "../../values/value.ts";
import { alias, converter, str } from "../definition.ts";

export const url = converter({
  name: "URL",
  gives: "map",
  summary:
    "The parts of a URL by their names in the semantic conventions. A text that begins with `?` gives `query`: " +
    "the values of each parameter.",
  parameters: { uri: alias(str, "uRI") },
  examples: [
    {
      text: 'URL("https://u:p@example.com:8080/a/b.txt?x=1#top")["url.path"]',
      result: '"/a/b.txt"',
    },
    {
      text: 'URL("//h/x")',
      result: '{"url.original": "//h/x", "url.domain": "h", "url.scheme": "", "url.path": "/x"}',
    },
    { text: 'URL("http://h:80")["url.port"]', result: "80" },
    { text: 'URL("?a=1&b=2&a=3")', result: '{"query": {"a": ["1", "3"], "b": ["2"]}}' },
    { text: 'URL("http://h/%zz")', error: "escape" },
    { text: 'URL("")', error: "empty" },
  ],
  compile: ({ uri }, { limits }) => (item) => {
    const text = uri.evaluate(item);
    if (text === "") throw new OttlError("value", "url cannot be empty");
    checkParseSize(text, "URL", limits);
    return text.startsWith("?") ? queryMap(text.slice(1)) : partsMap(parseUrl(text));
  },
});

function queryMap(query: string): PlainMap {
  const parameters = [...parseQuery(query)].map(([name, values]) => [name, new OttlList(values, "list")] as const);
  if (parameters.length === 0) return new PlainMap([], true);
  return new PlainMap([["query", new PlainMap(parameters, true)]], true);
}

function partsMap(parsed: ParsedUrl): PlainMap {
  const { text, hostname, scheme, path, port, fragment, user, query } = parsed;
  const parts: [string, Value][] = [
    ["url.original", text],
    ["url.domain", hostname],
    ["url.scheme", scheme],
    ["url.path", path],
  ];
  if (port !== "") parts.push(["url.port", parseGoInt(port)]);
  if (fragment !== "") parts.push(["url.fragment", fragment]);
  if (user !== undefined) parts.push(["url.user_info", user.text]);
  if (user !== undefined && user.username !== "") parts.push(["url.username", user.username]);
  if (user?.password !== undefined) parts.push(["url.password", user.password]);
  if (query !== "") parts.push(["url.query", query]);
  const dot = path.lastIndexOf(".");
  if (dot >= 0 && dot < path.length - 1) parts.push(["url.extension", path.slice(dot + 1)]);
  return new PlainMap(parts, true);
}
