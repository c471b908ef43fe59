/**
 * `copy_metric(name?, description?, unit?)`
 *
 * @module
 */

import { alias, editor, optional, str } from "../../../../../ottl/functions/definition.ts";
import { encodeUtf8 } from "../../../../../ottl/values/utf8.ts";
import { FieldReader } from "../../../../wire/protobuf.ts";
import { ProtoWriter } from "../../../../wire/protobuf_writer.ts";
import type { MetricItem } from "../../item.ts";

/** Numbers of the fields of Metric that a copy may have its own of. */
const FIELDS = { name: 1, description: 2, unit: 3 } as const;

export const copyMetric = editor({
  name: "copy_metric",
  summary: "Adds a copy of the metric, with another name, description or unit where they are given. The copy is " +
    "visited too: a `where` must leave it out, or copies are made until there are too many.",
  parameters: {
    name: optional(str),
    description: alias(optional(str), "desc"),
    unit: optional(str),
  },
  examples: [{ text: 'copy_metric(name="http.requests") where metric.name == "http.server.requests"' }],
  compile: ({ name, description, unit }) => (item) => {
    const source = item as MetricItem;
    const texts = new Map<number, string>();
    if (name !== undefined) texts.set(FIELDS.name, name.evaluate(item));
    if (description !== undefined) texts.set(FIELDS.description, description.evaluate(item));
    if (unit !== undefined) texts.set(FIELDS.unit, unit.evaluate(item));
    source.appendMetric(withTexts(source.metricBytes(), texts));
  },
});

/** `message` with other strings in the places of some fields; the rest is copied as it is. */
function withTexts(message: Uint8Array, texts: ReadonlyMap<number, string>): Uint8Array {
  const writer = new ProtoWriter(message.length + 64);
  for (const [field, text] of texts) writer.bytesField(field, encodeUtf8(text));
  const fields = new FieldReader(message);
  while (fields.next()) {
    if (!texts.has(fields.field)) writer.copy(message, fields.fieldStart, fields.valueEnd);
  }
  return writer.finish();
}
