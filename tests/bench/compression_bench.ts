/**
 * What it costs to compress and decompress bodies: `deno bench tests/bench/compression_bench.ts`.
 *
 * @module
 */

import { compress, decompress } from "../../pipeline/wire/compression.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";

const MAX_BYTES = 64 * 1024 * 1024;

/** 100 spans are done in one call, 5,000 in slices. */
for (const spans of [100, 5_000]) {
  const body = traceRequestBytes({ spans });
  for (const coding of ["gzip", "zstd", "deflate"] as const) {
    const compressed = await compress(coding, [body]);
    Deno.bench(`decompress() ${coding} of ${spans} spans`, async () => {
      await decompress(coding, compressed, MAX_BYTES);
    });
    Deno.bench(`compress() ${coding} of ${spans} spans`, async () => {
      await compress(coding, [body]);
    });
  }
}
