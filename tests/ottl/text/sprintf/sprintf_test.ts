import { strictEqual, throws } from "node:assert";
import { Buffer } from "node:buffer";
import { durationText, timeText } from "../../../../ottl/text/go_text.ts";
import { sprintf } from "../../../../ottl/text/sprintf/sprintf.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { plainJson } from "../../../../ottl/values/json.ts";
import { encodeUtf8 } from "../../../../ottl/values/utf8.ts";
import { Duration, Id, OttlList, PlainMap, Time, type Value } from "../../../../ottl/values/value.ts";
import { readAnswers } from "../go_answers/answers.ts";

type WrittenArgument =
  | readonly ["string" | "int" | "float bits" | "bytes", string]
  | readonly ["bool", boolean]
  | readonly ["nil"]
  | readonly ["list"];

interface SprintfAnswer {
  readonly format: string;
  readonly args: readonly WrittenArgument[];
  /** Base64. */
  readonly want: string;
}

const MAX_LENGTH = 1_000_000;
const PRINTERS = { time: timeText, duration: durationText, json: plainJson };
const print = (format: string, ...args: Value[]) => sprintf(format, args, PRINTERS, MAX_LENGTH);

function read([type, text]: WrittenArgument): Value {
  switch (type) {
    case "string":
    case "bool":
      return text!;
    case "int":
      return BigInt(text!);
    case "float bits":
      return new Float64Array(BigUint64Array.of(BigInt(text!)).buffer)[0]!;
    case "bytes":
      return Uint8Array.fromBase64(text as string);
    case "nil":
      return null;
    case "list":
      return new OttlList([1n, "a", null, 2.5, true], "list");
  }
}

Deno.test("sprintf() prints what Go prints", () => {
  for (const { format, args, want } of readAnswers<SprintfAnswer>("sprintf")) {
    const printed = encodeUtf8(print(format, ...args.map(read)));
    strictEqual(Buffer.from(printed).toString("base64"), want, `${format} of ${JSON.stringify(args)}`);
  }
});

const ID = new Id("span_id", Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 255));
const NO_ID = new Id("span_id", new Uint8Array(8));
const MAP = new PlainMap([["a", 1n]]);
const TIME = new Time(1_767_225_600_500_000_000n, 3600, "CET");

const cases: { name: string; format: string; args: Value[]; want: string }[] = [
  { name: "a map is JSON", format: "%v", args: [MAP], want: '{"a":1}' },
  { name: "also where it does not fit", format: "%d", args: [MAP], want: '%!d(pcommon.Map={"a":1})' },
  { name: "a time", format: "%v", args: [TIME], want: "2026-01-01 01:00:00.5 +0100 CET" },
  { name: "a duration", format: "%v %d", args: [new Duration(1_500_000n), new Duration(7n)], want: "1.5ms 7" },
  { name: "an id", format: "%v %X", args: [ID, ID], want: "00010203040506ff 30303031303230333034303530366666" },
  { name: "an id of zeros is empty", format: "<%s>", args: [NO_ID], want: "<>" },
  { name: "the bytes of an id", format: "%d", args: [ID], want: "[0 1 2 3 4 5 6 255]" },
  { name: "a list of the data", format: "%v", args: [new OttlList(["a", new OttlList([1n])])], want: "[a [1]]" },
  { name: "a byte that is no UTF-8", format: "%q", args: ["\udcff"], want: '"\\xff"' },
  {
    name: "a width past the bound ends the format",
    format: "%1000001d|",
    args: [1n],
    want: "%!(NOVERB)%!(EXTRA int64=1)",
  },
];

Deno.test("sprintf() of values that Go prints otherwise or has not", async (t) => {
  for (const { name, format, args, want } of cases) {
    await t.step(name, () => strictEqual(print(format, ...args), want));
  }
});

Deno.test("the length of what is printed is bound", () => {
  const isLimit = (error: unknown) => error instanceof OttlError && error.category === "limit";
  strictEqual(sprintf("%10d", [1n], PRINTERS, 10).length, 10);
  throws(() => sprintf("%11d", [1n], PRINTERS, 10), isLimit);
});

const durations: { nanos: bigint; want: string }[] = [
  { nanos: 0n, want: "0s" },
  { nanos: 1n, want: "1ns" },
  { nanos: 1_100n, want: "1.1µs" },
  { nanos: 2_200_000n, want: "2.2ms" },
  { nanos: 3_300_000_000n, want: "3.3s" },
  { nanos: 245_000_000_000n, want: "4m5s" },
  { nanos: 3_600_000_000_000n, want: "1h0m0s" },
  { nanos: -5_400_000_000_001n, want: "-1h30m0.000000001s" },
  { nanos: -(2n ** 63n), want: "-2562047h47m16.854775808s" },
];

Deno.test("durationText()", async (t) => {
  for (const { nanos, want } of durations) {
    await t.step(want, () => strictEqual(durationText(new Duration(nanos)), want));
  }
});

const times: { time: Time; want: string }[] = [
  { time: new Time(0n), want: "1970-01-01 00:00:00 +0000 UTC" },
  { time: new Time(1n, -5400, ""), want: "1969-12-31 22:30:00.000000001 -0130 -0130" },
  { time: new Time(-62_135_596_800_000_000_000n), want: "0001-01-01 00:00:00 +0000 UTC" },
];

Deno.test("timeText()", async (t) => {
  for (const { time, want } of times) await t.step(want, () => strictEqual(timeText(time), want));
});
