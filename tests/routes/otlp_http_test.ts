/**
 * The OTLP/HTTP contract on both bindings.
 *
 * @module
 */

import { otlpHttpContract } from "../contract/otlp_http.ts";
import { sendersContract } from "../contract/senders.ts";
import { OTLP_SERVERS } from "../support/otlp_servers.ts";

for (const { name, serve, seesLeavers } of OTLP_SERVERS) {
  otlpHttpContract(name, serve, { seesLeavers });
  sendersContract(name, serve);
}
