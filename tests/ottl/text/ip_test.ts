import { strictEqual, throws } from "node:assert";
import { isWithin, parseAddress, parseNetwork } from "../../../ottl/text/ip.ts";

const addresses: { text: string; want: bigint | undefined }[] = [
  { text: "10.0.0.1", want: 0xffff_0a00_0001n },
  { text: "::ffff:10.0.0.1", want: 0xffff_0a00_0001n },
  { text: "::ffff:a00:1", want: 0xffff_0a00_0001n },
  { text: "::", want: 0n },
  { text: "::1", want: 1n },
  { text: "1::", want: 1n << 112n },
  { text: "1:2:3:4:5:6:7::", want: 0x0001_0002_0003_0004_0005_0006_0007_0000n },
  { text: "1:2:3:4:5:6:1.2.3.4", want: 0x0001_0002_0003_0004_0005_0006_0102_0304n },
  { text: "010.0.0.1", want: undefined },
  { text: "10.0.0.256", want: undefined },
  { text: "10.0.1", want: undefined },
  { text: " 10.0.0.1", want: undefined },
  { text: "1:2:3:4:5:6:7:8::", want: undefined },
  { text: "1::2::3", want: undefined },
  { text: ":1:2:3:4:5:6:7", want: undefined },
  { text: "1:2:3:4:5:6:7", want: undefined },
  { text: "1.2.3.4::", want: undefined },
  { text: "12345::", want: undefined },
  { text: "::x", want: undefined },
  { text: "fe80::1%eth0", want: undefined },
  { text: "", want: undefined },
];

Deno.test("parseAddress()", async (t) => {
  for (const { text, want } of addresses) await t.step(text, () => strictEqual(parseAddress(text), want));
});

const networks: { network: string; address: string; want: boolean }[] = [
  { network: "10.0.0.0/8", address: "10.255.0.1", want: true },
  { network: "10.0.0.0/8", address: "11.0.0.0", want: false },
  { network: "10.1.2.3/8", address: "10.0.0.1", want: true },
  { network: "0.0.0.0/0", address: "255.255.255.255", want: true },
  { network: "0.0.0.0/0", address: "::1", want: false },
  { network: "::/0", address: "1.2.3.4", want: false },
  { network: "::/0", address: "fe80::1", want: true },
  { network: "10.0.0.1/32", address: "::ffff:10.0.0.1", want: true },
  { network: "::ffff:10.0.0.0/104", address: "10.9.9.9", want: true },
  { network: "2001:db8::/32", address: "2001:db8:ffff::", want: true },
  { network: "2001:db8::/32", address: "2001:db9::", want: false },
];

Deno.test("isWithin()", async (t) => {
  for (const { network, address, want } of networks) {
    await t.step(`${address} in ${network}`, () => {
      strictEqual(isWithin(parseAddress(address)!, parseNetwork(network)), want);
    });
  }
});

Deno.test("parseNetwork() refuses what is none", async (t) => {
  for (const text of ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/0x8", "x/8", "/8"]) {
    await t.step(text, () => throws(() => parseNetwork(text), { category: "arg_value" }));
  }
});
