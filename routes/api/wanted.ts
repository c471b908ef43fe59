/**
 * What is wrong with a part of a request, in the words of all other problems: "is …, wanted …". A schema's own message
 * goes before these.
 *
 * @module
 */

import type { z } from "zod";
import { shortened } from "../../pipeline/core/text.ts";

type RawIssue = z.core.$ZodRawIssue;

/** For `safeParse`. @returns undefined: zod's own words. */
export function wantedText(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is missing, wanted ${nameOf(issue.expected)}`
        : `wanted ${nameOf(issue.expected)}`;
    case "invalid_value":
      return `wanted ${issue.values.length > 1 ? "one of " : ""}${
        issue.values.map((value) => JSON.stringify(value)).join(", ")
      }`;
    case "too_big":
      return tooBig(issue);
    case "too_small":
      return tooSmall(issue);
    case "invalid_format":
      return issue.pattern === undefined ? `is no ${issue.format}` : `has another form, wanted ${issue.pattern}`;
    case "unrecognized_keys":
      return `has unknown keys: ${issue.keys.slice(0, MAX_KEYS).map(quoted).join(", ")}`;
    default:
      return undefined;
  }
}

/** Of unknown keys, in a message, and the characters of each. */
const MAX_KEYS = 5;
const MAX_KEY_CHARS = 60;

function quoted(key: string): string {
  return JSON.stringify(shortened(key, MAX_KEY_CHARS));
}

const NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function nameOf(expected: string): string {
  return NAMES[expected] ?? expected;
}

type Size = Extract<RawIssue, { readonly code: "too_big" | "too_small" }>;

function tooBig({ origin, maximum, inclusive = true }: Extract<Size, { readonly code: "too_big" }>): string {
  const most = inclusive ? `${maximum} ${unitOf(origin)}at the most` : `less than ${maximum}`;
  return `is ${COUNTED[origin] === undefined ? "too large" : "too long"}, wanted ${most}`;
}

function tooSmall({ origin, minimum, inclusive = true }: Extract<Size, { readonly code: "too_small" }>): string {
  const least = inclusive ? `${minimum} ${unitOf(origin)}at least` : `more than ${minimum}`;
  return `is ${COUNTED[origin] === undefined ? "too small" : "too short"}, wanted ${least}`;
}

/** What has a length, and what that counts. */
const COUNTED: Readonly<Record<string, string>> = {
  string: "characters",
  array: "items",
  map: "entries",
  set: "items",
};

function unitOf(origin: string): string {
  const unit = COUNTED[origin];
  return unit === undefined ? "" : `${unit} `;
}
