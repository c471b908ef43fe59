/**
 * A thread that compares passwords with their hashes, one after the other: a bcrypt takes 80 ms, in which a thread with
 * requests would do nothing else.
 *
 * @module
 */

import { verifyPassword } from "./password_hash.ts";

/** What it is asked. */
export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

/** What it answers; undefined when the comparison failed. */
export interface PasswordAnswer {
  readonly id: number;
  readonly isSame: boolean | undefined;
}

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<PasswordQuestion>) => void) | null;
  postMessage(answer: PasswordAnswer): void;
};

scope.onmessage = ({ data: { id, password, hash } }) => {
  verifyPassword(password, hash).then(
    (isSame) => scope.postMessage({ id, isSame }),
    () => scope.postMessage({ id, isSame: undefined }),
  );
};
