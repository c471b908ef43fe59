/**
 * Why a body cannot be decompressed.
 *
 * @module
 */

import { InvalidPayloadError, LimitExceededError } from "../../core/errors.ts";

/** Whether `maxOutputLength` was passed. */
export function isTooLarge(thrown: unknown): boolean {
  return thrown instanceof RangeError && (thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
}

/** @param format As the message names it. */
export function broken(format: string, cause: unknown): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: it is not whole and valid ${format}`, { cause });
}

export function trailing(format: string): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: there is something after the ${format} data`);
}

export function tooLarge(maxBytes: number): LimitExceededError {
  return new LimitExceededError(`Cannot decompress the body: more than ${maxBytes} bytes, the limit`);
}
