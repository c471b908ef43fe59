import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { MAX_TAP_MS, MAX_TAP_SAMPLES, RemoteTap } from "../../../gateway/opamp/tap.ts";
import type { CustomMessageResult } from "../../../opamp/client/custom_messages.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import type { TapEvent, TapQuery } from "../../../routes/admin/schemas.ts";
import { settle } from "../../support/fake_clock.ts";

const SAMPLE: TapEvent = { type: "sample", thread: "t", at_ms: 1, signal: "traces", items: 1, bytes: 2, payload: {} };
const END: TapEvent = { type: "end", reason: "duration", samples: 1, dropped: 0 };

function setUp(events: readonly TapEvent[], result: CustomMessageResult = "queued", mask: readonly string[] = []) {
  const sent: Record<string, unknown>[] = [];
  const queries: TapQuery[] = [];
  let aborted = false;
  const gate = Promise.withResolvers<void>();
  const tap = new RemoteTap({
    tap: (node, query, abort) => {
      if (node === "absent") return Promise.reject(new Error("Cannot find the node"));
      queries.push(query);
      abort.addEventListener("abort", () => aborted = true);
      return Promise.resolve((async function* () {
        if (node === "slow") await gate.promise;
        yield* events;
      })());
    },
    send: ({ type, data }) => {
      sent.push({ type, ...JSON.parse(new TextDecoder().decode(data)) });
      return result;
    },
    mask,
    logger: silentLogger,
  });
  const ask = (request: unknown) =>
    tap.onMessage({
      type: "request",
      data: new TextEncoder().encode(typeof request === "string" ? request : JSON.stringify(request)),
    });
  return { tap, ask, sent, queries, isAborted: () => aborted, open: gate.resolve };
}

Deno.test("a tap from afar", async (t) => {
  await t.step("sends samples and an end", async () => {
    const { ask, sent } = setUp([SAMPLE, END]);
    await ask({ id: "1", node: "n" });
    deepStrictEqual(sent.map(({ type, id }) => [type, id]), [["sample", "1"], ["end", "1"]]);
  });
  await t.step("is bounded, and masks what is masked here too", async () => {
    const { ask, queries } = setUp([END], "queued", ["user.id"]);
    await ask({ id: "1", node: "n", duration_ms: 300_000, max_samples: 1_000, mask: "a" });
    const [query] = queries;
    deepStrictEqual([query?.duration_ms, query?.max_samples, query?.mask], [MAX_TAP_MS, MAX_TAP_SAMPLES, "a,user.id"]);
  });
  await t.step("one at a time", async () => {
    const { ask, sent, open } = setUp([END]);
    const first = ask({ id: "1", node: "slow" });
    await ask({ id: "2", node: "n" });
    open();
    await first;
    deepStrictEqual(sent.map(({ type, id }) => [type, id]), [["refused", "2"], ["end", "1"]]);
  });
  await t.step("ends when nobody listens any more", async () => {
    const { ask, isAborted } = setUp([SAMPLE], "not connected");
    await ask({ id: "1", node: "n" });
    strictEqual(isAborted(), true);
  });
  await t.step("counts what does not get through", async () => {
    const { ask, sent } = setUp([SAMPLE, SAMPLE, END], "queue full");
    await ask({ id: "1", node: "n" });
    strictEqual(sent.at(-1)?.["unsent"], 2);
  });
  await t.step("ends with the agent", async () => {
    const { tap, ask, isAborted, open } = setUp([]);
    const asked = ask({ id: "1", node: "slow" });
    await settle();
    tap.stop();
    strictEqual(isAborted(), true);
    open();
    await asked;
  });
  const refused: [name: string, request: unknown, why: RegExp][] = [
    ["no JSON", "{", /no JSON object/],
    ["no node", { id: "1" }, /no id or no node/],
    ["an unknown key", { id: "1", node: "n", shell: "rm" }, /shell/i],
    ["an unknown node", { id: "1", node: "absent" }, /Cannot find the node/],
    ["too many bytes", { id: "1", node: "x".repeat(5_000) }, /wanted JSON of at most 4096/],
  ];
  for (const [name, request, why] of refused) {
    await t.step(`refuses ${name}`, async () => {
      const { ask, sent } = setUp([]);
      await ask(request);
      strictEqual(sent[0]?.["type"], "refused");
      match(String(sent[0]?.["reason"]), why);
    });
  }
  await t.step("another type is left alone", async () => {
    const { tap, sent } = setUp([]);
    await tap.onMessage({ type: "other" });
    deepStrictEqual(sent, []);
  });
});
