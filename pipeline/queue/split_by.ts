/**
 * How a payload that is larger than a batch is cut, by the unit that batches are measured in.
 *
 * @module
 */

import { splitByBytes, splitByItems } from "../otlp/split.ts";
import type { Split } from "./batch.ts";
import type { Sizer } from "./settings.ts";

const SPLITS: Readonly<Record<Sizer, Split>> = {
  requests: (payload) => [payload],
  items: splitByItems,
  bytes: splitByBytes,
};

export function splitBy(sizer: Sizer): Split {
  return SPLITS[sizer];
}
