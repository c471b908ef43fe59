import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { bcrypt } from "hash-wasm";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { ThrottledError, UnauthenticatedError } from "../../../pipeline/core/errors.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { basicAuthFactory } from "../../../pipeline/extensions/basicauth.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { basicOf, senderOf } from "../../support/tenant_table.ts";

const INLINE = `
# a comment: with a colon
agent:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=
plain:text
nginx:{PLAIN}text
colons:a:b
no colon
:nobody
`;

async function create(settings: Record<string, unknown>) {
  const config = basicAuthFactory.schema.parse(asYaml(settings));
  const authenticator = basicAuthFactory.createAuthenticator?.(config, {
    id: "basicauth",
    logger: silentLogger,
    meter: silentMeter,
    clock: new FakeClock(),
    random: () => 0,
    memory: createMemoryBudget(),
  });
  ok(authenticator !== undefined);
  await authenticator.start?.();
  const authenticate = async (authorization: string | undefined, peerAddress = "192.0.2.1") => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return await authenticator.server?.authenticate(senderOf({ headers, peerAddress }));
  };
  return { authenticator, authenticate };
}

Deno.test("basicauth: whom it takes", async (t) => {
  const cases: { name: string; header: string | undefined; user: string | undefined }[] = [
    { name: "a hash", header: basicOf("agent", "password"), user: "agent" },
    { name: "its scheme in capitals", header: basicOf("agent", "password").replace("Basic", "BASIC"), user: "agent" },
    { name: "another password", header: basicOf("agent", "Password"), user: undefined },
    { name: "no password", header: basicOf("agent", ""), user: undefined },
    { name: "plain text", header: basicOf("plain", "text"), user: "plain" },
    { name: "plain text as nginx has it", header: basicOf("nginx", "text"), user: "nginx" },
    { name: "a password with a colon", header: basicOf("colons", "a:b"), user: "colons" },
    {
      name: "the hash as the password",
      header: basicOf("agent", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="),
      user: undefined,
    },
    { name: "an unknown user", header: basicOf("nobody", "password"), user: undefined },
    { name: "a user without a name", header: basicOf("", "nobody"), user: undefined },
    { name: "a comment", header: basicOf("# a comment", " with a colon"), user: undefined },
    { name: "another scheme", header: "Bearer YWdlbnQ6cGFzc3dvcmQ=", user: undefined },
    { name: "no base64", header: "Basic agent:password", user: undefined },
    { name: "no colon", header: `Basic ${btoa("agent")}`, user: undefined },
    { name: "a huge one", header: basicOf("agent", "x".repeat(20_000)), user: undefined },
    { name: "twice", header: `${basicOf("agent", "password")}, ${basicOf("agent", "password")}`, user: undefined },
    { name: "nothing", header: undefined, user: undefined },
  ];
  for (const { name, header, user } of cases) {
    await t.step(name, async () => {
      const { authenticate } = await create({ htpasswd: { inline: INLINE } });
      if (user === undefined) return await rejects(authenticate(header), UnauthenticatedError);
      const attributes = await authenticate(header);
      deepStrictEqual([...attributes ?? []], [["username", user], ["raw", header?.slice(6)]]);
      strictEqual(await authenticate(header), attributes, "it is remembered");
    });
  }
});

Deno.test("basicauth: a costly hash is compared in another thread, and inline wins over the file", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "agent:other\nfiled:text\n");
  const salt = new Uint8Array(16).fill(1);
  const costly = await bcrypt({ password: "dear", salt, costFactor: 5, outputType: "encoded" });
  const { authenticator, authenticate } = await create({
    htpasswd: { file, inline: `agent:{PLAIN}x\ncostly:${costly}` },
  });
  strictEqual((await authenticate(basicOf("filed", "text")))?.get("username"), "filed");
  strictEqual((await authenticate(basicOf("agent", "x")))?.get("username"), "agent");
  await rejects(authenticate(basicOf("agent", "other")), UnauthenticatedError);
  strictEqual((await authenticate(basicOf("costly", "dear")))?.get("username"), "costly");
  await rejects(authenticate(basicOf("costly", "x")), UnauthenticatedError);
  await authenticator.shutdown?.(AbortSignal.abort());
  await Deno.remove(file);
});

Deno.test("basicauth: one peer may not try for ever", async () => {
  const { authenticate } = await create({ htpasswd: { inline: INLINE } });
  for (let i = 0; i < 50; i++) await rejects(authenticate(basicOf("plain", `x${i}`)), UnauthenticatedError);
  await rejects(authenticate(basicOf("plain", "x50")), ThrottledError);
  strictEqual((await authenticate(basicOf("plain", "text"), "192.0.2.2"))?.get("username"), "plain");
});

Deno.test("basicauth tells a destination who sends", async () => {
  const { authenticator } = await create({ client_auth: { username: "agent", password: "pässword" } });
  deepStrictEqual(authenticator.client?.credentials(), ["authorization", basicOf("agent", "pässword")]);
  strictEqual(authenticator.server, undefined);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "secret\n");
  const filed = await create({ client_auth: { username: "agent", password_file: file } });
  deepStrictEqual(filed.authenticator.client?.credentials(), ["authorization", basicOf("agent", "secret")]);
  await Deno.remove(file);
});

Deno.test("basicauth refuses a configuration that is none", async (t) => {
  const cases = [
    {},
    { htpasswd: {} },
    { htpasswd: { inline: "a:b" }, client_auth: { username: "a" } },
    { client_auth: { username: "a:b" } },
  ];
  for (const settings of cases) {
    await t.step(JSON.stringify(settings), () => {
      strictEqual(basicAuthFactory.schema.safeParse(asYaml(settings)).success, false);
    });
  }
});
