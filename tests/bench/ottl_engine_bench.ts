/**
 * What it costs to compile OTTL and to run it over spans on the wire. Wanted: at most 60 us a statement to compile.
 * `deno bench -A tests/bench/ottl_engine_bench.ts`
 *
 * @module
 */

import { StatementSequence, type StatementSequence as Sequence } from "../../ottl/mod.ts";
import type { Cursor } from "../../pipeline/otlp/ottl/mod.ts";
import { encodeMessage } from "../support/otlp_proto.ts";
import { openSpans } from "../support/ottl_spans.ts";

const SHORT = 'set(attributes["http.route"], "/")';
const LONG = 'replace_pattern(attributes["url.path"], "/users/[0-9]+(/|$)", "/users/{id}$$1") ' +
  'where kind == SPAN_KIND_SERVER and (IsMatch(name, "^GET ") or attributes["http.request.method"] == "GET") ' +
  'and resource.attributes["service.name"] != nil and (end_time_unix_nano - start_time_unix_nano) / 1000000 > 250';

function spanBytes(): Uint8Array {
  return encodeMessage("Span", {
    name: "GET /cart/{id}",
    kind: 2,
    start_time_unix_nano: "1767225600000000000",
    end_time_unix_nano: "1767225600100000000",
    attributes: ["http.request.method", "http.route", "url.path", "server.address", "server.port", "tenant.id"]
      .map((key, i) => ({ key, value: i === 4 ? { int_value: "443" } : { string_value: `value of ${i}` } })),
  });
}

const { compiler } = openSpans();

Deno.bench("compile a short statement", () => void compiler.statements([SHORT]));
Deno.bench("compile a long statement", () => void compiler.statements([LONG]));

const SPAN = spanBytes();

/** Runs over the same span as if it were a new one each time. */
function bench(name: string, run: (cursor: Cursor) => unknown, cursor: Cursor): void {
  Deno.bench(name, () => {
    cursor.item.reset(SPAN, 0, SPAN.length);
    run(cursor);
  });
}

function benchCondition(text: string): void {
  const { compiler, cursor } = openSpans();
  const [condition] = compiler.conditions([text]);
  bench(text, (item) => condition!.test(item), cursor);
}

function benchStatement(text: string): void {
  const { compiler, cursor } = openSpans();
  const sequence: Sequence = new StatementSequence(compiler.statements([text]), "propagate");
  bench(text, (item) => sequence.run(item), cursor);
}

bench("nothing", () => {}, openSpans().cursor);
benchCondition('attributes["tenant.id"] == "value of 5"');
benchCondition('attributes["server.port"] >= 400 and attributes["server.port"] < 500');
benchCondition('name == "GET /cart/{id}" and kind == SPAN_KIND_SERVER');
benchCondition('end_time - start_time > Duration("1s")');
benchCondition('IsMatch(name, "^GET ")');
benchCondition('attributes["tenant.id"] == attributes["http.route"]');
benchStatement(SHORT);
benchStatement('set(attributes["copy"], attributes["http.route"])');
benchStatement('set(name, "other") where kind == SPAN_KIND_CLIENT');
