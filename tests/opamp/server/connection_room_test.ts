import { deepStrictEqual, ok } from "node:assert/strict";
import { connectionRoom, maxOpenFiles } from "../../../opamp/server/connection_room.ts";

const cases: { name: string; wanted: number; maxFiles: number; want: { webSockets: number; all: number } }[] = [
  { name: "as configured", wanted: 25_000, maxFiles: 65_536, want: { webSockets: 25_000, all: 26_000 } },
  { name: "not known", wanted: 25_000, maxFiles: Infinity, want: { webSockets: 25_000, all: 26_000 } },
  { name: "fewer files than wanted", wanted: 25_000, maxFiles: 20_000, want: { webSockets: 19_336, all: 19_936 } },
  { name: "a small process", wanted: 25_000, maxFiles: 1_024, want: { webSockets: 930, all: 960 } },
  { name: "hardly any", wanted: 25_000, maxFiles: 50, want: { webSockets: 1, all: 2 } },
];

Deno.test("connectionRoom()", async (t) => {
  for (const { name, wanted, maxFiles, want } of cases) {
    await t.step(name, () => deepStrictEqual(connectionRoom(wanted, maxFiles), want));
  }
});

Deno.test("the process knows how many files it may open, or that there is no bound to know", () => {
  ok(maxOpenFiles() >= 256);
});
