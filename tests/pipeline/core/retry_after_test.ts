import { strictEqual } from "node:assert";
import { MAX_RETRY_AFTER_MS, parseRetryAfterMs } from "../../../pipeline/core/retry_after.ts";

const NOW_MS = Date.parse("Thu, 01 Jan 2026 00:00:00 GMT");

const cases: { name: string; header: string | undefined; want: number | undefined }[] = [
  { name: "absent", header: undefined, want: undefined },
  { name: "seconds", header: "7", want: 7_000 },
  { name: "zero", header: "0", want: 0 },
  { name: "date to come", header: "Thu, 01 Jan 2026 00:00:09 GMT", want: 9_000 },
  { name: "date past", header: "Wed, 31 Dec 2025 23:59:59 GMT", want: 0 },
  { name: "RFC 850 date", header: "Thursday, 01-Jan-26 00:00:09 GMT", want: 9_000 },
  { name: "negative", header: "-1", want: undefined },
  { name: "fraction", header: "1.5", want: undefined },
  { name: "word", header: "soon", want: undefined },
  { name: "the longest wait", header: "3600", want: MAX_RETRY_AFTER_MS },
  { name: "past the longest wait", header: "3601", want: MAX_RETRY_AFTER_MS },
];

Deno.test("parseRetryAfterMs()", async (t) => {
  for (const { name, header, want } of cases) {
    await t.step(name, () => strictEqual(parseRetryAfterMs(header, NOW_MS), want));
  }
});
