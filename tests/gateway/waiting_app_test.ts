import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { waitingApp } from "../../gateway/waiting_app.ts";
import { KEPT, type Outcome } from "../../pipeline/contract/consumer.ts";
import type { Entry, OtlpHandler, ReceivedRequest } from "../../pipeline/contract/http.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { NO_ORIGIN } from "../../pipeline/otlp/payload.ts";

const REQUEST: ReceivedRequest = {
  signal: "traces",
  encoding: "protobuf",
  body: new Uint8Array(0),
  origin: NO_ORIGIN,
};
const NEVER = new AbortController().signal;
const SENDER = {} as Parameters<NonNullable<OtlpHandler["enter"]>>[1];

/** As a receiver makes it: a class, which notes what it is asked. */
class Receiver implements OtlpHandler {
  readonly asked: string[] = [];
  readonly paths = new Map([["/v1/traces", "traces"] as const]);
  readonly metadata = ["a"];
  admit(): void {
    this.asked.push("admit");
  }
  enter(): Entry {
    this.asked.push("enter");
    return {} as Entry;
  }
  accept(): Promise<Outcome> {
    this.asked.push("accept");
    return Promise.resolve(KEPT);
  }
}

function open(receiver: OtlpHandler) {
  const waiting = waitingApp({ otlp: receiver });
  if (!("otlp" in waiting.app)) throw new TypeError("Cannot happen: it is OTLP");
  return { ...waiting, otlp: waiting.app.otlp };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a receiver that waits for the flip", async (t) => {
  await t.step("bounds are asked at once, who sends is asked after it", async () => {
    const receiver = new Receiver();
    const { otlp, open: flip } = open(receiver);
    deepStrictEqual([otlp.paths, otlp.metadata], [receiver.paths, receiver.metadata]);
    otlp.admit("traces", 1);
    const entered = otlp.enter?.("traces", SENDER, 1);
    await settle();
    deepStrictEqual(receiver.asked, ["admit"]);
    flip();
    await entered;
    deepStrictEqual(receiver.asked, ["admit", "enter"]);
  });

  await t.step("without tenants its bodies wait", async () => {
    const receiver = new Receiver();
    const { paths, metadata } = receiver;
    const { otlp, open: flip } = open({ paths, metadata, admit: () => {}, accept: () => receiver.accept() });
    strictEqual(otlp.enter, undefined);
    const accepted = otlp.accept(REQUEST, NEVER);
    await settle();
    deepStrictEqual(receiver.asked, []);
    flip();
    strictEqual(await accepted, KEPT);
  });

  await t.step("when there is none its senders come again", async () => {
    const receiver = new Receiver();
    const { otlp, giveUp } = open(receiver);
    const entered = otlp.enter?.("traces", SENDER, 1);
    giveUp();
    await rejects(Promise.resolve(entered), UnavailableError);
    deepStrictEqual(receiver.asked, []);
  });
});
