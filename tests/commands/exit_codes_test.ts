/** Exit codes as docs/errors.md tells them, of commands that end by themselves. */

import { match, strictEqual } from "node:assert/strict";
import { freePort, runMain } from "../support/gateway_process.ts";

const page = await Deno.readTextFile(new URL("../../docs/errors.md", import.meta.url));
const nobody = `127.0.0.1:${freePort()}`;
const good = "yaml:{receivers: {otlp: {protocols: {http: {}}}}, exporters: {nop: {}}, " +
  "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}}";

const cases: readonly { readonly name: string; readonly args: readonly string[]; readonly want: number }[] = [
  { name: "validate, of what can run", args: ["validate", "--config", good], want: 0 },
  { name: "components", args: ["components", "--json"], want: 0 },
  { name: "help", args: ["--help"], want: 0 },
  { name: "validate, of what cannot run", args: ["validate", "--set", "receivers.otlp.nix=1"], want: 1 },
  {
    name: "print-config, of a file that is not there",
    args: ["print-config", "--config", "no-such-file.yaml"],
    want: 1,
  },
  { name: "gateway, of what cannot run", args: ["gateway", "--set", "receivers.otlp.nix=1"], want: 1 },
  {
    name: "controller, in a directory that cannot be made",
    args: ["controller", "--state-dir", "/dev/null/x"],
    want: 1,
  },
  { name: "ottl check, of no statement", args: ["ottl", "check", "--statement", "set("], want: 1 },
  {
    name: "ottl run, of input that is not there",
    args: ["ottl", "run", "--statement", "set(span.name, 1)", "--input", "x.json"],
    want: 1,
  },
  { name: "admin, of a gateway that is not there", args: ["admin", "status", "--address", nobody], want: 1 },
  { name: "top, of a gateway that is not there", args: ["top", "--json", "--address", nobody], want: 1 },
  {
    name: "controller with a word, of one that is not there",
    args: ["controller", "status", "--address", nobody],
    want: 1,
  },
  { name: "a command that is not there", args: ["validat"], want: 2 },
  { name: "an option that is not there", args: ["gateway", "--worker", "1"], want: 2 },
  { name: "an option's value that is none", args: ["gateway", "--drain-timeout", "soon"], want: 2 },
  { name: "controller without its directory: an empty variable is none", args: ["controller"], want: 2 },
];

Deno.test("an empty variable of any option is none", async () => {
  const names = ["DRAIN_TIMEOUT", "HEALTH_WINDOW", "STATE_DIR", "ADMIN_LISTEN", "ADMIN_TOKENS", "ADMIN_TLS_CERT"];
  const env = Object.fromEntries(names.map((name) => [`SLUICE_${name}`, ""]));
  const { code, stderr } = await runMain(["gateway", "--config", "absent"], { env });
  match(stderr, /^absent: cannot be read/m);
  strictEqual(code, 1);
});

Deno.test("exit codes", async (t) => {
  const cwd = await Deno.makeTempDir({ prefix: "sluice-exit-" });
  for (const { name, args, want } of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await runMain(args, { env: { SLUICE_CONTROLLER_STATE_DIR: "" }, cwd });
      strictEqual(code, want, stderr);
      match(page, new RegExp(`^\\| ${want} \\|`, "m"));
    });
  }
  await Deno.remove(cwd, { recursive: true });
});
