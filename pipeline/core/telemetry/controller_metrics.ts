/**
 * The controller's own metrics, as rows of the table of all metrics.
 *
 * @module
 */

import type { MetricRow } from "./metric_row.ts";

type Row = Omit<MetricRow, "level" | "attributes"> & { readonly attributes?: readonly string[] };

const ROWS: readonly Row[] = [
  {
    name: "sluice_controller_agents_known",
    kind: "gauge",
    unit: "{agent}",
    help: "Agents that the controller remembers, connected or not.",
    when: "an agent comes for the first time, or is forgotten",
  },
  {
    name: "sluice_controller_agents_connected",
    kind: "gauge",
    unit: "{agent}",
    help: "Agents that are connected, those over HTTP as long as they poll.",
    when: "an agent comes or goes",
  },
  {
    name: "sluice_controller_messages",
    kind: "counter",
    unit: "{message}",
    attributes: ["direction", "transport"],
    help: "OpAMP messages, `in` from agents and `out` to them, by `websocket` and `http`.",
    when: "a message is whole, or is handed to the connection",
  },
  {
    name: "sluice_controller_message_bytes",
    kind: "counter",
    unit: "By",
    attributes: ["direction", "transport"],
    help: "Bytes of these messages: decompressed, without the framing.",
    when: "a message is whole, or is handed to the connection",
  },
  {
    name: "sluice_controller_messages_refused",
    kind: "counter",
    unit: "{message}",
    attributes: ["reason"],
    help:
      "Messages that were not taken: `malformed`, `duplicate_uid`, `too_many_agents`, a refused `certificate`; or not sent: `too_large`.",
    when: "the answer says so, or an offer is left out",
  },
  {
    name: "sluice_controller_pushes",
    kind: "counter",
    unit: "{message}",
    help: "Messages to agents that answer nothing: offers, commands, custom messages.",
    when: "a push is handed to the connection",
  },
  {
    name: "sluice_controller_offers",
    kind: "counter",
    unit: "{offer}",
    attributes: ["kind"],
    help: "Offers sent, repeated ones again: `config`, `connection_settings`, `packages`.",
    when: "a message with an offer is made",
  },
  {
    name: "sluice_controller_connections",
    kind: "gauge",
    unit: "{connection}",
    help: "Open WebSockets.",
    when: "one is opened or has ended",
  },
  {
    name: "sluice_controller_connections_ended",
    kind: "counter",
    unit: "{connection}",
    attributes: ["reason"],
    help: "WebSockets that have ended: `closed`, `cut`, `silent`, `slow_reader`, `violation`.",
    when: "one has ended",
  },
  {
    name: "sluice_controller_connections_refused",
    kind: "counter",
    unit: "{connection}",
    attributes: ["reason"],
    help: "Agents that were not let in: `busy` (told when to come back), or `unauthorized`.",
    when: "a request is answered with 503, 401 or 403",
  },
  {
    name: "sluice_controller_agent_events",
    kind: "counter",
    unit: "{event}",
    attributes: ["kind"],
    help: "What befell agents, by the kinds that the API lists.",
    when: "an event is noted",
  },
  {
    name: "sluice_controller_agent_events_dropped",
    kind: "counter",
    unit: "{event}",
    help: "Events that were not kept, as too many waited to be written.",
    when: "an event finds no room",
  },
  {
    name: "sluice_controller_rollouts",
    kind: "gauge",
    unit: "{rollout}",
    attributes: ["state"],
    help: "Rollouts that are remembered, by their state.",
    when: "metrics are read",
  },
  {
    name: "sluice_controller_store_duration",
    kind: "histogram",
    unit: "s",
    attributes: ["operation"],
    help: "Time of one call of the store (SQLite), seconds.",
    when: "a call has ended, well or ill",
  },
  {
    name: "sluice_controller_store_errors",
    kind: "counter",
    unit: "{error}",
    attributes: ["operation"],
    help: "Calls of the store that failed.",
    when: "a call has failed",
  },
  {
    name: "sluice_controller_api_requests",
    kind: "counter",
    unit: "{request}",
    attributes: ["method", "status"],
    help: "Requests of operators, their pages and scrapers.",
    when: "a request is answered",
  },
  {
    name: "sluice_controller_reports",
    kind: "counter",
    unit: "{request}",
    attributes: ["status"],
    help: "Requests in which agents told their own metrics.",
    when: "a request is answered",
  },
  {
    name: "sluice_controller_agent_reports",
    kind: "counter",
    unit: "{report}",
    attributes: ["outcome"],
    help:
      "What agents told of their own metrics, by outcome: taken, unknown_agent (its service.instance.id names none).",
    when: "an agent's part of a request was read",
  },
  {
    name: "sluice_controller_taps",
    kind: "counter",
    unit: "{tap}",
    attributes: ["outcome"],
    help: "Taps of agents that have ended, by how.",
    when: "a tap has ended",
  },
  {
    name: "sluice_controller_package_downloads",
    kind: "counter",
    unit: "{request}",
    attributes: ["status"],
    help: "Requests of agents for the content of packages.",
    when: "a request is answered",
  },
];

/** All are shown: the controller's page has no level. */
export const CONTROLLER_METRICS: readonly MetricRow[] = ROWS.map((row) => ({ level: "basic", attributes: [], ...row }));
