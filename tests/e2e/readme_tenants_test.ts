/**
 * The README's section on tenants, word for word: from nothing to two tenants, one of them refused and let in again.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { missingProgram, skipWithout } from "../support/real_parts.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const missing = await missingProgram("bash", "curl");

const section = /^## Tenants\n([\s\S]*?)^## /m.exec(README)?.[1] ?? "";
const blocks = (language: string) =>
  Array.from(section.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g")), ([, text = ""]) => text);

/** Without its time and bytes, which depend on the clock and on the connection. */
const rowOf = (line: string) => line.trim().split(/ +/).slice(1, -1).join(" ");

Deno.test({ name: "the README's tenants", ignore: skipWithout("curl", missing) }, async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "sluice-readme-" });
  const [port, admin] = [freePort(), freePort()];
  const [yaml = ""] = blocks("yaml");
  const [start = "", create = "", send = "", look = "", change = ""] = blocks("sh");
  const told = Array.from(send.matchAll(/^send .*# (.*)$/gm), ([, answer = ""]) => answer);
  const run = async (script: string) => {
    const local = script.replaceAll(/npx -y deno@[\d.]+ task admin/g, `${Deno.execPath()} run -A ${MAIN} admin`)
      .replaceAll("localhost:4318", `127.0.0.1:${port}`);
    const env = { SLUICE_ADMIN_ADDRESS: `127.0.0.1:${admin}`, NO_COLOR: "1" };
    const { stdout, stderr, success } = await new Deno.Command("bash", { args: ["-ec", local], cwd: directory, env })
      .output();
    ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };

  await run(start.replace(/^npx.*task start.*$/m, ""));
  await using gateway = await startGateway(yaml.replace("localhost:4318", `127.0.0.1:${port}`), {
    ...{ cwd: directory, workers: 2 },
    args: ["--admin-listen", `127.0.0.1:${admin}`],
  });
  await gateway.waitForLine("The admin API listens");

  let keys = "";
  await t.step("two tenants are made, each with a key", async () => {
    keys = (await run(`${create}\necho "ACME=$ACME GLOBEX=$GLOBEX"`)).trim();
    match(keys, /^ACME=slk_\S+ GLOBEX=slk_\S+$/);
  });
  await t.step("one is refused, waits as long as it is told, and is let in", async () => {
    const answers = (await run(`${keys}\n${send}`)).trim().split("\n").map((line) => line.trim());
    strictEqual(told.length, 5);
    // A second may pass between the two.
    const [, , refused = ""] = answers;
    match(refused, /^429 [45]$/);
    deepStrictEqual(answers.with(2, told[2] ?? ""), told);
  });
  await t.step("the usage is read back as shown", async () => {
    const lines = (await run(look)).split("\n");
    const shown = (blocks("text")[0] ?? "").trim().split("\n");
    deepStrictEqual(lines.slice(0, shown.length).map(rowOf), shown.map(rowOf));
    ok(lines.some((line) => /^all +requests_per_second +0\.2 /.test(line)));
    ok(lines.some((line) => / 1 +logs +requests_per_second .*there is room in \d+ ms$/.test(line)));
  });
  await t.step("a limit, a key and a tenant are changed", async () => {
    const lines = await run(change);
    match(lines, /^slk_/m);
    match(lines, /"requests_per_second":10\b[^]*over_limit: "refuse"[^]*globex is removed/);
    const answers = await run(`${keys}\n${send.replace(/^(?:send|sleep) .*$/gm, "")}\nsend "$ACME"; send "$GLOBEX"`);
    deepStrictEqual(answers.trim().split("\n").map((line) => line.trim()), ["200", "401"]);
  });
  strictEqual((await gateway.stop()).code, 0);
  await Deno.remove(directory, { recursive: true });
});
