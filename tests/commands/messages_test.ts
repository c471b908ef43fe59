/** What commands say of what they cannot do, where the words are the help. */

import { match, strictEqual } from "node:assert/strict";
import { freePort, runMain } from "../support/gateway_process.ts";

const ABSENT = "cannot be read: there is no file CWD/absent";

const cases: { name: string; args: string[]; env?: Record<string, string>; want: string }[] = [
  { name: "a configuration", args: ["validate", "--config", "absent"], want: `absent: ${ABSENT}` },
  {
    name: "input of a trial",
    args: ["ottl", "explain", "--statement", 'set(span.name, "x")', "--input", "absent"],
    want: `--input absent: ${ABSENT}`,
  },
  { name: "statements", args: ["ottl", "check", "absent"], want: `absent: ${ABSENT}` },
  { name: "a configuration to apply", args: ["admin", "apply", "absent"], want: `absent: ${ABSENT}` },
  { name: "a token", args: ["admin", "status", "--token-file", "absent"], want: `--token-file absent: ${ABSENT}` },
  { name: "an authority", args: ["controller", "status", "--ca", "absent"], want: `--ca absent: ${ABSENT}` },
  {
    name: "a package",
    args: ["controller", "packages", "add", "rules", "1", "absent"],
    want: `absent: ${ABSENT}`,
  },
];

Deno.test("a file that is not there is told with where it was looked for:", async (t) => {
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "sluice-messages-" }));
  for (const { name, args, want } of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await runMain(args, { cwd });
      strictEqual(stderr.split("\n")[0], want.replace("CWD", cwd));
      strictEqual(code, 1);
    });
  }
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("a gateway that is not there is told with its address, and how to name another:", async (t) => {
  const port = freePort();
  const places: { name: string; env: Record<string, string>; want: string }[] = [
    { name: "where one listens", env: { SLUICE_ADMIN_LISTEN: `localhost:${port}` }, want: `localhost:${port}` },
    { name: "that of all addresses", env: { SLUICE_ADMIN_LISTEN: `[::]:${port}` }, want: `127.0.0.1:${port}` },
    {
      name: "where it is said to be, before that",
      env: { SLUICE_ADMIN_LISTEN: "localhost:1", SLUICE_ADMIN_ADDRESS: `localhost:${port}` },
      want: `localhost:${port}`,
    },
  ];
  for (const { name, env, want } of places) {
    await t.step(name, async () => {
      const { code, stderr } = await runMain(["admin", "status"], { env });
      match(stderr, /^Cannot reach the gateway at \S+: .*--address or SLUICE_ADMIN_ADDRESS\n$/);
      strictEqual(stderr.split(" ")[5], `http://${want}:`);
      strictEqual(code, 1);
    });
  }

  await t.step("that of nobody who listens is the default", async () => {
    const { stdout } = await runMain(["admin", "status", "--help"], { env: { SLUICE_ADMIN_LISTEN: "off" } });
    match(stdout, /default: "127\.0\.0\.1:8887"/);
  });
});

Deno.test("where to ask stands behind the subcommand or before it; behind counts more:", async (t) => {
  const [here, other] = [`127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`];
  const cases: { args: string[]; env?: Record<string, string> }[] = [
    { args: ["admin", "status", "--address", here] },
    { args: ["admin", "--address", here, "status"] },
    { args: ["admin", "--address", here, "tap", "exporter:nop:logs"] },
    { args: ["admin", "--address", other, "status", "--address", here] },
    { args: ["admin", "--address", here, "tenants", "list"] },
    { args: ["admin", "--address", other, "tenants", "--address", here, "list"] },
    { args: ["admin", "--address", here, "status"], env: { SLUICE_ADMIN_ADDRESS: other } },
  ];
  for (const { args, env = {} } of cases) {
    await t.step(
      `${args.join(" ")} ${Object.keys(env)}`.replaceAll(here, "HERE").replaceAll(other, "OTHER"),
      async () => {
        const { code, stderr } = await runMain(args, { env });
        strictEqual(stderr.split(" ")[5], `http://${here}:`);
        strictEqual(code, 1);
      },
    );
  }

  await t.step("an option that no command has is refused at either place", async () => {
    strictEqual((await runMain(["admin", "--adress", here, "status"])).code, 2);
    strictEqual((await runMain(["admin", "status", "--adress", here])).code, 2);
  });
});
