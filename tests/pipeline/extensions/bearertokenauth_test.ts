import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { bearerTokenAuthFactory, WATCH_MS } from "../../../pipeline/extensions/bearertokenauth.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { senderOf } from "../../support/tenant_table.ts";

function create(settings: Record<string, unknown>) {
  const clock = new FakeClock();
  const config = bearerTokenAuthFactory.schema.parse(asYaml(settings));
  const authenticator = bearerTokenAuthFactory.createAuthenticator?.(config, {
    id: "bearertokenauth",
    logger: silentLogger,
    meter: silentMeter,
    clock,
    random: () => 0,
    memory: createMemoryBudget(),
  });
  ok(authenticator?.server !== undefined && authenticator.client !== undefined);
  const { server, client } = authenticator;
  const takes = async (headers: Record<string, string>) => {
    try {
      await server.authenticate(senderOf({ headers }));
      return true;
    } catch {
      return false;
    }
  };
  return { clock, authenticator, server, client, takes };
}

Deno.test("bearertokenauth: whom it takes", async (t) => {
  const cases: { name: string; settings: Record<string, unknown>; headers: Record<string, string>; want: boolean }[] = [
    { name: "the token", settings: { token: "a" }, headers: { authorization: "Bearer a" }, want: true },
    { name: "one of several", settings: { tokens: ["a", "b"] }, headers: { authorization: "Bearer b" }, want: true },
    { name: "another", settings: { tokens: ["a", "b"] }, headers: { authorization: "Bearer c" }, want: false },
    { name: "its beginning", settings: { token: "ab" }, headers: { authorization: "Bearer a" }, want: false },
    { name: "more than it", settings: { token: "a" }, headers: { authorization: "Bearer aa" }, want: false },
    { name: "it without the scheme", settings: { token: "a" }, headers: { authorization: "a" }, want: false },
    { name: "no token", settings: { token: "a" }, headers: { authorization: "Bearer " }, want: false },
    { name: "an empty header", settings: { token: "a" }, headers: { authorization: "" }, want: false },
    { name: "no header", settings: { token: "a" }, headers: {}, want: false },
    { name: "twice", settings: { token: "a" }, headers: { authorization: "Bearer a, Bearer a" }, want: false },
    {
      name: "another scheme",
      settings: { token: "a", scheme: "Key" },
      headers: { authorization: "Key a" },
      want: true,
    },
    { name: "no scheme", settings: { token: "a", scheme: "" }, headers: { authorization: "a" }, want: true },
    {
      name: "another header",
      settings: { token: "a", header: "X-Token" },
      headers: { "x-token": "Bearer a" },
      want: true,
    },
    {
      name: "not the usual one then",
      settings: { token: "a", header: "X-Token" },
      headers: { authorization: "Bearer a" },
      want: false,
    },
  ];
  for (const { name, settings, headers, want } of cases) {
    await t.step(name, async () => strictEqual(await create(settings).takes(headers), want));
  }
});

Deno.test("bearertokenauth tells a destination the first token", () => {
  deepStrictEqual(create({ tokens: ["a", "b"] }).client.credentials(), ["authorization", "Bearer a"]);
  deepStrictEqual(create({ token: "a", scheme: "", header: "X-Token" }).client.credentials(), ["x-token", "a"]);
});

Deno.test("bearertokenauth refuses a configuration that lets everybody in, or nobody", async (t) => {
  for (const settings of [{}, { token: "" }, { tokens: [] }, { tokens: ["a", ""] }, { token: "a", tokens: ["b"] }]) {
    await t.step(JSON.stringify(settings), () => {
      strictEqual(bearerTokenAuthFactory.schema.safeParse(asYaml(settings)).success, false);
    });
  }
});

Deno.test("bearertokenauth: a file is watched; when it is gone or empty the tokens before it stay", async () => {
  const filename = await Deno.makeTempFile();
  await Deno.writeTextFile(filename, " a \n\nb\n");
  const { clock, authenticator, client, takes } = create({ filename, token: "ignored" });
  await authenticator.start?.();
  const readAgain = async () => {
    await clock.advance(WATCH_MS);
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  strictEqual(await takes({ authorization: "Bearer a" }), true);
  strictEqual(await takes({ authorization: "Bearer b" }), true);
  strictEqual(await takes({ authorization: "Bearer ignored" }), false);
  strictEqual(await takes({ authorization: "Bearer " }), false);
  await Deno.writeTextFile(filename, "c");
  await readAgain();
  strictEqual(await takes({ authorization: "Bearer a" }), false);
  deepStrictEqual(client.credentials(), ["authorization", "Bearer c"]);
  await Deno.writeTextFile(filename, "\n");
  await readAgain();
  strictEqual(await takes({ authorization: "Bearer c" }), true);
  await Deno.remove(filename);
  await readAgain();
  strictEqual(await takes({ authorization: "Bearer c" }), true);
  await authenticator.shutdown?.(AbortSignal.abort());
  strictEqual(clock.pending, 0);
  await rejects(async () => await create({ filename }).authenticator.start?.(), Deno.errors.NotFound);
});

Deno.test("bearertokenauth: what it does not do is told", async (t) => {
  const cases: { name: string; settings: Record<string, unknown>; want: readonly string[] }[] = [
    { name: "nothing of a file", settings: { filename: "a" }, want: [] },
    { name: "tokens beside a file", settings: { filename: "a", token: "b" }, want: ["filename"] },
    { name: "retries", settings: { filename: "a", file_retry: { enabled: true } }, want: ["file_retry"] },
    { name: "how many", settings: { filename: "a", file_retry: { max_retries: 1 } }, want: ["file_retry"] },
    { name: "how often", settings: { filename: "a", file_retry: { retry_interval: "1s" } }, want: ["file_retry"] },
  ];
  for (const { name, settings, want } of cases) {
    await t.step(name, () => {
      const warnings = bearerTokenAuthFactory.warnings?.(bearerTokenAuthFactory.schema.parse(asYaml(settings)));
      deepStrictEqual(warnings?.map(({ path }) => path), want);
    });
  }
});
