/**
 * `otelcol` paths: what is known of the sender of a payload. Nothing of it can be written.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import type { Expression, Item } from "../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { indexIn, readKeys, stringKey } from "../../../../ottl/values/index_keys.ts";
import { OttlList, PlainMap, type Value } from "../../../../ottl/values/value.ts";
import type { Cursor } from "../cursor.ts";

type Metadata = ReadonlyMap<string, readonly string[]>;

const NO_METADATA: Metadata = new Map();

export function clientAddress(cursor: Cursor): PathAccess {
  return readOnly("otelcol.client.addr", () => cursor.origin.client?.address ?? null);
}

export function clientMetadata(cursor: Cursor, keys: readonly Expression[]): PathAccess {
  return readOnly("otelcol.client.metadata", (item) => metadata(cursor.origin.metadata, keys, item));
}

export function grpcMetadata(cursor: Cursor, keys: readonly Expression[]): PathAccess {
  return readOnly(
    "otelcol.grpc.metadata",
    (item) => metadata(cursor.origin.client?.grpcMetadata ?? NO_METADATA, keys, item),
  );
}

export function authAttributes(cursor: Cursor, keys: readonly Expression[]): PathAccess {
  return readOnly(
    "otelcol.client.auth.attributes",
    (item) => readKeys(new PlainMap(cursor.origin.client?.authAttributes ?? []), keys, item),
  );
}

/** Access to what no statement may change. */
export function readOnly(path: string, get: (item: Item) => Value): PathAccess {
  return {
    get,
    set: () => {
      throw new OttlError("read_only", `"${path}" is read-only and cannot be modified`);
    },
  };
}

function metadata(all: Metadata, keys: readonly Expression[], item: Item): Value {
  const [nameKey, indexKey, further] = keys;
  if (nameKey === undefined) return new PlainMap([...all].map(([name, values]) => [name, list(values)] as const));
  const name = stringKey(nameKey.evaluate(item));
  const values = all.get(name) ?? all.get(name.toLowerCase());
  if (values === undefined) return null;
  if (indexKey === undefined) return list(values);
  if (further !== undefined) throw new OttlError("index", "cannot index into a metadata value more than once");
  return values[indexIn(values.length, indexKey.evaluate(item))]!;
}

function list(values: readonly string[]): OttlList {
  return new OttlList([...values], "strings");
}
