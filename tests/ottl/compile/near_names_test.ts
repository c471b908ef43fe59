import { strictEqual } from "node:assert";
import { nearestName, suggestion } from "../../../ottl/compile/near_names.ts";

const NAMES = ["IsMatch", "IsMap", "Int", "String", "SHA1", "SHA256", "replace_pattern", "replace_match"];

const cases: { wrong: string; want: string | undefined }[] = [
  { wrong: "ismatch", want: "IsMatch" },
  { wrong: "Strng", want: "String" },
  { wrong: "Sting", want: "String" },
  { wrong: "Srting", want: "String" },
  { wrong: "SHA265", want: "SHA256" },
  { wrong: "replace_patern", want: "replace_pattern" },
  { wrong: "replacepattern", want: "replace_pattern" },
  { wrong: "Itn", want: "Int" },
  { wrong: "It", want: "Int" },
  { wrong: "replce", want: "replace_pattern" },
  { wrong: "Upper", want: undefined },
  { wrong: "x", want: undefined },
  { wrong: "", want: undefined },
];

Deno.test("nearestName()", async (t) => {
  for (const { wrong, want } of cases) {
    await t.step(wrong || "nothing", () => strictEqual(nearestName(wrong, NAMES), want));
  }
  await t.step("of a name as long as a text", () => strictEqual(nearestName("a".repeat(60_000), NAMES), undefined));
});

Deno.test("suggestion()", () => {
  strictEqual(suggestion("Strng", NAMES), ', did you mean "String"?');
  strictEqual(suggestion("Upper", NAMES), "");
});
