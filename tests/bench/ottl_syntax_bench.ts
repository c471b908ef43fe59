/**
 * What it costs to parse OTTL: `deno bench tests/bench/ottl_syntax_bench.ts`.
 *
 * @module
 */

import { parseStatement } from "../../ottl/syntax/parser.ts";
import { readVectors } from "../support/ottl_vectors.ts";

const SHORT = 'set(span.attributes["http.route"], "/")';
const LONG = 'replace_pattern(span.attributes["url.path"], "/users/[0-9]+(/|$)", "/users/{id}$$1") ' +
  'where span.kind == SPAN_KIND_SERVER and (IsMatch(span.name, "^GET ") or span.attributes["http.request.method"] == ' +
  '"GET") and resource.attributes["service.name"] != nil and (span.end_time_unix_nano - span.start_time_unix_nano) / ' +
  "1000000 > 250";
const ALL = readVectors("random").filter(({ want }) => want.error?.stage !== "config")
  .flatMap(({ statements = [] }) => statements);

Deno.bench("a short statement", () => void parseStatement(SHORT));
Deno.bench("a long statement", () => void parseStatement(LONG));
Deno.bench(`${ALL.length} statements of the random vectors`, () => {
  for (const text of ALL) parseStatement(text);
});
