/**
 * The walk of docs/controller.md, word for word: a controller, three gateways, a rollout that goes well and one that
 * does not.
 *
 * @module
 */

import { match, ok } from "node:assert";
import { freePort } from "../support/gateway_process.ts";
import { missingProgram, skipWithout } from "../support/real_parts.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const DOCS = Deno.readTextFileSync(new URL("../../docs/controller.md", import.meta.url));
const walk = /## A walk\n([\s\S]*?)\n## /.exec(DOCS)?.[1] ?? "";
const [controller = "", gateways = "", list = "", upload = "", rollout = "", good = "", bad = "", rolledBack = ""] =
  Array
    .from(walk.matchAll(/```sh\n([\s\S]*?)```/g), ([, text = ""]) => text);

class Shell implements AsyncDisposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "sluice-walk-" });
  readonly #address = `127.0.0.1:${freePort()}`;
  readonly #ports = [freePort(), freePort(), freePort()];
  readonly #left: Deno.ChildProcess[] = [];

  /** Runs commands to their end. @returns What they print. */
  async run(text: string): Promise<string> {
    const { stdout, stderr, success } = await this.#command(text).output();
    ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** Runs commands that do not end. */
  leave(text: string): void {
    this.#left.push(this.#command(`${text}\ntrap 'kill $(jobs -p)' TERM; wait; wait`, "exec").spawn());
  }

  async until(text: string, wanted: RegExp): Promise<string> {
    let seen = "";
    for (const endMs = Date.now() + 120_000; Date.now() < endMs;) {
      const { stdout, stderr } = await this.#command(text).output();
      seen = new TextDecoder().decode(stdout);
      if (wanted.test(seen)) return seen;
      seen += new TextDecoder().decode(stderr);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`Cannot go on: ${wanted} did not come about; last seen ${seen}`);
  }

  /**
   * `sluice` is this tree's, and every port one that is free; the controller knows none of them.
   *
   * @param how `exec` where all of them run in the background: then a job is the process itself, and can be ended.
   */
  #command(text: string, how: "exec" | "" = ""): Deno.Command {
    const ports = this.#ports.map((port, index) => `${index + 1}) P=${port};;`).join(" ");
    const own = text.replaceAll("127.0.0.1:4320", this.#address).replaceAll("431${env:N}", "${env:P:-1}");
    const sluice =
      `sluice() { case "\${N:-}" in ${ports} esac; export P; ${how} "${Deno.execPath()}" run -A "${MAIN}" "$@"; }`;
    return new Deno.Command("bash", {
      args: ["-c", `set -e\n${sluice}\n${own}`],
      cwd: this.#directory,
      env: {
        NO_COLOR: "1",
        SLUICE_CONTROLLER_LISTEN: this.#address,
        SLUICE_CONTROLLER_ADDRESS: this.#address,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#left.toReversed()) {
      child.kill("SIGTERM");
      await child.output();
    }
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

const missing = await missingProgram("bash");

Deno.test({ name: "the walk of docs/controller.md", ignore: skipWithout("shell", missing) }, async (t) => {
  await using shell = new Shell();

  await t.step("a controller, and three gateways that follow it", async () => {
    shell.leave(controller);
    await shell.until("sluice controller status", /0 of 0 connected/);
    shell.leave(gateways);
    const seen = await shell.until(list, /(?:.* websocket .*\n){3}/);
    match(seen, /unmanaged/);
  });

  await t.step("a version, checked over what the gateways have", async () => {
    match(await shell.run(upload), /^edge 1: 1 files/);
  });

  await t.step("a rollout, one gateway first", async () => {
    match(await shell.run(rollout), /1 +1 agents +1 [\s\S]*rollout 1 is running/);
    await shell.until("sluice controller rollouts get 1", /^state +completed \(not judged\)/m);
    const shown = await shell.run(good);
    match(shown, /stage_passed/);
    match(shown, /(?:.*edge 1 +in sync.*\n){3}/);
  });

  await t.step("one that is refused by the first gateway comes back by itself", async () => {
    match(await shell.run(bad), /rollout 2 is running/);
    await shell.until("sluice controller rollouts get 2", /^state +rolled_back: 1 of 1 agent failed \(100 %\)/m);
    const shown = await shell.until(rolledBack, /(?:.*edge 1 +in sync.*\n){3}/);
    match(shown, /elsewhere\.example/);
  });
});
