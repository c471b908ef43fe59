/**
 * What a path table is made of: one row a path.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Expression, Item } from "../../../../ottl/functions/definition.ts";
import type { ComparisonOperator } from "../../../../ottl/values/operators.ts";
import { compareValues } from "../../../../ottl/values/compare.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import type { Value } from "../../../../ottl/values/value.ts";
import type { Cursor } from "../cursor.ts";
import type { DataPointKind } from "../item.ts";
import type { MessageView } from "../message_view.ts";
import { attributes } from "./attributes.ts";
import { messageList } from "./opaque.ts";
import * as scalars from "./scalars.ts";

/** How many keys in brackets a path takes: none, any number, or exactly one. */
export type PathKeys = "none" | "any" | "one";

export interface PathRow {
  /** Fields behind the context's name: "status.code". */
  readonly name: string;
  /** As OTTL calls it, for the path table. */
  readonly type: string;
  readonly keys: PathKeys;
  readonly isReadOnly: boolean;
  /** Reaches it in the items that `cursor` stands at. */
  open(cursor: Cursor, keys: readonly Expression[]): PathAccess;
}

export type ViewOf = (cursor: Cursor) => MessageView;

export function row(
  name: string,
  type: string,
  open: PathRow["open"],
  { keys = "none", isReadOnly = false }: { keys?: PathKeys; isReadOnly?: boolean } = {},
): PathRow {
  return { name, type, keys, isReadOnly, open };
}

/** Rows over one message. */
export class RowsOver {
  readonly #viewOf: ViewOf;

  constructor(viewOf: ViewOf) {
    this.#viewOf = viewOf;
  }

  field(name: string, type: string, field: number, access: scalars.FieldAccess): PathRow {
    return row(name, type, (cursor) => access(this.#viewOf(cursor), field));
  }

  text(name: string, field: number): PathRow {
    return this.field(name, "string", field, scalars.text);
  }

  uint32(name: string, field: number): PathRow {
    return this.field(name, "int", field, scalars.uint32);
  }

  int32(name: string, field: number): PathRow {
    return this.field(name, "int", field, scalars.int32);
  }

  /** Nanoseconds as an int, and as a time. */
  instant(name: string, field: number): PathRow[] {
    return [
      this.field(`${name}_unix_nano`, "int", field, scalars.fixed64),
      this.field(name, "time", field, scalars.time),
    ];
  }

  traceId(name: string, field: number): PathRow[] {
    return [
      this.field(name, "TraceID", field, scalars.id(scalars.TRACE_ID)),
      this.field(`${name}.string`, "string", field, scalars.idText(scalars.TRACE_ID)),
    ];
  }

  spanId(name: string, field: number): PathRow[] {
    return [
      this.field(name, "SpanID", field, scalars.id(scalars.SPAN_ID)),
      this.field(`${name}.string`, "string", field, scalars.idText(scalars.SPAN_ID)),
    ];
  }

  attributes(name = "attributes"): PathRow {
    return row(name, "map", (cursor, keys) => attributes(this.#viewOf(cursor), keys), { keys: "any" });
  }

  messages(name: string, field: number, type: string): PathRow {
    return row(name, type, (cursor) => messageList(this.#viewOf(cursor), field, type));
  }
}

/** Of some kinds of data points: the field of each that has it. */
export type FieldByKind = Partial<Record<DataPointKind, number>>;

/** A field that only some kinds of data points have: nil for the others, which cannot be set. */
export function byKind(
  name: string,
  type: string,
  fields: FieldByKind,
  access: (cursor: Cursor, field: number) => PathAccess,
): PathRow {
  return row(name, type, (cursor) => {
    const accesses: Partial<Record<DataPointKind, PathAccess>> = {};
    for (const [kind, field] of Object.entries(fields)) accesses[kind as DataPointKind] = access(cursor, field);
    return {
      get: (item) => accesses[cursor.dataPointKind()]?.get(item) ?? null,
      set: (item, value) => {
        const own = accesses[cursor.dataPointKind()];
        if (own === undefined) throw new OttlError("type", `a ${cursor.dataPointKind()} data point has no ${name}`);
        own.set(item, value);
      },
      comparison: (operator, constant) => comparisonByKind(cursor, accesses, operator, constant),
    };
  });
}

function comparisonByKind(
  cursor: Cursor,
  accesses: Partial<Record<DataPointKind, PathAccess>>,
  operator: ComparisonOperator,
  constant: Value,
): ((item: Item) => boolean) | undefined {
  const withNil = compareValues(null, operator, constant);
  const comparisons: Partial<Record<DataPointKind, (item: Item) => boolean>> = {};
  for (const [kind, access] of Object.entries(accesses)) {
    const comparison = access.comparison?.(operator, constant);
    if (comparison === undefined) return undefined;
    comparisons[kind as DataPointKind] = comparison;
  }
  return (item) => comparisons[cursor.dataPointKind()]?.(item) ?? withNil;
}
