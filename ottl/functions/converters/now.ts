/**
 * Now: the time it is.
 *
 * @module
 */

import { Zone } from "../../time/zone.ts";
import { converter } from "../definition.ts";

export const now = converter({
  name: "Now",
  gives: "time",
  summary: "The time it is, told in the gateway's zone: UTC unless configured.",
  parameters: {},
  examples: [
    { text: "Year(Now())", matches: /^\d{4}$/ },
    { text: 'FormatTime(Now(), "%Z")', result: '"UTC"' },
  ],
  compile: (_, { nowUnixNano, zone }) => {
    const here = Zone.named(zone);
    return () => here.timeAt(nowUnixNano());
  },
});
