import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { openOpampState } from "../../../gateway/opamp/state_directory.ts";
import type { ClientState } from "../../../opamp/client/client_state.ts";

const STATE: ClientState = { version: 1, instanceUid: "01906a5c-0000-7000-8000-000000000001" };
const FILES = [{ name: "a", text: "receivers: {}" }, { name: "", text: "é" }];

Deno.test("openOpampState()", async (t) => {
  const directory = `${await Deno.makeTempDir()}/below/it`;
  await t.step("is empty at first", async () => {
    const { client, lastGood } = await openOpampState(directory);
    deepStrictEqual([await client.load(), await lastGood.load(), client.isEphemeral], [undefined, [], false]);
  });
  await t.step("outlives the process, for its owner alone", async () => {
    const before = await openOpampState(directory);
    await before.client.save(STATE);
    await before.lastGood.save(FILES);
    const { client, lastGood } = await openOpampState(directory);
    deepStrictEqual([await client.load(), await lastGood.load()], [STATE, FILES]);
    for (const { name } of Deno.readDirSync(directory)) {
      strictEqual((Deno.statSync(`${directory}/${name}`).mode ?? 0) & 0o777, 0o600, name);
    }
    strictEqual((Deno.statSync(directory).mode ?? 0) & 0o777, 0o700);
  });
  for (const text of ["", "{", "null", "7", '{"version":2,"files":[]}', '{"version":1,"files":[{"name":1}]}']) {
    await t.step(`what cannot be understood is nothing: ${text}`, async () => {
      await Deno.writeTextFile(`${directory}/remote_config.json`, text);
      await Deno.writeTextFile(`${directory}/client.json`, text);
      const { client, lastGood } = await openOpampState(directory);
      deepStrictEqual([await client.load(), await lastGood.load()], [undefined, []]);
    });
  }
  await t.step("in memory where there is no directory", async () => {
    const { client, lastGood } = await openOpampState(undefined);
    await lastGood.save(FILES);
    deepStrictEqual([client.isEphemeral, await lastGood.load()], [true, FILES]);
  });
  await t.step("fails where a file is in its way", async () => {
    await rejects(openOpampState(`${directory}/client.json`));
  });
});
