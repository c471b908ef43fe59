import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import {
  AgentCapabilities,
  ALL_AGENT_CAPABILITIES,
  ALL_SERVER_CAPABILITIES,
  RemoteConfigStatuses,
  ServerErrorResponseType,
} from "../../../opamp/protocol/capabilities.ts";
import { MalformedMessageError } from "../../../opamp/protocol/errors.ts";
import { frame } from "../../../opamp/protocol/framing.ts";
import { bytesToHex, hexToBytes } from "../../../opamp/protocol/hashes.ts";
import { MAX_MESSAGE_DEPTH, MAX_MESSAGE_ENTRIES } from "../../../opamp/protocol/limits.ts";
import {
  type AgentToServer,
  type ComponentHealth,
  decodeAgentToServer,
  decodeServerToAgent,
  encodeAgentToServer,
  encodeRemoteConfig,
  encodeServerToAgent,
  type ServerToAgent,
} from "../../../opamp/protocol/messages.ts";
import { arbitraryMessage } from "../../support/opamp_arbitrary.ts";
import { opampType } from "../../support/opamp_proto.ts";

const U1 = "01906a5c000070008000000000000001";
const U2 = "01906a5c000070008000000000000002";
const uid1 = hexToBytes(U1);
const uid2 = hexToBytes(U2);
const hex = (text: string) => text.replaceAll("U1", U1).replaceAll("U2", U2).replaceAll(" ", "");
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The wire vectors of the reference, section 17. */
const AGENT_VECTORS: { name: string; wire: string; message: AgentToServer }[] = [
  {
    name: "heartbeat",
    wire: "0a10 U1 1005 208140",
    message: {
      instanceUid: uid1,
      sequenceNum: 5,
      capabilities: AgentCapabilities.ReportsStatus | AgentCapabilities.ReportsHeartbeat,
    },
  },
  {
    name: "disconnect",
    wire: "0a10 U1 1006 208140 4a00",
    message: { instanceUid: uid1, sequenceNum: 6, capabilities: 0x2001, agentDisconnect: {} },
  },
  { name: "all agent bits", wire: "20ffff03", message: { capabilities: ALL_AGENT_CAPABILITIES } },
  {
    name: "APPLYING",
    wire: "3a08 0a04deadbeef 1002",
    message: {
      remoteConfigStatus: { lastRemoteConfigHash: hexToBytes("deadbeef"), status: RemoteConfigStatuses.APPLYING },
    },
  },
  {
    name: "FAILED",
    wire: "3a0d 0a04deadbeef 1003 1a03626164",
    message: {
      remoteConfigStatus: {
        lastRemoteConfigHash: hexToBytes("deadbeef"),
        status: RemoteConfigStatuses.FAILED,
        errorMessage: "bad",
      },
    },
  },
  { name: "RequestInstanceUid", wire: "5001", message: { flags: 1 } },
  {
    name: "health",
    wire: "2a14 0801 1100002a36fe9c9717 2900cac471fe9c9717",
    message: {
      health: {
        healthy: true,
        startTimeUnixNano: 1_700_000_000_000_000_000n,
        statusTimeUnixNano: 1_700_000_001_000_000_000n,
      },
    },
  },
];

const SERVER_VECTORS: { name: string; wire: string; message: ServerToAgent }[] = [
  { name: "all server bits", wire: "387f", message: { capabilities: ALL_SERVER_CAPABILITIES } },
  { name: "ack", wire: "0a10 U1 3807", message: { instanceUid: uid1, capabilities: 7 } },
  { name: "ReportFullState", wire: "0a10 U1 3001", message: { instanceUid: uid1, flags: 1 } },
  {
    name: "UNAVAILABLE",
    wire: "0a10 U1 1210 0802 120462757379 1a060880d88ee16f",
    message: {
      instanceUid: uid1,
      errorResponse: {
        type: ServerErrorResponseType.Unavailable,
        errorMessage: "busy",
        retryInfo: { retryAfterNanoseconds: 30_000_000_000 },
      },
    },
  },
  {
    name: "new_instance_uid",
    wire: "0a10 U1 4212 0a10 U2",
    message: { instanceUid: uid1, agentIdentification: { newInstanceUid: uid2 } },
  },
  { name: "Restart", wire: "0a10 U1 4a00", message: { instanceUid: uid1, command: {} } },
  {
    name: "remote_config",
    wire: "1a22 0a1c 0a1a 0a00 1216 0a027b7d 12106170706c69636174696f6e2f6a736f6e 1202cafe",
    message: {
      remoteConfig: {
        config: { configMap: new Map([["", { body: utf8("{}"), contentType: "application/json" }]]) },
        configHash: hexToBytes("cafe"),
      },
    },
  },
  {
    name: "connection_settings",
    wire: "2219 0a0101 1214 0a107773733a2f2f682f76312f6f70616d70 203c",
    message: {
      connectionSettings: {
        hash: hexToBytes("01"),
        opamp: { destinationEndpoint: "wss://h/v1/opamp", heartbeatIntervalSeconds: 60 },
      },
    },
  },
];

Deno.test("wire vectors of AgentToServer", async (t) => {
  for (const { name, wire, message } of AGENT_VECTORS) {
    await t.step(name, () => {
      strictEqual(bytesToHex(encodeAgentToServer(message)), hex(wire));
      deepStrictEqual(decodeAgentToServer(hexToBytes(hex(wire))), message);
    });
  }
  await t.step("framed", () => {
    strictEqual(bytesToHex(frame(hexToBytes(hex("0a10 U1 1005 208140")))), hex("00 0a10 U1 1005 208140"));
  });
});

Deno.test("wire vectors of ServerToAgent", async (t) => {
  for (const { name, wire, message } of SERVER_VECTORS) {
    await t.step(name, () => {
      strictEqual(bytesToHex(encodeServerToAgent(message)), hex(wire));
      deepStrictEqual(decodeServerToAgent(hexToBytes(hex(wire))), message);
    });
  }
  await t.step("a map entry without its key", () => {
    const wire = "1a20 0a1a 0a18 1216 0a027b7d 12106170706c69636174696f6e2f6a736f6e 1202cafe";
    deepStrictEqual(
      decodeServerToAgent(hexToBytes(hex(wire))),
      SERVER_VECTORS.find(({ name }) => name === "remote_config")?.message,
    );
  });
});

Deno.test("decoding what the encoding allows", async (t) => {
  const cases: { name: string; wire: string; want: AgentToServer }[] = [
    { name: "nothing", wire: "", want: {} },
    {
      name: "C84: unknown fields of each wire type",
      wire: "9806 01 9906 0102030405060708 9a06 01ff 9d06 01020304 1005",
      want: { sequenceNum: 5 },
    },
    { name: "C84: an unknown group", wire: "9b06 0801 9c06 1005", want: { sequenceNum: 5 } },
    { name: "a known field of another wire type is an unknown one", wire: "0801 1005", want: { sequenceNum: 5 } },
    {
      name: "a sub-message that comes twice is merged",
      wire: "3a02 1002 3a03 0a01aa",
      want: { remoteConfigStatus: { status: 2, lastRemoteConfigHash: hexToBytes("aa") } },
    },
    {
      name: "the last map entry wins",
      wire: "2a12 3207 0a0161 1202 0801 3207 0a0161 1202 0800",
      want: { health: { componentHealthMap: new Map([["a", { healthy: false }]]) } },
    },
    {
      name: "a map entry without key and value",
      wire: "2a02 3200",
      want: { health: { componentHealthMap: new Map([["", {}]]) } },
    },
    {
      name: "the last of a oneof wins",
      wire: "1a09 0a07 1205 0a0161 1801",
      want: { agentDescription: { identifyingAttributes: [{ value: { intValue: 1n } }] } },
    },
    { name: "bits above 32 are dropped from a mask", wire: "20 81c0 80808080 01", want: { capabilities: 0x2001 } },
    {
      name: "a count past 2^53 stops there",
      wire: "10 ffffffffffffffffff01",
      want: { sequenceNum: Number.MAX_SAFE_INTEGER },
    },
    { name: "an unknown enum value stays", wire: "3a02 1063", want: { remoteConfigStatus: { status: 99 } } },
  ];
  for (const { name, wire, want } of cases) {
    await t.step(name, () => deepStrictEqual(decodeAgentToServer(hexToBytes(hex(wire))), want));
  }
});

Deno.test("malformed messages are refused", async (t) => {
  const cases: { name: string; wire: string }[] = [
    { name: "a tag cut off", wire: "80" },
    { name: "a length past the end", wire: "0a10 0102" },
    { name: "a sub-message past its parent", wire: "2a02 3205 0a0161 1200" },
    { name: "a field past its sub-message", wire: "3a02 0a05 0102030405" },
    { name: "field number 0", wire: "0001" },
    { name: "an end of a group that never began", wire: "9c06" },
    { name: "wire type 6", wire: "9e06" },
    { name: "a varint of 11 bytes", wire: "10 ffffffffffffffffffff01" },
    { name: "a string that is not UTF-8", wire: "3a03 1a01 ff" },
  ];
  for (const { name, wire } of cases) {
    await t.step(name, () => {
      throws(() => decodeAgentToServer(hexToBytes(hex(wire))), MalformedMessageError);
    });
  }
});

Deno.test("bounds of a message", async (t) => {
  const nested = (levels: number): ComponentHealth =>
    levels === 0 ? {} : { componentHealthMap: new Map([["a", nested(levels - 1)]]) };
  const deep = (levels: number) => encodeAgentToServer({ health: nested(levels) });
  const wide = (entries: number) => {
    const body = new Uint8Array(entries * 2); // each entry: field 1, empty
    for (let at = 0; at < body.length; at += 2) body[at] = 0x0a;
    const length = [body.length & 0x7f | 0x80, body.length >> 7 & 0x7f | 0x80, body.length >> 14];
    return Uint8Array.from([0x1a, ...length, ...body]);
  };
  await t.step("depth", () => {
    ok(decodeAgentToServer(deep(MAX_MESSAGE_DEPTH - 2)));
    throws(() => decodeAgentToServer(deep(MAX_MESSAGE_DEPTH - 1)), MalformedMessageError);
  });
  await t.step("entries", () => {
    const { agentDescription } = decodeAgentToServer(wide(MAX_MESSAGE_ENTRIES));
    strictEqual(agentDescription?.identifyingAttributes?.length, MAX_MESSAGE_ENTRIES);
    throws(() => decodeAgentToServer(wide(MAX_MESSAGE_ENTRIES + 1)), MalformedMessageError);
  });
});

Deno.test("nothing decoded refers to the bytes", () => {
  const bytes = hexToBytes(hex("0a10 U1"));
  const { instanceUid } = decodeAgentToServer(bytes);
  bytes.fill(0);
  deepStrictEqual(instanceUid, uid1);
  strictEqual(instanceUid?.buffer.byteLength, 16);
});

Deno.test("an encoded part is spliced in, and wins", () => {
  const remoteConfig = { config: { configMap: new Map([["", { body: new Uint8Array(1000) }]]) }, configHash: uid2 };
  const spliced = encodeServerToAgent(
    { instanceUid: uid1, remoteConfig: {}, flags: 1 },
    { remoteConfig: encodeRemoteConfig(remoteConfig) },
  );
  deepStrictEqual(spliced, encodeServerToAgent({ instanceUid: uid1, remoteConfig, flags: 1 }));
});

for (const name of ["AgentToServer", "ServerToAgent"] as const) {
  const [encode, decode] = name === "AgentToServer"
    ? [encodeAgentToServer, decodeAgentToServer]
    : [encodeServerToAgent, decodeServerToAgent];
  Deno.test(`random ${name} messages: what is written reads the same, also after the oracle wrote it`, () => {
    const oracle = opampType(name);
    fc.assert(
      fc.property(arbitraryMessage(name), (message) => {
        const bytes = encode(message);
        deepStrictEqual(decode(bytes), message);
        deepStrictEqual(decode(new Uint8Array(oracle.encode(oracle.decode(bytes)).finish())), message);
      }),
      { numRuns: 200 },
    );
  });

  Deno.test(`random bytes as ${name}: a message or a MalformedMessageError, never anything else`, () => {
    fc.assert(
      fc.property(arbitraryMessage(name, 2), fc.nat(), fc.nat(255), (message, at, byte) => {
        const bytes = encode(message);
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        try {
          decode(bytes);
        } catch (error) {
          ok(error instanceof MalformedMessageError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
}
