/**
 * Paths of a metric, of which some depend on what its data is.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Cursor } from "../cursor.ts";
import { messageList } from "./opaque.ts";
import { type PathRow, row, RowsOver } from "./rows.ts";
import * as scalars from "./scalars.ts";

/** Fields of Metric by the number of their METRIC_DATA_TYPE. */
const DATA_TYPES = [0, 5, 7, 9, 10, 11];

const SUM = 7;

/** Data with an aggregation temporality, which is field 2 of each. */
const WITH_TEMPORALITY = [7, 9, 10];

const metric = new RowsOver((cursor) => cursor.item);

/** A field of the data of some metrics: nil for others, and setting it there changes nothing. */
function ofData(name: string, type: string, dataFields: readonly number[], field: number, access: scalars.FieldAccess) {
  return row(name, type, ({ data }) => {
    const own = access(data, field);
    const isThere = () => dataFields.includes(data.field);
    return {
      get: (item) => isThere() ? own.get(item) : null,
      set: (item, value) => {
        checkType(type, value);
        if (isThere()) own.set(item, value);
      },
    };
  });
}

/** A wrong type is an error for every metric. */
function checkType(type: string, value: Parameters<PathAccess["set"]>[1]): void {
  if (type === "int") scalars.intOf(value);
  else scalars.boolOf(value);
}

function dataPoints(cursor: Cursor): PathAccess {
  const { data } = cursor;
  const typed = {
    none: undefined,
    number: messageList(data, 1, "number data points"),
    histogram: messageList(data, 1, "histogram data points"),
    exponential: messageList(data, 1, "exponential histogram data points"),
    summary: messageList(data, 1, "summary data points"),
  };
  return {
    get: (item) => typed[cursor.dataPointKind()]?.get(item) ?? null,
    set: (item, value) => typed[cursor.dataPointKind()]?.set(item, value),
  };
}

export const METRIC_ROWS: readonly PathRow[] = [
  metric.text("name", 1),
  metric.text("description", 2),
  metric.text("unit", 3),
  // The reference engine takes every value and does nothing with it.
  row("type", "int", ({ data }) => ({ get: () => BigInt(DATA_TYPES.indexOf(data.field)), set: () => {} })),
  ofData("aggregation_temporality", "int", WITH_TEMPORALITY, 2, scalars.int32),
  ofData("is_monotonic", "bool", [SUM], 3, scalars.bool),
  row("data_points", "data points", dataPoints),
  metric.attributes("metadata"),
];
