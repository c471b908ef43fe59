/**
 * Runs one subcommand of `sluice admin`: asks once, or again and again.
 *
 * @module
 */

import { readNamedFile, UnreadableFileError } from "../../../pipeline/config/environment.ts";
import { ApiFailure, type ClientOptions } from "../../../routes/api/client.ts";
import { makeToken, type TokenScope } from "../../../routes/api/tokens.ts";
import { writeLine } from "../../console.ts";
import type { TapEvent } from "../../../routes/admin/schemas.ts";
import { AdminClient } from "./client.ts";
import { plain, plainLines } from "./table.ts";
import type { Shown, View } from "./views.ts";

export interface AdminFlags {
  readonly address: string;
  /** A file whose first line is the token. Absent: SLUICE_ADMIN_TOKEN, or none. */
  readonly tokenFile?: string;
  /** A file of the authority that signed its certificate. Absent: those that the system knows. */
  readonly ca?: string;
  readonly json: boolean;
  readonly watch: boolean;
}

/** Between two looks of `--watch`, milliseconds. */
const WATCH_MS = 2_000;
/** Puts the cursor home and clears what is below. */
const CLEAR_SCREEN = "\u001b[H\u001b[2J";

/** Prints what a view shows. @returns The exit code: 1 when the gateway does not answer, or says no. */
export function runView(flags: AdminFlags, view: View): Promise<number> {
  return look(flags, async () => new AdminClient(await clientOptions(flags, Deno.env.get("SLUICE_ADMIN_TOKEN"))), view);
}

/** As `runView`, with a client of any API. */
export function look<Client>(
  flags: Pick<AdminFlags, "json" | "watch">,
  open: () => Promise<Client>,
  view: (client: Client) => Promise<Shown>,
): Promise<number> {
  return tellFailure(async () => {
    const client = await open();
    let code: number;
    do {
      let shown = await view(client);
      if (flags.watch && !flags.json) await Deno.stdout.write(new TextEncoder().encode(CLEAR_SCREEN));
      for (; shown.next !== undefined; shown = await shown.next()) if (!flags.json) print(shown, flags);
      print(shown, flags);
      code = shown.isBad === true ? 1 : 0;
      if (flags.watch) await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    } while (flags.watch);
    return code;
  });
}

function print({ json, text, note = "" }: Shown, flags: Pick<AdminFlags, "json">): void {
  if (note !== "" && !flags.json) writeLine(Deno.stderr, plainLines(note));
  writeLine(Deno.stdout, flags.json ? JSON.stringify(json) : text);
}

export interface TapFlags {
  readonly duration: number;
  readonly samples: number;
  readonly mask: readonly string[];
}

/** Prints samples as they come, one a line with `--json`. */
export function runTap(flags: AdminFlags, node: string, { duration, samples, mask }: TapFlags): Promise<number> {
  return tellFailure(async () => {
    const client = new AdminClient(await clientOptions(flags, Deno.env.get("SLUICE_ADMIN_TOKEN")));
    const query = { duration_ms: duration, max_samples: samples, mask: mask.join(",") };
    for await (const event of client.events("tapNode", { params: { id: node }, query })) printTapEvent(event, flags);
    return 0;
  });
}

/** The same of a gateway asked, and of one tapped through its controller. */
type ShownTapEvent =
  | Omit<Extract<TapEvent, { type: "sample" }>, "signal"> & { readonly signal: string }
  | { readonly type: "end"; readonly reason: string; readonly samples: number; readonly dropped: number };

/** One line with `--json`. */
export function printTapEvent(event: ShownTapEvent, { json }: Pick<AdminFlags, "json">): void {
  if (json) return writeLine(Deno.stdout, JSON.stringify(event));
  if (event.type === "end") {
    const text = `ended (${event.reason}): ${event.samples} samples, ${event.dropped} dropped`;
    return writeLine(Deno.stderr, plain(text));
  }
  writeLine(Deno.stdout, plain(`${event.thread}: ${event.items} items, ${event.bytes} bytes of ${event.signal}`));
  writeLine(Deno.stdout, JSON.stringify(event.payload, null, 2).split("\n").map(plain).join("\n"));
}

export interface TokenFlags {
  readonly name: string;
  readonly scope: TokenScope;
  /** Where its line is added. Absent: it is printed. */
  readonly tokens?: string;
}

/** Makes a token and prints it, which nobody can do again. */
export function printToken({ name, scope, tokens }: TokenFlags): Promise<number> {
  return tellFailure(async () => {
    const { token, line } = makeToken(name, scope, (bytes) => {
      crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
    });
    if (tokens === undefined) writeLine(Deno.stderr, `for the file of --admin-tokens:\n${line}`);
    else await Deno.writeTextFile(tokens, `${line}\n`, { append: true, mode: 0o600 });
    writeLine(Deno.stdout, token);
    return 0;
  });
}

/** @param token Where no file is named. */
export async function clientOptions(
  { address, tokenFile, ca }: Pick<AdminFlags, "address" | "tokenFile" | "ca">,
  token: string | undefined,
): Promise<ClientOptions> {
  const given = tokenFile === undefined ? token : (await readText("--token-file", tokenFile)).split("\n")[0]?.trim();
  if (ca === undefined) return { address, token: given };
  const http = Deno.createHttpClient({ caCerts: [await readText("--ca", ca)] });
  return { address: `https://${address.replace(/^https:\/\//, "")}`, token: given, http };
}

function readText(option: string, path: string): Promise<string> {
  return readNamedFile(`${option} ${path}`, path, Deno.readTextFile);
}

/** Tells people of what can go wrong without a mistake of ours. */
export async function tellFailure(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (thrown) {
    const isExpected = thrown instanceof ApiFailure || thrown instanceof UnreadableFileError ||
      thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.PermissionDenied ||
      thrown instanceof TypeError;
    if (!isExpected) throw thrown;
    writeLine(Deno.stderr, thrown.message.split("\n").map(plain).join("\n"));
    return 1;
  }
}
