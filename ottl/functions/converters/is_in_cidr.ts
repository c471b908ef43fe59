/**
 * IsInCIDR: whether an IP address is in a network.
 *
 * @module
 */

import { isWithin, parseAddress, parseNetwork } from "../../text/ip.ts";
import { converter, listOf, prepared, str } from "../definition.ts";

export const isInCIDR = converter({
  name: "IsInCIDR",
  gives: "bool",
  summary:
    "Whether `target` is an IP address in one of `networks`. An IPv4 address and the same mapped to IPv6 are one.",
  parameters: { target: str, networks: listOf(str) },
  examples: [
    { text: 'IsInCIDR("10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"])', result: "true" },
    { text: 'IsInCIDR("2001:db8::1", ["2001:db8::/32"])', result: "true" },
    { text: 'IsInCIDR("::ffff:10.0.0.1", ["10.0.0.0/8"])', result: "true" },
    { text: 'IsInCIDR("no address", ["10.0.0.0/8"])', result: "false" },
    { text: 'IsInCIDR("10.0.0.1", ["10.0.0.0"])', error: "CIDR" },
  ],
  compile: ({ target, networks }) => {
    const readers = networks.map((network) => prepared(network, parseNetwork));
    return (item) => {
      const address = parseAddress(target.evaluate(item));
      return address !== undefined && readers.some((networkOf) => isWithin(address, networkOf(item)));
    };
  },
});
