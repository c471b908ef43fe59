import { KafkaProducer } from "../../../../pipeline/exporters/kafka/client/producer.ts";
import { createKafkajsProducer } from "../../../../pipeline/exporters/kafka/kafkajs_producer.ts";
import { BROKER_OPTIONS, type CreateProducer, testRecordProducer } from "../../../contract/record_producer.ts";
import { missingForKafka, startKafka } from "../../../support/kafka.ts";
import { skipWithout } from "../../../support/real_parts.ts";

const PRODUCERS: Readonly<Record<string, CreateProducer>> = {
  "the client of our own": (settings, memory) => new KafkaProducer(settings, memory),
  kafkajs: createKafkajsProducer,
};

Deno.test({
  name: "record producers and a real broker",
  ignore: skipWithout("kafka", await missingForKafka()),
  async fn(t) {
    const kafka = await startKafka(...BROKER_OPTIONS);
    try {
      for (const [name, create] of Object.entries(PRODUCERS)) {
        await t.step(name, (t) => testRecordProducer(t, create, kafka));
      }
    } finally {
      await kafka.stop();
    }
  },
});
