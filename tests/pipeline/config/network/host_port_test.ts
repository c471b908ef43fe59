import { deepStrictEqual } from "node:assert/strict";
import { hostPort, parseHostPort } from "../../../../pipeline/config/network/host_port.ts";

Deno.test("parseHostPort()", async (t) => {
  const cases: { text: string; want: unknown }[] = [
    { text: "kafka:9092", want: { host: "kafka", port: 9092 } },
    { text: " 10.0.0.1:1 ", want: { host: "10.0.0.1", port: 1 } },
    { text: "[::1]:65535", want: { host: "::1", port: 65535 } },
    { text: "::1:9092", want: undefined },
    { text: "kafka", want: undefined },
    { text: "kafka:65536", want: undefined },
    { text: "kafka:0", want: undefined },
    { text: ":9092", want: undefined },
    { text: "https://kafka:1", want: undefined },
    { text: "me@kafka:1", want: undefined },
    { text: "", want: undefined },
  ];
  for (const { text, want } of cases) {
    await t.step(JSON.stringify(text), () => {
      deepStrictEqual(parseHostPort(text), want);
      deepStrictEqual(hostPort().safeParse(text).success, want !== undefined);
    });
  }
});
