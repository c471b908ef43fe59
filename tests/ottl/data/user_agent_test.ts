/**
 * User-Agent headers.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { MAX_USER_AGENT_LENGTH, type UserAgent, userAgentParser } from "../../../ottl/data/user_agent.ts";

const parse = userAgentParser();

Deno.test("userAgentParser()", async (t) => {
  const cases: { header: string; want: UserAgent }[] = [
    {
      header: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
        "Version/17.1 Mobile/15E148 Safari/604.1",
      want: { name: "Mobile Safari", version: "17.1", osName: "iOS", osVersion: "17.1" },
    },
    {
      header:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
      want: { name: "Chrome", version: "120.0.0", osName: "Windows", osVersion: "10" },
    },
    {
      header: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
      want: { name: "Firefox", version: "120.0", osName: "Ubuntu", osVersion: "" },
    },
    { header: "Go-http-client/1.1", want: { name: "Go-http-client", version: "1.1", osName: "Other", osVersion: "" } },
    {
      header: "PostmanRuntime/7.32",
      want: { name: "PostmanRuntime", version: "7.32", osName: "Other", osVersion: "" },
    },
    { header: "curl/8.4.0", want: { name: "curl", version: "8.4.0", osName: "Other", osVersion: "" } },
    { header: "kube-probe/1.28", want: { name: "Other", version: "", osName: "Other", osVersion: "" } },
    { header: "", want: { name: "Other", version: "", osName: "Other", osVersion: "" } },
  ];
  for (const { header, want } of cases) {
    await t.step(header || "nothing", () => deepStrictEqual(parse(header), want));
  }
  await t.step("looks at its first characters only", () => {
    const name = "curl/8.4.0";
    strictEqual(parse("-".repeat(MAX_USER_AGENT_LENGTH - name.length) + name).name, "curl");
    strictEqual(parse("-".repeat(MAX_USER_AGENT_LENGTH) + name).name, "Other");
  });
});
