import { strictEqual } from "node:assert/strict";
import { describeError } from "../../../../pipeline/core/log/logger.ts";

/** An error for each message, the first with the others as its causes. */
function chain(...messages: readonly string[]): unknown {
  return messages.reduceRight<Error | undefined>((cause, message) => new Error(message, { cause }), undefined);
}

Deno.test("describeError()", async (t) => {
  const cases: { name: string; thrown: unknown; want: string }[] = [
    { name: "one", thrown: chain("Cannot open it: away"), want: "Cannot open it: away" },
    { name: "causes", thrown: chain("Cannot open it: away", "reset"), want: "Cannot open it: away: reset" },
    {
      name: "what could not be done is said once",
      thrown: chain(
        "Cannot export 2 spans: 3 attempts failed",
        'Cannot export 2 spans to "eu": it answered 503',
        "busy",
      ),
      want: "Cannot export 2 spans: 3 attempts failed: it answered 503: busy",
    },
    {
      name: "the same words",
      thrown: chain("Cannot read it: no", "Cannot read it: gone"),
      want: "Cannot read it: no: gone",
    },
    {
      name: "another thing is not the same",
      thrown: chain("Cannot read: no", "Cannot read a file: gone"),
      want: "Cannot read: no: Cannot read a file: gone",
    },
    { name: "no error", thrown: "text", want: "text" },
    { name: "nothing", thrown: undefined, want: "" },
    { name: "five at the most", thrown: chain("a", "b", "c", "d", "e", "f"), want: "a: b: c: d: e" },
  ];
  for (const { name, thrown, want } of cases) await t.step(name, () => strictEqual(describeError(thrown), want));
});
