/**
 * What it costs to write protobuf: `deno bench tests/bench/writer_bench.ts`.
 *
 * @module
 */

import { InvalidPayloadError } from "../../pipeline/core/errors.ts";
import { encodeStatus } from "../../pipeline/otlp/status.ts";
import { ProtoWriter } from "../../pipeline/wire/protobuf_writer.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";

const source = traceRequestBytes({ spans: 100 });

for (const size of [8, 32, 33, 450]) {
  Deno.bench(`ProtoWriter.copy() of 1,000 ranges of ${size} bytes`, () => {
    const writer = new ProtoWriter(1_000 * size);
    for (let i = 0; i < 1_000; i++) writer.copy(source, i, i + size);
  });
}

Deno.bench("ProtoWriter: 1,000 attributes by open() and close()", () => {
  const writer = new ProtoWriter(64 * 1024);
  for (let i = 0; i < 1_000; i++) {
    const attribute = writer.open(9);
    writer.bytesField(1, source, 0, 12);
    const value = writer.open(2);
    writer.bytesField(1, source, 20, 32);
    writer.close(value);
    writer.close(attribute);
  }
});

const error = new InvalidPayloadError("Cannot read protobuf at byte 17: a field is longer than what holds it");
Deno.bench("encodeStatus()", () => void encodeStatus(error));
