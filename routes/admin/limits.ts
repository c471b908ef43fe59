/**
 * Bounds of the admin API that its listener has to know.
 *
 * @module
 */

/** Body of a request, bytes: a configuration of the loader's 4 MiB, as a JSON string. */
export const MAX_ADMIN_BODY_BYTES = 8 * 1024 * 1024;
