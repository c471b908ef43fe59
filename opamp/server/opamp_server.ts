/**
 * An OpAMP server: a fleet and the listener that its agents come to.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import { Fleet } from "./fleet/fleet.ts";
import type { FleetDeps } from "./fleet/fleet_deps.ts";
import { type ListenAddress, type ListenerDeps, OpampListener } from "./connections/listener.ts";

export type OpampServerDeps = FleetDeps & Omit<ListenerDeps, "fleet">;

export class OpampServer {
  readonly fleet: Fleet;
  readonly listener: OpampListener;

  constructor(deps: OpampServerDeps) {
    this.fleet = new Fleet(deps);
    this.listener = new OpampListener({ ...deps, fleet: this.fleet });
  }

  /** Reads the agents from the store and opens the port. @throws {Error} It cannot be had. */
  start(address: ListenAddress): Promise<AddressInfo> {
    this.fleet.start();
    return this.listener.listen(address);
  }

  /**
   * Sends the agents away, and writes what is not written.
   *
   * @param graceMs How long connections may take to close.
   */
  async shutdown(graceMs: number): Promise<void> {
    await this.listener.shutdown(graceMs);
    this.fleet.shutdown();
  }
}
