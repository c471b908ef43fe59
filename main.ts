/**
 * Where the process begins: the command line, or what `deno serve` serves.
 *
 * @module
 */

import type { FetchGateway } from "./gateway/fetch_gateway.ts";

/** Whether `deno serve` runs this module: it calls `onListen` right after the module is evaluated; `deno run` never. */
let isServed = false;

/** Made at the first request. */
let gateway: Promise<FetchGateway> | undefined;

/** For `deno serve`: the configuration is YAML in SLUICE_CONFIG, else the built-in one without files. */
export default {
  async fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    gateway ??= import("./gateway/fetch_gateway.ts").then(({ createServedGateway }) => createServedGateway());
    return await (await gateway).fetch(request, info);
  },
  onListen({ hostname, port }: Deno.NetAddr) {
    isServed = true;
    // Which Deno would say without an onListen.
    Deno.stderr.writeSync(new TextEncoder().encode(`Listening on http://${hostname}:${port}/\n`));
  },
};

/** Loaded here, so that what `deno serve` serves holds no commands. */
async function runCommandLine(): Promise<number> {
  const { runCommand } = await import("./commands/program.ts");
  return await runCommand(Deno.args);
}

if (import.meta.main) {
  // With arguments it can only be a command line, and waiting here keeps Deno from proposing `deno serve`.
  if (Deno.args.length > 0) Deno.exit(await runCommandLine());
  setTimeout(async () => {
    if (!isServed) Deno.exit(await runCommandLine());
  }, 0);
}
