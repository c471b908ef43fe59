/** Whatever happens on the way, a server that stays in the end knows what the agent is, and there is never more than one link. */

import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import { ServerErrorResponseType, ServerToAgentFlags } from "../../../opamp/protocol/capabilities.ts";
import type { AgentToServer, ServerToAgent } from "../../../opamp/protocol/messages.ts";
import { settle } from "../../support/fake_clock.ts";
import { Bench, type FakeLink, LOCAL, SERVER_BITS } from "../../support/opamp_fake_server.ts";

type Step =
  | { readonly kind: "health" | "config"; readonly value: number }
  | { readonly kind: "advance"; readonly byMs: number }
  | { readonly kind: "open" | "answer" | "break" | "refuse" | "unavailable" | "reject" | "garbage" | "full" };

const PARTS = ["agentDescription", "health", "effectiveConfig"] as const;

/** A server that merges what it is told, and asks for all when it may have missed something. */
class Model {
  readonly state: Partial<Record<(typeof PARTS)[number], unknown>> = {};
  #last: number | undefined;
  readonly #taken = new Map<FakeLink, number>();

  /** Takes what came on a link since the last time. */
  take(link: FakeLink): ServerToAgent {
    const from = this.#taken.get(link) ?? 0;
    this.#taken.set(link, link.received.length);
    const hasGap = link.received.slice(from).map((message) => this.#merge(message)).includes(true);
    return { capabilities: SERVER_BITS, flags: hasGap ? ServerToAgentFlags.ReportFullState : 0 };
  }

  /** What came is dropped by a server that does not look at it. */
  skip(link: FakeLink): void {
    this.#taken.set(link, link.received.length);
  }

  hasNews(link: FakeLink): boolean {
    return link.received.length > (this.#taken.get(link) ?? 0);
  }

  #merge(message: AgentToServer): boolean {
    const { sequenceNum = 0 } = message;
    const hasGap = this.#last !== undefined && sequenceNum !== this.#last + 1;
    this.#last = sequenceNum;
    for (const part of PARTS) if (message[part] !== undefined) this.state[part] = message[part];
    return hasGap;
  }
}

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("health" as const, "config" as const), value: fc.nat(5) }),
  fc.record({ kind: fc.constant("advance" as const), byMs: fc.constantFrom(0, 500, 5_000, 30_000, 70_000) }),
  fc.record({
    kind: fc.constantFrom(
      ...["open", "open", "answer", "answer", "break", "refuse", "unavailable", "reject", "garbage", "full"] as const,
    ),
  }),
);

async function run(bench: Bench, model: Model, isHttp: boolean, step: Step): Promise<void> {
  const { link } = bench;
  const isDue = !isHttp || model.hasNews(link); // no HTTP answer without a request
  switch (step.kind) {
    case "health":
      bench.client.setHealth({ healthy: true, status: String(step.value) });
      return settle();
    case "config":
      bench.client.setEffectiveConfig(() => configOf(step.value));
      return settle();
    case "advance":
      return await bench.clock.advance(step.byMs);
    case "open":
      if (link.received.length === 0) await link.open();
      return;
    case "break":
      model.skip(link);
      return await link.fail();
    case "refuse":
      if (isHttp && isDue) model.skip(link);
      return await link.fail({ status: 503, isUnsent: isHttp });
    case "unavailable":
      if (isDue) await link.answer({ errorResponse: { type: ServerErrorResponseType.Unavailable } });
      return model.skip(link);
    case "reject":
      if (isDue) {
        await link.answer({ errorResponse: { type: ServerErrorResponseType.BadRequest }, ...rejected(model, link) });
      }
      return;
    case "garbage":
      if (!isHttp) await link.unreadable();
      return;
    case "full":
      if (isDue) await link.answer({ ...model.take(link), flags: ServerToAgentFlags.ReportFullState });
      return;
    case "answer":
      if (isDue) await link.answer(model.take(link));
  }
}

/** A server that rejects has looked at what it rejects. */
function rejected(model: Model, link: FakeLink): ServerToAgent {
  model.take(link);
  return {};
}

const configOf = (value: number) => ({
  configMap: { configMap: new Map([["", { body: new TextEncoder().encode(`config ${value}`) }]]) },
});

/** Answers until nothing more is said. */
async function calmDown(bench: Bench, model: Model): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const { link } = bench;
    if (link.ended === undefined && link.received.length === 0) await link.open();
    if (link.ended === undefined && model.hasNews(link)) await link.answer(model.take(link));
    else await bench.clock.advance(10_000);
  }
}

for (const scheme of ["ws", "http"] as const) {
  Deno.test(`a server over ${scheme} knows the agent in the end`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 25 }), async (steps) => {
        const bench = new Bench({ connection: { ...LOCAL, endpoint: `${scheme}://one/` } });
        const model = new Model();
        await bench.client.start();
        await settle();
        for (const step of steps) {
          await run(bench, model, scheme === "http", step);
          ok(bench.open <= 1, "one link at the most");
        }
        bench.client.setHealth({ healthy: true, status: "end" });
        bench.client.setEffectiveConfig(() => configOf(99));
        await calmDown(bench, model);
        deepStrictEqual(model.state.health, { healthy: true, status: "end" });
        deepStrictEqual(model.state.effectiveConfig, configOf(99));
        ok(model.state.agentDescription);
        await bench.link.answer(model.take(bench.link));
        const last = bench.last.sequenceNum;
        await settle();
        deepStrictEqual(bench.last.sequenceNum, last, "nothing is said without need");
      }),
      { numRuns: 20 },
    );
  });
}
