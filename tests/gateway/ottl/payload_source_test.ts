/** OTLP/JSON as one document and as a request a line. */

import { deepStrictEqual, throws } from "node:assert";
import { jsonInput } from "../../../gateway/ottl/payload_source.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import { SPANS } from "./support.ts";

const LINE = JSON.stringify(SPANS);

const read = (text: string) => jsonInput(new TextEncoder().encode(text), undefined, NO_ORIGIN, "f.json");

const FORMS: { name: string; text: string; payloads: number; isLines: boolean }[] = [
  { name: "one line", text: LINE, payloads: 1, isLines: false },
  { name: "a document that is laid out", text: `\n${JSON.stringify(SPANS, null, 2)}\n`, payloads: 1, isLines: false },
  { name: "lines, and blank ones", text: `${LINE}\r\n\n${LINE}\n \n${LINE}`, payloads: 3, isLines: true },
];

Deno.test("jsonInput()", async (t) => {
  for (const { name, text, payloads, isLines } of FORMS) {
    await t.step(name, () => {
      const input = read(text);
      deepStrictEqual({ payloads: input.payloads.length, isLines: input.isLines }, { payloads, isLines });
      deepStrictEqual(input.payloads.map(({ itemCount }) => itemCount), Array(payloads).fill(2));
    });
  }
});

const WRONG: { name: string; text: string; message: RegExp }[] = [
  { name: "nothing", text: " \n", message: /^Cannot read f\.json: it is empty/ },
  { name: "a line that is none", text: `${LINE}\n\n{"resourceSpans": 1}`, message: /^f\.json:3: / },
  { name: "a line of no signal", text: `${LINE}\n{}`, message: /^f\.json:2: Cannot tell the signal/ },
];

Deno.test("what is wrong with a line is told with its number", async (t) => {
  for (const { name, text, message } of WRONG) {
    await t.step(name, () => throws(() => read(text), { name: "UsageError", message }));
  }
});
