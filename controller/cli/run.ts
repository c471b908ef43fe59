/**
 * Runs one subcommand of `sluice controller`.
 *
 * @module
 */

import { clientOptions, look } from "../../gateway/admin/cli/run.ts";
import type { Shown } from "../../gateway/admin/cli/views.ts";
import { ApiClient } from "../../routes/api/client.ts";
import { CONTROLLER_ENDPOINTS, type ControllerEndpoints } from "../../routes/controller/endpoints.ts";

export interface ControllerFlags {
  readonly address: string;
  /** A file whose first line is the token. Absent: SLUICE_CONTROLLER_TOKEN, or none. */
  readonly tokenFile?: string;
  /** A file of the authority that signed its certificate. */
  readonly ca?: string;
  readonly json: boolean;
  readonly watch: boolean;
}

export type ControllerClient = ApiClient<ControllerEndpoints>;

/** Asks and shows. */
export type ControllerView = (client: ControllerClient) => Promise<Shown>;

const WORDS = {
  name: "controller",
  unreachable: "is it running, and is --address its --listen?",
  token: "give a token with --token-file or SLUICE_CONTROLLER_TOKEN",
};

/** Prints what a view shows. @returns The exit code: 1 when the controller does not answer, or says no. */
export function runControllerView(flags: ControllerFlags, view: ControllerView): Promise<number> {
  return look(flags, () => openController(flags), view);
}

/** A client for who gave these options. */
export async function openController(flags: ControllerFlags): Promise<ControllerClient> {
  const options = await clientOptions(flags, Deno.env.get("SLUICE_CONTROLLER_TOKEN"));
  return new ApiClient(CONTROLLER_ENDPOINTS, WORDS, options);
}
