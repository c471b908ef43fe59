import { strictEqual } from "node:assert/strict";
import { argon2id, bcrypt } from "hash-wasm";
import { encrypt } from "unixcrypt";
import { isCheap, isPasswordHash, verifyPassword } from "../../../../pipeline/tenants/identity/password_hash.ts";

const SALT = new Uint8Array(16).fill(7);

async function openssl(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("openssl", { args: ["passwd", ...args] }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("verifyPassword() of every format", async (t) => {
  const blowfish = await bcrypt({ password: "sesam öffne", salt: SALT, costFactor: 4, outputType: "encoded" });
  const argon = { salt: SALT, parallelism: 1, iterations: 2, memorySize: 64, hashLength: 32 };
  const cases: { name: string; password: string; hash: string }[] = [
    { name: "bcrypt $2a$", password: "sesam öffne", hash: blowfish },
    { name: "bcrypt $2b$", password: "sesam öffne", hash: blowfish.replace("$2a$", () => "$2b$") },
    { name: "bcrypt $2y$", password: "sesam öffne", hash: blowfish.replace("$2a$", () => "$2y$") },
    { name: "argon2id", password: "a", hash: await argon2id({ ...argon, password: "a", outputType: "encoded" }) },
    { name: "SHA-256 crypt", password: "abc", hash: await openssl("-5", "-salt", "saltsalt", "abc") },
    { name: "SHA-512 crypt", password: "abc", hash: await openssl("-6", "-salt", "saltsalt", "abc") },
    { name: "SHA-512 crypt with rounds", password: "abc", hash: encrypt("abc", "$6$rounds=1000$salt") },
    { name: "apr1", password: "abc", hash: await openssl("-apr1", "-salt", "saltsalt", "abc") },
    { name: "apr1, a long password", password: "x".repeat(99), hash: await openssl("-apr1", "x".repeat(99)) },
    { name: "MD5 crypt", password: "ä", hash: await openssl("-1", "-salt", "s", "ä") },
    { name: "SHA", password: "password", hash: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=" },
    { name: "SSHA", password: "testing123", hash: "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr" },
  ];
  for (const { name, password, hash } of cases) {
    await t.step(name, async () => {
      strictEqual(isPasswordHash(hash), true);
      strictEqual(isCheap(hash), name === "SHA" || name === "SSHA");
      strictEqual(await verifyPassword(`${password}x`, hash), false);
      strictEqual(await verifyPassword("", hash), false);
      if (name !== "SSHA") strictEqual(await verifyPassword(password, hash), true);
    });
  }
});

Deno.test("isPasswordHash() takes none that costs too much, and no plain text", async (t) => {
  const bcryptOf = (cost: string) => `$2b$${cost}$${"a".repeat(53)}`;
  const argonOf = (costs: string) => `$argon2id$v=19$${costs}$${"a".repeat(22)}$${"a".repeat(43)}`;
  const cryptOf = (rounds: string) => `$6$rounds=${rounds}$salt$${"a".repeat(86)}`;
  const cases: { name: string; hash: string; want: boolean }[] = [
    { name: "bcrypt at the limit", hash: bcryptOf("14"), want: true },
    { name: "bcrypt past it", hash: bcryptOf("15"), want: false },
    { name: "bcrypt without rounds", hash: bcryptOf("00"), want: false },
    { name: "argon2 at the limits", hash: argonOf("m=65536,t=16,p=16"), want: true },
    { name: "argon2, memory past it", hash: argonOf("m=65537,t=1,p=1"), want: false },
    { name: "argon2, passes past it", hash: argonOf("m=64,t=17,p=1"), want: false },
    { name: "argon2, lanes past it", hash: argonOf("m=64,t=1,p=17"), want: false },
    { name: "crypt at the limit", hash: cryptOf("200000"), want: true },
    { name: "crypt past it", hash: cryptOf("200001"), want: false },
    { name: "plain text", hash: "secret", want: false },
    { name: "nothing", hash: "", want: false },
    { name: "an unknown scheme", hash: "{SSHA512}abcd", want: false },
    { name: "SHA that is cut off", hash: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9=", want: false },
    { name: "SSHA without salt", hash: "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", want: false },
  ];
  for (const { name, hash, want } of cases) {
    await t.step(name, () => {
      strictEqual(isPasswordHash(hash), want);
    });
  }
});
