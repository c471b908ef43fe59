/** What keeps pages in a browser away from the path of agents. */

import { strictEqual } from "node:assert/strict";
import { agentGuard } from "../../controller/agent_guard.ts";
import { OpampServer } from "../../opamp/server/opamp_server.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS } from "../../opamp/server/settings.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { RawConnection } from "../support/raw_http.ts";

const LOCAL = { loopback: true, authenticated: false };
const LOCAL_WITH_TOKENS = { loopback: true, authenticated: true };
const OPEN_WITH_TOKENS = { loopback: false, authenticated: true };

const cases: { name: string; options: typeof LOCAL; headers: Record<string, string>; want: boolean }[] = [
  { name: "an agent of this machine", options: LOCAL, headers: { host: "localhost:4320" }, want: true },
  { name: "by an address", options: LOCAL, headers: { host: "[::1]:4320" }, want: true },
  { name: "another name", options: LOCAL, headers: { host: "evil.com" }, want: false },
  { name: "no name", options: LOCAL, headers: {}, want: false },
  { name: "a page", options: LOCAL, headers: { host: "localhost", origin: "http://evil.com" }, want: false },
  {
    name: "a page of this machine",
    options: LOCAL,
    headers: { host: "localhost", origin: "http://localhost" },
    want: false,
  },
  { name: "a page without an origin", options: LOCAL, headers: { host: "localhost", origin: "null" }, want: false },
  {
    name: "a page that only says its site",
    options: LOCAL,
    headers: { host: "localhost", "sec-fetch-site": "cross-site" },
    want: false,
  },
  { name: "with tokens, through a proxy", options: LOCAL_WITH_TOKENS, headers: { host: "fleet.example" }, want: true },
  { name: "with tokens, from elsewhere", options: OPEN_WITH_TOKENS, headers: { host: "fleet.example" }, want: true },
  {
    name: "with tokens, a page",
    options: OPEN_WITH_TOKENS,
    headers: { host: "fleet.example", origin: "https://fleet.example" },
    want: false,
  },
];

Deno.test("agentGuard()", async (t) => {
  for (const { name, options, headers, want } of cases) {
    await t.step(name, () => {
      const request = { headers } as unknown as Parameters<ReturnType<typeof agentGuard>>[0];
      strictEqual(agentGuard(options)(request), want);
    });
  }
});

Deno.test("a page gets neither a WebSocket nor an answer to a message", async (t) => {
  const server = new OpampServer({
    settings: DEFAULT_OPAMP_SERVER_SETTINGS,
    face: { capabilities: 0, customCapabilities: [] },
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    logger: silentLogger,
    meter: silentMeter,
    admit: agentGuard(LOCAL),
  });
  const { port } = await server.start({ hostname: "127.0.0.1", port: 0 });
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const message = "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n";
  const statusOf = async (line: string, headers: string): Promise<number | undefined> => {
    using connection = await RawConnection.open(port);
    await connection.send(`${line} /v1/opamp HTTP/1.1\r\n${headers}\r\n`);
    return (await connection.answer())?.status;
  };
  const hosts: [name: string, headers: string, isRefused: boolean][] = [
    ["an agent", "Host: localhost\r\n", false],
    ["a page", "Host: localhost\r\nOrigin: http://evil.com\r\n", true],
    ["another name", "Host: evil.com\r\n", true],
  ];
  for (const [name, headers, isRefused] of hosts) {
    await t.step(`${name}: WebSocket`, async () => {
      strictEqual(await statusOf("GET", headers + upgrade), isRefused ? 403 : 101);
    });
    await t.step(`${name}: POST`, async () => {
      strictEqual(await statusOf("POST", headers + message), isRefused ? 403 : 200);
    });
  }
  await server.shutdown(1_000);
});
