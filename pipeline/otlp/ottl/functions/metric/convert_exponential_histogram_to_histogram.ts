/**
 * `convert_exponential_histogram_to_histogram(distribution, explicit_bounds)`
 *
 * @module
 */

import { alias, editor, listOf, litFloat, litStr } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { type ExponentialHistogramDataPoint, type HistogramDataPoint, newMessage } from "../../../metric_model.ts";
import { editMetric } from "../edit.ts";
import { type Distribution, DISTRIBUTIONS, explicitBuckets } from "../points/explicit_buckets.ts";

export const convertExponentialHistogramToHistogram = editor({
  name: "convert_exponential_histogram_to_histogram",
  summary:
    "Makes a Histogram with the given bounds (floats, increasing) of an ExponentialHistogram. A bucket that lies " +
    "across a bound is put by its `upper` end or its `midpoint`, or shared by width, `uniform` or with `random` " +
    "rounding. All counts are kept. Any other metric stays as it is.",
  parameters: {
    distributionFn: alias(litStr, "distribution"),
    explicitBounds: listOf(litFloat),
  },
  examples: [{ text: 'convert_exponential_histogram_to_histogram("uniform", [1.0, 10.0, 100.0])' }],
  compile: ({ distributionFn, explicitBounds }, tools) => {
    const distribution = distributionOf(distributionFn);
    checkBounds(explicitBounds);
    const random = () => randomBits(tools.randomBytes(8));
    const histogramPoint = (point: ExponentialHistogramDataPoint): HistogramDataPoint => {
      const { attributes, startTimeUnixNano, timeUnixNano, flags, count, sum, min, max, exemplars } = point;
      return newMessage("HistogramDataPoint", {
        ...{ attributes, startTimeUnixNano, timeUnixNano, flags, count, sum, min, max, exemplars },
        explicitBounds: [...explicitBounds],
        bucketCounts: explicitBuckets(point, explicitBounds, distribution, random),
      });
    };
    return (item) =>
      editMetric(item, "exponentialHistogram", (metric, { dataPoints, aggregationTemporality }) => {
        const histogram = { dataPoints: dataPoints.map(histogramPoint), aggregationTemporality };
        metric.histogram = newMessage("Histogram", histogram);
        metric.exponentialHistogram = undefined;
      });
  },
});

/** An empty text is "random", as the reference engine has it. */
function distributionOf(text: string): Distribution {
  const distribution = text === "" ? "random" : DISTRIBUTIONS.find((name) => name === text);
  if (distribution !== undefined) return distribution;
  throw new OttlError("arg_value", `invalid distribution "${text}", must be one of ${DISTRIBUTIONS.join(", ")}`);
}

function checkBounds(bounds: readonly number[]): void {
  if (bounds.length === 0) throw new OttlError("arg_value", "explicit bounds cannot be empty");
  const wrong = bounds.findIndex((bound, i) => i > 0 && bound <= (bounds[i - 1] as number));
  if (wrong === -1) return;
  throw new OttlError("arg_value", `explicit bounds must increase: ${bounds[wrong]} follows ${bounds[wrong - 1]}`);
}

function randomBits(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
}
