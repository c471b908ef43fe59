import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  type ConnectionRoom,
  connectionRoom,
  maxOpenFiles,
} from "../../../../opamp/server/connections/connection_room.ts";

const cases: { name: string; wanted: number; maxFiles: number; want: ConnectionRoom }[] = [
  {
    name: "as configured",
    wanted: 25_000,
    maxFiles: 65_536,
    want: { webSockets: 25_000, all: 26_000, backlog: 1_310 },
  },
  { name: "not known", wanted: 25_000, maxFiles: Infinity, want: { webSockets: 25_000, all: 26_000, backlog: 4_096 } },
  { name: "fewer files", wanted: 25_000, maxFiles: 20_000, want: { webSockets: 18_936, all: 19_536, backlog: 400 } },
  { name: "a small process", wanted: 25_000, maxFiles: 1_024, want: { webSockets: 910, all: 940, backlog: 20 } },
  { name: "hardly any", wanted: 25_000, maxFiles: 50, want: { webSockets: 1, all: 2, backlog: 1 } },
];

const ROOM = JSON.stringify(new URL("../../../../opamp/server/connections/connection_room.ts", import.meta.url).href);

/** A server with this room, in a process that may open 200 files. */
const SERVER = `
  import http from "node:http";
  import { connectionRoom, maxOpenFiles } from ${ROOM};
  const { all, backlog } = connectionRoom(25_000, maxOpenFiles());
  const server = http.createServer((_, response) => response.end());
  server.maxConnections = all;
  server.listen({ host: "127.0.0.1", port: 0, backlog }, () => console.log(server.address().port));
`;

Deno.test("a server that more connect to than it may open files goes on", async () => {
  const file = await Deno.makeTempFile({ suffix: ".mjs" });
  await Deno.writeTextFile(file, SERVER);
  const args = ["-c", 'ulimit -n 200; exec "$0" run -A "$1"', Deno.execPath(), file];
  const server = new Deno.Command("bash", { args, stdout: "piped", stderr: "null" }).spawn();
  const reader = server.stdout.getReader();
  try {
    const port = Number(new TextDecoder().decode((await reader.read()).value));
    const connecting = Array.from({ length: 250 }, () => Deno.connect({ hostname: "127.0.0.1", port }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Who still waits in the kernel is let in when others have gone.
    for (const connected of connecting) void connected.then((connection) => connection.close(), () => {});
    await Promise.allSettled(connecting);
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(20_000) });
    await response.body?.cancel();
    strictEqual(response.status, 200);
  } finally {
    await reader.cancel();
    server.kill("SIGKILL");
    await server.status;
    await Deno.remove(file);
  }
});

Deno.test("connectionRoom()", async (t) => {
  for (const { name, wanted, maxFiles, want } of cases) {
    await t.step(name, () => deepStrictEqual(connectionRoom(wanted, maxFiles), want));
  }
});

Deno.test("the process knows how many files it may open, or that there is no bound to know", () => {
  ok(maxOpenFiles() >= 256);
});
