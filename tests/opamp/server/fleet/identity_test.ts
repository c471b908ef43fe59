/** Two agents under one uid: what tells them apart, and what is told where nothing does. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { AgentDescription } from "../../../../opamp/protocol/messages.ts";
import type { Logger } from "../../../../pipeline/core/log/logger.ts";
import { silentLogger } from "../../../../pipeline/core/log/logger.ts";
import type { FakeLink } from "../../../support/opamp_fleet.ts";
import { FleetProbe, keyOf, uidOf } from "../../../support/opamp_fleet.ts";

function linkOf(probe: FleetProbe, tokenId: string | undefined, transport: FakeLink["transport"]): FakeLink {
  const link = probe.link(transport);
  link.tokenId = tokenId;
  return link;
}

Deno.test("a uid belongs to the token of the agent that is there", async (t) => {
  for (const transport of ["http", "websocket"] as const) {
    const probe = new FleetProbe();
    const link = (tokenId: string) => linkOf(probe, tokenId, transport);
    const first = link("a");
    await probe.hello(first, 1);
    await t.step(`${transport}: another token is told another uid, and changes nothing`, async () => {
      const answer = await probe.hello(link("b"), 1, { health: { healthy: false } });
      deepStrictEqual(answer.instanceUid, uidOf(1));
      strictEqual(answer.agentIdentification?.newInstanceUid?.length, 16);
      strictEqual(probe.fleet.get(keyOf(1))?.healthy, true);
    });
    await t.step(`${transport}: the same token goes on`, async () => {
      const answer = await probe.report(transport === "http" ? link("a") : first, 1);
      strictEqual(answer.agentIdentification, undefined);
    });
    await t.step(`${transport}: another one is good when the agent has gone`, async () => {
      await probe.report(transport === "http" ? link("a") : first, 1, { agentDisconnect: {} });
      strictEqual((await probe.hello(link("b"), 1)).agentIdentification, undefined);
    });
    await t.step(`${transport}: and when the first is revoked`, async () => {
      probe.fleet.forgetToken("b");
      await probe.report(link("c"), 1);
      strictEqual((await probe.report(link("c"), 1)).agentIdentification, undefined);
    });
  }
});

Deno.test("what an agent does again and again is told once a minute, with how often", async (t) => {
  const named = (n: number): AgentDescription => ({
    identifyingAttributes: [{ key: "service.name", value: { stringValue: `name ${n}` } }],
  });
  const told: [message: string, times: unknown][] = [];
  const logger: Logger = { ...silentLogger, warn: (message, fields) => void told.push([message, fields?.["times"]]) };
  await t.step("other identifying attributes", async () => {
    const probe = new FleetProbe({}, { logger });
    const flood = async () => {
      for (let n = 0; n < 100; n++) await probe.report(probe.link("http"), 1, { agentDescription: named(n) });
    };
    await probe.hello(probe.link("http"), 1, { agentDescription: named(-1) });
    await flood();
    await probe.clock.advance(59_999);
    await flood();
    deepStrictEqual(told.map(([, times]) => times), [1]);
    await probe.clock.advance(1);
    await flood();
    deepStrictEqual(told.map(([, times]) => times), [1, 200]);
  });
  await t.step("another's uid", async () => {
    told.length = 0;
    const probe = new FleetProbe({}, { logger });
    await probe.hello(linkOf(probe, "a", "websocket"), 1);
    for (let n = 0; n < 10; n++) await probe.hello(linkOf(probe, "b", "websocket"), 1);
    deepStrictEqual(told, [["two agents have one uid", 1]]);
  });
});

Deno.test("a token brings so many agents and no more", async (t) => {
  const probe = new FleetProbe({ maxAgentsPerToken: 2 });
  const refused = async (tokenId: string | undefined, n: number) =>
    (await probe.hello(linkOf(probe, tokenId, "http"), n)).errorResponse !== undefined;
  await t.step("at the bound, and past it; other tokens, and agents without one, have room", async () => {
    deepStrictEqual([await refused("a", 1), await refused("a", 2), await refused("a", 3)], [false, false, true]);
    deepStrictEqual([await refused("b", 4), await refused(undefined, 5), await refused("a", 1)], [false, false, false]);
  });
  await t.step("one that is gone makes room, of its own token alone", async () => {
    await probe.report(linkOf(probe, "b", "http"), 4, { agentDisconnect: {} });
    strictEqual(await refused("a", 3), true);
    await probe.report(linkOf(probe, "a", "http"), 1, { agentDisconnect: {} });
    strictEqual(await refused("a", 3), false);
    deepStrictEqual([probe.fleet.get(keyOf(1)), probe.fleet.get(keyOf(4))?.connected], [undefined, false]);
    strictEqual(await refused("a", 6), true);
  });
});

Deno.test("identifying attributes that change are told", async (t) => {
  const attributes = (of: Record<string, string>): AgentDescription => ({
    identifyingAttributes: Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  });
  const before = { "service.name": "a", "service.version": "1" };
  const cases: [name: string, after: Record<string, string>, want: number][] = [
    ["another name", { ...before, "service.name": "b" }, 1],
    ["one more", { ...before, "service.namespace": "x" }, 1],
    ["one less", { "service.version": "1" }, 1],
    ["another version", { ...before, "service.version": "2" }, 0],
    ["another order", { "service.version": "1", "service.name": "a" }, 0],
  ];
  for (const [name, after, want] of cases) {
    await t.step(name, async () => {
      const told: string[] = [];
      const logger: Logger = { ...silentLogger, warn: (message) => void told.push(message) };
      const probe = new FleetProbe({}, { logger });
      await probe.hello(probe.link("http"), 1, { agentDescription: attributes(before) });
      await probe.report(probe.link("http"), 1, { agentDescription: attributes(after) });
      strictEqual(told.filter((message) => message.includes("identifying attributes")).length, want);
    });
  }
});
