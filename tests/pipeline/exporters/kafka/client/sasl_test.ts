import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { OwnCredentialsError } from "../../../../../pipeline/core/errors.ts";
import { authenticate, authenticateScram } from "../../../../../pipeline/exporters/kafka/client/sasl.ts";

const text = new TextDecoder();
const bytes = new TextEncoder();

/** Plays the server's part: each answer is for one message. */
function server(...answers: string[]) {
  const heard: string[] = [];
  const exchange = (message: Uint8Array) => {
    heard.push(text.decode(message));
    return Promise.resolve(bytes.encode(answers.shift() ?? ""));
  };
  return { heard, exchange };
}

/** RFC 7677, section 3. */
const NONCE = "rOprNGfwEbeRWgbNEkqO";
const CHALLENGE = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const VERIFIER = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const PENCIL = { username: "user", password: "pencil" };

Deno.test("authenticate() by PLAIN sends both in one message", async () => {
  const { heard, exchange } = server("");
  await authenticate({ mechanism: "PLAIN", username: "ü", password: "p,=" }, exchange);
  deepStrictEqual(heard, ["\0ü\0p,="]);
});

Deno.test("authenticateScram()", async (t) => {
  await t.step("the conversation of RFC 7677", async () => {
    const { heard, exchange } = server(CHALLENGE, VERIFIER);
    await authenticateScram("sha256", PENCIL, exchange, NONCE);
    deepStrictEqual(heard, [
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ]);
  });
  await t.step("escapes comma and equals sign in the name", async () => {
    const { heard, exchange } = server("");
    await rejects(
      authenticateScram("sha512", { username: "a,b=c", password: "p" }, exchange, "n"),
      OwnCredentialsError,
    );
    strictEqual(heard[0], "n,,n=a=2Cb=3Dc,r=n");
  });

  const distrusted: { name: string; answers: string[] }[] = [
    { name: "a nonce that is not ours", answers: [CHALLENGE.replace("rOpr", "xxxx"), VERIFIER] },
    { name: "a nonce without a part of its own", answers: [`r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, VERIFIER] },
    { name: "no salt", answers: [CHALLENGE.replace(/s=[^,]*/, "s="), VERIFIER] },
    { name: "too few iterations", answers: [CHALLENGE.replace("4096", "4095"), VERIFIER] },
    { name: "too many iterations", answers: [CHALLENGE.replace("4096", "1000001"), VERIFIER] },
    { name: "iterations that are no number", answers: [CHALLENGE.replace("4096", "many"), VERIFIER] },
    { name: "a signature of another password", answers: [CHALLENGE, VERIFIER.replace("6rri", "7rri")] },
    { name: "no signature", answers: [CHALLENGE, ""] },
  ];
  for (const { name, answers } of distrusted) {
    await t.step(`refuses a server with ${name}`, async () => {
      const outcome = authenticateScram("sha256", PENCIL, server(...answers).exchange, NONCE);
      await rejects(outcome, OwnCredentialsError);
    });
  }
});
