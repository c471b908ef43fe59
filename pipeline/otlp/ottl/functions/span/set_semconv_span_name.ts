/**
 * `set_semconv_span_name(semconv_version, original_span_name_attribute?)`
 *
 * @module
 */

import { editor, litStr, optional } from "../../../../../ottl/functions/definition.ts";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import type { SpanItem } from "../../item.ts";
import { semconvSpanName } from "./semconv_span_name.ts";

/** Versions of the conventions whose names are known. */
const OLDEST = "1.37.0";
const NEWEST = "1.43.0";

export const setSemconvSpanName = editor({
  name: "set_semconv_span_name",
  summary: "Names a span as the semantic conventions of HTTP, RPC, databases and messaging have it, by its kind and " +
    `attributes (versions ${OLDEST} to ${NEWEST}); others stay as they are. A name that is replaced is kept as ` +
    "`original_span_name_attribute`, when that is given.",
  parameters: { semconvVersion: litStr, originalSpanNameAttribute: optional(litStr) },
  examples: [{ text: 'set_semconv_span_name("1.37.0", "original.name") where span.kind == SPAN_KIND_SERVER' }],
  compile: ({ semconvVersion, originalSpanNameAttribute: attribute }) => {
    checkVersion(semconvVersion);
    if (attribute === "") throw new OttlError("arg_value", "original_span_name_attribute cannot be an empty string");
    return (item) => {
      const span = item as SpanItem;
      const attributes = span.spanAttributes();
      const name = semconvSpanName(span.spanKind(), attributes);
      const original = span.spanName();
      if (name === undefined || name === original) return;
      span.setSpanName(name);
      if (attribute !== undefined) attributes.set(attribute, original);
    };
  },
});

function checkVersion(text: string): void {
  const version = parseVersion(text);
  if (version === undefined) throw new OttlError("arg_value", `"${text}" is no version of the semantic conventions`);
  const [oldest = [], newest = []] = [parseVersion(OLDEST), parseVersion(NEWEST)];
  if (order(oldest, version) <= 0 && order(version, newest) <= 0) return;
  throw new OttlError("arg_value", `unsupported semconv version "${text}": must be between ${OLDEST} and ${NEWEST}`);
}

/** Major, minor, patch; then 0, or -1 for what comes before a release. */
function parseVersion(text: string): number[] | undefined {
  const found = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(-[\w.-]+)?(?:\+[\w.-]+)?$/.exec(text);
  if (found === null) return undefined;
  const [, major, minor = "0", patch = "0", prerelease] = found;
  return [Number(major), Number(minor), Number(patch), prerelease === undefined ? 0 : -1];
}

function order(left: readonly number[], right: readonly number[]): number {
  for (const [i, part] of left.entries()) {
    const difference = part - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
