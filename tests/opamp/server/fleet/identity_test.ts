/** Two agents under one uid: what tells them apart, and what is told where nothing does. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { AgentDescription } from "../../../../opamp/protocol/messages.ts";
import type { Logger } from "../../../../pipeline/core/log.ts";
import { silentLogger } from "../../../../pipeline/core/log.ts";
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
