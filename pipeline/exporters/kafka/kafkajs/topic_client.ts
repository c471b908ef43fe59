/**
 * The producer of one topic on kafkajs, and its successor when it has failed.
 *
 * @module
 */

import type { Producer } from "kafkajs";
import { closed } from "./failures.ts";
import { Link, NO_RETRY, type Shared } from "./link.ts";

export class TopicClient {
  readonly #topic: string;
  readonly #shared: Shared;
  readonly #over = new AbortController();
  #current: Link<Producer> | undefined;
  /** Partitions for which `#current` failed; the others go on with it until there is a new one. */
  readonly #distrusting = new Set<number>();
  #opening: Promise<Link<Producer>> | undefined;
  #failed: { readonly cause: unknown; readonly untilMs: number } | undefined;

  constructor(topic: string, shared: Shared) {
    this.#topic = topic;
    this.#shared = shared;
  }

  /**
   * A connected producer that `partition` may use.
   *
   * @throws What kafkajs throws: there is none now, and nothing was sent.
   */
  async link(partition: number): Promise<Link<Producer>> {
    const current = this.#current;
    if (current?.usable === true && !this.#distrusting.has(partition)) return current;
    const failed = this.#failed;
    if (failed !== undefined && failed.untilMs > this.#shared.settings.connection.clock.monotonicMs()) {
      throw failed.cause;
    }
    this.#opening ??= this.#replace().finally(() => this.#opening = undefined);
    return await this.#opening;
  }

  /** `link` failed `partition`: it gets another. */
  distrust(link: Link<Producer>, partition: number): void {
    if (this.#current === link) this.#distrusting.add(partition);
  }

  /** Closes when what is under way is done. */
  retire(): void {
    this.#over.abort();
    this.#current?.retire();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#current?.close();
    await this.#opening?.catch(() => {});
  }

  async #replace(): Promise<Link<Producer>> {
    try {
      const link = await this.#open();
      this.#current?.retire();
      this.#current = link;
      this.#distrusting.clear();
      this.#failed = undefined;
      return link;
    } catch (thrown) {
      const { connection: { clock }, retryBackoffMs } = this.#shared.settings;
      this.#failed = { cause: thrown, untilMs: clock.monotonicMs() + retryBackoffMs };
      throw thrown;
    }
  }

  async #open(): Promise<Link<Producer>> {
    const { allowAutoTopicCreation, refreshIntervalMs } = this.#shared.settings;
    const link = new Link(this.#shared, (kafka) =>
      kafka.producer({
        allowAutoTopicCreation,
        createPartitioner: () => ({ message }) => message.partition!,
        idempotent: false,
        metadataMaxAge: refreshIntervalMs,
        retry: NO_RETRY,
      }));
    const close = () => void link.close();
    this.#over.signal.addEventListener("abort", close, { once: true });
    try {
      // sends nothing, but asks who leads the topic
      await link.use((producer) => producer.send({ topic: this.#topic, messages: [] }));
      if (this.#over.signal.aborted) throw closed();
      return link;
    } catch (thrown) {
      await link.close();
      throw thrown;
    } finally {
      this.#over.signal.removeEventListener("abort", close);
    }
  }
}
