/**
 * Secrets in texts: where they stand in a URL, and what is left alone.
 *
 * @module
 */

import { strictEqual } from "node:assert/strict";
import { describeError } from "../../../../pipeline/core/log/logger.ts";
import { maskUrls } from "../../../../pipeline/core/log/mask.ts";

const cases: { name: string; text: string; want: string }[] = [
  { name: "nothing", text: "", want: "" },
  { name: "no URL", text: "a = b", want: "a = b" },
  { name: "user and password", text: "amqp://u:p@h/x", want: "amqp://[REDACTED]@h/x" },
  { name: "the first parameter", text: "http://h/?token=z", want: "http://h/?token=[REDACTED]" },
  { name: "a later one", text: "http://h/?a=1&api_key=z&b=2", want: "http://h/?a=1&api_key=[REDACTED]&b=2" },
  { name: "in a sentence", text: 'GET "http://h/x?token=z" failed', want: 'GET "http://h/x?token=[REDACTED]" failed' },
  { name: "in brackets", text: "for url (http://h/?key=z): no", want: "for url (http://h/?key=[REDACTED] no" },
  { name: "a signed link", text: "https://h/b?sv=1&sig=z", want: "https://h/b?sv=1&sig=[REDACTED]" },
  {
    name: "another signed link",
    text: "https://h/b?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-Date=c",
    want: "https://h/b?X-Amz-Credential=[REDACTED]&X-Amz-Signature=[REDACTED]&X-Amz-Date=c",
  },
  { name: "a query by itself", text: "password=z&q=1", want: "password=[REDACTED]&q=1" },
  { name: "an empty one", text: "http://h/?token=&a=1", want: "http://h/?token=&a=1" },
  { name: "others", text: "http://h/?monkey=1&signed=2&author=3", want: "http://h/?monkey=1&signed=2&author=3" },
  { name: "outside of a query", text: "the value x=1, token=z", want: "the value x=1, token=z" },
];

Deno.test("maskUrls()", async (t) => {
  for (const { name, text, want } of cases) await t.step(name, () => strictEqual(maskUrls(text), want));
  for (const piece of ["?", "&", "=", "?a", "&a", "a=", "a.", "a://"]) {
    await t.step(`reads ${JSON.stringify(piece)} over and over once`, () => {
      const text = piece.repeat(1_000_000 / piece.length); // tried: a reading for each of them takes minutes
      strictEqual(maskUrls(text), text);
    });
  }
});

Deno.test("an error is told without the secrets of its URL", () => {
  const cause = new TypeError("error sending request for url (http://h/jwks?token=z)");
  strictEqual(
    describeError(new Error("no answer", { cause })),
    "no answer: error sending request for url (http://h/jwks?token=[REDACTED]",
  );
});
