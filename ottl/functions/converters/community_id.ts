/**
 * CommunityID: one name for a network flow.
 *
 * @module
 */

import { communityId } from "../../data/hash_community_id.ts";
import { alias, converter, int, optional, str } from "../definition.ts";

export const communityID = converter({
  name: "CommunityID",
  gives: "string",
  summary: "The Community ID (version 1) of a flow between two IP addresses and ports; the same for both directions. " +
    "`protocol` is `TCP` (default), `UDP`, `ICMP`, `ICMP6`, `RSVP` or `SCTP`; `seed` is 0 to 65535, default 0.",
  parameters: {
    sourceIP: alias(str, "sourceIp"),
    sourcePort: int,
    destinationIP: alias(str, "destinationIp"),
    destinationPort: int,
    protocol: optional(str),
    seed: optional(int),
  },
  examples: [
    {
      text: 'CommunityID("128.232.110.120", 34855, "66.35.250.204", 80)',
      result: '"1:LQU9qZlK+B5F3KDmev6m5PMibrg="',
    },
    {
      text: 'CommunityID("66.35.250.204", 80, "128.232.110.120", 34855, "TCP")',
      result: '"1:LQU9qZlK+B5F3KDmev6m5PMibrg="',
    },
    { text: 'CommunityID("10.0.0.1", 70000, "10.0.0.2", 1)', error: "source port" },
    { text: 'CommunityID("10.0.0.1", 1, "10.0.0.2", 1, "GRE")', error: "protocol" },
    { text: 'CommunityID("10.0.0", 1, "10.0.0.2", 1)', error: "source IP" },
  ],
  compile: ({ sourceIP, sourcePort, destinationIP, destinationPort, protocol, seed }) => (item) =>
    communityId(
      { ip: sourceIP.evaluate(item), port: sourcePort.evaluate(item) },
      { ip: destinationIP.evaluate(item), port: destinationPort.evaluate(item) },
      protocol?.evaluate(item) ?? "TCP",
      seed?.evaluate(item) ?? 0n,
    ),
});
