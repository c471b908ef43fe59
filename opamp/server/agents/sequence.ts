/**
 * How the sequence numbers of an agent's messages go on: what shows that one is missing, or came twice.
 *
 * Source: opamp-spec, "AgentToServer.sequence_num", "Duplicate Instance UIDs".
 *
 * @module
 */

import type { AgentToServer } from "../../protocol/messages.ts";

/** So many messages in order make one that went back forgotten: ten of them. */
const REGRESSION_DECAY = 0.1;

/** What a number says of its message. */
export interface Step {
  /** Messages before it are missing, or it is the first. */
  readonly isGap: boolean;
  /** The same message came before. */
  readonly isRepeated: boolean;
}

export class Sequence {
  /** Of the last message; undefined when none has come since the server started. */
  last: number | undefined;
  /** Over HTTP: how often it went back, or stood, lately. Two agents with one uid do that all the time. */
  regressions = 0;
  #lastRepeated: number | undefined;

  /** Equal is a repetition (a lost answer), not a gap; 0 alone is a bare poll. */
  follow(message: AgentToServer): Step {
    const { last } = this;
    const next = message.sequenceNum ?? 0;
    if (next === 0 && last !== undefined && isBare(message)) return { isGap: false, isRepeated: false };
    this.last = next;
    if (last === undefined) return { isGap: true, isRepeated: false };
    // One message sent again and again, because its answers are lost, counts once.
    if (next < last || next === last && next !== this.#lastRepeated) this.regressions++;
    else if (this.regressions > 0 && next === last + 1) this.regressions -= REGRESSION_DECAY;
    if (next === last) this.#lastRepeated = next;
    return { isGap: next !== last && next !== last + 1, isRepeated: next === last };
  }
}

/** Whether the message is a poll without any content. */
function isBare(message: AgentToServer): boolean {
  return message.agentDescription === undefined && message.health === undefined &&
    message.effectiveConfig === undefined && message.remoteConfigStatus === undefined &&
    message.packageStatuses === undefined && message.agentDisconnect === undefined &&
    message.availableComponents === undefined && message.connectionSettingsStatus === undefined;
}
