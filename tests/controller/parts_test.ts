/** Parts of the controller that work without a process. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ConfigOffers } from "../../controller/config_offers.ts";
import { validateForGateways } from "../../controller/gateway_validator.ts";
import { NO_CONFIG } from "../../opamp/rollouts/configs/configs.ts";
import { RolloutWorld } from "../support/fleet.ts";
import { toCamel, toSnake } from "../../routes/controller/names.ts";
import { DatabaseSync } from "node:sqlite";

const file = (name: string, text: string) => ({
  name,
  body: new TextEncoder().encode(text),
  contentType: "text/yaml",
  role: "",
});

const GOOD = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}}
exporters: {debug: {}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
`;

Deno.test("validateForGateways()", async (t) => {
  const errorsOf = async (...files: ReturnType<typeof file>[]) =>
    (await validateForGateways(files)).filter(({ severity }) => severity === "error");

  await t.step("a good one has no errors", async () => deepStrictEqual(await errorsOf(file("", GOOD)), []));

  await t.step("files are merged in the order of their names", async () => {
    const wrong = file("a.yaml", GOOD.replace("[debug]", "[nowhere]"));
    ok((await errorsOf(wrong)).length > 0);
    const right = file("b.yaml", "service: {pipelines: {traces: {exporters: [debug]}}}\n");
    deepStrictEqual(await errorsOf(right, wrong), []);
  });

  await t.step("a problem has its file and line", async () => {
    const [problem] = await errorsOf(file("edge.yaml", GOOD.replace("http:", "htttp:")));
    strictEqual(problem?.file, "edge.yaml");
    strictEqual(problem.line, 2);
  });

  await t.step("what is no text", async () => {
    const [problem] = await errorsOf({ ...file("", ""), body: Uint8Array.of(0xff) });
    strictEqual(problem?.message, "is not UTF-8");
  });

  await t.step("variables and files of this machine are not read", async () => {
    Deno.env.set("CONTROLLER_SECRET", "hunter2");
    const problems = await validateForGateways([
      file("", GOOD.replace("127.0.0.1:4318", "${env:CONTROLLER_SECRET}")),
      file("b", "x: ${file:/etc/hostname}\n"),
    ]);
    Deno.env.delete("CONTROLLER_SECRET");
    ok(!JSON.stringify(problems).includes("hunter2"));
    ok(problems.some(({ message }) => message.includes("/etc/hostname")));
  });
});

Deno.test("ConfigOffers", async (t) => {
  const world = new RolloutWorld(new DatabaseSync(":memory:"));
  const offers = new ConfigOffers(world.catalog);

  await t.step("a version is encoded once, and found by its hash", () => {
    const info = world.config("edge", "a: 1");
    const offer = offers.of(info);
    strictEqual(offer.hash, info.hash);
    strictEqual(offers.of(info), offer);
    strictEqual(offers.byHash(info.hash), offer);
  });

  await t.step("no configuration is one too", () => strictEqual(offers.of(NO_CONFIG).hash, NO_CONFIG.hash));

  await t.step("a content that no version has", () => strictEqual(offers.byHash("00"), undefined));

  await t.step("the one used longest ago is let go past 64", () => {
    const first = world.config("many", "0");
    const offer = offers.of(first);
    for (let index = 1; index < 64; index++) offers.of(world.config("many", String(index)));
    strictEqual(offers.of(first), offer);
    for (let index = 64; index < 128; index++) offers.of(world.config("many", String(index)));
    ok(offers.of(first) !== offer);
  });
});

Deno.test("names go from one form to the other and back", () => {
  const inside = { softMs: 1, list: [{ aB: null, c: "x_y" }], deep: { maxApplying: { share: 0.1 } } };
  const outside = { soft_ms: 1, list: [{ a_b: null, c: "x_y" }], deep: { max_applying: { share: 0.1 } } };
  deepStrictEqual(toSnake(inside), outside);
  deepStrictEqual(toCamel(outside), inside);
});
