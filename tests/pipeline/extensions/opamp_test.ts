import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { opampFactory } from "../../../pipeline/extensions/opamp.ts";
import { loadConfig } from "../../../pipeline/config/source.ts";
import { toPlain } from "../../../pipeline/config/tree/node.ts";

const environment = { env: () => undefined, readFile: () => Promise.reject(new Error("no files")) };

async function parse(text: string) {
  const { tree } = await loadConfig([{ kind: "text", name: "t", text }], environment);
  return opampFactory.schema.safeParse(toPlain(tree));
}

Deno.test("the opamp extension lets a server change nothing by default", async () => {
  const { data } = await parse('server: {ws: {endpoint: "wss://a"}}');
  const on = Object.entries(data?.capabilities ?? {}).filter(([, value]) => value).map(([key]) => key);
  deepStrictEqual(on, [
    "reports_effective_config",
    "reports_health",
    "reports_available_components",
    "reports_heartbeat",
  ]);
  const { allowed_hosts, allowed_paths, allowed_variables, allow_insecure_skip_verify } = data?.remote_config ?? {};
  deepStrictEqual([allowed_hosts, allowed_paths, allowed_variables, allow_insecure_skip_verify], [[], [], [], false]);
  strictEqual(data?.tap.enabled, false);
});

Deno.test("the opamp extension's keys", async (t) => {
  const cases: { name: string; text: string; why?: RegExp }[] = [
    { name: "HTTP", text: 'server: {http: {endpoint: "https://a", polling_interval: 10s}}' },
    { name: "no server", text: "{}", why: /server/ },
    { name: "neither transport", text: "server: {}", why: /needs exactly one of ws and http/ },
    { name: "both", text: 'server: {ws: {endpoint: "ws://a"}, http: {endpoint: "http://a"}}', why: /exactly one/ },
    { name: "another scheme", text: 'server: {ws: {endpoint: "http://a"}}', why: /begins with ws:\/\/ or wss:\/\// },
    { name: "a UUID", text: 'server: {ws: {endpoint: "ws://a"}}\ninstance_uid: 01906a5c-0000-7000-8000-000000000001' },
    { name: "no UUID", text: 'server: {ws: {endpoint: "ws://a"}}\ninstance_uid: me', why: /a UUID, or nothing/ },
  ];
  for (const { name, text, why } of cases) {
    await t.step(name, async () => {
      const { error } = await parse(text);
      if (why === undefined) strictEqual(error, undefined);
      else match(JSON.stringify(error?.issues), why);
    });
  }
});

Deno.test("the opamp extension tells what it does not act on", async () => {
  const { data } = await parse(
    'server: {ws: {endpoint: "ws://a", auth: basicauth, tls: {reload_interval: 1m}}}\nppid: 7',
  );
  const warnings = data === undefined ? [] : opampFactory.warnings?.(data) ?? [];
  deepStrictEqual(warnings.map(({ path }) => path), ["ppid", "server::ws::auth", "server::ws::tls::reload_interval"]);
});
