/**
 * `sluice controller agents tap`: a sample of what goes through a gateway's node, by way of its controller.
 *
 * @module
 */

import { printTapEvent, type TapFlags, tellFailure } from "../../gateway/admin/cli/run.ts";
import { type ControllerFlags, openController } from "./run.ts";

/** Prints samples as they come, one a line with `--json`. @returns The exit code: 1 when the agent refuses. */
export function runAgentTap(flags: ControllerFlags, id: string, node: string, tap: TapFlags): Promise<number> {
  return tellFailure(async () => {
    const client = await openController(flags);
    const query = { node, duration_ms: tap.duration, max_samples: tap.samples, mask: tap.mask.join(",") };
    let code = 0;
    for await (const event of client.events("tapAgent", { params: { id }, query })) {
      if (event.type === "end" && event.text !== "") {
        printTapEvent({ ...event, reason: `${event.reason}: ${event.text}` }, flags);
      } else printTapEvent(event, flags);
      if (event.type === "end" && (event.reason === "refused" || event.reason === "no_answer")) code = 1;
    }
    return code;
  });
}
