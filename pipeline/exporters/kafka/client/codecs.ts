/**
 * What Kafka's record batches may be compressed with, for the check of a configuration.
 *
 * @module
 */

export const COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Compression = typeof COMPRESSIONS[number];
export type Codec = Exclude<Compression, "none">;

/** Levels that a codec takes, besides 0 for its own default; undefined: it has none. */
export const LEVELS: Readonly<Record<Compression, { readonly min: number; readonly max: number } | undefined>> = {
  none: undefined,
  gzip: { min: -1, max: 9 },
  snappy: undefined,
  lz4: undefined,
  zstd: { min: 1, max: 22 },
};
