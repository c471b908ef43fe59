/**
 * Attributes of a metric's points, looked at in their bytes.
 *
 * @module
 */

import type { Item } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import { FieldReader, rangeEquals, tagOf, WireType } from "../../../../wire/protobuf.ts";
import { METRIC_KINDS } from "../../../metric_model.ts";
import { type MessageSchema, messageSchema } from "../../../schema.ts";
import { decodeAnyValue, KeyValueRange } from "../../any_value.ts";
import type { MetricItem } from "../../item.ts";

const POINTS_TAG = tagOf(1, WireType.bytes);

/** Tag of a metric's data to the tag of its points' attributes. */
const ATTRIBUTES_TAGS = new Map(
  messageSchema("Metric").fields.filter(({ name }) => METRIC_KINDS.some((kind) => kind === name))
    .map(({ number, message }) => [tagOf(number, WireType.bytes), attributesTag(message)]),
);

function attributesTag(data: MessageSchema | undefined): number {
  const points = data?.fields.find(({ name }) => name === "dataPoints");
  const attributes = points?.message?.fields.find(({ name }) => name === "attributes");
  if (attributes === undefined) throw new RangeError(`Cannot find the attributes of the points of ${data?.name}`);
  return tagOf(attributes.number, attributes.wireType);
}

/**
 * The value of attribute `key` at the first point that has it: bytes of an AnyValue. undefined: no point has it.
 *
 * @throws {OttlError} The metric has no data.
 */
export function firstAttribute(item: Item, key: Uint8Array): Uint8Array | undefined {
  const bytes = (item as MetricItem).metricBytes();
  const fields = new FieldReader(bytes);
  let hasData = false;
  while (fields.next()) {
    const tag = ATTRIBUTES_TAGS.get(fields.tag);
    if (tag === undefined) continue;
    hasData = true;
    const value = inPoints(new FieldReader(bytes, fields.start, fields.valueEnd), tag, key);
    if (value !== undefined) return value;
  }
  if (!hasData) throw new OttlError("value", "unknown metric type");
  return undefined;
}

function inPoints(data: FieldReader, attributesTag: number, key: Uint8Array): Uint8Array | undefined {
  const { bytes } = data;
  const pair = new KeyValueRange();
  while (data.next()) {
    if (data.tag !== POINTS_TAG) continue;
    const point = new FieldReader(bytes, data.start, data.valueEnd);
    while (point.next()) {
      if (point.tag !== attributesTag) continue;
      pair.locate(bytes, point.start, point.valueEnd);
      if (rangeEquals(bytes, pair.keyStart, pair.keyEnd, key)) return bytes.subarray(pair.valueStart, pair.valueEnd);
    }
  }
  return undefined;
}

/** The text of an AnyValue that is a string; empty for anything else, as the reference engine has it. */
export function stringOf(bytes: Uint8Array | undefined): string {
  const value = bytes === undefined ? null : decodeAnyValue(bytes, 0, bytes.length);
  return typeof value === "string" ? value : "";
}
