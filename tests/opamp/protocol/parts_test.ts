import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import {
  AgentCapabilities,
  ALL_AGENT_CAPABILITIES,
  ALL_SERVER_CAPABILITIES,
  hasBits,
  maskOf,
  nameOf,
  namesOf,
  RemoteConfigStatuses,
  ServerCapabilities,
} from "../../../opamp/protocol/capabilities.ts";
import { MalformedMessageError } from "../../../opamp/protocol/errors.ts";
import { frame, unframe } from "../../../opamp/protocol/framing.ts";
import {
  bytesToHex,
  hashComponents,
  hashConfigMap,
  hexToBytes,
  sameBytes,
  sha256,
} from "../../../opamp/protocol/hashes.ts";
import {
  formatInstanceUid,
  INSTANCE_UID_RANDOM_BYTES,
  makeInstanceUid,
  parseInstanceUid,
} from "../../../opamp/protocol/instance_uid.ts";
import type { ComponentDetails } from "../../../opamp/protocol/messages.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("unframe()", async (t) => {
  const cases: { name: string; frame: string; want: string | undefined }[] = [
    { name: "C04: a header and nothing", frame: "00", want: "" },
    { name: "C02: a header and a message", frame: "000a", want: "0a" },
    { name: "a long form of 0", frame: "80000a", want: "0a" },
    { name: "ten bytes of header", frame: "80808080808080808000", want: "" },
    { name: "eleven bytes of header", frame: "8080808080808080808000", want: undefined },
    { name: "C03: header 1", frame: "010a", want: undefined },
    { name: "C03: header 128", frame: "80010a", want: undefined },
    { name: "no header", frame: "", want: undefined },
    { name: "a header cut off", frame: "80", want: undefined },
    { name: "a message without a header", frame: "0a1001", want: undefined },
  ];
  for (const { name, frame, want } of cases) {
    await t.step(name, () => {
      if (want === undefined) throws(() => unframe(hexToBytes(frame)), MalformedMessageError);
      else strictEqual(bytesToHex(unframe(hexToBytes(frame))), want);
    });
  }
  await t.step("what frame() made", () => {
    fc.assert(fc.property(fc.uint8Array(), (message) => deepStrictEqual(unframe(frame(message)), message)));
  });
});

Deno.test("masks", () => {
  strictEqual(Object.values(AgentCapabilities).reduce((mask: number, bit) => mask | bit, 0), ALL_AGENT_CAPABILITIES);
  strictEqual(Object.values(ServerCapabilities).reduce((mask: number, bit) => mask | bit, 0), ALL_SERVER_CAPABILITIES);
  strictEqual(maskOf(AgentCapabilities, ["ReportsStatus", "ReportsHeartbeat"]), 0x2001);
  deepStrictEqual(namesOf(AgentCapabilities, 0x12001), ["ReportsStatus", "ReportsHeartbeat"]);
  strictEqual(hasBits(0x2001, 0x2003), false);
  strictEqual(nameOf(RemoteConfigStatuses, 3), "FAILED");
  strictEqual(nameOf(RemoteConfigStatuses, undefined), "UNSET");
  strictEqual(nameOf(RemoteConfigStatuses, 9), "unknown (9)");
});

Deno.test("C29, C30: an instance uid is a UUIDv7", () => {
  const random = new Uint8Array(INSTANCE_UID_RANDOM_BYTES).fill(0xff);
  const uid = makeInstanceUid(0x01906a5c0000, random);
  strictEqual(formatInstanceUid(uid), "01906a5c-0000-7fff-bfff-ffffffffffff");
  deepStrictEqual(parseInstanceUid("01906A5C-0000-7fff-bfff-ffffffffffff"), uid);
  strictEqual(parseInstanceUid("01906a5c00007fffbfffffffffffffff"), undefined);
  strictEqual(formatInstanceUid(makeInstanceUid(2 ** 48 - 1, random)).slice(0, 14), "ffffffff-ffff-");
  throws(() => makeInstanceUid(0, new Uint8Array(9)), RangeError);
});

Deno.test("hashConfigMap()", async (t) => {
  const of = (...entries: [string, string, string?, string?][]) =>
    bytesToHex(hashConfigMap({
      configMap: new Map(
        entries.map(([name, body, contentType, role]) => [name, { body: utf8(body), contentType, role }]),
      ),
    }));
  const base = of(["a", "1"], ["b", "2"]);
  await t.step("C57: the order does not matter", () => strictEqual(of(["b", "2"], ["a", "1"]), base));
  const others: [string, string][] = [
    ["name", of(["a", "1"], ["c", "2"])],
    ["body", of(["a", "1"], ["b", "3"])],
    ["content type", of(["a", "1"], ["b", "2", "text/yaml"])],
    ["role", of(["a", "1"], ["b", "2", "", "main"])],
    ["where a part ends", of(["a", "1"], ["", "b2"])],
    ["nothing", of()],
  ];
  for (const [name, other] of others) await t.step(name, () => strictEqual(other === base, false));
});

Deno.test("C46: equal sets of components have equal hashes", () => {
  const receiver: ComponentDetails = { metadata: [{ key: "type", value: { stringValue: "receiver" } }] };
  const a = new Map([["otlp", receiver], ["debug", {}]]);
  const b = new Map([["debug", {}], ["otlp", receiver]]);
  deepStrictEqual(hashComponents(a), hashComponents(b));
  const inside = new Map([["otlp", { ...receiver, subComponentMap: new Map([["debug", {}]]) }]]);
  strictEqual(sameBytes(hashComponents(a), hashComponents(inside)), false);
});

Deno.test("sha256() and sameBytes()", () => {
  strictEqual(bytesToHex(sha256(utf8("abc"))).slice(0, 16), "ba7816bf8f01cfea");
  strictEqual(sameBytes(utf8("a"), utf8("a")), true);
  strictEqual(sameBytes(utf8("a"), utf8("b")), false);
  strictEqual(sameBytes(utf8("a"), utf8("ab")), false);
  strictEqual(sameBytes(undefined, new Uint8Array(0)), true);
  strictEqual(sameBytes(undefined, utf8("a")), false);
});
