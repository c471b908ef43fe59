import { strictEqual } from "node:assert/strict";
import { AgentNames, MAX_ID_CHARS } from "../../controller/agent_names.ts";

const UUID = "0192f0c1-2345-7abc-8def-0123456789ab";
const HEX = UUID.replaceAll("-", "");
const OTHER = "f".repeat(32);
const isKnown = (uid: string) => uid === HEX || uid === OTHER;

/** Who `id` is, when agents have described themselves so. */
function whoIs(id: string, described: readonly (readonly [uid: string, id: string | undefined])[]): string | undefined {
  const names = new AgentNames();
  for (const [uid, own] of described) names.note(uid, own);
  return names.uidOf(id, isKnown);
}

const long = "x".repeat(MAX_ID_CHARS);
const cases: { name: string; id: string; described?: [string, string | undefined][]; want: string | undefined }[] = [
  { name: "an instance uid", id: UUID, want: HEX },
  { name: "the same in capitals and without dashes", id: HEX.toUpperCase(), want: HEX },
  { name: "a uid that nobody has", id: "e".repeat(32), want: undefined },
  { name: "nothing", id: "", want: undefined },
  { name: "a configured id", id: "edge-1", described: [[HEX, "edge-1"], [OTHER, "edge-2"]], want: HEX },
  { name: "a UUID of before the server gave another uid", id: UUID, described: [[OTHER, UUID]], want: HEX },
  {
    name: "a uid that is gone, as an agent describes it",
    id: "d".repeat(32),
    described: [[OTHER, "d".repeat(32)]],
    want: OTHER,
  },
  { name: "an id of two agents", id: "edge", described: [[HEX, "edge"], [OTHER, "edge"]], want: undefined },
  { name: "an id that an agent has given up", id: "a", described: [[HEX, "a"], [HEX, "b"]], want: undefined },
  { name: "the id that it has now", id: "b", described: [[HEX, "a"], [HEX, "b"]], want: HEX },
  { name: "one that describes none any more", id: "a", described: [[HEX, "a"], [HEX, undefined]], want: undefined },
  { name: "the longest id", id: long, described: [[HEX, long]], want: HEX },
  { name: "one character more", id: `${long}x`, described: [[HEX, `${long}x`]], want: undefined },
];

Deno.test("AgentNames.uidOf()", async (t) => {
  for (const { name, id, described = [], want } of cases) {
    await t.step(name, () => strictEqual(whoIs(id, described), want));
  }
  await t.step("of two that shared an id, the one that is left", () => {
    const names = new AgentNames();
    names.note(HEX, "edge");
    names.note(OTHER, "edge");
    names.forget(HEX);
    strictEqual(names.uidOf("edge", isKnown), OTHER);
    names.forget(OTHER);
    names.forget(OTHER);
    strictEqual(names.uidOf("edge", isKnown), undefined);
  });
});
