/**
 * Reads the shared clock when it is asked. In a thread, for shared_clock_test.ts.
 *
 * @module
 */

import { systemClock } from "../../../../pipeline/core/clock.ts";
import { TenantCells } from "../../../../pipeline/tenants/rates/cells.ts";
import { SharedClock } from "../../../../pipeline/tenants/rates/shared_clock.ts";

let clock: SharedClock | undefined;

self.onmessage = ({ data }: MessageEvent<SharedArrayBuffer>) => {
  clock ??= new SharedClock(new TenantCells(data), systemClock);
  self.postMessage(clock.nowNs());
};
