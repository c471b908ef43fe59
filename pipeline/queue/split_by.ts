/**
 * How a payload that is larger than a batch is cut, by the unit that batches are measured in.
 *
 * @module
 */

import type { Split } from "./batch.ts";
import type { Sizer } from "./settings.ts";

/** @returns A request is the smallest unit of its own count, so by requests nothing is cut. */
export function splitBy(_sizer: Sizer): Split {
  return (payload) => [payload];
}
