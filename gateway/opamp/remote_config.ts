/**
 * Brings the gateway to what a server offers, through the same door as every other change: read, checked against the
 * local policy, built beside what runs, given the traffic, watched; kept when the gateway does well with it.
 *
 * @module
 */

import type { KeyObject } from "node:crypto";
import type { Problem } from "../../opamp/client/offers/offer_follower.ts";
import type { AgentRemoteConfig } from "../../opamp/protocol/messages.ts";
import { type Clock, sleep } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { type AppliedChange, ConfigBusyError, type ConfigOutcome } from "../config/config_manager.ts";
import type { LiveConfig } from "../config/live_config.ts";
import { reasonsOf } from "../config/shown.ts";
import { OpampOverlay } from "./overlay.ts";
import { readRemoteFiles, type RemoteFile } from "./remote_files.ts";
import type { LastGoodStore } from "./state_directory.ts";

/** How often a change is tried that finds others before it: they are done within seconds. */
const MAX_ATTEMPTS = 60;

export interface RemoteConfigDeps {
  readonly live: Pick<LiveConfig, "apply" | "overlay" | "settled" | "current" | "history">;
  readonly lastGood: LastGoodStore;
  /** Of the extension. */
  readonly id: string;
  /** For the history: whose configuration it is. */
  readonly who: string;
  /** What remote configurations must be signed with; undefined: they need not be. */
  readonly key: KeyObject | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class RemoteConfig {
  readonly #deps: RemoteConfigDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: RemoteConfigDeps) {
    this.#deps = deps;
  }

  /** For `ClientCallbacks.onRemoteConfig`. @returns Why it does not run, with places; undefined when it runs well. */
  async take({ config = {} }: AgentRemoteConfig, abort: AbortSignal): Promise<Problem> {
    const { files, problem } = readRemoteFiles(config, this.#deps.key);
    if (files === undefined) return problem;
    try {
      const applied = await this.change((overlay) => overlay.with({ files }), abort);
      return await this.#outcome(applied, files, abort);
    } catch (thrown) {
      return reasonsOf(thrown).join("\n");
    }
  }

  /**
   * Changes what the server adds to the configuration; one change at a time.
   *
   * @throws As `ConfigManager.apply`: nothing has changed.
   */
  change(edit: (overlay: OpampOverlay) => OpampOverlay, abort: AbortSignal): Promise<AppliedChange> {
    const changed = this.#last.then(() => this.#change(edit, abort));
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #change(edit: (overlay: OpampOverlay) => OpampOverlay, abort: AbortSignal): Promise<AppliedChange> {
    const { live, clock, who } = this.#deps;
    for (let attempt = 1;; attempt++) {
      try {
        return await live.apply({ overlay: edit(this.#overlay()), who, origin: "opamp" });
      } catch (thrown) {
        const waitMs = thrown instanceof ConfigBusyError ? thrown.retryAfterMs : undefined;
        if (waitMs === undefined || attempt === MAX_ATTEMPTS || !await sleep(clock, waitMs, abort)) throw thrown;
      }
    }
  }

  #overlay(): OpampOverlay {
    const { live: { overlay }, id } = this.#deps;
    return overlay instanceof OpampOverlay ? overlay : new OpampOverlay(id, { files: [], telemetry: new Map() });
  }

  /** Waits until its health window is over, also when a further change came into it. */
  async #outcome(applied: AppliedChange, files: readonly RemoteFile[], abort: AbortSignal): Promise<Problem> {
    const { live } = this.#deps;
    const aborted = new Promise<undefined>((resolve) => abort.addEventListener("abort", () => resolve(undefined)));
    let { entry: { id }, settled } = applied;
    for (;;) {
      const outcome = await Promise.race([settled, aborted]);
      if (outcome === undefined || abort.aborted) return "a newer one came";
      if (outcome === "good") return await this.#keep(files);
      if (outcome !== "superseded") return this.#reasons(id, outcome);
      if (this.#overlay().parts.files !== files) {
        return "another configuration took its place before it had shown itself";
      }
      id = live.current().entry.id;
      settled = live.settled;
    }
  }

  #reasons(id: number, outcome: ConfigOutcome): string {
    const reasons = this.#deps.live.history().find((entry) => entry.id === id)?.reasons ?? [];
    const what = outcome === "rolled_back" ? "the gateway did worse with it and went back" : `it was ${outcome}`;
    return [what, ...reasons].join("\n");
  }

  async #keep(files: readonly RemoteFile[]): Promise<undefined> {
    try {
      await this.#deps.lastGood.save(files);
    } catch (thrown) {
      this.#deps.logger.error("The remote configuration runs and cannot be kept for a restart", {
        error: describeError(thrown),
      });
    }
  }
}
