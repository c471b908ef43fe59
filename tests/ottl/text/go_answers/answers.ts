/**
 * Reads what Go answered (main.go).
 *
 * @module
 */

/** @param list Name of a file beside this one, without ".jsonl". */
export function readAnswers<Answer>(list: string): Answer[] {
  const text = Deno.readTextFileSync(new URL(`${list}.jsonl`, import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}
