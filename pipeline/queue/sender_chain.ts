/**
 * The parts between an exporter's pipelines and its push: queue, batch, retry, timeout.
 *
 * @module
 */

import type { ComponentDeps } from "../contract/component.ts";
import type { Consumer, Lifecycle } from "../contract/consumer.ts";
import type { Signal } from "../otlp/signals.ts";
import { RetrySender } from "./retry.ts";
import { HOLD_SENDER_MS } from "./sender.ts";
import { countSends, SendLedger } from "./send_ledger.ts";
import type { QueueConfig, RetryConfig } from "./settings.ts";
import { TimeoutConsumer } from "./timeout.ts";

export interface SenderChainConfig {
  /** One attempt, milliseconds; 0 for no bound. */
  readonly timeoutMs: number;
  readonly retry_on_failure: RetryConfig;
  /** Absent or not enabled: each call exports by itself and answers with the result. */
  readonly sending_queue: QueueConfig | undefined;
}

/**
 * @param push Makes one attempt to deliver a payload; the chain starts it and shuts it down.
 * @returns What the exporter's pipelines call.
 */
export function createSenderChain(
  push: Consumer & Lifecycle,
  config: SenderChainConfig,
  deps: ComponentDeps & { readonly signal: Signal },
): Consumer & Lifecycle {
  const { clock } = deps;
  const told = true;
  const timeout = new TimeoutConsumer(push, config.timeoutMs, clock);
  const retry = new RetrySender(timeout, config.retry_on_failure, deps, { cutAtDeadline: !told });
  const sender = countSends(retry, new SendLedger(deps), told);
  return {
    start: async () => await push.start?.(),
    consume: (payload, abort) => sender.send(payload, abort, clock.monotonicMs() + HOLD_SENDER_MS),
    async shutdown(deadline) {
      await retry.shutdown(deadline);
      await timeout.shutdown(deadline);
      await push.shutdown?.(deadline);
    },
  };
}
