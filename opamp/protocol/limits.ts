/**
 * How large a message may be.
 *
 * Source: opamp-spec "Message Size Limits"; depth and count are ours, against small messages that unfold to large ones.
 *
 * @module
 */

/** One message without transport compression, with its WebSocket header; both directions, both transports. Bytes. */
export const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Messages inside each other: health and components may nest at will. Levels. */
export const MAX_MESSAGE_DEPTH = 64;

/** List and map entries of one message, all together. */
export const MAX_MESSAGE_ENTRIES = 200_000;
