import { forwardConnectorFactory } from "../../../pipeline/connectors/forward.ts";
import { type ConsumerUnderTest, testConsumer } from "../../contract/sender_consumer.ts";
import { batchProcessorFactory, batchSchema } from "../../../pipeline/processors/batch.ts";
import { createMemoryWatch, MemoryLimiter, memoryLimiterSchema } from "../../../pipeline/processors/memory_limiter.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { fanOut } from "../../../pipeline/queue/fan_out.ts";
import { createSenderChain } from "../../../pipeline/queue/sender_chain.ts";
import { queueBatchSchema, type QueueConfig, queueSchema, retrySchema } from "../../../pipeline/queue/settings.ts";
import { TimeoutConsumer } from "../../../pipeline/queue/sending/timeout.ts";

function chain(name: string, sending_queue: QueueConfig | undefined): ConsumerUnderTest {
  const retry_on_failure = retrySchema.parse({});
  return {
    name: `sender chain ${name}`,
    make: (next, deps) => createSenderChain(next, { timeoutMs: 5_000, retry_on_failure, sending_queue }, deps),
  };
}

const queue = queueSchema.parse({});
const limiter = memoryLimiterSchema.parse({ check_interval: "1s", limit_mib: new Scalar(1_000_000, "1000000") });

const consumers: readonly ConsumerUnderTest[] = [
  { name: "timeout", make: (next, { clock }) => new TimeoutConsumer(next, 5_000, clock) },
  { name: "fan-out of one", make: (next) => fanOut([next]) },
  {
    name: "forward",
    make: (next, deps) =>
      forwardConnectorFactory.create({}, { ...deps, from: "traces", to: "traces" }, new Map([["traces/2", next]])),
  },
  chain("without a queue", undefined),
  chain("with a queue", queue),
  chain("with batches", { ...queue, batch: queueBatchSchema.parse({}) }),
  { name: "batch", make: (next, deps) => batchProcessorFactory.create(batchSchema.parse({}), deps, next) },
  {
    name: "memory_limiter",
    make: (next, deps) =>
      new MemoryLimiter(createMemoryWatch(limiter, { hard: 2 ** 50, soft: 2 ** 49 }, deps), deps, next),
  },
];

for (const consumer of consumers) testConsumer(consumer);
