import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { OttlSyntaxError } from "../../../../../ottl/syntax/problem.ts";
import { PlainMap, type Value } from "../../../../../ottl/values/value.ts";
import {
  type KeyValue,
  type Metric,
  newMessage,
  type NumberDataPoint,
} from "../../../../../pipeline/otlp/metric_model.ts";
import { UNKNOWN_FIELDS } from "../../../../../pipeline/otlp/message_codec.ts";
import { encodeAnyValue } from "../../../../../pipeline/otlp/ottl/any_value.ts";
import { functionsOf, ownFunctionsOf, TEXT_PLACES } from "../../../../../pipeline/otlp/ottl/functions/table.ts";
import { exp2, log2 } from "../../../../../pipeline/otlp/ottl/functions/points/base_two.ts";
import { semconvSpanName } from "../../../../../pipeline/otlp/ottl/functions/span/semconv_span_name.ts";
import { MemoryMetric, MemorySpan, telemetryCompiler } from "./support.ts";

const KINDS = { metric: "metric", datapoint: "datapoint", span: "span" } as const;

Deno.test("every example loads in its context", async (t) => {
  for (const context of Object.values(KINDS)) {
    for (const { kind, name, examples } of ownFunctionsOf(context)) {
      await t.step(name, () => {
        ok(examples.length > 0);
        for (const { text } of examples) {
          // Prefixes of other contexts than the metric's are not known to this compiler.
          if (text.includes("span.")) continue;
          if (kind === "editor") telemetryCompiler(context).statements([text]);
          else telemetryCompiler(context, "filter").conditions([text]);
        }
      });
    }
  }
});

Deno.test("functionsOf() of each place", async (t) => {
  const has: [name: string, context: string, places: readonly string[]][] = [
    ["IsRootSpan", "span", TEXT_PLACES],
    ["IsRootSpan", "spanevent", []],
    ["IsRootSpan", "log", []],
    ["set_semconv_span_name", "span", ["transform statement"]],
    ["HasAttrKeyOnDatapoint", "metric", ["transform condition", "filter"]],
    ["HasAttrOnDatapoint", "datapoint", []],
    ["copy_metric", "metric", ["transform statement"]],
    ["copy_metric", "datapoint", []],
    ["merge_histogram_buckets", "datapoint", ["transform statement"]],
    ["merge_histogram_buckets", "metric", []],
    ["ParseCEF", "log", ["transform statement"]],
    ["ParseCEF", "span", []],
    ["set", "resource", ["transform statement"]],
    ["delete_key", "resource", ["transform statement", "routing"]],
    ["route", "log", ["routing"]],
    ["ParseJSON", "scope", TEXT_PLACES],
  ];
  for (const [name, context, places] of has) {
    await t.step(`${name} in ${context}`, () => {
      deepStrictEqual(TEXT_PLACES.filter((place) => functionsOf(place, context).has(name)), places);
    });
  }
});

Deno.test("what does not load", async (t) => {
  const cases: [context: string, text: string, category: string][] = [
    ["metric", 'convert_gauge_to_sum("sometimes", true)', "arg_value"],
    ["metric", 'convert_gauge_to_sum("delta")', "arity"],
    ["metric", 'extract_count_metric("x")', "arg_type"],
    ["metric", "extract_percentile_metric(95)", "arg_type"],
    ["metric", "extract_percentile_metric(0.0)", "arg_value"],
    ["metric", "extract_percentile_metric(100.0)", "arg_value"],
    ["metric", "scale_metric(2)", "arg_type"],
    ["metric", 'aggregate_on_attributes("nope")', "arg_value"],
    ["metric", 'aggregate_on_attribute_value("nope", "a", ["b"], "c")', "arg_value"],
    ["metric", 'convert_exponential_histogram_to_histogram("upper", [])', "arg_value"],
    ["metric", 'convert_exponential_histogram_to_histogram("upper", [1.0, 1.0])', "arg_value"],
    ["metric", 'convert_exponential_histogram_to_histogram("lower", [1.0])', "arg_value"],
    ["datapoint", 'convert_summary_count_val_to_sum("sometimes", true)', "arg_value"],
    ["datapoint", 'merge_histogram_buckets(1, "nope")', "arg_value"],
    ["datapoint", 'merge_histogram_buckets(0, "limit_buckets")', "arg_value"],
    ["datapoint", 'merge_histogram_buckets(1.5, "limit_buckets")', "arg_value"],
    ["span", "set_semconv_span_name()", "arity"],
    ["span", 'set_semconv_span_name("1.36.9")', "arg_value"],
    ["span", 'set_semconv_span_name("1.37.0-rc.1")', "arg_value"],
    ["span", 'set_semconv_span_name("1.43.1")', "arg_value"],
    ["span", 'set_semconv_span_name("newest")', "arg_value"],
    ["span", 'set_semconv_span_name("1.37.0", "")', "arg_value"],
  ];
  for (const [context, text, category] of cases) {
    await t.step(text, () => {
      throws(
        () => telemetryCompiler(context).statements([text]),
        (error) => error instanceof OttlSyntaxError && error.problems[0]?.category === category,
      );
    });
  }
});

Deno.test("what loads", async (t) => {
  const cases: [context: string, text: string][] = [
    ["metric", "convert_sum_to_gauge(1)"],
    ["metric", 'convert_gauge_to_sum(aggregation_temporality="delta", is_monotonic=true)'],
    ["metric", 'convert_gauge_to_sum(string_agg_temp="delta", monotonic=true)'],
    ["metric", 'scale_metric(factor=2.0, unit="s")'],
    ["metric", 'copy_metric(desc="d")'],
    ["metric", 'convert_exponential_histogram_to_histogram("", [1.0])'],
    ["datapoint", 'merge_histogram_buckets(1, method="limit_buckets")'],
    ["span", 'set_semconv_span_name("v1.43.0")'],
    ["span", 'set_semconv_span_name("1.38")'],
  ];
  for (const [context, text] of cases) {
    await t.step(text, () => strictEqual(telemetryCompiler(context).statements([text]).length, 1));
  }
});

/** The metric after an editor ran on it, and what was added. */
function edit(metric: Partial<Metric>, text: string, point?: number): MemoryMetric {
  const item = new MemoryMetric(newMessage("Metric", metric), point);
  const [statement] = telemetryCompiler(point === undefined ? "metric" : "datapoint").statements([text]);
  statement?.execute(item);
  return item;
}

function text(key: string, value: Value): KeyValue {
  return newMessage("KeyValue", { key, value: encodeAnyValue(value) });
}

function gauge(...points: Partial<NumberDataPoint>[]): Partial<Metric> {
  return { gauge: newMessage("Gauge", { dataPoints: points.map((point) => newMessage("NumberDataPoint", point)) }) };
}

/** A histogram of one point. */
function histogram(point: Parameters<typeof newMessage<"HistogramDataPoint">>[1]): Partial<Metric> {
  return { histogram: newMessage("Histogram", { dataPoints: [newMessage("HistogramDataPoint", point)] }) };
}

Deno.test("convert_gauge_to_sum() keeps what it does not know of a metric and its points", () => {
  const unknown = [Uint8Array.of(0xf8, 0x07, 0x05)];
  const metric = { ...gauge({ asInt: 3n, [UNKNOWN_FIELDS]: unknown }), [UNKNOWN_FIELDS]: unknown };
  const { metric: after } = edit(metric, 'convert_gauge_to_sum("delta", true)');
  deepStrictEqual(after[UNKNOWN_FIELDS], unknown);
  deepStrictEqual(after.sum?.dataPoints[0]?.[UNKNOWN_FIELDS], unknown);
  strictEqual(after.gauge, undefined);
});

Deno.test("extract_percentile_metric() of one histogram point", async (t) => {
  const cases: { name: string; point: Parameters<typeof histogram>[0]; percentile: string; want?: number }[] = [
    { name: "no observation", point: { bucketCounts: [0n, 0n], explicitBounds: [1] }, percentile: "50.0" },
    { name: "no bucket", point: { count: 3n }, percentile: "50.0" },
    { name: "no bound, no extremes", point: { count: 3n, bucketCounts: [3n] }, percentile: "50.0" },
    { name: "no bound", point: { count: 4n, bucketCounts: [4n], min: 10, max: 20 }, percentile: "50.0", want: 15 },
    {
      name: "first bucket from 0",
      point: { count: 4n, bucketCounts: [4n, 0n], explicitBounds: [8] },
      percentile: "50.0",
      want: 4,
    },
    {
      name: "first bucket from the least",
      point: { count: 4n, bucketCounts: [4n, 0n], explicitBounds: [8], min: 4 },
      percentile: "50.0",
      want: 6,
    },
    {
      name: "first bucket below 0",
      point: { count: 4n, bucketCounts: [4n, 0n], explicitBounds: [-8] },
      percentile: "50.0",
      want: -8,
    },
    {
      name: "last bucket",
      point: { count: 4n, bucketCounts: [0n, 4n], explicitBounds: [8] },
      percentile: "50.0",
      want: 8,
    },
    {
      name: "last bucket to the greatest",
      point: { count: 4n, bucketCounts: [0n, 4n], explicitBounds: [8], max: 12 },
      percentile: "75.0",
      want: 11,
    },
  ];
  for (const { name, point, percentile, want } of cases) {
    await t.step(name, () => {
      const { added } = edit(histogram(point), `extract_percentile_metric(${percentile})`);
      strictEqual(added[0]?.gauge?.dataPoints[0]?.asDouble, want);
    });
  }
  await t.step("counts that do not reach the rank", () => {
    const point = { count: 9n, bucketCounts: [1n, 1n], explicitBounds: [8] };
    throws(() => edit(histogram(point), "extract_percentile_metric(50.0)"), { category: "value" });
  });
  await t.step("more buckets than bounds have", () => {
    const point = { count: 2n, bucketCounts: [1n, 1n, 0n], explicitBounds: [8] };
    throws(() => edit(histogram(point), "extract_percentile_metric(50.0)"), { category: "value" });
  });
  await t.step("name and description", () => {
    const point = { count: 1n, bucketCounts: [1n, 0n], explicitBounds: [8] };
    const named = { ...histogram(point), name: "h" };
    deepStrictEqual(
      ["99.5", "0.00002"].map((percentile) => {
        const [added] = edit(named, `extract_percentile_metric(${percentile})`).added;
        return [added?.name, added?.description];
      }),
      [["h_p99.5", "p99.5"], ["h_p2e-05", "p2e-05"]],
    );
    strictEqual(edit(named, 'extract_percentile_metric(50.0, "")').added[0]?.name, "h_p50");
  });
});

Deno.test("merge_histogram_buckets()", async (t) => {
  const point = { count: 15n, bucketCounts: [1n, 2n, 3n, 4n, 5n], explicitBounds: [1, 2, 3, 4] };
  const cases: [text: string, bounds: number[], counts: bigint[]][] = [
    ["merge_histogram_buckets(1)", [2, 3, 4], [3n, 3n, 4n, 5n]],
    ["merge_histogram_buckets(4.0)", [1, 2, 3], [1n, 2n, 3n, 9n]],
    ["merge_histogram_buckets(2.5)", [1, 2, 3, 4], point.bucketCounts],
    ['merge_histogram_buckets(5, "limit_buckets")', [1, 2, 3, 4], point.bucketCounts],
    ['merge_histogram_buckets(4, "limit_buckets")', [2, 4], [3n, 7n, 5n]],
    ['merge_histogram_buckets(2, "limit_buckets")', [3], [6n, 9n]],
    ['merge_histogram_buckets(1, "limit_buckets")', [], [15n]],
  ];
  for (const [text, bounds, counts] of cases) {
    await t.step(text, () => {
      const after = edit(histogram(point), text, 0).metric.histogram?.dataPoints[0];
      deepStrictEqual([after?.explicitBounds, after?.bucketCounts], [bounds, counts]);
    });
  }
  await t.step("bounds that do not increase are not limited", () => {
    const odd = { bucketCounts: [1n, 1n, 1n], explicitBounds: [2, 1] };
    const after = edit(histogram(odd), 'merge_histogram_buckets(2, "limit_buckets")', 0);
    deepStrictEqual(after.metric.histogram?.dataPoints[0]?.bucketCounts, odd.bucketCounts);
  });
});

const counts = fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { maxLength: 6 });
const side = fc.record({ offset: fc.integer({ min: -40, max: 40 }), bucketCounts: counts });
const bounds = fc.uniqueArray(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 8 })
  .map((bounds) => bounds.map((bound) => bound + 0).sort((a, b) => a - b));

function sumOf(counts: readonly bigint[] = []): bigint {
  return counts.reduce((sum, count) => sum + count, 0n);
}

Deno.test("convert_exponential_histogram_to_histogram() keeps every count", async (t) => {
  for (const distribution of ["upper", "midpoint", "uniform", "random"]) {
    await t.step(distribution, () => {
      fc.assert(
        fc.property(
          bounds,
          side,
          side,
          fc.integer({ min: -6, max: 8 }),
          fc.constantFrom(0, 0.5, 1e308),
          (explicitBounds, positive, negative, scale, zeroThreshold) => {
            const point = newMessage("ExponentialHistogramDataPoint", { scale, zeroCount: 7n, zeroThreshold });
            point.positive = newMessage("ExponentialHistogramDataPoint.Buckets", positive);
            point.negative = newMessage("ExponentialHistogramDataPoint.Buckets", negative);
            const metric = { exponentialHistogram: { dataPoints: [point], aggregationTemporality: 1 } };
            const literal = explicitBounds.map((bound) => bound.toFixed(3)).filter((text, i, all) =>
              !text.startsWith("-") && text !== all[i - 1]
            );
            if (literal.length === 0) return;
            const text = `convert_exponential_histogram_to_histogram("${distribution}", [${literal.join(", ")}])`;
            const after = edit(metric, text).metric.histogram?.dataPoints[0];
            strictEqual(after?.bucketCounts.length, literal.length + 1);
            ok(after.bucketCounts.every((count) => count >= 0n));
            strictEqual(sumOf(after.bucketCounts), 7n + sumOf(positive.bucketCounts) + sumOf(negative.bucketCounts));
          },
        ),
        { numRuns: 60 },
      );
    });
  }
});

Deno.test("convert_exponential_histogram_to_histogram() of a bucket across a bound", async (t) => {
  // Scale 0: bucket 3 holds 8 to 16, bucket 4 holds 16 to 32.
  const positive = newMessage("ExponentialHistogramDataPoint.Buckets", { offset: 3, bucketCounts: [8n, 4n] });
  const negative = newMessage("ExponentialHistogramDataPoint.Buckets", { offset: 3, bucketCounts: [2n] });
  const point = newMessage("ExponentialHistogramDataPoint", { positive, negative, count: 15n, zeroCount: 1n });
  const cases: [distribution: string, want: bigint[]][] = [
    ["upper", [3n, 0n, 12n]],
    ["midpoint", [3n, 8n, 4n]],
    ["uniform", [3n, 6n, 6n]],
  ];
  for (const [distribution, want] of cases) {
    await t.step(distribution, () => {
      const metric = { exponentialHistogram: { dataPoints: [point], aggregationTemporality: 1 } };
      const text = `convert_exponential_histogram_to_histogram("${distribution}", [0.0, 14.0])`;
      deepStrictEqual(edit(metric, text).metric.histogram?.dataPoints[0]?.bucketCounts, want);
    });
  }
});

Deno.test("aggregate_on_attributes()", async (t) => {
  const points = [1n, 9n, 4n].map((asInt, i): Partial<NumberDataPoint> => ({
    asInt,
    startTimeUnixNano: BigInt(10 - i),
    attributes: [text("a", i), text("b", "x")],
  }));
  const cases: [name: string, want: bigint][] = [
    ["sum", 14n],
    ["mean", 4n],
    ["min", 1n],
    ["max", 9n],
    ["median", 4n],
    ["count", 3n],
  ];
  for (const [name, want] of cases) {
    await t.step(`${name} of ints`, () => {
      const after = edit(gauge(...points), `aggregate_on_attributes("${name}", ["b"])`).metric.gauge?.dataPoints;
      deepStrictEqual(after?.map(({ asInt, startTimeUnixNano }) => [asInt, startTimeUnixNano]), [[want, 8n]]);
    });
  }
  await t.step("the first point says whether it is ints or floats", () => {
    const after = edit(gauge({ asDouble: 1.5 }, { asInt: 2n }), 'aggregate_on_attributes("sum")').metric.gauge;
    deepStrictEqual(after?.dataPoints.map(({ asDouble }) => asDouble), [3.5]);
  });
  await t.step("a float among ints counts for nothing in a sum, and is cut off elsewhere", () => {
    const of = (name: string) =>
      edit(gauge({ asInt: 1n }, { asDouble: 2.5 }), `aggregate_on_attributes("${name}")`).metric.gauge?.dataPoints[0]
        ?.asInt;
    deepStrictEqual(["sum", "mean", "max", "median"].map(of), [1n, 0n, 2n, 1n]);
  });
  await t.step("attributes in another order are the same", () => {
    const pairs = [text("a", 1n), text("b", true)];
    const two = gauge({ asInt: 1n, attributes: pairs }, { asInt: 1n, attributes: pairs.toReversed() });
    strictEqual(edit(two, 'aggregate_on_attributes("sum")').metric.gauge?.dataPoints.length, 1);
  });
  await t.step("a text is not the number that it says", () => {
    const two = gauge({ asInt: 1n, attributes: [text("a", "1")] }, { asInt: 1n, attributes: [text("a", 1n)] });
    strictEqual(edit(two, 'aggregate_on_attributes("sum")').metric.gauge?.dataPoints.length, 2);
  });
  await t.step("points of a delta Sum that begin at different times stay apart", () => {
    const { dataPoints = [] } = gauge(...points).gauge ?? {};
    const apart = (aggregationTemporality: number) => {
      const sum = newMessage("Sum", { dataPoints: [...dataPoints], aggregationTemporality });
      return edit({ sum }, 'aggregate_on_attributes("sum", [])').metric.sum?.dataPoints.length;
    };
    deepStrictEqual([apart(1), apart(2)], [3, 1]);
  });
  await t.step("the sum of unsigned counts wraps", () => {
    const full = { count: 2n ** 64n - 1n, bucketCounts: [2n ** 64n - 1n] };
    const two = {
      ...newMessage("Histogram", {}),
      dataPoints: [full, full].map((of) => newMessage("HistogramDataPoint", of)),
    };
    const [after] = edit({ histogram: two }, 'aggregate_on_attributes("sum")').metric.histogram?.dataPoints ?? [];
    deepStrictEqual([after?.count, after?.bucketCounts], [2n ** 64n - 2n, [2n ** 64n - 2n]]);
  });
});

Deno.test("aggregate_on_attributes() of exponential histograms whose buckets begin elsewhere", async (t) => {
  type Side = [offset: number, counts: bigint[]];
  const merge = (sides: readonly Side[]) => {
    const dataPoints = sides.map(([offset, bucketCounts]) => {
      const positive = newMessage("ExponentialHistogramDataPoint.Buckets", { offset, bucketCounts });
      return newMessage("ExponentialHistogramDataPoint", { count: sumOf(bucketCounts), positive });
    });
    const metric = { exponentialHistogram: { dataPoints, aggregationTemporality: 2 } };
    const [merged] = edit(metric, 'aggregate_on_attributes("sum")').metric.exponentialHistogram?.dataPoints ?? [];
    return [merged?.positive?.offset, merged?.positive?.bucketCounts];
  };
  const cases: [name: string, sides: Side[], want: Side][] = [
    ["the same", [[2, [1n, 2n]], [2, [1n, 0n, 4n]]], [2, [2n, 2n, 4n]]],
    ["higher", [[0, [3n, 0n, 1n]], [1, [1n, 3n, 0n]]], [0, [3n, 1n, 4n]]],
    ["lower", [[1, [1n, 3n]], [-1, [2n, 0n, 5n]]], [-1, [2n, 0n, 6n, 3n]]],
    ["none yet", [[0, []], [7, [0n, 1n]]], [7, [0n, 1n]]],
    ["far", [[0, [1n]], [99_999, [1n]]], [0, [1n, ...new Array<bigint>(99_998).fill(0n), 1n]]],
  ];
  for (const [name, sides, want] of cases) {
    await t.step(name, () => deepStrictEqual(merge(sides), want));
  }
  await t.step("too far", () => {
    throws(() => merge([[0, [1n]], [100_000, [1n]]]), { category: "limit" });
    throws(() => merge([[-(2 ** 31), [1n]], [2 ** 31 - 1, [1n]]]), { category: "limit" });
  });
});

Deno.test("exp2() and log2() undo each other, and are near the platform's", () => {
  fc.assert(
    fc.property(fc.double({ min: -1_000, max: 1_000, noNaN: true }), (x) => {
      ok(Math.abs(exp2(x) / 2 ** x - 1) < 1e-15 * 4);
      ok(Math.abs(log2(exp2(x)) - x) <= Math.max(1, Math.abs(x)) * 1e-15 * 4);
    }),
  );
  for (const whole of [-1_022, -1, 0, 1, 52, 1_023]) {
    strictEqual(exp2(whole), 2 ** whole);
    strictEqual(log2(2 ** whole), whole);
  }
  // Where the platform's answer is another.
  strictEqual(exp2(0.75), 1.6817928305074292);
});

Deno.test("scale_metric() of ints and exemplars", () => {
  const exemplar = newMessage("Exemplar", { asInt: 3n });
  const scaled = edit(histogram({ exemplars: [exemplar] }), "scale_metric(1.5)").metric.histogram?.dataPoints[0];
  strictEqual(scaled?.exemplars[0]?.asInt, 4n);
  const ints = edit(gauge({ asInt: -3n }, { asInt: 2n ** 62n }), "scale_metric(2.5)").metric.gauge?.dataPoints;
  deepStrictEqual(ints?.map(({ asInt }) => asInt), [-7n, -(2n ** 63n)]);
});

Deno.test("copy_metric() evaluates before it copies", () => {
  const item = new MemoryMetric(newMessage("Metric", { name: "m" }));
  const [statement] = telemetryCompiler("metric").statements(['copy_metric(name=ParseJSON("{")["a"])']);
  throws(() => statement?.execute(item));
  deepStrictEqual(item.added, []);
});

Deno.test("HasAttrKeyOnDatapoint(), HasAttrOnDatapoint()", async (t) => {
  const metric = gauge(
    { asInt: 1n },
    { attributes: [text("route", "/a"), text("n", 1n)] },
    { attributes: [text("route", "/b")] },
  );
  const cases: [condition: string, want: boolean][] = [
    ['HasAttrKeyOnDatapoint("route")', true],
    ['HasAttrKeyOnDatapoint("rout")', false],
    ['HasAttrOnDatapoint("route", "/a")', true],
    ['HasAttrOnDatapoint("route", "/b")', false],
    ['HasAttrOnDatapoint("n", "")', true],
    ['HasAttrOnDatapoint("none", "")', false],
  ];
  for (const [condition, want] of cases) {
    await t.step(condition, () => {
      const [compiled] = telemetryCompiler("metric", "filter").conditions([condition]);
      strictEqual(compiled?.test(new MemoryMetric(newMessage("Metric", metric))), want);
      throws(() => compiled?.test(new MemoryMetric(newMessage("Metric", {}))), { category: "value" });
    });
  }
});

Deno.test("IsRootSpan()", async (t) => {
  for (
    const [bytes, want] of [[[], true], [[0, 0, 0, 0, 0, 0, 0, 0], true], [[0, 0, 0, 0, 0, 0, 0, 1], false]] as const
  ) {
    await t.step(`parent [${bytes}]`, () => {
      const span = { name: "", kind: 0, parentSpanId: Uint8Array.from(bytes), attributes: [] };
      const [compiled] = telemetryCompiler("span", "filter").conditions(["IsRootSpan()"]);
      strictEqual(compiled?.test(new MemorySpan(span)), want);
    });
  }
});

Deno.test("semconvSpanName() where the recorded answers do not look", async (t) => {
  const [SERVER, CLIENT, PRODUCER] = [2, 3, 4];
  const cases: [kind: number, attributes: Record<string, Value>, want: string | undefined][] = [
    [SERVER, { "http.request.method": "", "rpc.system": "grpc" }, "grpc"],
    [SERVER, { "db.system": "mysql" }, undefined],
    [CLIENT, { "db.system": "mysql", "db.stored_procedure.name": "p" }, "p"],
    [CLIENT, { "db.system": "mysql", "db.namespace": "", "server.address": "h" }, "h"],
    [CLIENT, { "rpc.system": "grpc", "rpc.grpc.method": "M", "rpc.grpc.service": "S" }, "S/M"],
    [PRODUCER, { "http.request.method": "GET" }, undefined],
    [PRODUCER, { "messaging.system": "kafka" }, "kafka"],
    [PRODUCER, { "messaging.system": "kafka", "server.address": "h", "server.port": 9092n }, "h:9092"],
    [PRODUCER, { "messaging.system": "kafka", "messaging.destination.temporary": "true" }, "kafka"],
  ];
  for (const [kind, attributes, want] of cases) {
    await t.step(JSON.stringify(Object.keys(attributes)), () => {
      strictEqual(semconvSpanName(kind, new PlainMap(Object.entries(attributes))), want);
    });
  }
});
