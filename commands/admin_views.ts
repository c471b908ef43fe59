/**
 * Subcommands that ask the admin API of a gateway and show what it says.
 *
 * @module
 */

import type { Command } from "commander";
import type { AdminFlags } from "../gateway/admin/cli/run.ts";
import type { View } from "../gateway/admin/cli/views.ts";
import { ADMIN_API, givenOptions, withApi } from "./options.ts";

/** Makes a subcommand that shows what `pick` chooses, of its options and words. */
export type AddView<Views, Flags> = (
  usage: string,
  what: string,
  pick: (all: Views, flags: Flags, ...words: string[]) => View,
) => Command;

/**
 * Where to ask may stand before the subcommand as well: `sluice admin --address HOST:PORT status`.
 *
 * @param load The views, when one is asked for. @param done Is given the exit code.
 */
export function adminViews<Views, Flags>(
  parent: Command,
  load: () => Promise<Views>,
  done: (code: number) => void,
): AddView<Views, Flags> {
  const isThere = parent.options.some((option) => option.attributeName() === "address"); // from a call before
  if (!isThere) withApi(parent, ADMIN_API).enablePositionalOptions();
  return (usage, what, pick) =>
    withApi(parent.command(usage), ADMIN_API).description(what).action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const flags = givenOptions<AdminFlags & Flags>(command);
      const { runView } = await import("../gateway/admin/cli/run.ts");
      done(await runView(flags, pick(await load(), flags, ...command.args)));
    });
}
