/**
 * Comparing secrets so that the time tells nothing of them.
 *
 * @module
 */

/** Whether two texts are the same; takes as long as `given` is, wherever they differ. A length is no secret. */
export function isSameText(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let at = 0; at < given.length; at++) {
    difference |= given.charCodeAt(at) ^ (at < secret.length ? secret.charCodeAt(at) : 0);
  }
  return difference === 0;
}
