import { strictEqual } from "node:assert/strict";
import { planFor } from "../../../gateway/opamp/follow.ts";
import { openOpampState } from "../../../gateway/opamp/state_directory.ts";
import { processEnvironment } from "../../../pipeline/config/environment.ts";
import { loadConfig } from "../../../pipeline/config/source.ts";

const STORED = "0192f0c1-2345-7abc-8def-0123456789ab";
const CONFIGURED = "01906a5c-0000-7000-8000-000000000001";

/** What a gateway with these keys is called before it starts. @param client The text of `client.json`. */
async function uidOf(client: string | undefined, keys: string): Promise<string | undefined> {
  const directory = await Deno.makeTempDir();
  try {
    const { directory: made } = await openOpampState(`${directory}/opamp`);
    if (client !== undefined) await Deno.writeTextFile(`${made}/client.json`, client);
    const text = `extensions: {opamp: {server: {ws: {endpoint: "ws://127.0.0.1"}}${keys}}}`;
    const { tree } = await loadConfig([{ kind: "text", name: "local", text }], processEnvironment);
    return (await planFor("opamp", tree, directory)).instanceUid;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("planFor(): what own telemetry is to call the gateway from its start", async (t) => {
  const stored = JSON.stringify({ version: 1, instanceUid: STORED });
  const cases: { name: string; client?: string; keys?: string; want: string | undefined }[] = [
    { name: "the uid that it had, or that a server gave it", client: stored, want: STORED },
    { name: "the configured one before that", client: stored, keys: `, instance_uid: ${CONFIGURED}`, want: CONFIGURED },
    { name: "none yet", want: undefined },
    { name: "none of a state that is broken", client: "{", want: undefined },
  ];
  for (const { name, client, keys = "", want } of cases) {
    await t.step(name, async () => strictEqual(await uidOf(client, keys), want));
  }
});
