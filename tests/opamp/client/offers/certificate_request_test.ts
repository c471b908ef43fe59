import { match, strictEqual } from "node:assert";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { makeCertificateRequest } from "../../../../opamp/client/offers/certificate_request.ts";

async function openssl(input: Uint8Array, ...args: string[]): Promise<string> {
  const child = new Deno.Command("openssl", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("C69: a request that openssl verifies, for the key that stays here", async (t) => {
  const names = ["01906a5c-0000-7000-8000-000000000001", "Gerät", "x".repeat(64), "x".repeat(200)];
  for (const name of names) {
    await t.step(name.slice(0, 40), async () => {
      const { csr, keyPem } = makeCertificateRequest(name);
      const told = await openssl(
        csr,
        "req",
        "-verify",
        "-noout",
        "-subject",
        "-pubkey",
        "-nameopt",
        "utf8,sep_comma_plus",
      );
      match(told, /verify OK/);
      strictEqual(/subject=CN ?= ?(.*)/.exec(told)?.[1], name);
      const ours = createPublicKey(createPrivateKey(keyPem)).export({ type: "spki", format: "pem" }).toString().trim();
      strictEqual(told.includes(ours), true);
    });
  }
});
