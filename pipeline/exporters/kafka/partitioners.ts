/**
 * Which partition a record goes to: byte for byte what the collector's Kafka client chooses, so that a gateway can be
 * swapped without moving a key to another partition.
 *
 * Source: the collector's kafka exporter, `record_partitioner`; franz-go's StickyKeyPartitioner and RoundRobinPartitioner.
 *
 * @module
 */

import type { Random } from "../../core/clock.ts";
import type { TopicPartitions } from "./client/cluster.ts";

/** Chooses partitions for the records of one payload that go to one topic. */
export type PartitionChooser = (key: Uint8Array | null) => number;

/** Makes a chooser for each payload and topic; what it keeps over payloads is its own. */
export interface Partitioner {
  forBatch(topic: string, partitions: TopicPartitions): PartitionChooser;
}

/** Hashes a key to one of `partitions`. */
export type KeyHasher = (key: Uint8Array, partitions: number) => number;

/** FNV-1a 32 as a signed number, remainder, made positive: what sarama does, and franz-go's SaramaCompatHasher. */
export function saramaCompat(key: Uint8Array, partitions: number): number {
  let hash = 0x811c9dc5 | 0; // signed from the start: an empty key is never multiplied
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key[at]!, 0x01000193);
  return Math.abs(hash % partitions);
}

const MURMUR_M = 0x5bd1e995;

/** Murmur2 as the Java client hashes keys: seed 0x9747b28c, sign bit cleared, remainder. */
export function murmur2(key: Uint8Array, partitions: number): number {
  const words = key.length >>> 2;
  let hash = 0x9747b28c ^ key.length;
  for (let word = 0; word < words; word++) {
    const at = word * 4;
    let k = Math.imul(key[at]! | key[at + 1]! << 8 | key[at + 2]! << 16 | key[at + 3]! << 24, MURMUR_M);
    k = Math.imul(k ^ k >>> 24, MURMUR_M);
    hash = Math.imul(hash, MURMUR_M) ^ k;
  }
  if ((key.length & 3) !== 0) {
    let tail = 0;
    for (let at = key.length - 1; at >= words * 4; at--) tail = tail << 8 | key[at]!;
    hash = Math.imul(hash ^ tail, MURMUR_M);
  }
  hash = Math.imul(hash ^ hash >>> 13, MURMUR_M);
  return ((hash ^ hash >>> 15) & 0x7fffffff) % partitions;
}

/** Keyed records by hash; those without a key all to one random partition, a new one for each payload. */
export function stickyKeyPartitioner(hash: KeyHasher, random: Random): Partitioner {
  return {
    forBatch(_topic, { count, writable }) {
      let sticky: number | undefined;
      return (key) => key === null ? sticky ??= anyOf(writable, count, random) : hash(key, count);
    },
  };
}

/** How many topics keep their own place in the round; the oldest starts again from 0. */
const MAX_ROUNDS = 1_000;

/** Each record to the next partition that has a leader, whatever its key. */
export function roundRobinPartitioner(): Partitioner {
  const rounds = new Map<string, number>();
  return {
    forBatch(topic, { count, writable }) {
      return () => {
        const turn = rounds.get(topic) ?? 0;
        rounds.delete(topic); // set again below, so that the map's order is the order of use
        rounds.set(topic, (turn + 1) % 0x7fffffff);
        if (rounds.size > MAX_ROUNDS) rounds.delete(rounds.keys().next().value!);
        return writable.length > 0 ? writable[turn % writable.length]! : turn % count;
      };
    },
  };
}

/** One of `writable` at random; of all `count` when none is. */
function anyOf(writable: readonly number[], count: number, random: Random): number {
  return writable.length > 0 ? writable[Math.floor(random() * writable.length)]! : Math.floor(random() * count);
}
