/**
 * `sluice ottl run`: statements over OTLP/JSON.
 *
 * @module
 */

import { ConditionList, type ErrorMode, StatementSequence } from "../../ottl/mod.ts";
import { payloadToJson } from "../../pipeline/otlp/json_encode.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import { walk } from "../../pipeline/otlp/ottl/mod.ts";
import { writeLine } from "../console.ts";
import { type Asked, openTexts, readPayloadOf, readTexts } from "./asked.ts";
import { diffLines, flatten } from "./item_text.ts";
import type { Session } from "./session.ts";
import { tellFailure } from "./usage_error.ts";

export interface RunFlags extends Asked {
  readonly errorMode: ErrorMode;
}

/** Prints the payload as it is after the statements, and to standard error what they changed. */
export function runStatements(flags: RunFlags): Promise<number> {
  return tellFailure(() => run(flags));
}

async function run(flags: RunFlags): Promise<number> {
  const payload = await readPayloadOf(flags);
  const session = openTexts(await readTexts(flags), flags, payload.signal);
  const { changed, failures } = runOver(payload, session, flags.errorMode);
  const after = jsonOf(changed);
  writeLine(Deno.stdout, JSON.stringify(after, null, 2));
  for (const line of diffLines(flatten(jsonOf(payload)), flatten(after))) writeLine(Deno.stderr, line);
  for (const line of failures) writeLine(Deno.stderr, line);
  return 0;
}

/** The payload after the statements, and one line for each text that failed. */
export function runOver(payload: Payload, session: Session, errorMode: ErrorMode) {
  const when = new ConditionList(session.conditions, errorMode);
  const sequence = new StatementSequence(session.statements, errorMode);
  const changed = walk(payload, session.cursor, {
    visit: {
      [session.context]: (item: object) => {
        if (session.conditions.length === 0 || when.matches(item)) sequence.run(item);
        return true;
      },
    },
  });
  const failures = [...when.drainFailures(), ...sequence.drainFailures()];
  return { changed, failures: failures.map(({ text, count, error }) => `failed ${count}x: ${text}: ${error.message}`) };
}

export function jsonOf(payload: Payload): unknown {
  return JSON.parse(new TextDecoder().decode(payloadToJson(payload)));
}
